// After a restore from a backup, members push what the backup did not have: verbatim, at exactly the places it had, judged
// as it was then. Until the highest place that a member had verified is reached, or an owner ends it, nothing new is taken.
//
// It ends by itself once everything offered is there and either every member has offered, or the time for it is over.

import type {
  AccountId,
  EntryHash,
  FeedHash,
  GroupId,
  RecordId,
  StreamId,
  WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import type { HealingAnswer } from '@cuebook/shared/protocol/workspace';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import {
  parseRecord,
  type FeedPosition,
  type LogHead,
  type RecordHeader,
} from '@cuebook/shared/record/header';
import { parseTombstone } from '@cuebook/shared/record/tombstone';
import { recordIdOf, verifyRecord } from '@cuebook/shared/record/verify';
import { judgeAuthor } from '@cuebook/shared/team/authority';
import { teamLog, type TeamEntry } from '@cuebook/shared/team/teamEntry';
import type { TeamState } from '@cuebook/shared/team/teamState';
import { invariant } from '@cuebook/shared/util/invariant';
import { Refusal } from '../problems.ts';
import { healAccountLog } from './accountLogs.ts';
import { eraseGroup } from './appendRecords.ts';
import type { Author, WorkspaceStore } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { toolsOf, type TeamFold } from './folds.ts';
import { bytesList, flagList, fromColumn, idList, toColumn } from './ids.ts';
import { lockWorkspace, type LockedWorkspace } from './lock.ts';
import { foldEntry, writeLog } from './teamLogs.ts';

type Healing = Pick<WorkspaceStore, 'healing' | 'offerPin' | 'heal' | 'closeHealing'>;
type Push = Parameters<WorkspaceStore['heal']>[1];

const HEALING_MS = 10 * 60 * 1000;

export function createHealing(context: StoreContext): Healing {
  /** Each ends by looking whether healing is over. */
  const change = async (
    workspace: WorkspaceId,
    author: Author | null,
    work: (sql: Transaction, locked: LockedWorkspace) => Promise<TeamFold | null>,
  ): Promise<HealingAnswer> => {
    const done = await context.database.transact({ workspace }, async (sql) => {
      const locked = await lockLive(context, sql, workspace, author);
      const fold = locked.healingSince === null ? null : await work(sql, locked);
      return { before: locked, fold, answer: await settle(context, sql, workspace) };
    });
    tell(context, workspace, done);
    return done.answer;
  };
  return {
    healing: (workspace) => change(workspace, null, async () => null),
    offerPin: (author, { workspace, head, feed }) =>
      change(workspace, author, async (sql) => {
        await writePin(sql, workspace, author.account, head, feed);
        return null;
      }),
    heal: (author, push) => change(push.workspace, author, (sql, locked) => heal(context, sql, locked, push)),
    closeHealing: (author, workspace) =>
      change(workspace, author, async (sql) => {
        await endHealing(sql, workspace);
        return null;
      }),
  };
}

async function lockLive(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  author: Author | null,
): Promise<LockedWorkspace> {
  const [locked, [isLive]] = await Promise.all([
    lockWorkspace(sql, workspace),
    author === null ? [true] : context.sessions.areLive(sql, [author]),
  ]);
  if (locked === null) throw new Refusal('notFound', 'There is no such workspace.');
  if (!(isLive ?? false)) throw new Refusal('unauthenticated', 'The session has ended.');
  return locked;
}

function tell(
  context: StoreContext,
  workspace: WorkspaceId,
  {
    before,
    fold,
    answer,
  }: { readonly before: LockedWorkspace; readonly fold: TeamFold | null; readonly answer: HealingAnswer },
): void {
  if (fold !== null) {
    context.folds.keepTeam(workspace, fold);
    context.hints.publish({ kind: 'revoked', account: null, workspace });
    const { feed, head } = answer;
    context.hints.publish({ kind: 'workspace', workspace, seq: feed.seq, logIndex: head.index });
  }
  if ((before.healingSince !== null) !== answer.healing)
    context.hints.publish({ kind: 'healing', workspace });
}

// ——— how far it is

interface PinColumns {
  readonly head_index: number;
  readonly head_hash: Uint8Array;
  readonly seq: number;
  readonly feed_hash: Uint8Array;
}

/** Ends healing if there is nothing more to wait for. */
async function settle(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
): Promise<HealingAnswer> {
  const locked = await lockWorkspace(sql, workspace);
  invariant(locked !== null, 'a workspace that is locked is there');
  const { head, feed, healingSince } = locked;
  if (healingSince === null) return { healing: false, head, feed, wanted: null };
  const pins = await sql<PinColumns[]>`
    select head_index, head_hash, seq, feed_hash from healing_pins where workspace = ${toColumn(workspace)}`;
  const wanted = highest(pins, locked);
  const isTime = context.now() >= healingSince + (context.healingMs ?? HEALING_MS);
  const isOver = wanted === null && pins.length > 0 && (isTime || (await haveAllOffered(sql, workspace)));
  if (isOver) await endHealing(sql, workspace);
  return { healing: !isOver, head, feed, wanted };
}

function highest(pins: readonly PinColumns[], { head, feed }: LockedWorkspace): HealingAnswer['wanted'] {
  const [byLog] = pins.toSorted((left, right) => right.head_index - left.head_index);
  const [byFeed] = pins.toSorted((left, right) => right.seq - left.seq);
  if (byLog === undefined || byFeed === undefined) return null;
  if (byLog.head_index <= head.index && byFeed.seq <= feed.seq) return null;
  return {
    head: { index: byLog.head_index, hash: fromColumn<EntryHash>(byLog.head_hash) },
    feed: { seq: byFeed.seq, feedHash: fromColumn<FeedHash>(byFeed.feed_hash) },
  };
}

async function haveAllOffered(sql: Transaction, workspace: WorkspaceId): Promise<boolean> {
  const missing = await sql`
    select from members left join healing_pins using (workspace, account)
    where workspace = ${toColumn(workspace)} and confirmed and not ended and healing_pins.seq is null limit 1`;
  return missing.length === 0;
}

async function endHealing(sql: Transaction, workspace: WorkspaceId): Promise<void> {
  await sql`update workspaces set revision = revision + 1, healing_since = null where workspace = ${toColumn(workspace)}`;
  await sql`delete from healing_pins where workspace = ${toColumn(workspace)}`;
}

async function writePin(
  sql: Transaction,
  workspace: WorkspaceId,
  account: AccountId,
  head: LogHead,
  feed: FeedPosition,
): Promise<void> {
  await sql`
    insert into healing_pins (workspace, account, head_index, head_hash, seq, feed_hash)
    values (${toColumn(workspace)}, ${toColumn(account)}, ${head.index}, ${toColumn(head.hash)},
      ${feed.seq}, ${toColumn(feed.feedHash)})
    on conflict (workspace, account) do update
    set head_index = excluded.head_index, head_hash = excluded.head_hash,
      seq = excluded.seq, feed_hash = excluded.feed_hash`;
}

// ——— what is pushed

/** A record, or what is left of a purged one; at its old place. */
interface HealedItem {
  readonly id: RecordId;
  readonly header: RecordHeader;
  readonly bytes: Uint8Array;
  readonly isPurged: boolean;
  readonly position: FeedPosition;
}

interface Work {
  readonly workspace: WorkspaceId;
  readonly steps: { readonly entry: TeamEntry; readonly after: TeamState }[];
  readonly items: HealedItem[];
  readonly hashes: EntryHash[];
  state: TeamState;
  position: FeedPosition;
}

async function heal(
  context: StoreContext,
  sql: Transaction,
  locked: LockedWorkspace,
  push: Push,
): Promise<TeamFold | null> {
  const { workspace } = push;
  for (const { account, entries } of push.accounts ?? [])
    await healAccountLog(context, sql, account, entries);
  const before = await context.folds.team(sql, workspace, locked.head);
  const entries = missingEntries(context, push, before);
  const items = missingItems(push, locked.feed);
  if (entries.length === 0 && items.length === 0) return null;
  const work: Work = {
    workspace,
    steps: [],
    items: [],
    hashes: [...before.hashes],
    state: before.state,
    position: locked.feed,
  };
  const known = await readKnown(context, sql, { workspace, items });
  await replay(context, sql, { work, entries, items, known });
  const fold: TeamFold = { state: work.state, hashes: work.hashes };
  if (work.steps.length > 0) {
    await writeLog(context, sql, workspace, { before, steps: work.steps, fold, feed: work.position });
  }
  if (work.items.length > 0) await writeItems(context, sql, work);
  return fold;
}

/** Those that are there already are passed over if they are the same; another at the same place is a fork. */
function missingEntries(context: StoreContext, push: Push, before: TeamFold): readonly TeamEntry[] {
  const entries = push.entries.map((bytes) => {
    const entry = teamLog.parse(context.primitives, bytes);
    if (!entry.ok) throw new Refusal('refused', entry.problem.message);
    return entry.value;
  });
  const forked = entries.some(
    ({ index, hash }) => index < before.hashes.length && before.hashes[index] !== hash,
  );
  if (forked) throw new Refusal('refused', 'The log that is pushed is another one than this.');
  return entries.filter(({ index }) => index >= before.hashes.length);
}

function missingItems(push: Push, feed: FeedPosition): Push['items'] {
  const there = feed.seq - push.after.feed.seq;
  if (there < 0) throw new Refusal('behind', 'The items that are pushed do not begin where the feed ends.');
  return push.items.slice(there);
}

type Known = ReadonlyMap<RecordId, StreamId>;
type FeedHashes = Map<number, FeedHash>;

async function readKnown(
  context: StoreContext,
  sql: Transaction,
  { workspace, items }: Pick<Push, 'workspace' | 'items'>,
): Promise<{ readonly streams: Known; readonly feedHashes: FeedHashes }> {
  const headers = items.map(({ bytes }) => readEither(context, bytes).header);
  const parents = new Set(headers.flatMap((header) => header.parents));
  const seqs = new Set(headers.map(({ seen }) => seen.seq));
  const [byId, bySeq] = await Promise.all([
    sql<{ id: Uint8Array; stream: Uint8Array }[]>`
      select id, stream from records
      where workspace = ${toColumn(workspace)} and id = any (${idList(sql, parents)}::bytea[])`,
    sql<{ seq: number; feed_hash: Uint8Array }[]>`
      select seq, feed_hash from records
      where workspace = ${toColumn(workspace)} and seq = any (${[...seqs]}::bigint[])`,
  ]);
  return {
    streams: new Map(byId.map((row) => [fromColumn<RecordId>(row.id), fromColumn<StreamId>(row.stream)])),
    feedHashes: new Map([
      [FEED_START.seq, FEED_START.feedHash],
      ...bySeq.map((row) => [row.seq, fromColumn<FeedHash>(row.feed_hash)] as const),
    ]),
  };
}

/** Log and feed as they came about: an entry stands after the record whose Seq it names. */
async function replay(
  context: StoreContext,
  sql: Transaction,
  {
    work,
    entries,
    items,
    known,
  }: {
    readonly work: Work;
    readonly entries: readonly TeamEntry[];
    readonly items: Push['items'];
    readonly known: { readonly streams: Known; readonly feedHashes: FeedHashes };
  },
): Promise<void> {
  const streams = new Map(known.streams);
  let next = 0;
  for (let index = 0; index <= items.length; index += 1) {
    for (let entry = entries[next]; entry !== undefined && isHere(work, entry); entry = entries[next]) {
      work.state = await foldEntry(context, sql, work.state, entry);
      work.steps.push({ entry, after: work.state });
      work.hashes.push(entry.hash);
      next += 1;
    }
    const item = items[index];
    if (item === undefined) break;
    const healed = await readItem(context, sql, work, item);
    checkPlace(work, healed.header, { streams, feedHashes: known.feedHashes });
    work.items.push(healed);
    work.position = healed.position;
    streams.set(healed.id, healed.header.stream);
    known.feedHashes.set(healed.position.seq, healed.position.feedHash);
  }
  if (next < entries.length)
    throw new Refusal('refused', 'An entry names a place in the feed that was not pushed.');
}

const isHere = ({ position }: Work, { body }: TeamEntry): boolean =>
  body.position.seq === position.seq && body.position.feedHash === position.feedHash;

async function readItem(
  context: StoreContext,
  sql: Transaction,
  work: Work,
  { id, bytes }: Push['items'][number],
): Promise<HealedItem> {
  const { primitives, verifiers } = context;
  const read = readEither(context, bytes);
  if (read.id !== id || read.header.workspace !== work.workspace) {
    throw new Refusal('refused', 'An item is not the record that it is said to be.');
  }
  const upTo = work.state.members.get(read.header.author)?.accountHead;
  const accounts = await context.folds.accounts(
    sql,
    upTo === undefined ? [] : [{ account: read.header.author, upTo }],
  );
  const judged = judgeAuthor(toolsOf(primitives, verifiers, accounts), work.state, read.header);
  if (!judged.ok) throw new Refusal('refused', `${judged.problem.code}: ${judged.problem.message}`);
  const verifier = verifiers.of(judged.value.signPublic);
  if (verifier === null || !read.isSignedBy(verifier)) {
    throw new Refusal('refused', 'A record is not signed by the device that it names.');
  }
  const position = nextPosition(primitives, work.position, id);
  return { id, header: read.header, bytes, isPurged: read.isPurged, position };
}

interface ReadItem {
  readonly id: RecordId;
  readonly header: RecordHeader;
  readonly isPurged: boolean;
  isSignedBy(verifier: (message: Uint8Array, signature: Uint8Array) => boolean): boolean;
}

function readEither({ primitives }: StoreContext, bytes: Uint8Array): ReadItem {
  const record = parseRecord(bytes);
  if (record.ok) {
    const { value } = record;
    return {
      id: recordIdOf(primitives, value),
      header: value.header,
      isPurged: false,
      isSignedBy: (verifier) => verifyRecord(primitives, value, verifier),
    };
  }
  const tombstone = parseTombstone(primitives, bytes);
  if (!tombstone.ok) throw new Refusal('refused', record.problem.message);
  const { value } = tombstone;
  return {
    id: value.id,
    header: value.header,
    isPurged: true,
    isSignedBy: (verifier) => value.verify(verifier),
  };
}

function checkPlace(
  work: Work,
  { teamLog: seenLog, seen, parents, stream }: RecordHeader,
  { streams, feedHashes }: { readonly streams: Known; readonly feedHashes: FeedHashes },
): void {
  if (work.hashes[seenLog.index] !== seenLog.hash || feedHashes.get(seen.seq) !== seen.feedHash) {
    throw new Refusal('refused', 'A record names a place in log or feed that is not here.');
  }
  // What is left of a purged record may follow others that are tombstones too: they are all stored.
  if (parents.some((parent) => streams.get(parent) !== stream)) {
    throw new Refusal('refused', 'A record follows one that is not in its stream.');
  }
}

async function writeItems(context: StoreContext, sql: Transaction, work: Work): Promise<void> {
  const { workspace, items } = work;
  const column = <Value>(of: (item: HealedItem) => Value): Value[] => items.map(of);
  await sql`
    insert into records (workspace, seq, id, group_id, stream, feed_hash, purged, bytes)
    select ${toColumn(workspace)}, * from unnest(
      ${column(({ position }) => position.seq)}::bigint[],
      ${idList(
        sql,
        column(({ id }) => id),
      )}::bytea[],
      ${idList(
        sql,
        column(({ header }) => header.group),
      )}::bytea[],
      ${idList(
        sql,
        column(({ header }) => header.stream),
      )}::bytea[],
      ${idList(
        sql,
        column(({ position }) => position.feedHash),
      )}::bytea[],
      ${flagList(
        sql,
        column(({ isPurged }) => isPurged),
      )}::boolean[],
      ${bytesList(
        sql,
        column(({ bytes }) => bytes),
      )}::bytea[])`;
  await writeHeads(sql, work);
  await writeGroups(context, sql, work);
  await sql`
    update workspaces set revision = revision + 1, seq = ${work.position.seq}, feed_hash = ${toColumn(work.position.feedHash)}
    where workspace = ${toColumn(workspace)}`;
}

/** The last of a batch became the head, and batches stand whole in the feed: so the newest record of a stream is its head. */
async function writeHeads(sql: Transaction, { workspace, items }: Work): Promise<void> {
  const heads = [...new Map(items.map((item) => [item.header.stream, item])).values()];
  await sql`
    insert into streams (workspace, stream, group_id, head)
    select ${toColumn(workspace)}, * from unnest(
      ${idList(
        sql,
        heads.map(({ header }) => header.stream),
      )}::bytea[],
      ${idList(
        sql,
        heads.map(({ header }) => header.group),
      )}::bytea[],
      ${idList(
        sql,
        heads.map(({ id }) => id),
      )}::bytea[])
    on conflict (workspace, stream) do update set head = excluded.head`;
}

async function writeGroups(
  context: StoreContext,
  sql: Transaction,
  { workspace, items }: Work,
): Promise<void> {
  const now = context.now();
  const last = new Map<GroupId, RecordHeader>(items.map(({ header }) => [header.group, header]));
  const groups = [...last.keys()];
  const when = (flag: RecordHeader['flag']): (number | null)[] =>
    groups.map((group) => (last.get(group)?.flag === flag ? now : null));
  await sql`
    insert into groups (workspace, group_id, trashed_at, purged_at)
    select ${toColumn(workspace)}, * from unnest(
      ${idList(sql, groups)}::bytea[], ${when('trash')}::bigint[], ${when('purge')}::bigint[])
    on conflict (workspace, group_id) do update
    set trashed_at = excluded.trashed_at, purged_at = excluded.purged_at`;
  for (const [group, header] of last) {
    if (header.flag === 'purge') await eraseHealed(context, sql, { workspace, group });
  }
}

/** What the backup still had of a group that was purged afterwards. */
async function eraseHealed(
  context: StoreContext,
  sql: Transaction,
  { workspace, group }: { readonly workspace: WorkspaceId; readonly group: GroupId },
): Promise<void> {
  const [row] = await sql<{ seq: number }[]>`
    select max(seq) as seq from records where workspace = ${toColumn(workspace)} and group_id = ${toColumn(group)}`;
  if (row !== undefined) await eraseGroup(context, sql, { workspace, group, before: row.seq });
}
