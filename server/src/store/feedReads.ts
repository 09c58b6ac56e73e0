// Reading the feed: after a cursor, by ids, and the tail that a live client follows. Every answer is of one snapshot, and
// says where feed and log end in it.

import type { RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import {
  MAX_FEED_BYTES,
  MAX_FEED_ITEMS,
  MAX_LOG_BYTES,
  MAX_LOG_ENTRIES,
} from '@cuebook/shared/protocol/limits';
import type { Cursor, FeedAnswer, FeedItemMessage } from '@cuebook/shared/protocol/record';
import { Refusal } from '../problems.ts';
import type { Tail, TailPosition, WorkspaceHead } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { feedOf, fromColumn, idList, logHeadOf, toColumn, workspaceOf, type HeadColumns } from './ids.ts';

interface ItemColumns {
  readonly seq: number;
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

const itemOf = ({ seq, id, bytes }: ItemColumns): FeedItemMessage => ({
  seq,
  id: fromColumn<RecordId>(id),
  bytes,
});

export const headOf = (row: HeadColumns): WorkspaceHead => ({
  workspace: workspaceOf(row),
  head: logHeadOf(row),
  feed: feedOf(row),
  healing: row.healing_since !== null,
});

export async function readHead(sql: Transaction, workspace: WorkspaceId): Promise<WorkspaceHead> {
  const [row] = await sql<HeadColumns[]>`
    select workspace, seq, feed_hash, head_index, head_hash, healing_since
    from workspaces where workspace = ${toColumn(workspace)}`;
  if (row === undefined) throw new Refusal('notFound', 'There is no such workspace.');
  return headOf(row);
}

/** The last item may go beyond the limit of bytes, so that there is always progress. */
async function readItems(
  sql: Transaction,
  workspace: WorkspaceId,
  after: number,
  limit: number,
): Promise<readonly FeedItemMessage[]> {
  const rows = await sql<ItemColumns[]>`
    select seq, id, bytes from (
      select seq, id, bytes, sum(length(bytes)) over (order by seq) - length(bytes) as before
      from records where workspace = ${toColumn(workspace)} and seq > ${after}
      order by seq limit ${Math.min(limit, MAX_FEED_ITEMS)}
    ) page where before < ${MAX_FEED_BYTES} order by seq`;
  return rows.map(itemOf);
}

export function readFeed(
  { database, incarnation }: StoreContext,
  workspace: WorkspaceId,
  after: Cursor,
  limit: number,
): Promise<FeedAnswer> {
  return database.transact({ workspace, snapshot: true }, async (sql) => {
    if (after.incarnation !== incarnation) {
      const { feed: end } = await readHead(sql, workspace);
      return { kind: 'otherIncarnation', incarnation, end };
    }
    const [{ feed: end }, items] = await Promise.all([
      readHead(sql, workspace),
      readItems(sql, workspace, after.seq, limit),
    ]);
    return { kind: 'items', items, end };
  });
}

type TailRow =
  | {
      readonly kind: 'end';
      readonly number: number;
      readonly feed_hash: Uint8Array;
      readonly head_index: number;
      readonly head_hash: Uint8Array;
      readonly is_healing: boolean;
    }
  | { readonly kind: 'entry'; readonly bytes: Uint8Array }
  | { readonly kind: 'item'; readonly number: number; readonly id: Uint8Array; readonly bytes: Uint8Array };

/** One statement, because this is asked after every change by everybody who follows. */
export async function readTail(
  { database, incarnation }: StoreContext,
  workspace: WorkspaceId,
  from: TailPosition,
): Promise<Tail> {
  const isCurrent = from.incarnation === incarnation;
  const limits = { items: isCurrent ? MAX_FEED_ITEMS : 0, entries: isCurrent ? MAX_LOG_ENTRIES : 0 };
  const rows = await database.ask(
    (sql) => sql<TailRow[]>`
      select * from cuebook_tail(${toColumn(workspace)}, ${from.seq}, ${from.logFrom},
        ${limits.items}, ${MAX_FEED_BYTES}, ${limits.entries}, ${MAX_LOG_BYTES})`,
  );
  const [end, ...rest] = rows;
  if (end?.kind !== 'end') throw new Refusal('notFound', 'There is no such workspace.');
  const entries = rest.flatMap((row) => (row.kind === 'entry' ? [row.bytes] : []));
  const isWholeLog = from.logFrom + entries.length > end.head_index;
  return {
    incarnation,
    items: isWholeLog
      ? rest.flatMap((row) => (row.kind === 'item' ? [itemOf({ ...row, seq: row.number })] : []))
      : [],
    end: feedOf({ seq: end.number, feed_hash: end.feed_hash }),
    entries,
    head: logHeadOf(end),
    healing: end.is_healing,
  };
}

/** In the order asked for; those that are not there are left out, and those that no longer fit. */
export function readByIds(
  { database }: StoreContext,
  workspace: WorkspaceId,
  ids: readonly RecordId[],
): Promise<readonly FeedItemMessage[]> {
  return database.transact({ workspace }, async (sql) => {
    const rows = await sql<ItemColumns[]>`
      select seq, id, bytes from (
        select seq, id, bytes, ordinality, sum(length(bytes)) over (order by ordinality) - length(bytes) as before
        from unnest(${idList(sql, ids)}::bytea[]) with ordinality as asked (id, ordinality)
        join records using (id)
        where workspace = ${toColumn(workspace)}
      ) page where before < ${MAX_FEED_BYTES} order by ordinality`;
    return rows.map(itemOf);
  });
}
