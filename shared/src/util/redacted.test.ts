import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redact, REDACTED, reveal } from './redacted.ts';

const SECRET = 'sk-live-do-not-print';

test('a secret is printed by nothing: strings, templates, JSON, inspection, spreading, cloning', () => {
  const secret = redact(SECRET);
  const prints = [
    String(secret),
    [secret].join(),
    secret + '',
    JSON.stringify({ secret }),
    JSON.stringify([secret]),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 10, showHidden: true }),
    JSON.stringify(Object.assign({}, secret)),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone(secret)),
    new Error('failed', { cause: secret }).message,
    inspect(new Error('failed', { cause: secret })),
  ];
  for (const print of prints) expect(print).not.toContain('sk-live');
  expect(String(secret)).toBe(REDACTED);
});

test('a secret comes out only where it is asked for by name', () => {
  expect(reveal(redact(SECRET))).toBe(SECRET);
});
