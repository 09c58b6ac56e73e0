import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { backup, restore } from '@cuebook/server/store/backup';
import type { Store } from '@cuebook/server/store/api';
import type { FeedItemMessage } from '@cuebook/shared/protocol/record';
import type { HealingAnswer } from '@cuebook/shared/protocol/workspace';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { createTestDatabase, type TestDatabase } from '../ground.ts';
import { authorOf, createWorld, newGroup, newStream, suite, TeamOnServer, type World } from './world.ts';

const HEALING_MS = 1000;

/** What one client had verified before the restore. */
interface Known {
  readonly entries: readonly Uint8Array[];
  readonly items: readonly FeedItemMessage[];
  readonly head: LogHead;
  readonly feed: FeedPosition;
}

async function knownTo(team: TeamOnServer): Promise<Known> {
  const { head, feed } = await team.store.workspaces.head(team.id);
  const { entries } = await team.store.workspaces.readLog(team.id, 0);
  const read = await team.store.records.readFeed(team.id, team.cursor, 100);
  return { entries, head, feed, items: read.kind === 'items' ? read.items : [] };
}

async function restoreFrom(from: TestDatabase, into: TestDatabase): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-healing-'));
  const file = path.join(folder, 'backup');
  const [source, target] = [from, into].map((each) => each.database.connectAs('cuebook_backup'));
  if (source === undefined || target === undefined) throw new Error('no connection');
  await backup(source, file, 1);
  const restored = await restore({ sql: target, file, deletions: [], primitives: suite, now: 0 });
  expect(restored.ok).toBe(true);
  await Promise.all([source.end(), target.end(), rm(folder, { recursive: true })]);
}

interface Scene {
  readonly world: World;
  readonly team: TeamOnServer;
  readonly editor: SampleAccount;
  readonly store: Store;
  readonly restored: World;
  readonly before: Known;
  readonly after: Known;
}

/** A team with a past before the backup, and one after it that the restored server does not have. */
async function createScene(from: TestDatabase, into: TestDatabase): Promise<Scene> {
  const world = await createWorld(from.database);
  const team = await world.team();
  const editor = await world.account();
  await team.add(editor);
  const place = { group: newGroup(), stream: newStream() };
  const first = team.seal(editor, place);
  await team.append(editor, [first]);
  const before = await knownTo(team);
  await restoreFrom(from, into);
  const second = team.seal(editor, { ...place, parents: [first.id], seen: await team.catchUp() });
  await team.append(editor, [second]);
  await team.catchUp();
  const viewer = await world.account();
  await team.add(viewer, 'viewer');
  const purge = team.seal(team.owner, { group: place.group, stream: newStream(), flag: 'purge' });
  await team.append(team.owner, [purge]);
  await team.catchUp();
  await team.team.remove(team.owner, viewer.id);
  await team.push(team.owner);
  await team.append(team.owner, [team.seal(team.owner, { group: newGroup(), stream: newStream() })]);
  const after = await knownTo(team);
  const restored = await createWorld(into.database, { healingMs: HEALING_MS });
  restored.now = 0;
  const accounts = [{ account: viewer.id, entries: viewer.history.entries.map(({ bytes }) => bytes) }];
  healAccounts.set(team, accounts);
  return { world, team, editor, store: restored.store, restored, before, after };
}

const healAccounts = new WeakMap<TeamOnServer, Parameters<Store['workspaces']['heal']>[1]['accounts']>();

function pushOf({ team, before, after }: Scene, upTo = Infinity): Parameters<Store['workspaces']['heal']>[1] {
  return {
    workspace: team.id,
    after: { head: before.head, feed: before.feed },
    accounts: healAccounts.get(team),
    entries: after.entries.slice(before.entries.length),
    items: after.items.slice(before.items.length, upTo),
  };
}

const pinOf = ({ team }: Scene, { head, feed }: Known): Known & { workspace: TeamOnServer['id'] } => ({
  workspace: team.id,
  head,
  feed,
  entries: [],
  items: [],
});

describe('after a restore', () => {
  test('the end that the backup did not have is pushed, and log and feed are what they were', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const scene = await createScene(from, into);
    const { team, editor, store, after, before } = scene;
    const { workspaces } = store;
    expect(await workspaces.healing(team.id)).toMatchObject({
      healing: true,
      wanted: null,
      feed: before.feed,
    });
    const early = team.seal(team.owner, { group: newGroup(), stream: newStream() });
    const appended = store.records.append(authorOf(team.owner), {
      workspace: team.id,
      group: early.header.group,
      stream: early.header.stream,
      expectedHead: null,
      records: [early.bytes],
    });
    await expect(appended).rejects.toMatchObject({ code: 'healing' });
    const offered = await workspaces.offerPin(authorOf(editor), pinOf(scene, after));
    expect(offered).toMatchObject({ healing: true, wanted: { head: after.head, feed: after.feed } });
    const healed = await workspaces.heal(authorOf(editor), pushOf(scene));
    expect(healed).toMatchObject({ healing: true, wanted: null, head: after.head, feed: after.feed });
    expect(await workspaces.heal(authorOf(editor), pushOf(scene))).toEqual(healed);
    expect(await knownTo(new TeamOnServer(store, team.team, team.owner))).toEqual(after);
    const over = await workspaces.offerPin(authorOf(team.owner), pinOf(scene, after));
    expect(over).toMatchObject({ healing: false });
    expect(scene.restored.hints.at(-1)).toEqual({ kind: 'healing', workspace: team.id });
    const late = team.seal(team.owner, { group: newGroup(), stream: newStream() });
    const place = { group: late.header.group, stream: late.header.stream };
    const input = { workspace: team.id, ...place, expectedHead: null, records: [late.bytes] };
    expect(await store.records.append(authorOf(team.owner), input)).toMatchObject({
      kind: 'stored',
      places: [{ seq: after.feed.seq + 1 }],
    });
  });

  test('healing ends when its time is over and everything offered is there, or by an owner', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const scene = await createScene(from, into);
    const { workspaces } = scene.store;
    const { team, editor, before, after, restored } = scene;
    const healing = async (): Promise<HealingAnswer['healing']> =>
      (await workspaces.healing(team.id)).healing;
    restored.now = HEALING_MS;
    expect(await healing()).toBe(true);
    await workspaces.offerPin(authorOf(editor), pinOf(scene, after));
    expect(await healing()).toBe(true);
    await workspaces.offerPin(authorOf(editor), pinOf(scene, before));
    expect(await healing()).toBe(false);
    expect(await workspaces.heal(authorOf(editor), pushOf(scene))).toMatchObject({
      healing: false,
      feed: before.feed,
    });
  });

  test('an owner may end it with what there is', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const scene = await createScene(from, into);
    const { workspaces } = scene.store;
    await workspaces.offerPin(authorOf(scene.editor), pinOf(scene, scene.after));
    const closed = await workspaces.closeHealing(authorOf(scene.team.owner), scene.team.id);
    expect(closed).toEqual({
      healing: false,
      wanted: null,
      head: scene.before.head,
      feed: scene.before.feed,
    });
  });

  test('nothing that was not there before is pushed as if it had been', async () => {
    await using from = await createTestDatabase();
    await using into = await createTestDatabase();
    const scene = await createScene(from, into);
    const { team, editor, store, before } = scene;
    const push = pushOf(scene);
    const [first, second, ...rest] = push.items;
    if (first === undefined || second === undefined) throw new Error('too few');
    const altered = first.bytes.slice();
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    const byViewer = team.seal(editor, { group: newGroup(), stream: newStream(), flag: 'purge' });
    const wrong: readonly (typeof push)[] = [
      { ...push, items: [second, first, ...rest] },
      { ...push, items: [{ ...first, bytes: altered }, second, ...rest] },
      { ...push, items: push.items.slice(1) },
      { ...push, items: [byViewer] },
      { ...push, entries: push.entries.slice(1) },
      { ...push, accounts: [] },
      { ...push, entries: [new Uint8Array(100)] },
      { ...push, after: { ...push.after, feed: { ...before.feed, seq: 5 } } },
    ];
    for (const each of wrong) {
      await expect(store.workspaces.heal(authorOf(editor), each)).rejects.toMatchObject({
        code: expect.stringMatching(/refused|behind/) as string,
      });
    }
    expect(await knownTo(new TeamOnServer(store, team.team, team.owner))).toEqual(before);
    expect(await store.workspaces.heal(authorOf(editor), push)).toMatchObject({ feed: scene.after.feed });
  });
});
