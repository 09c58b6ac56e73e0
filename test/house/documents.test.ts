// What the documents say and cannot check themselves: commands, links, the two tables about a server's data.

import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/root.ts';
import { shellBlocks } from './shellBlocks.ts';

/** Documents whose blocks are run as they stand, and by which test. */
const runWhole: Readonly<Record<string, string>> = {
  'docs/guides/server.md': 'test/e2e/packages.e2e.ts',
  'docs/guides/upgrade.md': 'test/e2e/packages.e2e.ts',
  'docs/guides/backup.md': 'test/e2e/packages.e2e.ts',
};

/** Other lines that a document may tell to type: which file runs them, and by which words. */
const runElsewhere: readonly { readonly line: RegExp; readonly file: string; readonly words: string }[] = [
  { line: /^npm start$/, file: 'test/e2e/start.e2e.ts', words: 'tools/start.ts' },
  // `npm test` is what runs all of this; the others are its stages and longer versions, one file each.
  { line: /^npm test$/, file: 'package.json', words: 'tools/bootstrap.mjs test' },
  { line: /^npm run (?:bench|soak|audit|screenshots)$/, file: 'tools/bootstrap.mjs', words: 'tools' },
  { line: /^export PATH=/, file: 'tools/bootstrap.mjs', words: "'node_modules', '.bin'" },
  { line: /^vitest run --project unit /, file: 'tools/test.ts', words: "vitest('unit'" },
  { line: /^oxlint --type-aware --deny-warnings$/, file: 'tools/test.ts', words: "'--deny-warnings'" },
  { line: /^oxfmt$/, file: 'tools/test.ts', words: "'oxfmt'" },
  { line: /^node tools\/types\.ts$/, file: 'tools/test.ts', words: 'tools/types.ts' },
  { line: /^node tools\/l10n\.ts$/, file: 'test/l10n/texts.test.ts', words: 'missing()' },
  {
    line: /^node extension\/build\.ts && node test\/host\/main\.ts$/,
    file: 'tools/test.ts',
    words: 'hostTests',
  },
];

test('every command that a document tells to type is run by a test', async () => {
  const unknown: string[] = [];
  for (const document of await documents()) {
    if (document in runWhole) {
      const runner = await read(runWhole[document] ?? '');
      expect(runner).toContain('shellBlocks(');
      expect(runner).toContain(path.basename(document, '.md'));
      continue;
    }
    for (const line of (await shellBlocks(document)).flatMap(commandLines)) {
      const known = runElsewhere.find((each) => each.line.test(line));
      if (known === undefined) unknown.push(`${document}: ${line}`);
      else expect(await read(known.file)).toContain(known.words);
    }
  }
  expect(unknown).toEqual([]);
});

test('every command of the palette that a document names exists', async () => {
  const texts = JSON.parse(await read('extension/package.nls.json')) as Readonly<Record<string, string>>;
  const titles = new Set(
    Object.entries(texts).flatMap(([key, text]) => (key.startsWith('commands.') ? [text] : [])),
  );
  const wrong: string[] = [];
  for (const document of await documents()) {
    if (document === 'CHANGELOG.md') continue;
    const named = (await read(document)).replaceAll(/\s+/g, ' ').matchAll(/`Cuebook: ([^`]+)`/g);
    for (const [, name = ''] of named) if (!titles.has(name)) wrong.push(`${document}: ${name}`);
  }
  expect(wrong).toEqual([]);
});

test('every link of a document leads to a file that is there', async () => {
  const broken: string[] = [];
  for (const document of await documents()) {
    for (const [, target = ''] of (await read(document)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const file = path.join(repositoryRoot, path.dirname(document), target);
      if (!existsSync(file)) broken.push(`${document}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('what the README says a server sees is what docs/server-data.md lists in clear', async () => {
  const readme = await read('README.md');
  const page = await read('docs/server-data.md');
  for (const seen of ['e-mail address', 'role', 'padded size', 'times', 'security log']) {
    expect(readme).toContain(seen);
    expect(page).toContain(seen);
  }
  const inClear = page
    .split('\n')
    .flatMap((line) => /^\| `\w+` \| (?:`\w+` ?)+\| ([^|]+)/.exec(line)?.[1] ?? []);
  expect(inClear.length).toBeGreaterThan(10);
  for (const sealed of ['prompt text', 'folder', 'tag', 'display name']) {
    expect(inClear.filter((cell) => cell.toLowerCase().includes(sealed))).toEqual([]);
  }
});

async function documents(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const file of glob(['*.md', 'docs/**/*.md'], { cwd: repositoryRoot })) found.push(file);
  return found;
}

async function read(file: string): Promise<string> {
  return readFile(path.join(repositoryRoot, file), 'utf8');
}

/** Without comments and empty lines. */
function commandLines(block: string): readonly string[] {
  return block
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
