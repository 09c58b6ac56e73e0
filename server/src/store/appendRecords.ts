// Appending records: one transaction of a workspace, under its row lock. Reads all that the group's appends are judged by in
// one go, judges them one after the other as if they had come alone, and writes what counts in one go.

import type {
  AccountId,
  AnyId,
  EntryHash,
  FeedHash,
  GroupId,
  RecordId,
  StreamId,
  WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import {
  parseRecord,
  type FeedPosition,
  type LogHead,
  type RecordHeader,
} from '@cuebook/shared/record/header';
import { tombstoneOf } from '@cuebook/shared/record/tombstone';
import { judgeAuthor } from '@cuebook/shared/team/authority';
import { invariant } from '@cuebook/shared/util/invariant';
import { Refusal } from '../problems.ts';
import type { Membership } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { toolsOf, type AccountHistories, type TeamFold } from './folds.ts';
import type { Waiting } from './groupCommit.ts';
import { bytesList, fromColumn, idList, toColumn } from './ids.ts';
import type { LockedWorkspace } from './lock.ts';
import { checkSignature, type SentAppend, type SentRecord } from './sentRecords.ts';

export type WaitingAppend = Waiting<SentAppend, AppendAnswer>;

export interface PlacedRecord extends SentRecord {
  readonly position: FeedPosition;
}

interface GroupState {
  readonly trashedAt: number | null;
  readonly isPurged: boolean;
}

/** What the appends of a group are judged by, and what they change for those after them. */
interface Ground {
  readonly workspace: WorkspaceId;
  readonly locked: LockedWorkspace;
  readonly fold: TeamFold;
  readonly accounts: AccountHistories;
  /** Of all records that the appends name: where they are, and in which stream. */
  readonly known: Map<RecordId, { readonly seq: number; readonly stream: StreamId }>;
  readonly heads: Map<StreamId, RecordId>;
  readonly groups: Map<GroupId, GroupState>;
  readonly feedHashes: Map<number, FeedHash>;
  readonly placed: PlacedRecord[];
  position: FeedPosition;
}

type Outcome =
  | { readonly waiting: WaitingAppend; readonly answer: AppendAnswer }
  | { readonly waiting: WaitingAppend; readonly refusal: unknown };

export interface Committed {
  readonly position: FeedPosition;
  readonly head: LogHead;
  readonly placed: readonly PlacedRecord[];
  /** Groups whose ciphertexts were erased. */
  readonly purged: readonly GroupId[];
}

/** Settles every append of the group; null if nothing was written. */
export async function commitAppends(
  context: StoreContext,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<Committed | null> {
  const { outcomes, committed, written } = await context.database.transact({ workspace }, (sql) =>
    appendInTransaction(context, sql, workspace, group),
  );
  // The commit travelled with the statement: had that failed, the database would have made a rollback of it.
  await written;
  for (const outcome of outcomes) {
    if ('answer' in outcome) outcome.waiting.resolve(outcome.answer);
    else outcome.waiting.reject(outcome.refusal);
  }
  return committed;
}

interface Appended {
  readonly outcomes: readonly Outcome[];
  readonly committed: Committed | null;
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

// ——— judging

function decide(context: StoreContext, ground: Ground, waiting: WaitingAppend): Outcome {
  try {
    waiting.item.mayWrite(membershipIn(ground, waiting.item.author.account));
    return { waiting, answer: answerTo(context, ground, waiting.item) };
  } catch (refusal) {
    return { waiting, refusal };
  }
}

/** As `members` says it, which follows the log. */
function membershipIn({ fold: { state } }: Ground, account: AccountId): Membership | null {
  const member = state.members.get(account);
  if (member === undefined || member.endedAt !== null) return null;
  return {
    role: member.role,
    requireMfa: state.policy.requireMfa,
    deleted: state.deletedAt !== null,
    waiting: !member.confirmed,
  };
}

function answerTo(context: StoreContext, ground: Ground, { input, records }: SentAppend): AppendAnswer {
  const there = records.filter(({ id }) => ground.known.has(id));
  // Sent again after a lost answer: what was stored once is stored, whatever has happened since.
  if (there.length === records.length) return stored(ground, records);
  if (there.length > 0) throw new Refusal('refused', 'An append contains records that are there already.');
  if (ground.groups.get(input.group)?.isPurged === true) return { kind: 'gone' };
  const sound: SentRecord[] = [];
  for (const record of records) {
    const judged = judge(context, ground, record);
    if ('kind' in judged) return judged;
    sound.push(judged);
  }
  const head = ground.heads.get(input.stream) ?? null;
  if (head !== input.expectedHead) return { kind: 'behind', head };
  checkParents(ground, input.stream, records);
  for (const record of sound) place(context, ground, record);
  return stored(ground, records);
}

const stored = (ground: Ground, records: readonly SentRecord[]): AppendAnswer => ({
  kind: 'stored',
  places: records.map(({ id }) => {
    const seq = ground.known.get(id)?.seq;
    invariant(seq !== undefined, 'a stored record has a place');
    return { id, seq };
  }),
});

/** By the team log as it is under the lock; and what its author had seen must be this server's log and feed. */
function judge(context: StoreContext, ground: Ground, record: SentRecord): SentRecord | AppendAnswer {
  const tools = toolsOf(context.primitives, context.verifiers, ground.accounts);
  const judged = judgeAuthor(tools, ground.fold.state, record.header);
  if (!judged.ok) {
    const { code } = judged.problem;
    return code === 'oldEpoch' ? { kind: 'oldEpoch' } : { kind: 'notAllowed', reason: code };
  }
  checkView(ground, record.header);
  return checkSignature(context, record, judged.value);
}

/** Else one member could make every client of the team believe that the server shows different things to different people. */
function checkView({ fold, feedHashes }: Ground, { teamLog, seen }: RecordHeader): void {
  const hash: EntryHash | undefined = fold.hashes[teamLog.index];
  if (hash !== teamLog.hash)
    throw new Refusal('refused', 'A record names a team-log entry that is not here.');
  if (feedHashes.get(seen.seq) !== seen.feedHash) {
    throw new Refusal('refused', 'A record names a place in the feed that is not here.');
  }
}

/** Each is stored, or stands earlier in the append; and all are of the one stream. */
function checkParents(ground: Ground, stream: StreamId, records: readonly SentRecord[]): void {
  const earlier = new Set<RecordId>();
  for (const { id, header } of records) {
    for (const parent of header.parents) {
      if (!earlier.has(parent) && ground.known.get(parent)?.stream !== stream) {
        throw new Refusal('refused', 'A record follows one that is not in its stream.');
      }
    }
    earlier.add(id);
  }
}

function place(context: StoreContext, ground: Ground, record: SentRecord): void {
  const { id, header } = record;
  ground.position = nextPosition(context.primitives, ground.position, id);
  ground.placed.push({ ...record, position: ground.position });
  ground.known.set(id, { seq: ground.position.seq, stream: header.stream });
  ground.heads.set(header.stream, id);
  ground.groups.set(header.group, {
    trashedAt: header.flag === 'trash' ? context.now() : null,
    isPurged: header.flag === 'purge',
  });
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

interface MovedHead {
  readonly stream: StreamId;
  readonly group: GroupId;
  readonly head: RecordId;
}

/** Of each stream that was appended to, its newest record. */
function headsOf({ placed }: Ground): readonly MovedHead[] {
  const heads = new Map<StreamId, MovedHead>();
  for (const { id, header } of placed) {
    heads.set(header.stream, { stream: header.stream, group: header.group, head: id });
  }
  return [...heads.values()];
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
