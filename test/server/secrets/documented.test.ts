import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../ground.ts';

test('docs/server-data.md names every column of every table, and no other', async () => {
  await using ground = await createTestDatabase();
  const owner = ground.database.connectAs('owner');
  const rows = await owner<{ name: string; column: string }[]>`
    select table_name as name, column_name as column from information_schema.columns where table_schema = 'public'`;
  await owner.end();
  const there = new Set(rows.map(({ name, column }) => `${name}.${column}`));
  const page = await readFile(new URL('../../../docs/server-data.md', import.meta.url), 'utf8');
  const told = new Set(
    page.split('\n').flatMap((line) => {
      const [, name, columns] = /^\| `(\w+)` \| ((?:`\w+` ?)+)\|/.exec(line) ?? [];
      return [...(columns ?? '').matchAll(/`(\w+)`/g)].map(([, column]) => `${name}.${column}`);
    }),
  );
  expect([...told].sort()).toEqual([...there].sort());
});
