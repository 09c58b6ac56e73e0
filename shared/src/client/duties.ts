// What this client owes a workspace without anybody asking: entries and boxes that somebody online has to write. Found
// from the verified logs only; what a server merely says (`wanted`) is done if the logs give the right to it.

import type { AccountId, InviteId, WorkspaceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { activeDevice } from '../team/accountFold.ts';
import { isAtLeast, LEAST_ROLE, type Role } from '../team/roles.ts';
import { currentMember, membersNow, type TeamState } from '../team/teamState.ts';
import { effectOf } from './alarms.ts';
import type { WorkspaceKeys } from './keys.ts';
import type { WantedBox } from './messages.ts';
import { accountOf, alarmsOf, teamOf, workspaceOf, type ClientState } from './state.ts';

export type Duty =
  /** A device of this account was revoked: a new user key, before any team is told. */
  | { readonly kind: 'startGeneration' }
  /** The team is told that this account's log has moved on, before a new device writes and so that a revoked one cannot. */
  | { readonly kind: 'announceDevices'; readonly head: LogHead }
  /** Somebody left, or a device or token was revoked. */
  | { readonly kind: 'rotate' }
  | { readonly kind: 'closeInvite'; readonly invite: InviteId }
  /** Committed keys for members who have no box that opens. */
  | { readonly kind: 'sealBoxes'; readonly boxes: readonly WantedBox[] };

export interface DutyFacts {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Who is online in the workspace, as far as presence tells; null: not known, so this client does not wait for others. */
  readonly online: ReadonlySet<AccountId> | null;
  readonly keys: WorkspaceKeys | null;
  /** By the server's word. */
  readonly wanted: readonly WantedBox[];
}

/** In the order in which they are to be done. Two clients may do the same one: the log takes the first. */
export function dutiesOf(state: ClientState, id: WorkspaceId, facts: DutyFacts): readonly Duty[] {
  const team = teamOf(workspaceOf(state, id));
  const own = accountOf(state, state.account);
  const member = team?.members.get(state.account);
  if (team === null || own === null || member === undefined || member.endedAt !== null) return [];
  // Whoever is shown something else than was verified writes nothing on top of it.
  if (alarmsOf(state, id).some((alarm) => effectOf(alarm) !== 'told')) return [];
  if (team.deletedAt !== null || activeDevice(own, state.device) === null) return [];
  if (own.generationOwed) return [{ kind: 'startGeneration' }];
  const duties: Duty[] = [];
  if (own.head.index > member.accountHead.index) duties.push({ kind: 'announceDevices', head: own.head });
  if (currentMember(team, state.account) === null) return duties;
  if (team.rotationOwed && hasKey(facts, team.epoch) && isFirst(team, state.account, facts, 'editor')) {
    duties.push({ kind: 'rotate' });
  }
  if (isFirst(team, state.account, facts, LEAST_ROLE.close)) duties.push(...expiredInvites(team, facts.now));
  const boxes = facts.wanted.filter((wanted) => isOwed(team, facts, wanted));
  if (boxes.length > 0) duties.push({ kind: 'sealBoxes', boxes });
  return duties;
}

const hasKey = ({ keys }: DutyFacts, epoch: number): boolean => keys?.epochs.has(epoch) === true;

/** The one who joined first of those online who may do it: so that not everybody does. */
function isFirst(team: TeamState, account: AccountId, { online }: DutyFacts, least: Role): boolean {
  const able = membersNow(team)
    .filter(({ confirmed, role }) => confirmed && isAtLeast(role, least))
    .filter((member) => member.account === account || online?.has(member.account) === true)
    .sort((left, right) => left.joinedAt - right.joinedAt);
  const first = online === null ? able.find((member) => member.account === account) : able[0];
  return first?.account === account;
}

const expiredInvites = (team: TeamState, now: number): readonly Duty[] =>
  [...team.invites.values()]
    .filter(({ expiresAt }) => expiresAt < now)
    .map(({ id }) => ({ kind: 'closeInvite', invite: id }));

/** Of the own account as well: another of its devices may be without. */
function isOwed(team: TeamState, facts: DutyFacts, wanted: WantedBox): boolean {
  const member = currentMember(team, wanted.account);
  return (
    member !== null &&
    member.generation === wanted.generation &&
    wanted.epoch <= team.epoch &&
    hasKey(facts, wanted.epoch)
  );
}
