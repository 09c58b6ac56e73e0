import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { openDatabase } from '@cuebook/server/store/database';
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

  test('lives on when a connection closes in the moment when it asks for the types of lists', async () => {
    await using ground = await createTestDatabase();
    const { address } = ground;
    if (address.kind !== 'embedded') throw new Error('the tests run on the embedded database');
    const from = 'path' in address.at ? { path: address.at.path } : address.at;
    let closed = 0;
    // Between driver and database: what asks for the types finds its connection closed, the first time.
    const between = createServer((near) => {
      const far = connect(from);
      near.on('error', () => far.destroy()).on('close', () => far.destroy());
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
      far.pipe(near);
      near.on('data', (chunk) => {
        if (closed === 0 && chunk.includes('pg_catalog.pg_type')) {
          closed += 1;
          near.resetAndDestroy();
        } else far.write(chunk);
      });
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const at = { host: '127.0.0.1', port: (between.address() as AddressInfo).port };
    const database = openDatabase({ connections: 1, address: { ...address, at } });
    // Before the mend this was an unhandled rejection, which ends a process.
    await expect(database.app`select 1 as one`).rejects.toThrow(/./);
    expect([...(await database.app`select ${['a', 'b']}::text[] as list`)]).toEqual([{ list: ['a', 'b'] }]);
    expect(closed).toBe(1);
    await database.close();
    between.close();
  });
});
