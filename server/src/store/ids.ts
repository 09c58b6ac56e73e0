// Ids as columns: their bytes.

import {
  idFromBytes,
  idToBytes,
  type AccountId,
  type AnyId,
  type EntryHash,
  type FeedHash,
  type WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import type { Transaction } from './database.ts';

export const toColumn = idToBytes;
export const fromColumn = idFromBytes;

const BYTEA = 17;
const BOOLEAN = 16;

/** The driver takes a list of byte strings (or of truth values) for a single one unless it is told. */
export const bytesList = (sql: Transaction, list: readonly Uint8Array[]): ReturnType<Transaction['array']> =>
  sql.array([...list], BYTEA);

export const flagList = (sql: Transaction, list: readonly boolean[]): ReturnType<Transaction['array']> =>
  sql.array([...list], BOOLEAN);

export const idList = (sql: Transaction, ids: Iterable<AnyId>): ReturnType<Transaction['array']> =>
  bytesList(
    sql,
    Array.from(ids, (id) => idToBytes(id)),
  );

/** A row of `workspaces`, as far as it says where feed and log are. */
export interface HeadColumns {
  readonly workspace: Uint8Array;
  readonly seq: number;
  readonly feed_hash: Uint8Array;
  readonly head_index: number;
  readonly head_hash: Uint8Array;
  readonly healing_since: number | null;
}

export const feedOf = (row: Pick<HeadColumns, 'seq' | 'feed_hash'>): FeedPosition => ({
  seq: row.seq,
  feedHash: fromColumn<FeedHash>(row.feed_hash),
});

export const logHeadOf = (row: Pick<HeadColumns, 'head_index' | 'head_hash'>): LogHead => ({
  index: row.head_index,
  hash: fromColumn<EntryHash>(row.head_hash),
});

export const workspaceOf = (row: { readonly workspace: Uint8Array }): WorkspaceId =>
  fromColumn<WorkspaceId>(row.workspace);
export const accountOf = (row: { readonly account: Uint8Array }): AccountId =>
  fromColumn<AccountId>(row.account);
