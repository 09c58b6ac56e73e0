// Appending records: in one statement where all is as expected (appendAtOnce.ts), else in one transaction of a workspace,
// under its row lock. That reads all that the group's appends are judged by in one go, judges them (appendJudging.ts), and
// writes what counts in one go.

import type {
  AnyId,
  EntryHash,
  FeedHash,
  GroupId,
  RecordId,
  StreamId,
  WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import { parseRecord } from '@cuebook/shared/record/header';
import { tombstoneOf } from '@cuebook/shared/record/tombstone';
import { invariant } from '@cuebook/shared/util/invariant';
import { Refusal } from '../problems.ts';
import { appendAtOnce, type Standings } from './appendAtOnce.ts';
import {
  decide,
  headsOf,
  type Committed,
  type Ground,
  type GroupState,
  type Outcome,
  type PlacedRecord,
  type Settled,
  type WaitingAppend,
} from './appendJudging.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { bytesList, fromColumn, idList, toColumn } from './ids.ts';

/** Settles every append of the group; null if nothing was written. */
export async function commitAppends(
  context: StoreContext,
  standings: Standings,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Committed | null> {
  const atOnce = await tryAtOnce(context, standings, workspace, group);
  const { outcomes, committed } = atOnce ?? (await appendUnderLock(context, workspace, group));
  if (committed !== null) {
    standings.keep(workspace, { head: committed.head, feed: committed.position }, atOnce !== null);
  }
  for (const outcome of outcomes) {
    if ('answer' in outcome) outcome.waiting.resolve(outcome.answer);
    else outcome.waiting.reject(outcome.refusal);
  }
  return committed;
}

async function tryAtOnce(
  context: StoreContext,
  standings: Standings,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Settled | null> {
  const standing = standings.expected(workspace);
  if (standing === null) return null;
  try {
    const settled = await appendAtOnce(context, workspace, group, standing);
    if (settled === null) standings.missed(workspace);
    return settled;
  } catch (error) {
    // Whether it was written is not known.
    standings.missed(workspace);
    throw error;
  }
}

async function appendUnderLock(
  context: StoreContext,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Settled> {
  const { written, ...settled } = await context.database.transact({ workspace }, (sql) =>
    appendInTransaction(context, sql, workspace, group),
  );
  // The commit travelled with the statement: had that failed, the database would have made a rollback of it.
  await written;
  return settled;
}

interface Appended extends Settled {
  /** Rejects if what was to be committed could not be written. */
  readonly written: Promise<void>;
}

const nothing = (outcomes: readonly Outcome[]): Appended => ({
  outcomes,
  committed: null,
  written: Promise.resolve(),
});

async function appendInTransaction(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Appended> {
  const { ground, live } = await readGround(context, sql, workspace, group);
  if (ground === null) return nothing(refuseAll(group, 'notFound', 'There is no such workspace.'));
  if (ground.locked.healingSince !== null) {
    return nothing(refuseAll(group, 'healing', 'The workspace is being healed.'));
  }
  const outcomes = group.map((waiting, index) =>
    live[index] === true
      ? decide(context, ground, waiting)
      : { waiting, refusal: new Refusal('unauthenticated', 'The session has ended.') },
  );
  if (ground.placed.length === 0) return nothing(outcomes);
  const written = write(context, sql, ground);
  const purged = await erasePurged(context, sql, ground);
  const { position, placed } = ground;
  return { outcomes, written, committed: { position, placed, purged, head: ground.locked.head } };
}

const HEALING_RETRY_SECONDS = 5;

const refuseAll = (
  group: readonly WaitingAppend[],
  code: 'notFound' | 'healing',
  message: string,
): readonly Outcome[] =>
  group.map((waiting) => ({
    waiting,
    refusal: new Refusal(
      code,
      message,
      code === 'healing' ? { retryAfterSeconds: HEALING_RETRY_SECONDS } : {},
    ),
  }));

// ——— reading

/** One journey to the database: the lock comes first, and what follows it sees what is true under it. */
async function readGround(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<{ readonly ground: Ground | null; readonly live: readonly boolean[] }> {
  const [read, live] = await Promise.all([
    lockAndRead(sql, workspace, group),
    context.sessions.areLive(
      sql,
      group.map(({ item }) => item.author),
    ),
  ]);
  if (read === null) return { ground: null, live };
  const fold = await context.folds.team(sql, workspace, read.locked.head);
  const authors = new Set(group.map(({ item }) => item.author.account));
  const accounts = await context.folds.accounts(
    sql,
    [...authors].flatMap((account) => {
      const upTo = fold.state.members.get(account)?.accountHead;
      return upTo === undefined ? [] : [{ account, upTo }];
    }),
  );
  return {
    ground: { workspace, fold, accounts, placed: [], position: read.locked.feed, ...read },
    live,
  };
}

interface GroundRow {
  readonly kind: 'workspace' | 'record' | 'stream' | 'group' | 'feed';
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  readonly number: number;
  readonly other: number | null;
  readonly since: number | null;
}

/** Null if there is no such workspace. */
async function lockAndRead(
  sql: Transaction,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Pick<Ground, 'locked' | 'known' | 'heads' | 'groups' | 'feedHashes'> | null> {
  const records = group.flatMap(({ item }) => item.records);
  const ids = new Set(records.flatMap(({ id, header }) => [id, ...header.parents]));
  const streams = new Set(group.map(({ item }) => item.input.stream));
  const groups = new Set(group.map(({ item }) => item.input.group));
  const seqs = new Set(records.map(({ header }) => header.seen.seq));
  // Sent now, ahead of what the caller sends beside it.
  const rows = await sql<GroundRow[]>`
    select * from cuebook_lock_for_append(${toColumn(workspace)}, ${idList(sql, ids)}::bytea[],
      ${idList(sql, streams)}::bytea[], ${idList(sql, groups)}::bytea[], ${[...seqs]}::bigint[])`.execute();
  const [first] = rows;
  if (first?.kind !== 'workspace') return null;
  const of = (kind: GroundRow['kind']): readonly GroundRow[] => rows.filter((row) => row.kind === kind);
  return {
    locked: {
      head: { index: first.other ?? 0, hash: fromColumn<EntryHash>(first.name) },
      feed: { seq: first.number, feedHash: fromColumn<FeedHash>(first.value) },
      healingSince: first.since,
    },
    known: new Map(
      of('record').map(({ name, value, number }) => [
        fromColumn<RecordId>(name),
        { seq: number, stream: fromColumn<StreamId>(value) },
      ]),
    ),
    heads: new Map(
      of('stream').map(({ name, value }) => [fromColumn<StreamId>(name), fromColumn<RecordId>(value)]),
    ),
    groups: new Map(
      of('group').map(({ name, number, other }) => [
        fromColumn<GroupId>(name),
        { trashedAt: number, isPurged: other !== null },
      ]),
    ),
    feedHashes: new Map([
      [FEED_START.seq, FEED_START.feedHash],
      ...of('feed').map(({ number, value }) => [number, fromColumn<FeedHash>(value)] as const),
    ]),
  };
}

// ——— writing

/** One statement for all tables, on its way when this returns. */
function write(context: StoreContext, sql: Transaction, ground: Ground): Promise<void> {
  const { workspace, placed, position } = ground;
  const id = toColumn(workspace);
  const heads = headsOf(ground);
  const groups = [...new Set(placed.map(({ header }) => header.group))];
  const now = context.now();
  const state = (group: GroupId): GroupState =>
    ground.groups.get(group) ?? { trashedAt: null, isPurged: false };
  const list = (of: (each: PlacedRecord) => AnyId): ReturnType<typeof idList> => idList(sql, placed.map(of));
  const statement = sql`
    with appended as (
      insert into records (workspace, seq, id, group_id, stream, feed_hash, bytes)
      select ${id}, * from unnest(
        ${placed.map(({ position }) => position.seq)}::bigint[], ${list((each) => each.id)}::bytea[],
        ${list(({ header }) => header.group)}::bytea[], ${list(({ header }) => header.stream)}::bytea[],
        ${list(({ position }) => position.feedHash)}::bytea[],
        ${bytesList(
          sql,
          placed.map(({ parsed }) => parsed.bytes),
        )}::bytea[])
    ), moved as (
      insert into streams (workspace, stream, group_id, head)
      select ${id}, * from unnest(
        ${idList(
          sql,
          heads.map(({ stream }) => stream),
        )}::bytea[],
        ${idList(
          sql,
          heads.map(({ group }) => group),
        )}::bytea[],
        ${idList(
          sql,
          heads.map(({ head }) => head),
        )}::bytea[])
      on conflict (workspace, stream) do update set head = excluded.head
    ), marked as (
      insert into groups (workspace, group_id, trashed_at, purged_at)
      select ${id}, * from unnest(
        ${idList(sql, groups)}::bytea[],
        ${groups.map((group) => state(group).trashedAt)}::bigint[],
        ${groups.map((group) => (state(group).isPurged ? now : null))}::bigint[])
      on conflict (workspace, group_id) do update
      set trashed_at = excluded.trashed_at, purged_at = excluded.purged_at
    )
    update workspaces set revision = revision + 1, seq = ${position.seq}, feed_hash = ${toColumn(position.feedHash)}
    where workspace = ${id}`.execute();
  const written = ended(statement);
  // Whoever waits for the transaction looks at it; until then it is not unhandled.
  written.catch(() => {});
  return written;
}

async function ended(statement: PromiseLike<unknown>): Promise<void> {
  await statement;
}

/** What an admin's flag erases, after it has itself been appended. */
async function erasePurged(
  context: StoreContext,
  sql: Transaction,
  ground: Ground,
): Promise<readonly GroupId[]> {
  const { workspace, placed } = ground;
  const purges = placed.filter(({ header }) => header.flag === 'purge');
  for (const { header, position } of purges) {
    await eraseGroup(context, sql, { workspace, group: header.group, before: position.seq });
  }
  return purges.map(({ header }) => header.group);
}

const ERASED_AT_ONCE = 200;

/** Turns the group's records below a Seq into tombstones: signed headers and hashes stay, ciphertexts go. */
export async function eraseGroup(
  { primitives }: Pick<StoreContext, 'primitives'>,
  sql: Transaction,
  {
    workspace,
    group,
    before,
  }: { readonly workspace: WorkspaceId; readonly group: GroupId; readonly before: number },
): Promise<number> {
  let erased = 0;
  for (;;) {
    const rows = await sql<{ seq: number; bytes: Uint8Array }[]>`
      select seq, bytes from records
      where workspace = ${toColumn(workspace)} and group_id = ${toColumn(group)} and seq < ${before} and not purged
      order by seq limit ${ERASED_AT_ONCE}`;
    if (rows.length === 0) return erased;
    const tombstones = rows.map((row) => {
      const parsed = parseRecord(row.bytes);
      invariant(parsed.ok, 'what is stored as a record is one');
      return tombstoneOf(primitives, parsed.value);
    });
    await sql`
      update records set purged = true, bytes = erased.bytes
      from unnest(${rows.map(({ seq }) => seq)}::bigint[], ${bytesList(sql, tombstones)}::bytea[]) as erased (seq, bytes)
      where workspace = ${toColumn(workspace)} and records.seq = erased.seq`;
    erased += rows.length;
  }
}
