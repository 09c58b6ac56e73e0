// Who in a workspace has no sealed key that opens: by the server's own rows, or by the member's word. A blind server cannot
// look into a box, so it only tells the others; whoever has the key seals it anew, to the user key that the log names.

import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { EpochBoxMessage, WantedBoxMessage } from '@cuebook/shared/protocol/workspace';
import { currentMember, membersNow, type TeamState } from '@cuebook/shared/team/teamState';
import { Refusal } from '../problems.ts';
import type { Author } from './api.ts';
import type { Transaction } from './database.ts';
import type { StoreContext } from './dependencies.ts';
import { readHead } from './feedReads.ts';
import { accountOf, idList, toColumn } from './ids.ts';
import { lockWorkspace } from './lock.ts';

/** True if it was noted; a report that the log has overtaken is let go. */
export function noteReport(
  context: StoreContext,
  author: Author,
  workspace: WorkspaceId,
  { epoch, generation }: Pick<WantedBoxMessage, 'epoch' | 'generation'>,
): Promise<boolean> {
  return context.database.transact({ workspace, account: author.account }, async (sql) => {
    const [locked, [isLive]] = await Promise.all([
      lockWorkspace(sql, workspace),
      context.sessions.areLive(sql, [author]),
    ]);
    if (locked === null) throw new Refusal('notFound', 'There is no such workspace.');
    if (isLive !== true) throw new Refusal('unauthenticated', 'The session has ended.');
    const { state } = await context.folds.team(sql, workspace, locked.head);
    if (!isWanted(state, { account: author.account, epoch, generation })) return false;
    await sql`
      insert into box_reports (workspace, account, epoch, generation)
      values (${toColumn(workspace)}, ${toColumn(author.account)}, ${epoch}, ${generation})
      on conflict (workspace, account) do update set epoch = excluded.epoch, generation = excluded.generation`;
    return true;
  });
}

/** Of the current epoch: with its key, the keys of all before it are opened. */
export function readWanted(
  { database, folds }: StoreContext,
  workspace: WorkspaceId,
): Promise<readonly WantedBoxMessage[]> {
  return database.transact({ workspace, snapshot: true }, async (sql) => {
    const { head } = await readHead(sql, workspace);
    const { state } = await folds.team(sql, workspace, head);
    const [having, reported] = await Promise.all([
      readHaving(sql, workspace, state.epoch),
      readReported(sql, workspace),
    ]);
    return membersNow(state)
      .filter(({ account, confirmed }) => confirmed && !having.has(account))
      .map(({ account, generation }) => ({ account, epoch: state.epoch, generation }))
      .concat(reported.filter((wanted) => having.has(wanted.account) && isWanted(state, wanted)));
  });
}

const isWanted = (state: TeamState, { account, epoch, generation }: WantedBoxMessage): boolean =>
  epoch === state.epoch && currentMember(state, account)?.generation === generation;

async function readHaving(
  sql: Transaction,
  workspace: WorkspaceId,
  epoch: number,
): Promise<ReadonlySet<AccountId>> {
  const rows = await sql<{ account: Uint8Array }[]>`
    select distinct recipient as account from epoch_boxes
    where workspace = ${toColumn(workspace)} and kind = 'member' and epoch = ${epoch}`;
  return new Set(rows.map(accountOf));
}

async function readReported(sql: Transaction, workspace: WorkspaceId): Promise<readonly WantedBoxMessage[]> {
  const rows = await sql<{ account: Uint8Array; epoch: number; generation: number }[]>`
    select account, epoch, generation from box_reports where workspace = ${toColumn(workspace)}`;
  return rows.map((row) => ({ account: accountOf(row), epoch: row.epoch, generation: row.generation }));
}

/** Somebody has sealed anew for these; whoever still has none that opens says so again. */
export async function forgetReports(
  sql: Transaction,
  workspace: WorkspaceId,
  boxes: readonly EpochBoxMessage[],
): Promise<void> {
  const accounts = boxes.flatMap(({ recipient }) => (recipient.kind === 'member' ? [recipient.account] : []));
  if (accounts.length === 0) return;
  await sql`
    delete from box_reports
    where workspace = ${toColumn(workspace)} and account = any (${idList(sql, accounts)}::bytea[])`;
}
