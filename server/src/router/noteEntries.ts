// What changes who may do what in a workspace, or with an account, goes into the security log too: with where it came
// from, which the signed logs do not say.

import { createHash } from 'node:crypto';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import { teamLog, type TeamAction } from '@cuebook/shared/team/teamEntry';
import type { RequestContext } from './procedures.ts';

type Needs = Pick<RequestContext, 'origin' | 'services'>;

const primitives = {
  sha256: (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest(),
};

/** Written by every member's client again and again, and changes nobody's rights. */
const ROUTINE: ReadonlySet<string> = new Set(['rotate', 'device', 'rules', 'generation']);

/** After they were stored. What does not parse was not. */
export async function noteTeamEntries(
  { origin, services }: Needs,
  account: AccountId,
  workspace: WorkspaceId,
  entries: readonly Uint8Array[],
): Promise<void> {
  for (const bytes of entries) {
    const entry = teamLog.parse(primitives, bytes);
    if (!entry.ok || ROUTINE.has(entry.value.body.action.type)) continue;
    const { action } = entry.value.body;
    const what = `team.${action.type}`;
    const { address, requestId } = origin;
    await services.store.audit.write({
      workspace,
      what,
      account,
      address,
      details: detailsOf(action),
      requestId,
    });
  }
}

function detailsOf(action: TeamAction): Readonly<Record<string, string>> {
  switch (action.type) {
    case 'invite':
      return { role: action.role };
    case 'close':
      return { invite: action.invite, reason: action.reason };
    case 'join':
      return { invite: action.invite };
    case 'confirm':
    case 'remove':
      return { account: action.account };
    case 'role':
      return { account: action.account, role: action.role };
    case 'transfer':
      return { account: action.to };
    case 'token':
      return action.change === 'add' ? { change: 'add' } : { change: 'revoke', token: action.token };
    case 'policy':
      return {
        confirmJoins: String(action.policy.confirmJoins),
        requireMfa: String(action.policy.requireMfa),
      };
    case 'create':
    case 'leave':
    case 'rotate':
    case 'device':
    case 'delete':
    case 'undelete':
    case 'rules':
      return {};
  }
}

/** Into the log of every workspace that the account is in: a device that comes or goes concerns them all. */
export async function noteAccountEntries(
  { origin, services }: Needs,
  account: AccountId,
  entries: readonly Uint8Array[],
): Promise<void> {
  const actions = entries.flatMap((bytes) => {
    const entry = accountLog.parse(primitives, bytes);
    return entry.ok && !ROUTINE.has(entry.value.body.type) ? [entry.value.body] : [];
  });
  if (actions.length === 0) return;
  const workspaces = await services.store.workspaces.list(account);
  for (const action of actions) {
    const what = `account.${action.type}`;
    const details = action.type === 'revoke' ? { device: action.device } : {};
    for (const workspace of [null, ...workspaces.map((each) => each.workspace)]) {
      const { address, requestId } = origin;
      await services.store.audit.write({ workspace, what, account, address, details, requestId });
    }
  }
}
