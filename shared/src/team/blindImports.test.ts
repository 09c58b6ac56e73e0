// "The server is blind" as a test: whatever it may import reaches, through whatever it imports itself, none of the
// files that open or seal anything. The linter's zones see one step; this sees all.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const FORBIDDEN = new Set(['crypto/open', 'crypto/seal', 'crypto/hpke', 'record/open', 'record/seal']);
const FOR_THE_SERVER = [
  'encoding/ids',
  'crypto/challenge',
  'crypto/verifiers',
  'record/header',
  'record/feed',
  'record/tombstone',
  'record/verify',
  'team/authority',
  'team/history',
  'team/teamFold',
];

async function reachableFrom(module: string, seen: Set<string>): Promise<void> {
  if (seen.has(module)) return;
  seen.add(module);
  const source = await readFile(new URL(`../${module}.ts`, import.meta.url), 'utf8');
  // Types are erased: a type of a forbidden file brings none of its code.
  const imports = [...source.matchAll(/^import (?!type)[^;]*? from '(\.[^']+)\.ts';/gms)];
  for (const [statement, path] of imports) {
    if (path === undefined || /^import \{(?:\s*type [^,}]+,?)+\s*\}/.test(statement)) continue;
    await reachableFrom(new URL(path, `file:///${module}`).pathname.slice(1), seen);
  }
}

test.each(FOR_THE_SERVER)('%s reaches nothing that opens or seals', async (module) => {
  const seen = new Set<string>();
  await reachableFrom(module, seen);
  expect(seen.size).toBeGreaterThan(1);
  expect([...seen].filter((reached) => FORBIDDEN.has(reached))).toEqual([]);
});

test('this search finds what it looks for', async () => {
  const seen = new Set<string>();
  await reachableFrom('team/personal', seen);
  expect([...seen]).toContain('crypto/open');
  expect([...seen]).toContain('crypto/seal');
});
