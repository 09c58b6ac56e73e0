// Appending in one journey to the database, which is how almost every append goes. This process knows where feed and log
// of the workspace end if it was the last to write them, and an append says itself what it expects of the rest: that its
// records are new, its stream's head, its parents, the place in the feed that its author had seen. By that the appends
// are judged; one statement compares all of it under the workspace's lock and writes (migrations/0004_append.sql). If
// anything is otherwise nothing has happened, and they are judged by what is there (appendRecords.ts).

import type { FeedHash, RecordId, StreamId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import { concatBytes } from '@cuebook/shared/util/bytes';
import type { Author } from './api.ts';
import {
  decide,
  headsOf,
  type Committed,
  type Ground,
  type MovedHead,
  type Settled,
  type WaitingAppend,
} from './appendJudging.ts';
import type { StoreContext } from './dependencies.ts';
import type { AccountHistories, TeamFold } from './folds.ts';
import { toColumn } from './ids.ts';
import type { SentRecord } from './sentRecords.ts';

/** Where feed and log of a workspace end, as far as this process knows. */
export interface Standing {
  readonly head: LogHead;
  readonly feed: FeedPosition;
}

export interface Standings {
  /** Null: not known, or not to be tried at the moment. */
  expected(workspace: WorkspaceId): Standing | null;
  /** What was committed here last; `wasExpected`: at once. */
  keep(workspace: WorkspaceId, standing: Standing, wasExpected: boolean): void;
  /** It was otherwise: other processes write there too. Waits for longer each time before it is tried again. */
  missed(workspace: WorkspaceId): void;
}

interface KnownStanding {
  standing: Standing | null;
  misses: number;
  /** Commits that go the other way before it is tried again. */
  skip: number;
}

const KEPT_WORKSPACES = 20_000;
const MOST_SKIPPED = 64;

export function createStandings(): Standings {
  const known = new Map<WorkspaceId, KnownStanding>();
  return {
    expected: (workspace) => {
      const found = known.get(workspace);
      if (found === undefined) return null;
      if (found.skip === 0) return found.standing;
      found.skip -= 1;
      return null;
    },
    keep: (workspace, standing, wasExpected) => {
      const found = known.get(workspace);
      if (found !== undefined) {
        if (wasExpected) found.misses = 0;
        found.standing = standing;
        return;
      }
      known.set(workspace, { standing, misses: 0, skip: 0 });
      if (known.size <= KEPT_WORKSPACES) return;
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    },
    missed: (workspace) => {
      const found = known.get(workspace);
      if (found === undefined) return;
      found.standing = null;
      found.skip = Math.min(2 ** found.misses, MOST_SKIPPED) - 1;
      found.misses += 1;
    },
  };
}

/** Null: nothing was written and nobody was answered. */
export async function appendAtOnce(
  context: StoreContext,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
  standing: Standing,
): Promise<(Settled & { readonly committed: Committed }) | null> {
  const expected = expect(context, workspace, group, standing);
  if (expected === null) return null;
  const { ground } = expected;
  const outcomes = [];
  for (const waiting of group) {
    const outcome = decide(context, ground, waiting);
    if (!('answer' in outcome) || outcome.answer.kind !== 'stored') return null;
    outcomes.push(outcome);
  }
  if (!(await write(context, group, standing, expected))) return null;
  const { position, placed } = ground;
  return { outcomes, committed: { position, placed, purged: [], head: standing.head } };
}

interface Expected {
  readonly ground: Ground;
  /** Of each stream, before the first append to it. */
  readonly heads: ReadonlyMap<StreamId, RecordId | null>;
  readonly parents: readonly { readonly id: RecordId; readonly stream: StreamId }[];
  readonly seen: ReadonlyMap<number, FeedHash>;
}

/** The workspace as these appends say that it is; null if they contradict each other, or need more than can be expected. */
function expect(
  context: StoreContext,
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
  { head, feed }: Standing,
): Expected | null {
  const records = group.flatMap(({ item }) => item.records);
  const fold = context.folds.peek(workspace);
  if (fold === null || fold.state.head.index !== head.index || fold.state.head.hash !== head.hash)
    return null;
  const accounts = accountsOf(context, fold, group);
  const seen = seenBy(records, feed);
  if (accounts === null || seen === null) return null;
  const own = new Set(records.map(({ id }) => id));
  // One that is sent twice is answered by what is there, and what a purge erases is read.
  if (own.size < records.length || records.some(({ header }) => header.flag === 'purge')) return null;
  const heads = new Map<StreamId, RecordId | null>();
  const known: Ground['known'] = new Map();
  for (const { item } of group) {
    const { stream, expectedHead } = item.input;
    if (!heads.has(stream)) heads.set(stream, expectedHead);
    for (const { header } of item.records) {
      for (const parent of header.parents) {
        if (own.has(parent)) continue;
        if ((known.get(parent)?.stream ?? stream) !== stream) return null;
        known.set(parent, { seq: 0, stream });
      }
    }
  }
  const parents = Array.from(known, ([id, { stream }]) => ({ id, stream }));
  const ground: Ground = {
    workspace,
    locked: { head, feed, healingSince: null },
    fold,
    accounts,
    known,
    heads: new Map([...heads].flatMap(([stream, id]) => (id === null ? [] : [[stream, id] as const]))),
    groups: new Map(),
    feedHashes: new Map([[FEED_START.seq, FEED_START.feedHash], [feed.seq, feed.feedHash], ...seen]),
    placed: [],
    position: feed,
  };
  return { ground, heads, parents, seen };
}

/** Null if a log is not here as far as the members' heads go. */
function accountsOf(
  { folds }: StoreContext,
  { state }: TeamFold,
  group: readonly WaitingAppend[],
): AccountHistories | null {
  const accounts: AccountHistories = new Map();
  for (const { item } of group) {
    const { account } = item.author;
    if (accounts.has(account)) continue;
    const upTo = state.members.get(account)?.accountHead;
    const history = folds.peekAccount(account);
    if (upTo === undefined || history === null || history.entries.length <= upTo.index) return null;
    accounts.set(account, history);
  }
  return accounts;
}

/** What has to be compared of what authors had seen of the feed; null if they saw different feeds. */
function seenBy(records: readonly SentRecord[], feed: FeedPosition): ReadonlyMap<number, FeedHash> | null {
  const seen = new Map<number, FeedHash>();
  for (const { header } of records) {
    const { seq, feedHash } = header.seen;
    const here = seq === FEED_START.seq ? FEED_START.feedHash : seq === feed.seq ? feed.feedHash : null;
    if ((here ?? seen.get(seq) ?? feedHash) !== feedHash) return null;
    if (here === null) seen.set(seq, feedHash);
  }
  return seen;
}

const NO_RECORD = new Uint8Array(32);

/** True if it was written; false if anything was otherwise. */
async function write(
  context: StoreContext,
  group: readonly WaitingAppend[],
  { head, feed }: Standing,
  { ground, heads, parents, seen }: Expected,
): Promise<boolean> {
  const { workspace, placed } = ground;
  const authors = authorsOf(group);
  const moved = headsOf(ground);
  const marks = [...new Set(placed.map(({ header }) => header.group))];
  const trashed = marks.map((each) => ground.groups.get(each)?.trashedAt ?? null);
  const before = ({ stream }: MovedHead): Uint8Array => {
    const id = heads.get(stream) ?? null;
    return id === null ? NO_RECORD : toColumn(id);
  };
  const seqs = [...seen.keys()];
  const [row] = await context.database.ask(
    (sql) => sql<{ cuebook_append: boolean }[]>`
      select * from cuebook_append(${toColumn(workspace)},
        ${feed.seq}, ${toColumn(feed.feedHash)}, ${head.index}, ${toColumn(head.hash)},
        ${authors.map(({ session }) => session)}::text[], ${listed(authors, ({ account }) => toColumn(account))},
        ${listed(authors, ({ device }) => toColumn(device))},
        ${listed(placed, ({ id }) => toColumn(id))},
        ${listed(placed, ({ position }) => toColumn(position.feedHash))},
        ${listed(placed, ({ header }) => toColumn(header.stream))},
        ${listed(placed, ({ header }) => toColumn(header.group))},
        ${endsOf(placed)}::int[], ${listed(placed, ({ parsed }) => parsed.bytes)},
        ${listed(moved, ({ stream }) => toColumn(stream))}, ${listed(moved, (each) => toColumn(each.group))},
        ${listed(moved, before)}, ${listed(moved, (each) => toColumn(each.head))},
        ${listed(marks, toColumn)}, ${trashed}::bigint[],
        ${listed(parents, ({ id }) => toColumn(id))}, ${listed(parents, ({ stream }) => toColumn(stream))},
        ${seqs}::bigint[], ${listed(seqs, (seq) => toColumn(seen.get(seq) ?? FEED_START.feedHash))})`,
  );
  return row?.cuebook_append === true;
}

/** One after the other, as one string of bytes: a list costs the driver and the database more for each element. */
const listed = <T>(values: readonly T[], bytesOf: (value: T) => Uint8Array): Uint8Array =>
  concatBytes(...values.map((value) => bytesOf(value)));

/** Written as PostgreSQL reads a list. */
function endsOf(placed: Ground['placed']): string {
  let end = 0;
  return `{${placed
    .map(({ parsed }) => {
      end += parsed.bytes.length;
      return end;
    })
    .join(',')}}`;
}

/** Each session once. */
const authorsOf = (group: readonly WaitingAppend[]): readonly Author[] => [
  ...new Map(
    group.map(({ item: { author } }) => [`${author.session} ${author.account} ${author.device}`, author]),
  ).values(),
];
