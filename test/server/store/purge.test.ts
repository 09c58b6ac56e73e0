import { mkdtemp, rm, appendFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDeletionFile, type Deletion, type DeletionList } from '@cuebook/server/store/deletions';
import { runIfDue } from '@cuebook/server/store/jobs';
import { AUDIT_MS, purge, TRASH_MS, type PurgeCounts } from '@cuebook/server/store/purge';
import { parseRecord } from '@cuebook/shared/record/header';
import { createTestDatabase, type TestDatabase } from '../ground.ts';
import { createWorld, newGroup, newStream, suite, type TeamOnServer, type World } from './world.ts';

interface Kept extends DeletionList {
  readonly entries: Deletion[];
}

function inMemory(): Kept {
  const entries: Deletion[] = [];
  return { entries, add: async (added) => void entries.push(...added), all: async () => entries };
}

async function purgeNow(
  ground: TestDatabase,
  world: World,
  deletions: DeletionList = inMemory(),
): Promise<PurgeCounts> {
  const sql = ground.database.connectAs('cuebook_purge');
  try {
    return await purge({ sql, primitives: suite, deletions, now: () => world.now });
  } finally {
    await sql.end();
  }
}

const contentsOf = async (team: TeamOnServer): Promise<readonly boolean[]> => {
  const feed = await team.store.records.readFeed(team.id, team.cursor, 100);
  return feed.kind === 'items' ? feed.items.map(({ bytes }) => parseRecord(bytes).ok) : [];
};

describe('time takes away', () => {
  test('what has been in the trash for thirty days, unless it was taken out', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const deletions = inMemory();
    const trash = async (): Promise<ReturnType<typeof newGroup>> => {
      const group = newGroup();
      await team.append(team.owner, [team.seal(team.owner, { group, stream: newStream() })]);
      await team.append(team.owner, [team.seal(team.owner, { group, stream: newStream(), flag: 'trash' })]);
      return group;
    };
    const [gone, restored, edited] = [await trash(), await trash(), await trash()];
    await team.append(team.owner, [
      team.seal(team.owner, { group: restored, stream: newStream(), flag: 'restore' }),
    ]);
    await team.append(team.owner, [team.seal(team.owner, { group: edited, stream: newStream() })]);
    world.now += TRASH_MS - 1;
    expect(await purgeNow(ground, world, deletions)).toMatchObject({ groups: 0 });
    expect(await contentsOf(team)).toEqual(Array.from({ length: 8 }, () => true));
    world.now += 1;
    expect(await purgeNow(ground, world, deletions)).toMatchObject({ groups: 1 });
    expect(deletions.entries).toMatchObject([{ kind: 'group', workspace: team.id, group: gone }]);
    expect(await contentsOf(team)).toEqual([false, false, true, true, true, true, true, true]);
    const more = team.seal(team.owner, { group: gone, stream: newStream() });
    expect(await team.append(team.owner, [more])).toEqual({ kind: 'gone' });
    expect(await purgeNow(ground, world, deletions)).toMatchObject({ groups: 0 });
  });

  test('a workspace thirty days after it was deleted, and nothing of any other', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [team, other] = [await world.team(), await world.team()];
    for (const each of [team, other]) {
      await each.append(each.owner, [each.seal(each.owner, { group: newGroup(), stream: newStream() })]);
      await each.catchUp();
    }
    team.team.append(team.owner, { type: 'delete' });
    await team.push(team.owner);
    expect(await team.store.workspaces.membership(team.id, team.owner.id)).toMatchObject({ deleted: true });
    world.now += TRASH_MS;
    expect(await purgeNow(ground, world)).toMatchObject({ workspaces: 1 });
    await expect(team.store.workspaces.head(team.id)).rejects.toMatchObject({ code: 'notFound' });
    expect(await contentsOf(other)).toEqual([true]);
    const owner = ground.database.connectAs('owner');
    for (const table of [
      'records',
      'team_log',
      'members',
      'memberships',
      'epoch_boxes',
      'streams',
      'groups',
    ]) {
      const left = await owner`select distinct workspace from ${owner(table)}`;
      expect(left.length).toBe(1);
    }
    await owner.end();
  });

  test('not a workspace whose deletion was undone', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    for (const type of ['delete', 'undelete'] as const) {
      team.team.append(team.owner, { type });
      await team.push(team.owner);
    }
    world.now += TRASH_MS;
    expect(await purgeNow(ground, world)).toMatchObject({ workspaces: 0 });
    expect(await team.store.workspaces.membership(team.id, team.owner.id)).toMatchObject({ deleted: false });
  });

  test('the security log after ninety days', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const entry = { workspace: team.id, account: null, address: '::1', details: {}, requestId: null };
    await world.store.audit.write({ ...entry, what: 'old' });
    world.now += AUDIT_MS;
    await world.store.audit.write({ ...entry, what: 'new' });
    expect(await purgeNow(ground, world)).toMatchObject({ auditRows: 2 });
    expect(await world.store.audit.read(team.id, null, 10)).toMatchObject([{ what: 'new' }]);
  });
});

describe('a job', () => {
  test('runs in one of several processes, when it is due, and again if the one that ran it died', async () => {
    await using ground = await createTestDatabase();
    const pools = [1, 2, 3].map(() => ground.database.connectAs('cuebook_purge'));
    let now = 1000;
    let runs = 0;
    const job = { name: 'test', everyMs: 100, leaseMs: 50, run: async () => void (runs += 1) };
    const tryAll = async (): Promise<number> => {
      const ran = await Promise.all(pools.map((sql) => runIfDue(sql, job, () => now)));
      return ran.filter(Boolean).length;
    };
    expect([await tryAll(), runs]).toEqual([1, 1]);
    expect(await tryAll()).toBe(0);
    now += 100;
    expect(await tryAll()).toBe(1);
    now += 100;
    const [first] = pools;
    if (first === undefined) throw new Error('no pool');
    await expect(
      runIfDue(first, { ...job, run: () => Promise.reject(new Error('no')) }, () => now),
    ).rejects.toThrow('no');
    expect(await tryAll()).toBe(1);
    now += 100;
    // Died in the middle: the lease stands until it runs out.
    await first`update jobs set leased_until = ${now + 50}`;
    expect(await tryAll()).toBe(0);
    now += 50;
    expect(await tryAll()).toBe(1);
    await Promise.all(pools.map((sql) => sql.end()));
  });
});

test('the list of deletions is a file that outlives what was half written', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-deletions-'));
  const file = path.join(folder, 'deletions');
  const list = createDeletionFile(file);
  expect(await list.all()).toEqual([]);
  const first: Deletion = { kind: 'account', account: 'a', at: 1 };
  const second: Deletion = { kind: 'group', workspace: 'w', group: 'g', at: 2 };
  await list.add([first]);
  await appendFile(file, '{"kind":"acc');
  await list.add([second, { kind: 'workspace', workspace: 'w', at: 3 }]);
  expect(await list.all()).toEqual([first, second, { kind: 'workspace', workspace: 'w', at: 3 }]);
  await rm(folder, { recursive: true });
});
