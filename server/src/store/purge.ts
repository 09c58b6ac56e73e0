// What time takes away: prompts thirty days in the trash, workspaces and accounts thirty days after their deletion, the
// security log after ninety. As a role of its own, which can erase and do nothing else.

import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { GroupId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Sql, Transaction } from './database.ts';
import { eraseGroup } from './appendRecords.ts';
import type { DeletionList } from './deletions.ts';
import { fromColumn, toColumn, workspaceOf } from './ids.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
export const TRASH_MS = 30 * DAY_MS;
export const AUDIT_MS = 90 * DAY_MS;
/** Groups, or workspaces, that are looked for at once. */
const AT_ONCE = 100;

export interface PurgeDependencies {
  /** As `cuebook_purge`. */
  readonly sql: Sql;
  readonly primitives: VerifyPrimitives;
  readonly deletions: DeletionList;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How long the security log is kept. */
  readonly auditMs?: number;
}

export interface PurgeCounts {
  readonly groups: number;
  readonly workspaces: number;
  readonly auditRows: number;
}

export async function purge(dependencies: PurgeDependencies): Promise<PurgeCounts> {
  return {
    groups: await purgeTrash(dependencies),
    workspaces: await purgeWorkspaces(dependencies),
    auditRows: await purgeAudit(dependencies),
  };
}

async function purgeTrash({ sql, primitives, deletions, now }: PurgeDependencies): Promise<number> {
  const before = now() - TRASH_MS;
  let purged = 0;
  for (;;) {
    const due = await sql<{ workspace: Uint8Array; group_id: Uint8Array }[]>`
      select workspace, group_id from groups
      where trashed_at is not null and purged_at is null and trashed_at <= ${before} limit ${AT_ONCE}`;
    if (due.length === 0) return purged;
    for (const row of due) {
      const place = { workspace: workspaceOf(row), group: fromColumn<GroupId>(row.group_id) };
      await deletions.add([{ kind: 'group', ...place, at: now() }]);
      await begin(sql, (transaction) => eraseTrashed({ primitives, now }, transaction, place, before));
      purged += 1;
    }
  }
}

/** Looks again under the workspace's lock: an append may just have taken it out of the trash. */
async function eraseTrashed(
  { primitives, now }: Pick<PurgeDependencies, 'primitives' | 'now'>,
  sql: Transaction,
  { workspace, group }: { readonly workspace: WorkspaceId; readonly group: GroupId },
  before: number,
): Promise<void> {
  await lockForPurge(sql, workspace);
  const marked = await sql`
    update groups set purged_at = ${now()}, trashed_at = null
    where workspace = ${toColumn(workspace)} and group_id = ${toColumn(group)}
      and trashed_at is not null and trashed_at <= ${before} and purged_at is null`;
  if (marked.count > 0) {
    await eraseGroup({ primitives }, sql, { workspace, group, before: Number.MAX_SAFE_INTEGER });
  }
}

/** The role may not lock rows it cannot change, so it touches the one that everybody locks. */
async function lockForPurge(sql: Transaction, workspace: WorkspaceId): Promise<void> {
  await sql`update workspaces set revision = revision + 1 where workspace = ${toColumn(workspace)}`;
}

async function purgeWorkspaces({ sql, deletions, now }: PurgeDependencies): Promise<number> {
  const before = now() - TRASH_MS;
  const due = await sql<{ workspace: Uint8Array }[]>`
    select workspace from workspaces where deleted_at is not null and deleted_at <= ${before}`;
  let purged = 0;
  for (const row of due) {
    const workspace = workspaceOf(row);
    await deletions.add([{ kind: 'workspace', workspace, at: now() }]);
    purged += await begin(sql, (transaction) => eraseWorkspace(transaction, workspace, before));
  }
  return purged;
}

/** 1 if it was still due: an owner may have undone the deletion. */
async function eraseWorkspace(sql: Transaction, workspace: WorkspaceId, before: number): Promise<number> {
  const deleted = await sql`
    delete from workspaces
    where workspace = ${toColumn(workspace)} and deleted_at is not null and deleted_at <= ${before}`;
  if (deleted.count === 0) return 0;
  await eraseRowsOf(sql, workspace);
  return 1;
}

/** Of every table that a workspace has rows in; its own row goes before, which nobody can then append to. */
export async function eraseRowsOf(sql: Transaction, workspace: WorkspaceId): Promise<void> {
  const id = toColumn(workspace);
  await sql`delete from records where workspace = ${id}`;
  await sql`delete from streams where workspace = ${id}`;
  await sql`delete from groups where workspace = ${id}`;
  await sql`delete from epoch_boxes where workspace = ${id}`;
  await sql`delete from box_reports where workspace = ${id}`;
  await sql`delete from team_log where workspace = ${id}`;
  await sql`delete from members where workspace = ${id}`;
  await sql`delete from memberships where workspace = ${id}`;
  await sql`delete from healing_pins where workspace = ${id}`;
  await sql`delete from audit where workspace = ${id}`;
  await sql`delete from machine_tokens where workspace = ${id}`;
  await sql`delete from machine_token_directory where workspace = ${id}`;
}

async function purgeAudit({ sql, now, auditMs = AUDIT_MS }: PurgeDependencies): Promise<number> {
  const deleted = await sql`delete from audit where at <= ${now() - auditMs}`;
  return deleted.count;
}

async function begin<T>(sql: Sql, work: (sql: Transaction) => Promise<T>): Promise<T> {
  const result = await sql.begin(async (transaction) => ({ value: await work(transaction) }));
  return (result as { value: T }).value;
}
