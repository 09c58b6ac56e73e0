// What this device may do in a workspace now, as one word for the user interface and for the sender.

import type { WorkspaceId } from '../encoding/ids.ts';
import { activeDevice } from '../team/accountFold.ts';
import { isAtLeast, LEAST_ROLE } from '../team/roles.ts';
import { effectOf } from './alarms.ts';
import type { WorkspaceKeys } from './keys.ts';
import { nextIndex } from './logs.ts';
import { accountAt, alarmsOf, teamOf, workspaceOf, type ClientState } from './state.ts';

export type Standing =
  /** Nothing verified is here yet. */
  | 'unknown'
  /** An alarm that ends writing for good, or while it lasts. */
  | 'alarmed'
  | 'deleted'
  /** No member, or none any more: the work stays on this device and can be exported. */
  | 'notMember'
  | 'waitsForConfirmation'
  /** No key of the current epoch is here: another member has to seal it. */
  | 'waitsForKey'
  | 'viewer'
  /** This device is not in the account any more. */
  | 'deviceRevoked'
  /** The team does not know this device yet: a `device` entry comes first (duties.ts). */
  | 'deviceNotAnnounced'
  /** Somebody left or a device was revoked: nothing counts before a new key. Editing goes on, sending waits. */
  | 'rotationOwed'
  /** The server was restored and takes back what clients have. Editing goes on, sending waits. */
  | 'healing'
  /** Not connected, or there are team-log entries that are not read yet. Editing goes on, sending waits. */
  | 'behind'
  | 'writes';

export function standingOf(state: ClientState, id: WorkspaceId, keys: WorkspaceKeys | null): Standing {
  const workspace = workspaceOf(state, id);
  const team = teamOf(workspace);
  if (alarmsOf(state, id).some((alarm) => effectOf(alarm) !== 'told')) return 'alarmed';
  if (team === null) return 'unknown';
  const member = team.members.get(state.account);
  if (member === undefined || member.endedAt !== null) return 'notMember';
  if (team.deletedAt !== null) return 'deleted';
  if (!member.confirmed) return 'waitsForConfirmation';
  if (keys?.epochs.has(team.epoch) !== true) return 'waitsForKey';
  if (!isAtLeast(member.role, LEAST_ROLE.writeRecord)) return 'viewer';
  const known = accountAt(state.accounts)(state.account, member.accountHead);
  const own = state.accounts.get(state.account)?.states.at(-1);
  if (own !== undefined && activeDevice(own, state.device) === null) return 'deviceRevoked';
  if (known === null || activeDevice(known, state.device) === null) return 'deviceNotAnnounced';
  if (team.rotationOwed) return 'rotationOwed';
  const { ends } = workspace;
  if (ends?.isHealing === true) return 'healing';
  if (ends === null || nextIndex(workspace.team, ends.teamLog) !== null) return 'behind';
  return 'writes';
}

/** Whether the user may change prompts, even if sending has to wait. */
export function mayEdit(standing: Standing): boolean {
  switch (standing) {
    case 'writes':
    case 'behind':
    case 'healing':
    case 'rotationOwed':
    case 'deviceNotAnnounced':
      return true;
    case 'unknown':
    case 'alarmed':
    case 'deleted':
    case 'notMember':
    case 'waitsForConfirmation':
    case 'waitsForKey':
    case 'viewer':
    case 'deviceRevoked':
      return false;
  }
}
