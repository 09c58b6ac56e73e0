import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../ground.ts';

describe('the driver', () => {
  test('gives a whole result after a query that failed in the middle of its rows', async () => {
    await using ground = await createTestDatabase({ connections: 1 });
    const sql = ground.database.app;
    // Division by zero in the fifth row: four have arrived by then.
    await expect(sql`select 1 / (5 - n) from generate_series(1, 5) n`).rejects.toThrow('division by zero');
    const rows = await sql`select n from generate_series(1, 2) n`;
    expect([...rows]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('ends a COPY that the server refuses at its end', async () => {
    await using ground = await createTestDatabase({ connections: 1 });
    const sql = ground.database.connectAs('owner');
    await sql`create temporary table numbers (n integer)`;
    const target = await sql`copy numbers from stdin`.writable();
    await expect(pipeline(Readable.from(['1\n', 'two\n']), target)).rejects.toThrow(/invalid input syntax/);
    expect([...(await sql`select n from numbers`)]).toEqual([]);
    await sql.end();
  });

  test('ends a transaction whose connection is gone, and lets nothing of it into the next', async () => {
    await using ground = await createTestDatabase({ connections: 1 });
    const { database } = ground;
    const late = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<number>();
    const lost = database.app.begin(async (sql) => {
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      begun.resolve(row?.pid ?? 0);
      await late.promise;
      await sql`set local application_name = 'strayed'`;
    });
    lost.catch(() => {});
    const owner = database.connectAs('owner');
    await owner`select pg_terminate_backend(${await begun.promise})`;
    await expect(lost).rejects.toMatchObject({
      code: expect.stringMatching(/57P01|CONNECTION_CLOSED/) as string,
    });
    const name = await database.app.begin(async (sql) => {
      await sql`select 1`;
      late.resolve();
      await sql`select 1`;
      return sql`show application_name`;
    });
    expect([...name]).toEqual([{ application_name: 'cuebook' }]);
    await owner.end();
  });
});
