// Everything that the database holds about one account, for its owner to read; and which peppers are still needed.

import { idToBytes, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import type { Querier } from './accountsSessions.ts';

/** Bytes as base64: they are sealed, or keys and hashes. */
export interface ExportedLog {
  readonly entries: readonly string[];
  readonly boxes: readonly { readonly device: string; readonly generation: number; readonly box: string }[];
  readonly kitBackup: string | null;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** In a transaction about the account. */
export async function exportLog(sql: Querier, account: AccountId): Promise<ExportedLog> {
  const id = idToBytes(account);
  const entries = await sql<{ entry: Uint8Array }[]>`
    select entry from account_log where account = ${id} order by index`;
  const boxes = await sql<{ device: Uint8Array; generation: number; box: Uint8Array }[]>`
    select device, generation, box from account_boxes where account = ${id} order by generation, device`;
  const [kit] = await sql<{ box: Uint8Array }[]>`select box from kit_backups where account = ${id}`;
  return {
    entries: entries.map(({ entry }) => base64(entry)),
    boxes: boxes.map((box) => ({ ...box, device: bytesToBase32(box.device), box: base64(box.box) })),
    kitBackup: kit === undefined ? null : base64(kit.box),
  };
}

export interface ExportedEvent {
  readonly at: number;
  readonly what: string;
  readonly address: string | null;
  readonly details: Readonly<Record<string, string>>;
}

/** Of the server's own log (null), or of a workspace's, in a transaction about it. */
export async function exportEvents(
  sql: Querier,
  account: AccountId,
  workspace: WorkspaceId | null,
): Promise<readonly ExportedEvent[]> {
  const about = workspace === null ? new Uint8Array() : idToBytes(workspace);
  return sql<ExportedEvent[]>`
    select at, what, address, details from audit
    where workspace = ${about} and account = ${idToBytes(account)} order by number`;
}

/** Peppers under which something that lasts was made. Machine tokens are counted by workspace, in their own place. */
export async function peppersInUse(sql: Querier): Promise<ReadonlySet<number>> {
  const rows = await sql<{ pepper: number }[]>`
    select pepper from session_tokens union select pepper from second_factors union
    select pepper from recovery_codes union select pepper from one_time_secrets union
    select pepper from machine_token_directory`;
  return new Set(rows.map(({ pepper }) => pepper));
}
