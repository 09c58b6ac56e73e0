// Workspaces as requests see them: who is a member, where log and feed end, logs, boxes, invites.

import type { AccountId, InviteId, TokenId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { teamLog } from '@cuebook/shared/team/teamEntry';
import type { Role } from '@cuebook/shared/team/roles';
import { Refusal } from '../problems.ts';
import type { Author, LogPage, Membership, WorkspaceStore } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { checkResealed, readBoxes, writeBoxes } from './epochBoxes.ts';
import { headOf, readHead } from './feedReads.ts';
import { createHealing } from './healing.ts';
import { accountOf, fromColumn, idList, toColumn, type HeadColumns } from './ids.ts';
import { lockWorkspace } from './lock.ts';
import { readLogPage } from './logPages.ts';
import { appendTeamLog } from './teamLogs.ts';
import { forgetReports, noteReport, readWanted } from './wantedBoxes.ts';

export function createWorkspaceStore(context: StoreContext): WorkspaceStore {
  const { database } = context;
  return {
    ...createHealing(context),
    membership: (workspace, account) =>
      database.transact({ workspace }, async (sql) => {
        const [membership] = await readMemberships(sql, workspace, [account]);
        return membership ?? null;
      }),
    memberships: (workspace, accounts) =>
      database.transact({ workspace }, (sql) => readMemberships(sql, workspace, accounts)),
    list: (account) =>
      database.transact({ account }, async (sql) => {
        const rows = await sql<HeadColumns[]>`
          select workspace, seq, feed_hash, head_index, head_hash, healing_since
          from memberships join workspaces using (workspace)
          where account = ${toColumn(account)} order by workspace`;
        return rows.map(headOf);
      }),
    head: (workspace) => database.transact({ workspace }, (sql) => readHead(sql, workspace)),
    heads: (workspaces) =>
      database.transact({ heads: workspaces }, async (sql) => {
        const rows = await sql<HeadColumns[]>`
          select workspace, seq, feed_hash, head_index, head_hash, healing_since
          from workspaces where workspace = any (${idList(sql, workspaces)}::bytea[])`;
        return rows.map(headOf);
      }),
    appendLog: (author, append) => appendTeamLog(context, author, append),
    readLog: (workspace, from) =>
      database.transact({ workspace, snapshot: true }, (sql) => readTeamLog(sql, workspace, from)),
    accounts: (workspace) =>
      database.transact({ workspace }, async (sql) => {
        const rows = await sql<{ account: Uint8Array }[]>`
          select account from members where workspace = ${toColumn(workspace)} and not ended order by account`;
        return rows.map(accountOf);
      }),
    readAccountLog: (workspace, account, from) =>
      database.transact({ workspace, snapshot: true }, async (sql) => {
        const [isNamed, page] = await Promise.all([
          isInLog(sql, workspace, account),
          readLogPage(sql, { kind: 'account', account }, from),
        ]);
        if (!isNamed || page === null) throw new Refusal('notFound', 'There is no such account log.');
        return page;
      }),
    readBoxes: (workspace, account) =>
      database.transact({ workspace }, (sql) => readBoxes(sql, workspace, 'member', account)),
    readTokenBoxes: (workspace, row) =>
      database.transact({ workspace }, async (sql) => {
        const token = await readTokenId(sql, workspace, row);
        return token === null ? [] : readBoxes(sql, workspace, 'token', token);
      }),
    putBoxes: (author, workspace, boxes) => putBoxes(context, author, workspace, boxes),
    reportBox: async (author, workspace, wanted) => {
      const isNoted = await noteReport(context, author, workspace, wanted);
      if (isNoted) context.hints.publish({ kind: 'boxesWanted', workspace });
    },
    wantedBoxes: (workspace) => readWanted(context, workspace),
    openInvite: (workspace, invite, from) => openInvite(context, workspace, invite, from),
  };
}

interface MembershipColumns {
  readonly account: Uint8Array;
  readonly role: Role;
  readonly confirmed: boolean;
  readonly require_mfa: boolean;
  readonly deleted_at: number | null;
}

async function readMemberships(
  sql: Transaction,
  workspace: WorkspaceId,
  accounts: readonly AccountId[],
): Promise<readonly (Membership | null)[]> {
  const rows = await sql<MembershipColumns[]>`
    select account, role, confirmed, require_mfa, deleted_at
    from members join workspaces using (workspace)
    where workspace = ${toColumn(workspace)} and account = any (${idList(sql, accounts)}::bytea[]) and not ended`;
  const found = new Map(rows.map((row) => [accountOf(row), membershipOf(row)]));
  return accounts.map((account) => found.get(account) ?? null);
}

const membershipOf = (row: MembershipColumns): Membership => ({
  role: row.role,
  requireMfa: row.require_mfa,
  deleted: row.deleted_at !== null,
  waiting: !row.confirmed,
});

async function readTeamLog(sql: Transaction, workspace: WorkspaceId, from: number): Promise<LogPage> {
  const page = await readLogPage(sql, { kind: 'team', workspace }, from);
  if (page === null) throw new Refusal('notFound', 'There is no such workspace.');
  return page;
}

/** True for whoever is or was a member. */
async function isInLog(sql: Transaction, workspace: WorkspaceId, account: AccountId): Promise<boolean> {
  const rows = await sql`
    select from members where workspace = ${toColumn(workspace)} and account = ${toColumn(account)}`;
  return rows.length > 0;
}

/** The team log's name of a machine token; null if it reads no contents. */
async function readTokenId(sql: Transaction, workspace: WorkspaceId, row: string): Promise<TokenId | null> {
  const [found] = await sql<{ token: Uint8Array | null }[]>`
    select token from machine_tokens where workspace = ${toColumn(workspace)} and id = ${row}`;
  return found?.token === undefined || found.token === null ? null : fromColumn<TokenId>(found.token);
}

async function putBoxes(
  context: StoreContext,
  author: Author,
  workspace: WorkspaceId,
  boxes: Parameters<typeof writeBoxes>[2],
): Promise<void> {
  await context.database.transact({ workspace, account: author.account }, async (sql) => {
    const [locked, [isLive]] = await Promise.all([
      lockWorkspace(sql, workspace),
      context.sessions.areLive(sql, [author]),
    ]);
    if (locked === null) throw new Refusal('notFound', 'There is no such workspace.');
    if (isLive !== true) throw new Refusal('unauthenticated', 'The session has ended.');
    const { state } = await context.folds.team(sql, workspace, locked.head);
    checkResealed(state, boxes);
    await writeBoxes(sql, workspace, boxes, author.account);
    await forgetReports(sql, workspace, boxes);
  });
  context.hints.publish({ kind: 'boxes', workspace });
}

/**
 * All that a joiner needs to verify the log: of each account that a page's entries bring in, its whole log. Read page by
 * page, the accounts of all pages are all there are.
 */
function openInvite(
  context: StoreContext,
  workspace: WorkspaceId,
  invite: InviteId,
  from: number,
): ReturnType<WorkspaceStore['openInvite']> {
  return context.database.transact({ workspace, snapshot: true }, async (sql) => {
    const found = await findHead(sql, workspace);
    if (found === null) return null;
    const { state } = await context.folds.team(sql, workspace, found.head);
    const open = state.invites.get(invite);
    if (open === undefined || open.expiresAt < context.now() || state.deletedAt !== null) return null;
    const log = await readTeamLog(sql, workspace, from);
    const named = accountsIn(context, log.entries);
    const [accounts, [box]] = await Promise.all([
      Promise.all(named.map(async (account) => ({ account, entries: await readWholeLog(sql, account) }))),
      readBoxes(sql, workspace, 'invite', invite),
    ]);
    return { log, feed: found.feed, accounts, box: box?.box ?? null, signPublic: open.signPublic };
  });
}

async function findHead(
  sql: Transaction,
  workspace: WorkspaceId,
): Promise<Pick<Awaited<ReturnType<typeof readHead>>, 'head' | 'feed'> | null> {
  const [row] = await sql<HeadColumns[]>`
    select workspace, seq, feed_hash, head_index, head_hash, healing_since
    from workspaces where workspace = ${toColumn(workspace)}`;
  return row === undefined ? null : headOf(row);
}

function accountsIn({ primitives }: StoreContext, entries: readonly Uint8Array[]): readonly AccountId[] {
  const accounts = entries.flatMap((bytes) => {
    const entry = teamLog.parse(primitives, bytes);
    if (!entry.ok) return [];
    const { author, action } = entry.value.body;
    return action.type === 'create' || action.type === 'join' ? [author] : [];
  });
  return [...new Set(accounts)];
}

async function readWholeLog(sql: Transaction, account: AccountId): Promise<readonly Uint8Array[]> {
  const rows = await sql<{ entry: Uint8Array }[]>`
    select entry from account_log where account = ${toColumn(account)} order by index`;
  return rows.map(({ entry }) => entry);
}
