// What a team-log entry leaves in the security log: who did what to whom. Ids and roles only.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { TeamAction, TeamEntry } from '@cuebook/shared/team/teamEntry';
import type { Transaction } from './database.ts';
import { idList, toColumn } from './ids.ts';

export async function auditEntries(
  sql: Transaction,
  workspace: WorkspaceId,
  entries: readonly TeamEntry[],
  now: number,
): Promise<void> {
  await sql`
    insert into audit (workspace, at, what, account, details)
    select ${toColumn(workspace)}, ${now}::bigint, what, account, details::jsonb from unnest(
      ${entries.map(({ body }) => `team.${body.action.type}`)}::text[],
      ${idList(
        sql,
        entries.map(({ body }) => body.author),
      )}::bytea[],
      ${entries.map(({ body }) => JSON.stringify(detailsOf(body.action)))}::text[]) as entry (what, account, details)`;
}

function detailsOf(action: TeamAction): Readonly<Record<string, string>> {
  switch (action.type) {
    case 'invite':
      return { role: action.role, uses: String(action.uses) };
    case 'close':
      return { invite: action.invite, reason: action.reason };
    case 'join':
      return { invite: action.invite };
    case 'role':
      return { account: action.account, role: action.role };
    case 'confirm':
    case 'remove':
      return { account: action.account };
    case 'transfer':
      return { account: action.to };
    case 'token':
      return action.change === 'revoke' ? { change: 'revoke', token: action.token } : { change: 'add' };
    case 'rotate':
      return { epoch: String(action.rotation.epoch) };
    case 'policy': {
      const { confirmJoins, requireMfa } = action.policy;
      return { confirmJoins: String(confirmJoins), requireMfa: String(requireMfa) };
    }
    case 'create':
    case 'device':
    case 'leave':
    case 'delete':
    case 'undelete':
    case 'rules':
      return {};
  }
}
