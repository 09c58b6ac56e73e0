// Appending to a team log: under the workspace's row lock, by the log's own rules, at the end of the feed that the entry
// names. What the log says about who is in is written into tables beside it, so that a request need not fold it.

import { type AccountId, type EntryHash, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { MAX_WORKSPACES } from '@cuebook/shared/protocol/limits';
import type { TeamAppend, TeamAppendAnswer } from '@cuebook/shared/protocol/workspace';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import { teamLog, type TeamEntry } from '@cuebook/shared/team/teamEntry';
import { foldTeamEntry } from '@cuebook/shared/team/teamFold';
import type { Member, TeamState } from '@cuebook/shared/team/teamState';
import { invariant } from '@cuebook/shared/util/invariant';
import { Refusal } from '../problems.ts';
import type { Author, Hint } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { auditEntries } from './auditEntries.ts';
import { checkBoxes, deleteUnusedBoxes, writeBoxes } from './epochBoxes.ts';
import { accountsOf, toolsOf, type TeamFold } from './folds.ts';
import { bytesList, flagList, idList, toColumn } from './ids.ts';
import { lockWorkspace } from './lock.ts';

export interface AppendedLog {
  readonly answer: TeamAppendAnswer;
  /** Null if nothing was written. */
  readonly fold: TeamFold | null;
  readonly hints: readonly Hint[];
}

/** One more entry, judged. */
interface Step {
  readonly entry: TeamEntry;
  readonly after: TeamState;
}

/** By somebody with a session; its own transaction. */
export async function appendTeamLog(
  context: StoreContext,
  author: Author,
  append: TeamAppend,
): Promise<TeamAppendAnswer> {
  const entries = parseEntries(context, append);
  checkAuthor(author, entries);
  const { workspace } = append;
  const appended = await context.database.transact({ workspace, account: author.account }, async (sql) => {
    const [result, [isLive]] = await Promise.all([
      appendInTransaction(context, sql, append, entries),
      context.sessions.areLive(sql, [author]),
    ]);
    if (isLive !== true) throw new Refusal('unauthenticated', 'The session has ended.');
    return result;
  });
  keep(context, workspace, appended);
  return appended.answer;
}

/** After the commit: others may know. */
export function keep(context: StoreContext, workspace: WorkspaceId, appended: AppendedLog): void {
  if (appended.fold !== null) context.folds.keepTeam(workspace, appended.fold);
  for (const hint of appended.hints) context.hints.publish(hint);
}

export function parseEntries(context: StoreContext, append: TeamAppend): readonly TeamEntry[] {
  if (append.entries.length === 0) throw new Refusal('refused', 'There is no entry to append.');
  return append.entries.map((bytes) => {
    const entry = teamLog.parse(context.primitives, bytes);
    if (!entry.ok) throw new Refusal('refused', entry.problem.message);
    return entry.value;
  });
}

export function checkAuthor(author: Pick<Author, 'account' | 'device'>, entries: readonly TeamEntry[]): void {
  for (const { body, signatures } of entries) {
    if (body.author !== author.account || signatures[0]?.signer !== author.device) {
      throw new Refusal('refused', 'An entry is not by the account and device of the session.');
    }
  }
}

/** Throws a `Refusal` for what the log does not allow; then nothing of the transaction counts. */
export async function appendInTransaction(
  context: StoreContext,
  sql: Transaction,
  append: TeamAppend,
  entries: readonly TeamEntry[],
): Promise<AppendedLog> {
  const { workspace, expectedHead } = append;
  const locked = await lockWorkspace(sql, workspace);
  if (locked === null) {
    if (expectedHead !== null) throw new Refusal('notFound', 'There is no such workspace.');
    return write(context, sql, append, await judge(context, sql, workspace, null, entries, FEED_START));
  }
  const fold = await context.folds.team(sql, workspace, locked.head);
  // Sent again after a lost answer.
  if (entries.every(({ index, hash }) => fold.hashes[index] === hash)) {
    return { answer: { kind: 'stored', head: locked.head }, fold: null, hints: [] };
  }
  if (locked.healingSince !== null) throw new Refusal('healing', 'The workspace is being healed.');
  const follows =
    expectedHead?.hash === locked.head.hash && entries.every((entry) => isAtEnd(entry, locked.feed));
  if (!follows) {
    return { answer: { kind: 'behind', head: locked.head, feed: locked.feed }, fold: null, hints: [] };
  }
  return write(context, sql, append, await judge(context, sql, workspace, fold, entries, locked.feed));
}

const isAtEnd = ({ body: { position } }: TeamEntry, feed: FeedPosition): boolean =>
  position.seq === feed.seq && position.feedHash === feed.feedHash;

interface Judged {
  readonly before: TeamFold | null;
  readonly steps: readonly Step[];
  readonly fold: TeamFold;
  readonly feed: FeedPosition;
}

/** Also by what the log leaves to an honest server: that an invite has not run out by this server's clock. */
async function judge(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  before: TeamFold | null,
  entries: readonly TeamEntry[],
  feed: FeedPosition,
): Promise<Judged> {
  const steps: Step[] = [];
  let state = before?.state ?? null;
  for (const entry of entries) {
    checkInviteTime(context, state, entry);
    state = await foldEntry(context, sql, state, entry);
    steps.push({ entry, after: state });
  }
  invariant(state !== null, 'an append has entries');
  if (state.id !== workspace)
    throw new Refusal('refused', 'The log is of another workspace than the one named.');
  const hashes = [...(before?.hashes ?? []), ...entries.map(({ hash }): EntryHash => hash)];
  return { before, steps, fold: { state, hashes }, feed };
}

export async function foldEntry(
  context: StoreContext,
  sql: Transaction,
  state: TeamState | null,
  entry: TeamEntry,
): Promise<TeamState> {
  const accounts = await context.folds.accounts(sql, accountsOf(entry, state));
  const folded = foldTeamEntry(toolsOf(context.primitives, context.verifiers, accounts), state, entry);
  if (!folded.ok) throw new Refusal('refused', `${folded.problem.code}: ${folded.problem.message}`);
  return folded.value;
}

function checkInviteTime(context: StoreContext, state: TeamState | null, { body }: TeamEntry): void {
  if (body.action.type !== 'join') return;
  const invite = state?.invites.get(body.action.invite);
  if (invite !== undefined && invite.expiresAt < context.now()) {
    throw new Refusal('ended', 'The invite has expired.');
  }
}

async function write(
  context: StoreContext,
  sql: Transaction,
  append: TeamAppend,
  judged: Judged,
): Promise<AppendedLog> {
  const { workspace } = append;
  checkBoxes(context.primitives, judged.steps, append.boxes);
  await writeLog(context, sql, workspace, judged);
  await writeBoxes(sql, workspace, append.boxes, null);
  await deleteUnusedBoxes(sql, workspace, judged.fold.state);
  await auditEntries(
    sql,
    workspace,
    judged.steps.map(({ entry }) => entry),
    context.now(),
  );
  await endRevokedTokens(context, sql, workspace, judged.steps);
  const { head } = judged.fold.state;
  return {
    answer: { kind: 'stored', head },
    fold: judged.fold,
    hints: hintsOf(workspace, judged, head),
  };
}

async function endRevokedTokens(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  steps: readonly Step[],
): Promise<void> {
  const revoked = steps.flatMap(({ entry: { body } }) =>
    body.action.type === 'token' && body.action.change === 'revoke' ? [body.action.token] : [],
  );
  if (revoked.length > 0) await context.sessions.endOfTokens(sql, workspace, revoked);
}

/** The entries, and what they change in the tables beside the log. */
export async function writeLog(
  context: StoreContext,
  sql: Transaction,
  workspace: WorkspaceId,
  { before, steps, fold, feed }: Judged,
): Promise<void> {
  const now = context.now();
  const changed = changedMembers(before?.state ?? null, fold.state);
  if (before === null) await checkRoom(sql, changed);
  await Promise.all([
    sql`
      insert into team_log (workspace, index, hash, entry, received_at)
      select ${toColumn(workspace)}, *, ${now}::bigint from unnest(
        ${steps.map(({ entry }) => entry.index)}::bigint[],
        ${idList(
          sql,
          steps.map(({ entry }) => entry.hash),
        )}::bytea[],
        ${bytesList(
          sql,
          steps.map(({ entry }) => entry.bytes),
        )}::bytea[])`,
    writeHead(sql, workspace, { fold, feed, now, isNew: before === null }),
    writeMembers(sql, workspace, changed),
  ]);
}

async function writeHead(
  sql: Transaction,
  workspace: WorkspaceId,
  {
    fold: { state },
    feed,
    now,
    isNew,
  }: {
    readonly fold: TeamFold;
    readonly feed: FeedPosition;
    readonly now: number;
    readonly isNew: boolean;
  },
): Promise<void> {
  const deletedAt = state.deletedAt === null ? null : now;
  const { head, policy } = state;
  if (isNew) {
    await sql`
      insert into workspaces (workspace, created_at, seq, feed_hash, head_index, head_hash, kind, require_mfa, deleted_at)
      values (${toColumn(workspace)}, ${now}, ${feed.seq}, ${toColumn(feed.feedHash)}, ${head.index},
        ${toColumn(head.hash)}, ${state.kind}, ${policy.requireMfa}, ${deletedAt})`;
    return;
  }
  await sql`
    update workspaces set revision = revision + 1, head_index = ${head.index}, head_hash = ${toColumn(head.hash)},
      require_mfa = ${policy.requireMfa},
      deleted_at = case when ${state.deletedAt !== null} then coalesce(deleted_at, ${deletedAt}::bigint) end
    where workspace = ${toColumn(workspace)}`;
}

const changedMembers = (before: TeamState | null, after: TeamState): readonly Member[] =>
  [...after.members.values()].filter((member) => before?.members.get(member.account) !== member);

async function writeMembers(
  sql: Transaction,
  workspace: WorkspaceId,
  members: readonly Member[],
): Promise<void> {
  if (members.length === 0) return;
  const accounts = members.map(({ account }) => account);
  await Promise.all([
    sql`
      insert into members (workspace, account, role, confirmed, ended)
      select ${toColumn(workspace)}, * from unnest(
        ${idList(sql, accounts)}::bytea[],
        ${members.map(({ role }) => role)}::text[],
        ${flagList(
          sql,
          members.map(({ confirmed }) => confirmed),
        )}::boolean[],
        ${flagList(
          sql,
          members.map(({ endedAt }) => endedAt !== null),
        )}::boolean[])
      on conflict (workspace, account) do update
      set role = excluded.role, confirmed = excluded.confirmed, ended = excluded.ended`,
    sql`
      insert into memberships (account, workspace)
      select account, ${toColumn(workspace)} from unnest(${idList(sql, accounts)}::bytea[]) account
      on conflict do nothing`,
  ]);
}

/** An account has a limited number of workspaces; counted where one is made. */
async function checkRoom(sql: Transaction, [creator]: readonly Member[]): Promise<void> {
  if (creator === undefined) return;
  const [row] = await sql<{ count: number }[]>`
    select count(*) from memberships where account = ${toColumn(creator.account)}`;
  if ((row?.count ?? 0) >= MAX_WORKSPACES)
    throw new Refusal('refused', 'An account has too many workspaces.');
}

function hintsOf(
  workspace: WorkspaceId,
  { before, steps, fold, feed }: Judged,
  head: LogHead,
): readonly Hint[] {
  const revoked = (account: AccountId | null): Hint => ({ kind: 'revoked', account, workspace });
  const lost = [...fold.state.members.values()].filter((member) => {
    const earlier = before?.state.members.get(member.account);
    return earlier !== undefined && (member.endedAt !== earlier.endedAt || member.role !== earlier.role);
  });
  const concernsAll = steps.some(({ entry }) => CONCERNS_ALL.has(entry.body.action.type));
  return [
    ...(concernsAll ? [revoked(null)] : lost.map(({ account }) => revoked(account))),
    { kind: 'workspace', workspace, seq: feed.seq, logIndex: head.index },
  ];
}

/** Entries after which everybody's rights are looked at again. */
const CONCERNS_ALL: ReadonlySet<string> = new Set(['delete', 'token', 'policy']);
