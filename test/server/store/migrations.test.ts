import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '@cuebook/server/store/database';
import { migrate, readMigrations, type Migration } from '@cuebook/server/store/migrate';
import { createTestDatabase, type TestDatabase } from '../ground.ts';

const start = { incarnation: new Uint8Array(16).fill(7), now: 1 };
const known = await readMigrations();

async function run(
  ground: TestDatabase,
  migrations: readonly Migration[] = known,
): Promise<Awaited<ReturnType<typeof migrate>>> {
  // A connection of its own, as another process has.
  const sql = openDatabase({ address: ground.address }).connectAs('owner');
  try {
    return await migrate(sql, migrations, start);
  } finally {
    await sql.end();
  }
}

describe('migrating', () => {
  test('three processes that start at once migrate once', async () => {
    await using ground = await createTestDatabase({ empty: true });
    const results = await Promise.all([run(ground), run(ground), run(ground)]);
    const applied = results
      .map((result) => (result.ok ? result.value : -1))
      .toSorted((left, right) => left - right);
    expect(applied).toEqual([0, 0, known.length]);
  });

  test('goes on from every earlier version', async () => {
    for (let count = 1; count <= known.length; count += 1) {
      await using ground = await createTestDatabase({ empty: true });
      expect(await run(ground, known.slice(0, count))).toEqual({ ok: true, value: count });
      expect(await run(ground)).toEqual({ ok: true, value: known.length - count });
      const [row] = await ground.database.app`select count(*) from server`;
      expect(row).toEqual({ count: 1 });
    }
  });

  test('refuses a database to which another file was applied, and one of a newer version', async () => {
    await using ground = await createTestDatabase();
    const edited = known.map((each) => ({ ...each, sha256: each.sha256.replace(/^./, 'x') }));
    expect(await run(ground, edited)).toMatchObject({ ok: false, problem: { code: 'editedMigration' } });
    expect(await run(ground, known.slice(1))).toMatchObject({ ok: false });
    expect(await run(ground, known.slice(0, -1))).toMatchObject({
      ok: false,
      problem: { code: 'newerDatabase' },
    });
    expect(await run(ground)).toEqual({ ok: true, value: 0 });
  });

  test('that fails leaves nothing behind', async () => {
    await using ground = await createTestDatabase({ empty: true });
    const [first] = known;
    if (first === undefined) throw new Error('there are migrations');
    const broken = {
      id: 2,
      name: '0002_broken.sql',
      text: 'create table half (a int); select 1 / 0',
      sha256: '',
    };
    await expect(run(ground, [first, broken])).rejects.toThrow('division by zero');
    expect(await run(ground)).toEqual({ ok: true, value: known.length });
  });

  test('knows a file by its content', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-migrations-'));
    await writeFile(path.join(folder, '0001_one.sql'), 'select 1');
    await writeFile(path.join(folder, 'notes.txt'), 'not a migration');
    const before = await readMigrations(folder);
    await writeFile(path.join(folder, '0001_one.sql'), 'select 2');
    const after = await readMigrations(folder);
    await rm(folder, { recursive: true });
    expect(before).toMatchObject([{ id: 1, name: '0001_one.sql' }]);
    expect(after[0]?.sha256).not.toBe(before[0]?.sha256);
  });
});
