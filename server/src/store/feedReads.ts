// Reading the feed: after a cursor, by ids, and the tail that a live client follows. Every answer is of one snapshot, and
// says where feed and log end in it.

import type { RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { MAX_FEED_BYTES, MAX_FEED_ITEMS } from '@cuebook/shared/protocol/limits';
import type { Cursor, FeedAnswer, FeedItemMessage } from '@cuebook/shared/protocol/record';
import { Refusal } from '../problems.ts';
import type { Tail, TailPosition, WorkspaceHead } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { Transaction } from './database.ts';
import { feedOf, fromColumn, idList, logHeadOf, toColumn, workspaceOf, type HeadColumns } from './ids.ts';
import { readLogPage } from './logPages.ts';

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

export function readTail(context: StoreContext, workspace: WorkspaceId, from: TailPosition): Promise<Tail> {
  const { database, incarnation } = context;
  const isCurrent = from.incarnation === incarnation;
  return database.transact({ workspace, snapshot: true }, async (sql) => {
    const [head, log, items] = await Promise.all([
      readHead(sql, workspace),
      isCurrent ? readLogPage(sql, { kind: 'team', workspace }, from.logFrom) : null,
      isCurrent ? readItems(sql, workspace, from.seq, MAX_FEED_ITEMS) : [],
    ]);
    const entries = log?.entries ?? [];
    const isWholeLog = from.logFrom + entries.length > head.head.index;
    return {
      incarnation,
      items: isWholeLog ? items : [],
      end: head.feed,
      entries,
      head: head.head,
      healing: head.healing,
    };
  });
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
