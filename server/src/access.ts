// The only authorization decisions. Every procedure's rule (router/procedures.ts) is decided here, from who asks and what
// the store says at this moment. Who asks was looked up for this very request (accounts/authentication.ts), on a live
// socket too. What is not for the caller looks like what does not exist.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { isAtLeast } from '@cuebook/shared/team/roles';
import type { Caller, Origin, SessionCaller, TokenCaller } from './caller.ts';
import { Refusal } from './problems.ts';
import type { Access } from './router/procedures.ts';
import type { Membership, WorkspaceStore } from './store/api.ts';

/** What decisions are made from. */
export interface AccessGrounds {
  readonly store: { readonly workspaces: Pick<WorkspaceStore, 'membership'> };
}

export interface Asked {
  readonly caller: Caller;
  readonly origin: Origin;
  /** What a `member` procedure's input names. */
  readonly workspace: WorkspaceId | null;
}

type MemberAccess = Extract<Access, { kind: 'member' }>;

/** What a store asks in the transaction that writes, with the membership under the workspace's lock. Throws a `Refusal`. */
export type MayWrite = (membership: Membership | null) => void;

/** Returns, or refuses. */
export async function requireAccess(grounds: AccessGrounds, access: Access, asked: Asked): Promise<void> {
  if (access.kind === 'anyone') return;
  const { caller } = asked;
  if (caller.kind === 'nobody') throw new Refusal('unauthenticated', 'Nobody is signed in, or no longer.');
  switch (access.kind) {
    case 'signedIn':
      requireSession(caller);
      return;
    case 'deviceBound':
      requireDevice(requireSession(caller));
      return;
    case 'serverOwner':
      requireServerOwner(requireSession(caller));
      return;
    case 'member':
      return requireMember(grounds, access, caller, asked.workspace);
  }
}

/**
 * The part that needs no look at the database, for procedures that the store decides under the lock, where it asks
 * `mayWrite`: whether the session holds it asks there too.
 */
export function requireBeforeLock(access: MemberAccess, { caller, workspace }: Asked, now: number): void {
  if (caller.kind === 'nobody' || caller.expiresAt <= now) {
    throw new Refusal('unauthenticated', 'Nobody is signed in, or no longer.');
  }
  if (caller.kind === 'session') requireDevice(caller);
  else if (workspace !== null) requireScope(access, caller, workspace);
}

/** The rest of it. */
export const mayWrite =
  (access: MemberAccess, caller: SessionCaller): MayWrite =>
  (membership) => {
    if (membership === null) throw noSuchWorkspace();
    requireRights(access, caller, membership);
  };

function requireSession(caller: SessionCaller | TokenCaller): SessionCaller {
  if (caller.kind === 'token') throw new Refusal('scopeMissing', 'No machine token may call this.');
  return caller;
}

function requireDevice(caller: SessionCaller): void {
  if (caller.device === null) throw new Refusal('deviceNeeded', 'The session is not bound to a device.');
}

function requireServerOwner(caller: SessionCaller): void {
  if (!caller.isServerOwner) throw new Refusal('notAllowed', "Only the server's owner may do this.");
  requireDevice(caller);
}

async function requireMember(
  grounds: AccessGrounds,
  access: MemberAccess,
  caller: SessionCaller | TokenCaller,
  workspace: WorkspaceId | null,
): Promise<void> {
  if (workspace === null) throw new Error('Broken invariant: a member procedure names its workspace');
  if (caller.kind === 'token') return requireScope(access, caller, workspace);
  requireDevice(caller);
  const membership = await grounds.store.workspaces.membership(workspace, caller.account);
  if (membership === null) throw noSuchWorkspace();
  requireRights(access, caller, membership);
}

function requireScope(access: MemberAccess, caller: TokenCaller, workspace: WorkspaceId): void {
  if (caller.workspace !== workspace) throw noSuchWorkspace();
  if (access.scope === undefined || !caller.scopes.includes(access.scope)) {
    throw new Refusal(
      'scopeMissing',
      `The token lacks the scope for this: ${access.scope ?? 'none has it'}.`,
    );
  }
}

function requireRights(access: MemberAccess, caller: SessionCaller, membership: Membership): void {
  if (membership.requireMfa && !caller.hasSecondFactor) {
    throw new Refusal('secondFactorNeeded', 'The workspace asks for a second factor.');
  }
  if (membership.waiting && access.waitingToo !== true) {
    throw new Refusal('notAllowed', 'An admin has not confirmed this member yet.');
  }
  if (!membership.waiting && !isAtLeast(membership.role, access.least)) {
    throw new Refusal('notAllowed', `This needs the role ${access.least}.`);
  }
}

const noSuchWorkspace = (): Refusal => new Refusal('notFound', 'There is no such workspace for this caller.');
