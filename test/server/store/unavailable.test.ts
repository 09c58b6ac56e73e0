import { expect, test } from 'vitest';
import { createTestDatabase } from '../ground.ts';
import { createWorld, newGroup, newStream } from './world.ts';

test('a database that goes away is said to be, the same append may come again, and later it is there once', async () => {
  await using ground = await createTestDatabase();
  const team = await (await createWorld(ground.database)).team();
  const owner = ground.database.connectAs('owner');
  const record = team.seal(team.owner, { group: newGroup(), stream: newStream() });
  // The append waits for the lock, and loses its connection there.
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = owner.begin(async (sql) => {
    await sql`select from workspaces for update`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const append = team.append(team.owner, [record]);
  const other = ground.database.connectAs('owner');
  const waiting = (): PromiseLike<readonly unknown[]> => other`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  const ended = (async () => {
    while ((await waiting()).length === 0);
  })();
  await expect(append).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
  await ended;
  release.resolve();
  await holding;
  await Promise.all([owner.end(), other.end()]);
  expect(await team.append(team.owner, [record])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
  expect(await team.append(team.owner, [record])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
  const tail = await team.store.records.readTail(team.id, { ...team.cursor, logFrom: 1 });
  expect(tail.items).toHaveLength(1);
});

test('a ping is answered within a second or not at all', async () => {
  await using ground = await createTestDatabase();
  const { store } = await createWorld(ground.database);
  await store.ping();
  await store.close();
  await expect(store.ping()).rejects.toThrow(/./);
});
