// The security log: of each workspace, and of the server itself. Only ever added to; purged by age (purge.ts).

import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { AuditRow } from '@cuebook/shared/protocol/workspace';
import type { AuditStore } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import { fromColumn, toColumn } from './ids.ts';

/** The server's own log stands under no workspace. */
const OF_THE_SERVER = new Uint8Array(0);
const MOST_ROWS = 1000;

interface AuditColumns {
  readonly number: number;
  readonly at: number;
  readonly what: string;
  readonly account: Uint8Array | null;
  readonly address: string | null;
  readonly details: Readonly<Record<string, string>>;
  readonly request_id: string | null;
}

export function createAuditStore({ database, now }: Pick<StoreContext, 'database' | 'now'>): AuditStore {
  return {
    write: ({ workspace, what, account, address, details, requestId }) =>
      database.transact(workspace === null ? {} : { workspace }, async (sql) => {
        await sql`
          insert into audit (workspace, at, what, account, address, details, request_id)
          values (${columnOf(workspace)}, ${now()}, ${what}, ${account === null ? null : toColumn(account)},
            ${address}, ${sql.json(details)}, ${requestId})`;
      }),
    read: (workspace, before, limit) =>
      database.transact({ workspace }, async (sql) => {
        const rows = await sql<AuditColumns[]>`
          select number, at, what, account, address, details, request_id from audit
          where workspace = ${toColumn(workspace)} and (${before}::bigint is null or number < ${before}::bigint)
          order by number desc limit ${Math.max(1, Math.min(limit, MOST_ROWS))}`;
        return rows.map(rowOf);
      }),
  };
}

const columnOf = (workspace: WorkspaceId | null): Uint8Array =>
  workspace === null ? OF_THE_SERVER : toColumn(workspace);

const rowOf = ({ account, request_id: requestId, ...row }: AuditColumns): AuditRow => ({
  ...row,
  account: account === null ? null : fromColumn<AccountId>(account),
  requestId,
});
