// The workspace's row, locked: whoever has it decides what comes next in feed and log.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import type { Transaction } from './database.ts';
import { feedOf, logHeadOf, toColumn, type HeadColumns } from './ids.ts';

export interface LockedWorkspace {
  readonly head: LogHead;
  readonly feed: FeedPosition;
  readonly healingSince: number | null;
}

/** Null if there is no such workspace. Held until the transaction ends. */
export async function lockWorkspace(
  sql: Transaction,
  workspace: WorkspaceId,
): Promise<LockedWorkspace | null> {
  // Sent now, ahead of what the caller sends beside it.
  const [row] = await sql<HeadColumns[]>`
    select workspace, seq, feed_hash, head_index, head_hash, healing_since
    from workspaces where workspace = ${toColumn(workspace)} for update`.execute();
  return row === undefined
    ? null
    : { head: logHeadOf(row), feed: feedOf(row), healingSince: row.healing_since };
}
