// Reading a log from an index on: whole entries, as many as fit into one answer.

import type { AccountId, EntryHash, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { MAX_LOG_BYTES, MAX_LOG_ENTRIES } from '@cuebook/shared/protocol/limits';
import type { LogPage } from './api.ts';
import type { Transaction } from './database.ts';
import { fromColumn, toColumn } from './ids.ts';

type Log =
  | { readonly kind: 'team'; readonly workspace: WorkspaceId }
  | { readonly kind: 'account'; readonly account: AccountId };

interface Row {
  readonly entry: Uint8Array | null;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Null if there is no such log, or not for whom the transaction is about. */
export async function readLogPage(sql: Transaction, log: Log, from: number): Promise<LogPage | null> {
  const [[head], entries] = await Promise.all([readHead(sql, log), readEntries(sql, log, from)]);
  return head === undefined
    ? null
    : {
        entries: entries.flatMap(({ entry }) => (entry === null ? [] : [entry])),
        head: { index: head.index, hash: fromColumn<EntryHash>(head.hash) },
      };
}

const readHead = async (sql: Transaction, log: Log): Promise<readonly Omit<Row, 'entry'>[]> =>
  log.kind === 'team'
    ? sql<Omit<Row, 'entry'>[]>`
        select head_index as index, head_hash as hash from workspaces where workspace = ${toColumn(log.workspace)}`
    : sql<Omit<Row, 'entry'>[]>`
        select index, hash from account_heads where account = ${toColumn(log.account)}`;

// The last entry may go beyond the limit of bytes, so that there is always progress.
const readEntries = async (
  sql: Transaction,
  log: Log,
  from: number,
): Promise<readonly Pick<Row, 'entry'>[]> =>
  log.kind === 'team'
    ? sql<Pick<Row, 'entry'>[]>`
        select entry from (
          select index, entry, sum(length(entry)) over (order by index) - length(entry) as before
          from team_log where workspace = ${toColumn(log.workspace)} and index >= ${from}
          order by index limit ${MAX_LOG_ENTRIES}
        ) page where before < ${MAX_LOG_BYTES} order by index`
    : sql<Pick<Row, 'entry'>[]>`
        select entry from (
          select index, entry, sum(length(entry)) over (order by index) - length(entry) as before
          from account_log where account = ${toColumn(log.account)} and index >= ${from}
          order by index limit ${MAX_LOG_ENTRIES}
        ) page where before < ${MAX_LOG_BYTES} order by index`;
