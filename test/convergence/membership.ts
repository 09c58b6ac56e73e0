// What members do to their team, as intents: each is composed from what the device knows when it can be appended, and
// composed anew, or given up, whenever somebody else was first.

import { composeEntry, composeRotation, type Author } from '@cuebook/shared/client/entries';
import type { Request } from '@cuebook/shared/client/messages';
import { accountOf, teamOf, workspaceOf, type ClientState } from '@cuebook/shared/client/state';
import { idToBytes, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { sealEpochKey } from '@cuebook/shared/team/epochKeys';
import { openInviteBox, sealToInvite, type InviteKeys } from '@cuebook/shared/team/invite';
import { following } from '@cuebook/shared/team/log';
import { isAtLeast, type Role } from '@cuebook/shared/team/roles';
import { teamLog, type Policy, type TeamAction } from '@cuebook/shared/team/teamEntry';
import type { TeamState } from '@cuebook/shared/team/teamState';

export interface Intent {
  readonly name: string;
  /** Null: there is nothing (more) to do, or this member may not. */
  compose(author: Author, client: ClientState, id: WorkspaceId): Promise<Request | null>;
  /** The server has appended it. */
  done?(): void;
}

function simple(name: string, actionOf: (team: TeamState) => TeamAction | null): Intent {
  return {
    name,
    compose(author, client, id) {
      const team = teamOf(workspaceOf(client, id));
      const action = team === null ? null : actionOf(team);
      const composed = action === null ? null : composeEntry(author, client, id, action);
      return Promise.resolve(composed?.ok === true ? composed.value : null);
    },
  };
}

export const leave = simple('leave', () => ({ type: 'leave' }));

export const changeRole = (account: AccountId, role: Role): Intent =>
  simple('role', () => ({ type: 'role', account, role }));

export const transfer = (to: AccountId): Intent => simple('transfer', () => ({ type: 'transfer', to }));

export const protect = (protectedLabels: Policy['protectedLabels']): Intent =>
  simple('policy', ({ policy }) => ({ type: 'policy', policy: { ...policy, protectedLabels } }));

export const remove = (account: AccountId): Intent => ({
  name: 'remove',
  async compose(author, client, id) {
    const composed = await composeRotation(author, client, id, account);
    return composed.ok ? composed.value : null;
  },
});

/** Somebody wants a new key; another's rotation does as well. */
export function rotate(): Intent {
  let from: number | null = null;
  return {
    name: 'rotate',
    async compose(author, client, id) {
      const epoch = teamOf(workspaceOf(client, id))?.epoch ?? 0;
      from ??= epoch;
      if (epoch !== from) return null;
      const composed = await composeRotation(author, client, id, null);
      return composed.ok ? composed.value : null;
    },
  };
}

export interface Invitation {
  readonly keys: InviteKeys;
  readonly role: Role;
  readonly carriesKey: boolean;
  /** Handed to the person with the secret. */
  box: Uint8Array | null;
}

export const invite = (invitation: Invitation, done: () => void): Intent => ({
  name: 'invite',
  done,
  async compose(author, client, id) {
    const team = teamOf(workspaceOf(client, id));
    const key = team === null ? undefined : author.keys?.epochs.get(team.epoch);
    if (team === null || key === undefined) return null;
    const { epoch, commitment } = team;
    const { keys, role, carriesKey } = invitation;
    const sealed = carriesKey ? await sealToInvite(author.suite, keys, id, { number: epoch, key }) : null;
    invitation.box = sealed?.box ?? null;
    const { signPublic, boxPublic } = keys;
    const boxHash = sealed?.hash ?? null;
    const uses = carriesKey || isAtLeast(role, 'admin') ? 1 : 2;
    const expiresAt = Number.MAX_SAFE_INTEGER;
    const action = {
      type: 'invite',
      signPublic,
      boxPublic,
      role,
      expiresAt,
      uses,
      epoch,
      commitment,
      boxHash,
    } as const;
    const composed = composeEntry(author, client, id, action);
    return composed.ok ? composed.value : null;
  },
});

export const join = (invitation: Invitation): Intent => ({
  name: 'join',
  async compose(author, client, id) {
    const team = teamOf(workspaceOf(client, id));
    const own = accountOf(client, client.account);
    const open = team?.invites.get(invitation.keys.id);
    const before = team?.members.get(client.account);
    const isMember = before !== undefined && before.endedAt === null;
    if (team === null || own === null || open === undefined || isMember) return null;
    const { suite, device, position, now } = author;
    const sealed = await sealToSelf(author, client, team, invitation);
    const action = {
      type: 'join',
      invite: open.id,
      workspace: idToBytes(id),
      accountHead: own.head,
      box: sealed?.named ?? null,
    } as const;
    const body = { author: client.account, position, action };
    const signers = [{ id: device.id, sign: device.sign }, invitation.keys.signer];
    const entry = teamLog.compose(suite, { ...following(team.head), at: now, body }, signers).bytes;
    return { kind: 'appendTeam', workspace: id, entry, boxes: sealed === null ? [] : [sealed.stored] };
  },
});

async function sealToSelf(
  { suite }: Author,
  client: ClientState,
  { id, epoch, commitment, invites }: TeamState,
  { keys, box }: Invitation,
): Promise<Awaited<ReturnType<typeof sealEpochKey>> | null> {
  const own = accountOf(client, client.account);
  const userPublic = own?.userPublics.get(own.generation);
  const isCurrent = invites.get(keys.id)?.epoch === epoch;
  if (box === null || own === null || userPublic === undefined || !isCurrent) return null;
  const opened = await openInviteBox(suite, keys, id, { number: epoch, commitment }, box);
  if (!opened.ok) throw new Error(opened.problem.message);
  const to = { account: own.id, generation: own.generation, userPublic };
  return sealEpochKey(suite, id, epoch, opened.value, to);
}
