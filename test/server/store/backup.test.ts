import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup, restore } from '@cuebook/server/store/backup';
import type { Deletion } from '@cuebook/server/store/deletions';
import { parseTombstone } from '@cuebook/shared/record/tombstone';
import { createTestDatabase, type TestDatabase } from '../ground.ts';
import { createWorld, newGroup, newStream, suite, type TeamOnServer } from './world.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-backup-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeBackup(ground: TestDatabase, name: string): Promise<string> {
  const file = path.join(folder, name);
  const sql = ground.database.connectAs('cuebook_backup');
  await backup(sql, file, 1);
  await sql.end();
  return file;
}

async function restoreInto(
  ground: TestDatabase,
  file: string,
  deletions: readonly Deletion[] = [],
): Promise<Awaited<ReturnType<typeof restore>>> {
  const sql = ground.database.connectAs('cuebook_backup');
  const result = await restore({ sql, file, deletions, primitives: suite, now: 2 });
  await sql.end();
  return result;
}

async function fill(ground: TestDatabase): Promise<TeamOnServer> {
  const world = await createWorld(ground.database);
  const team = await world.team();
  await team.add(await world.account());
  const stream = { group: newGroup(), stream: newStream() };
  const first = team.seal(team.owner, stream);
  await team.append(team.owner, [first]);
  await team.append(team.owner, [team.seal(team.owner, { ...stream, parents: [first.id] })]);
  return team;
}

describe('a backup', () => {
  test('restored into an empty database gives everything back, in another life that waits to be healed', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const team = await fill(from);
    const restored = await restoreInto(into, await writeBackup(from, 'whole'));
    expect(restored).toMatchObject({ ok: true });
    const { store } = await createWorld(into.database);
    expect(store.incarnation).not.toBe(team.store.incarnation);
    const before = await team.store.records.readFeed(team.id, team.cursor, 100);
    const after = await store.records.readFeed(team.id, { incarnation: store.incarnation, seq: 0 }, 100);
    expect(after).toEqual(before);
    expect(await store.records.readFeed(team.id, team.cursor, 100)).toMatchObject({
      kind: 'otherIncarnation',
    });
    expect(await store.workspaces.readLog(team.id, 0)).toEqual(
      await team.store.workspaces.readLog(team.id, 0),
    );
    expect(await store.workspaces.head(team.id)).toMatchObject({ healing: true });
  });

  test('does not bring back what was deleted for good since', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const team = await fill(from);
    const other = await fill(from);
    const feed = await team.store.records.readFeed(team.id, team.cursor, 1);
    if (feed.kind !== 'items') throw new Error('no items');
    const [item] = feed.items;
    const [group] = await from.database.transact(
      { workspace: team.id },
      (sql) => sql<{ group_id: Uint8Array }[]>`select group_id from groups`,
    );
    const { bytesToBase32 } = await import('@cuebook/shared/encoding/base32');
    const deletions: Deletion[] = [
      { kind: 'workspace', workspace: other.id, at: 1 },
      {
        kind: 'group',
        workspace: team.id,
        group: bytesToBase32(group?.group_id ?? new Uint8Array(0)),
        at: 1,
      },
    ];
    expect(await restoreInto(into, await writeBackup(from, 'deleted'), deletions)).toMatchObject({
      ok: true,
    });
    const { store } = await createWorld(into.database);
    await expect(store.workspaces.head(other.id)).rejects.toMatchObject({ code: 'notFound' });
    const after = await store.records.readFeed(team.id, { incarnation: store.incarnation, seq: 0 }, 1);
    if (after.kind !== 'items') throw new Error('no items');
    const tombstone = parseTombstone(suite, after.items[0]?.bytes ?? new Uint8Array(0));
    expect(tombstone.ok && tombstone.value.id).toBe(item?.id);
  });

  test('that is cut off, altered or something else restores nothing', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    await fill(from);
    const file = await writeBackup(from, 'damaged');
    const bytes = await readFile(file);
    const altered = [1, 2, 3, 4, 5, 6, 7].map((eighth) => {
      const copy = Buffer.from(bytes);
      const at = Math.floor((bytes.length * eighth) / 8);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    });
    const damaged = [
      ...altered,
      bytes.subarray(0, bytes.length >> 1),
      Buffer.from('not a backup'),
      Buffer.alloc(0),
    ];
    for (const [index, content] of damaged.entries()) {
      const name = path.join(folder, `damaged-${index}`);
      await writeFile(name, content);
      const restored = await restoreInto(into, name);
      expect(restored.ok, `${index}`).toBe(false);
    }
    expect(await restoreInto(into, file)).toMatchObject({ ok: true });
    expect(await restoreInto(into, file)).toMatchObject({ ok: false, problem: { code: 'notEmpty' } });
  });
});
