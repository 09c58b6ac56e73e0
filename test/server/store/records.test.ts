import { describe, expect, test } from 'vitest';
import { parseTombstone } from '@cuebook/shared/record/tombstone';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import type { FeedItemMessage } from '@cuebook/shared/protocol/record';
import { idToBytes, WORKSPACE_GROUP, type EntryHash, type RecordId } from '@cuebook/shared/encoding/ids';
import { Refusal } from '@cuebook/server/problems';
import { createStore } from '@cuebook/server/store/createStore';
import { openDatabase } from '@cuebook/server/store/database';
import { createTestDatabase } from '../ground.ts';
import { authorOf, createWorld, newGroup, newStream, suite, TeamOnServer } from './world.ts';

async function itemsOf(team: TeamOnServer): Promise<readonly FeedItemMessage[]> {
  const feed = await team.store.records.readFeed(team.id, team.cursor, 2048);
  return feed.kind === 'items' ? feed.items : [];
}

const somewhere = (): { group: ReturnType<typeof newGroup>; stream: ReturnType<typeof newStream> } => ({
  group: newGroup(),
  stream: newStream(),
});

describe('appending records', () => {
  test('gives Seqs in the order of appends, and the feed gives the same bytes back', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const place = somewhere();
    const first = team.seal(team.owner, place);
    const second = team.seal(team.owner, { ...place, parents: [first.id] });
    expect(await team.append(team.owner, [first])).toEqual({
      kind: 'stored',
      places: [{ id: first.id, seq: 1 }],
    });
    expect(await team.append(team.owner, [second])).toMatchObject({ places: [{ seq: 2 }] });
    expect(await itemsOf(team)).toEqual([
      { seq: 1, id: first.id, bytes: first.bytes },
      { seq: 2, id: second.id, bytes: second.bytes },
    ]);
    expect(world.hints.at(-1)).toMatchObject({ kind: 'workspace', workspace: team.id, seq: 2 });
    const positions = [first, second].reduce((last, { id }) => nextPosition(suite, last, id), FEED_START);
    expect((await team.store.workspaces.head(team.id)).feed).toEqual(positions);
  });

  test('of an offline chain under its merge is all or nothing', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const place = somewhere();
    const base = team.seal(team.owner, place);
    const theirs = team.seal(team.owner, { ...place, parents: [base.id] });
    await team.append(team.owner, [base]);
    await team.append(team.owner, [theirs]);
    const mine = team.seal(team.owner, { ...place, parents: [base.id] });
    const more = team.seal(team.owner, { ...place, parents: [mine.id] });
    expect(
      await team.append(team.owner, [mine, more], mine.id).catch((error: unknown) => error),
    ).toMatchObject({
      kind: 'behind',
      head: theirs.id,
    });
    const merge = team.seal(team.owner, { ...place, parents: [theirs.id, more.id] });
    const missing = team.seal(team.owner, { ...place, parents: [theirs.id, 'a'.repeat(52) as RecordId] });
    await expect(team.append(team.owner, [mine, more, missing])).rejects.toMatchObject({ code: 'refused' });
    expect(await itemsOf(team)).toHaveLength(2);
    expect(await team.append(team.owner, [mine, more, merge])).toMatchObject({
      places: [{ seq: 3 }, { seq: 4 }, { seq: 5 }],
    });
  });

  test('a second time, after a lost answer, gives the same places and stores nothing', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const place = somewhere();
    const records = [team.seal(team.owner, place)];
    const first = await team.append(team.owner, records);
    await team.append(team.owner, [
      team.seal(team.owner, { ...place, parents: [records[0]?.id ?? ('' as RecordId)] }),
    ]);
    expect(await team.append(team.owner, records)).toEqual(first);
    const atOnce = team.seal(team.owner, somewhere());
    const answers = await Promise.all([1, 2, 3].map(() => team.append(team.owner, [atOnce])));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await itemsOf(team)).toHaveLength(3);
  });

  test('that arrive together are committed together, in one order, whatever becomes of their neighbours', async () => {
    const commits: string[] = [];
    await using ground = await createTestDatabase({ onStatement: (text) => commits.push(text) });
    const team = await (await createWorld(ground.database)).team();
    const places = Array.from({ length: 20 }, somewhere);
    const records = places.map((place) => team.seal(team.owner, place));
    commits.length = 0;
    const appends = records.map((record, index) =>
      index % 5 === 4 ? team.append(team.owner, [record], record.id) : team.append(team.owner, [record]),
    );
    const answers = await Promise.allSettled(appends);
    expect(
      commits.filter((text) => /insert into records|cuebook_append/.test(text)).length,
    ).toBeLessThanOrEqual(2);
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    const items = await itemsOf(team);
    expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  });

  test('through several processes at once gives every Seq once, in the order of commits', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const others = await Promise.all(
      [1, 2].map(async () => {
        const database = openDatabase({ address: ground.address, connections: 3 });
        return (await createWorld(database)).store;
      }),
    );
    const seen: number[] = [];
    const writers = [team.store, ...others].flatMap((store) => [store, store]);
    await Promise.all(
      writers.map(async (store) => {
        const place = somewhere();
        let parents: RecordId[] = [];
        for (let count = 0; count < 8; count += 1) {
          const record = team.seal(team.owner, { ...place, parents });
          const answer = await store.records.append(authorOf(team.owner), {
            workspace: team.id,
            ...place,
            expectedHead: parents[0] ?? null,
            records: [record.bytes],
          });
          if (answer.kind === 'stored') seen.push(...answer.places.map(({ seq }) => seq));
          parents = [record.id];
        }
      }),
    );
    await Promise.all(others.map((store) => store.close()));
    const expected = Array.from({ length: 48 }, (_, index) => index + 1);
    expect(seen.toSorted((left, right) => left - right)).toEqual(expected);
    expect((await itemsOf(team)).map(({ seq }) => seq)).toEqual(expected);
  });
});

describe('the server refuses', () => {
  test('what is not of the caller, the stream or the workspace, not signed, or not a chain', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [team, other] = [await world.team(), await world.team()];
    const editor = await world.account();
    await team.add(editor);
    const place = somewhere();
    const record = team.seal(team.owner, place);
    const altered = record.bytes.slice();
    const last = altered.length - 1;
    altered[last] = (altered[last] ?? 0) ^ 1;
    const loose = team.seal(team.owner, place);
    const input = { workspace: team.id, ...place, expectedHead: null, records: [record.bytes] };
    const refused: readonly [string, Parameters<TeamOnServer['store']['records']['append']>][] = [
      ['another author', [authorOf(editor), input]],
      ['another workspace', [authorOf(team.owner), { ...input, workspace: other.id }]],
      ['another group', [authorOf(team.owner), { ...input, group: newGroup() }]],
      ['another stream', [authorOf(team.owner), { ...input, stream: newStream() }]],
      ['a wrong signature', [authorOf(team.owner), { ...input, records: [altered] }]],
      ['half a record', [authorOf(team.owner), { ...input, records: [record.bytes.subarray(0, 700)] }]],
      ['one twice', [authorOf(team.owner), { ...input, records: [record.bytes, record.bytes] }]],
      ['one that leads nowhere', [authorOf(team.owner), { ...input, records: [loose.bytes, record.bytes] }]],
      ['another head', [authorOf(team.owner), { ...input, expectedHead: loose.id }]],
    ];
    for (const [, [author, append]] of refused) {
      await expect(team.store.records.append(author, append)).rejects.toMatchObject({
        code: 'refused',
      });
    }
    expect(await team.store.records.append(authorOf(team.owner), input)).toMatchObject({ kind: 'stored' });
  });

  test('what names another log or another feed than the one that is here', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const { head } = team.team.state;
    const wrong = { index: head.index, hash: 'a'.repeat(52) as EntryHash };
    for (const change of [
      { teamLog: wrong },
      { teamLog: { ...head, index: 7 } },
      { seen: { seq: 1, feedHash: FEED_START.feedHash } },
      { seen: { seq: 0, feedHash: 'b'.repeat(51).concat('a') as typeof FEED_START.feedHash } },
    ]) {
      const record = team.seal(team.owner, { ...somewhere(), ...change });
      await expect(team.append(team.owner, [record])).rejects.toMatchObject({ code: 'refused' });
    }
    await team.append(team.owner, [team.seal(team.owner, somewhere())]);
    const seen = await team.catchUp();
    const record = team.seal(team.owner, { ...somewhere(), seen });
    expect(await team.append(team.owner, [record])).toMatchObject({ kind: 'stored' });
  });

  test('a record that follows one of another stream', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const first = team.seal(team.owner, somewhere());
    await team.append(team.owner, [first]);
    const place = somewhere();
    const base = team.seal(team.owner, place);
    await team.append(team.owner, [base]);
    const record = team.seal(team.owner, { ...place, parents: [base.id, first.id] });
    await expect(team.append(team.owner, [record])).rejects.toMatchObject({ code: 'refused' });
  });

  test('whom the team log does not let write, at the moment of writing', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const [viewer, editor] = [await world.account(), await world.account()];
    await team.add(viewer, 'viewer');
    await team.add(editor, 'editor');
    const stranger = await world.account();
    const reasonFor = async (account: typeof viewer): Promise<unknown> =>
      team.append(account, [team.seal(account, somewhere())]);
    expect(await reasonFor(viewer)).toEqual({ kind: 'notAllowed', reason: 'mayNotWrite' });
    expect(await reasonFor(stranger)).toEqual({ kind: 'notAllowed', reason: 'notMember' });
    const purge = team.seal(editor, { ...somewhere(), flag: 'purge' });
    expect(await team.append(editor, [purge])).toEqual({ kind: 'notAllowed', reason: 'mayNotPurge' });
    const late = team.seal(editor, somewhere());
    const old = team.seal(team.owner, somewhere());
    await team.team.remove(team.owner, editor.id);
    await team.push(team.owner);
    expect(await team.append(editor, [late])).toEqual({ kind: 'notAllowed', reason: 'notMember' });
    expect(await team.append(team.owner, [old])).toEqual({ kind: 'oldEpoch' });
    expect(await team.append(team.owner, [team.seal(team.owner, somewhere())])).toMatchObject({
      kind: 'stored',
    });
  });

  test('whoever has no session any more when the lock is taken', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const record = team.seal(team.owner, somewhere());
    await world.endSession(authorOf(team.owner));
    await expect(team.append(team.owner, [record])).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await itemsOf(team)).toEqual([]);
  });
});

describe('a group', () => {
  test('that is purged is gone: tombstones in the feed, no further appends, nothing of it left', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const place = somewhere();
    const first = team.seal(team.owner, place);
    const kept = team.seal(team.owner, somewhere());
    await team.append(team.owner, [first]);
    await team.append(team.owner, [kept]);
    const purge = team.seal(team.owner, { group: place.group, stream: newStream(), flag: 'purge' });
    expect(await team.append(team.owner, [purge])).toMatchObject({ places: [{ seq: 3 }] });
    const [erased, ...rest] = await itemsOf(team);
    const tombstone = parseTombstone(suite, erased?.bytes ?? new Uint8Array(0));
    expect(tombstone).toMatchObject({ ok: true, value: { id: first.id, header: first.header } });
    expect(rest.map(({ bytes }) => bytes)).toEqual([kept.bytes, purge.bytes]);
    const more = team.seal(team.owner, { ...place, parents: [first.id] });
    expect(await team.append(team.owner, [more])).toEqual({ kind: 'gone' });
    expect(await team.append(team.owner, [first])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
  });

  test('of what belongs to the whole workspace is never trashed or purged', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const record = team.seal(team.owner, { group: WORKSPACE_GROUP, stream: newStream(), flag: 'purge' });
    await expect(team.append(team.owner, [record])).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('reading', () => {
  test('the feed goes on from a cursor, in pages, and knows another life of the database', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    const records = Array.from({ length: 5 }, () => team.seal(team.owner, somewhere()));
    for (const record of records) await team.append(team.owner, [record]);
    const { incarnation } = team.store;
    const { records: reads } = team.store;
    const page = await reads.readFeed(team.id, { incarnation, seq: 2 }, 2);
    expect(page).toMatchObject({ items: [{ seq: 3 }, { seq: 4 }], end: { seq: 5 } });
    expect(await reads.readFeed(team.id, { incarnation, seq: 5 }, 2)).toMatchObject({
      items: [],
      end: { seq: 5 },
    });
    expect(
      await reads.readFeed(team.id, { incarnation: 'b'.repeat(25).concat('a'), seq: 2 }, 2),
    ).toMatchObject({
      kind: 'otherIncarnation',
      incarnation,
      end: { seq: 5 },
    });
    const wanted = [records[3]?.id, records[0]?.id].filter((id) => id !== undefined);
    const read = await team.store.records.read(team.id, [...wanted, 'a'.repeat(52) as RecordId]);
    expect(read.map(({ id }) => id)).toEqual(wanted);
  });

  test('a page is cut at four megabytes, and one that is larger still comes', async () => {
    await using ground = await createTestDatabase();
    const team = await (await createWorld(ground.database)).team();
    for (let count = 0; count < 3; count += 1) {
      const record = team.seal(team.owner, { ...somewhere(), payload: suite.random(3_000_000) });
      await team.append(team.owner, [record]);
    }
    expect((await itemsOf(team)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('the tail never shows a record without the entries that stand before it', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const record = team.seal(editor, somewhere());
    await team.append(editor, [record]);
    const tail = await team.store.records.readTail(team.id, { ...team.cursor, logFrom: 1 });
    expect(tail.items).toMatchObject([{ id: record.id }]);
    expect(tail.entries).toEqual(team.team.history.entries.slice(1).map(({ bytes }) => bytes));
    expect(tail).toMatchObject({ end: { seq: 1 }, head: team.team.state.head, healing: false });
    const other = await team.store.records.readTail(team.id, {
      incarnation: 'b'.repeat(25).concat('a'),
      seq: 0,
      logFrom: 0,
    });
    expect(other).toMatchObject({ items: [], entries: [], incarnation: team.store.incarnation });
  });
});

test('a store that was just opened judges as one that has seen everything', async () => {
  await using ground = await createTestDatabase();
  const world = await createWorld(ground.database);
  const team = await world.team();
  const editor = await world.account();
  await team.add(editor);
  const fresh = await createStore({
    database: ground.database,
    primitives: suite,
    sessions: {
      areLive: async (_, authors) => authors.map(() => true),
      endOfDevices: async () => {},
      endOfTokens: async () => {},
    },
    hints: { publish: () => {} },
    now: () => world.now,
  });
  const place = somewhere();
  const record = team.seal(editor, place);
  const answer = await fresh.records.append(authorOf(editor), {
    workspace: team.id,
    ...place,
    expectedHead: null,
    records: [record.bytes],
  });
  expect(answer).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
});

test('what could not be written is never acknowledged, though its commit was on its way', async () => {
  await using ground = await createTestDatabase();
  const world = await createWorld(ground.database);
  const team = await world.team();
  const owner = ground.database.connectAs('owner');
  await owner`alter table records add constraint refused check (seq < 2)`;
  const records = [1, 2].map(() => team.seal(team.owner, somewhere()));
  const [first, second] = records;
  if (first === undefined || second === undefined) throw new Error('two records');
  expect(await team.append(team.owner, [first])).toMatchObject({ kind: 'stored' });
  await expect(team.append(team.owner, [second])).rejects.toThrow('violates check constraint');
  expect(await team.store.workspaces.head(team.id)).toMatchObject({ feed: { seq: 1 } });
  await owner`alter table records drop constraint refused`;
  await owner.end();
  expect(await team.append(team.owner, [second])).toMatchObject({ kind: 'stored', places: [{ seq: 2 }] });
  expect(world.hints.filter((hint) => hint.kind === 'workspace' && hint.seq > 0)).toHaveLength(2);
});

test('who may write is decided first, from the membership that is true under the lock', async () => {
  await using ground = await createTestDatabase();
  const world = await createWorld(ground.database);
  const team = await world.team();
  const [editor, stranger] = [await world.account(), await world.account()];
  await team.add(editor);
  const asked: unknown[] = [];
  const appendBy = async (author: typeof editor, isAllowed: boolean) => {
    const place = somewhere();
    const record = team.seal(author, place);
    const input = { workspace: team.id, ...place, expectedHead: null, records: [record.bytes] };
    return team.store.records.append(authorOf(author), input, (membership) => {
      asked.push(membership);
      if (!isAllowed) throw new Refusal('secondFactorNeeded', 'not so');
    });
  };
  await expect(appendBy(editor, false)).rejects.toMatchObject({ code: 'secondFactorNeeded' });
  await expect(appendBy(stranger, false)).rejects.toMatchObject({ code: 'secondFactorNeeded' });
  expect(await itemsOf(team)).toEqual([]);
  expect(await appendBy(editor, true)).toMatchObject({ kind: 'stored' });
  const member = { role: 'editor', requireMfa: false, deleted: false, waiting: false };
  expect(asked).toEqual([member, null, member]);
});

test('members get what was just committed without reading it back, and never less than a hint has said', async () => {
  const statements: string[] = [];
  await using ground = await createTestDatabase({ onStatement: (text) => statements.push(text) });
  const world = await createWorld(ground.database);
  const team = await world.team();
  const { records, workspaces } = team.store;
  const place = somewhere();
  const first = team.seal(team.owner, place);
  await team.append(team.owner, [first]);
  const { head, feed } = await workspaces.head(team.id);
  const from = { ...team.cursor, seq: 0, logFrom: head.index + 1 };
  const reads = (): number => statements.filter((text) => text.includes('cuebook_tail')).length;
  const fresh = await records.readTail(team.id, from, { seq: 1, logIndex: head.index });
  expect(reads()).toBe(0);
  expect(fresh).toEqual(await records.readTail(team.id, from));
  expect(fresh).toMatchObject({ items: [{ seq: 1, id: first.id }], end: feed });
  // From elsewhere, less than is known to be there, or after a purge: from the database.
  const before = reads();
  await records.readTail(team.id, { ...from, logFrom: 0 }, { seq: 1, logIndex: 0 });
  await records.readTail(team.id, from, { seq: 2, logIndex: head.index });
  await team.append(team.owner, [team.seal(team.owner, { ...place, parents: [first.id], flag: 'purge' })]);
  const purged = await records.readTail(team.id, { ...from, seq: 1 }, { seq: 2, logIndex: head.index });
  expect(purged.items).toHaveLength(1);
  expect(reads() - before).toBe(3);
});

describe('an append in one statement', () => {
  /** A world whose statements are seen, and a team to which this process wrote last. */
  async function begin() {
    const statements: string[] = [];
    const ground = await createTestDatabase({ onStatement: (text) => statements.push(text) });
    const world = await createWorld(ground.database);
    const team = await world.team();
    const base = somewhere();
    const first = team.seal(team.owner, base);
    await team.append(team.owner, [first]);
    /** How often each of the two ways was gone meanwhile. */
    const waysOf = async (work: () => Promise<unknown>) => {
      statements.length = 0;
      await work();
      const count = (part: string): number => statements.filter((text) => text.includes(part)).length;
      return { atOnce: count('cuebook_append('), underLock: count('cuebook_lock_for_append(') };
    };
    return {
      ground,
      world,
      team,
      base,
      first,
      waysOf,
      [Symbol.asyncDispose]: () => ground[Symbol.asyncDispose](),
    };
  }
  const ONCE = { atOnce: 1, underLock: 0 };
  const JUDGED = { atOnce: 1, underLock: 1 };

  test('is one statement, and leaves the same rows as one under the lock', async () => {
    await using begun = await begin();
    const { ground, team, base, first, waysOf } = begun;
    const second = team.seal(team.owner, { ...base, parents: [first.id] });
    const side = team.seal(team.owner, { ...base, parents: [first.id], flag: 'trash' });
    const merge = team.seal(team.owner, {
      ...base,
      parents: [second.id, side.id],
      flag: 'trash',
      seen: await team.catchUp(),
    });
    const other = somewhere();
    expect(await waysOf(() => team.append(team.owner, [second]))).toEqual(ONCE);
    expect(await waysOf(() => team.append(team.owner, [side, merge], second.id))).toEqual(ONCE);
    expect(await waysOf(() => team.append(team.owner, [team.seal(team.owner, other)]))).toEqual(ONCE);
    const items = await itemsOf(team);
    expect(items.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(items.slice(0, 4).map(({ bytes }) => bytes)).toEqual(
      [first, second, side, merge].map(({ bytes }) => bytes),
    );
    const positions = items.reduce((last, { id }) => nextPosition(suite, last, id), FEED_START);
    expect((await team.store.workspaces.head(team.id)).feed).toEqual(positions);
    const sql = ground.database.connectAs('owner');
    const rows = await sql`
      select g.trashed_at is not null as trashed, g.purged_at, s.head
      from groups g join streams s on s.workspace = g.workspace and s.group_id = g.group_id
      where g.workspace = ${idToBytes(team.id)} and g.group_id = ${idToBytes(base.group)}`;
    await sql.end();
    expect(rows).toEqual([{ trashed: true, purged_at: null, head: idToBytes(merge.id) }]);
    // A store that was just opened goes on from there, by the other way.
    const fresh = await createWorld(ground.database);
    const next = team.seal(team.owner, { ...base, parents: [merge.id], flag: 'restore' });
    const input = { workspace: team.id, ...base, expectedHead: merge.id, records: [next.bytes] };
    expect(await fresh.store.records.append(authorOf(team.owner), input)).toMatchObject({
      places: [{ seq: 6 }],
    });
  });

  test('is judged by what is there as soon as anything is otherwise than it expects', async () => {
    await using begun = await begin();
    const { world, team, base, first, waysOf } = begun;
    const stored = team.seal(team.owner, { ...base, parents: [first.id] });
    await team.append(team.owner, [stored]);
    const save = (): Promise<unknown> => team.append(team.owner, [team.seal(team.owner, somewhere())]);
    const purged = somewhere();
    await team.append(team.owner, [team.seal(team.owner, { ...purged, flag: 'purge' })]);
    const stranger = team.seal(team.owner, { ...base, parents: [stored.id, 'a'.repeat(52) as RecordId] });
    const blind = team.seal(team.owner, { ...somewhere(), seen: { seq: 1, feedHash: FEED_START.feedHash } });
    const tries: readonly (readonly [string, () => Promise<unknown>, object])[] = [
      ['sent again', () => team.append(team.owner, [stored]), { places: [{ id: stored.id, seq: 2 }] }],
      [
        'another head',
        () => team.append(team.owner, [team.seal(team.owner, { ...base, parents: [first.id] })]),
        { kind: 'behind', head: stored.id },
      ],
      [
        'a head of another stream',
        () => team.append(team.owner, [team.seal(team.owner, { ...somewhere(), parents: [first.id] })]),
        { kind: 'behind', head: null },
      ],
      ['a parent that is not there', () => team.append(team.owner, [stranger]), { code: 'refused' }],
      ['another feed', () => team.append(team.owner, [blind]), { code: 'refused' }],
      [
        'a purged group',
        () => team.append(team.owner, [team.seal(team.owner, { ...purged, stream: newStream() })]),
        { kind: 'gone' },
      ],
    ];
    for (const [what, attempt, expected] of tries) {
      // Until it is tried again after the miss before.
      for (let count = 0; count < 3; count += 1) await save();
      let answer: unknown;
      const ways = await waysOf(async () => {
        answer = await attempt().catch((error: unknown) => error);
      });
      expect([what, ways]).toEqual([what, JUDGED]);
      expect(answer).toMatchObject(expected);
    }
    await save();
    await save();
    const last = team.seal(team.owner, { ...base, parents: [stored.id] });
    await world.endSession(authorOf(team.owner));
    const ways = await waysOf(async () => {
      await expect(team.append(team.owner, [last])).rejects.toMatchObject({ code: 'unauthenticated' });
    });
    expect(ways).toEqual(JUDGED);
    expect((await itemsOf(team)).some(({ id }) => id === last.id)).toBe(false);
  });

  test('finds out that somebody else wrote, and is tried less often while others do', async () => {
    await using begun = await begin();
    const { ground, world, team, waysOf } = begun;
    const database = openDatabase({ address: ground.address, connections: 2 });
    const other = await createWorld(database);
    const save = async (store = team.store): Promise<unknown> => {
      const place = somewhere();
      const record = team.seal(team.owner, place);
      const input = { workspace: team.id, ...place, expectedHead: null, records: [record.bytes] };
      return store.records.append(authorOf(team.owner), input);
    };
    const ways = await waysOf(async () => {
      for (let count = 0; count < 40; count += 1) {
        await save(other.store);
        await save();
      }
    });
    expect(ways.underLock).toBe(40);
    expect(ways.atOnce).toBeLessThan(8);
    // A log entry by another process is one more thing that is otherwise: its removal of a member holds at once.
    const editor = await world.account();
    await team.catchUp();
    await team.add(editor);
    for (let count = 0; count < 70; count += 1) await save();
    expect(await waysOf(save)).toEqual(ONCE);
    const late = team.seal(editor, somewhere());
    await team.catchUp();
    await team.team.remove(team.owner, editor.id);
    const elsewhere = new TeamOnServer(other.store, team.team, team.owner);
    elsewhere.continueFrom(team);
    expect(await elsewhere.push(team.owner)).toMatchObject({ kind: 'stored' });
    expect(await team.append(editor, [late])).toEqual({ kind: 'notAllowed', reason: 'notMember' });
    await other.store.close();
  });

  test('serves appends that arrived together, each as if it had come alone', async () => {
    await using begun = await begin();
    const { team, base, first, waysOf } = begun;
    const chain = [team.seal(team.owner, { ...base, parents: [first.id] })];
    for (let count = 0; count < 5; count += 1) {
      chain.push(team.seal(team.owner, { ...base, parents: chain.slice(-1).map(({ id }) => id) }));
    }
    const answers: unknown[] = [];
    const ways = await waysOf(async () => {
      answers.push(...(await Promise.all(chain.map((record) => team.append(team.owner, [record])))));
    });
    expect(ways.underLock).toBe(0);
    expect(answers).toMatchObject(
      chain.map((_, index) => ({ kind: 'stored', places: [{ seq: index + 2 }] })),
    );
    // Two want to follow the same head: the first has it.
    const head = chain.at(-1)?.id ?? first.id;
    const rivals = [1, 2].map(() => team.seal(team.owner, { ...base, parents: [head] }));
    const outcomes = await Promise.all(
      [team.seal(team.owner, somewhere()), ...rivals].map((record) => team.append(team.owner, [record])),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'behind']);
  });
});
