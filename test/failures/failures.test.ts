import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/root.ts';
import { FAILURES, pageOfFailures } from './table.ts';

test('docs/failures.md says what the tests show', async () => {
  await expect(pageOfFailures()).toMatchFileSnapshot('../../docs/failures.md');
});

test.each(FAILURES.flatMap(({ tests }) => tests))(
  '$file has a test "$test…"',
  async ({ file, test: name }) => {
    const text = await readFile(path.join(repositoryRoot, file), 'utf8');
    expect(text).toMatch(new RegExp(`\\btest(\\.each)?\\(`));
    // Names stand in single or double quotes, and an apostrophe is escaped in the first.
    expect(text.replaceAll("\\'", "'")).toContain(name);
  },
);
