// Who is who in a workspace after an entry of its team log. A value: the state after each entry is kept, because every
// record is judged by the state at its own place in the feed.

import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { Verifiers } from '../crypto/verifiers.ts';
import type { AccountId, InviteId, TokenId, WorkspaceId } from '../encoding/ids.ts';
import type { FeedPosition, LogHead } from '../record/header.ts';
import type { AccountState } from './accountFold.ts';
import type { SignerId } from './log.ts';
import type { LayeredMap } from '../util/layeredMap.ts';
import { isAtLeast, type Role } from './roles.ts';
import type { Policy, WorkspaceKind } from './teamEntry.ts';

export interface Member {
  readonly account: AccountId;
  readonly role: Role;
  /** The account's log up to here says which devices count. */
  readonly accountHead: LogHead;
  /** Of the account's user key at that head: what epoch keys are sealed to. */
  readonly generation: number;
  readonly joinedAt: number;
  /** Index of the entry that ended the membership, or null. Former members stay, so that history verifies. */
  readonly endedAt: number | null;
  /** False while policy `confirmJoins` keeps a newcomer waiting: no keys, no rights. */
  readonly confirmed: boolean;
}

export interface Invite {
  readonly id: InviteId;
  readonly by: AccountId;
  /** Which of that account's devices made it. */
  readonly device: SignerId;
  readonly signPublic: Uint8Array;
  readonly boxPublic: Uint8Array;
  readonly role: Role;
  readonly expiresAt: number;
  readonly usesLeft: number;
  readonly epoch: number;
  readonly boxHash: Uint8Array | null;
}

export interface Token {
  readonly id: TokenId;
  readonly boxPublic: Uint8Array;
  readonly expiresAt: number;
  /** True if it is given the epoch key at each rotation. */
  readonly reads: boolean;
}

export interface TeamState {
  readonly id: WorkspaceId;
  readonly kind: WorkspaceKind;
  readonly head: LogHead;
  /** End of the feed when the newest entry was appended. */
  readonly position: FeedPosition;
  readonly members: LayeredMap<AccountId, Member>;
  readonly epoch: number;
  readonly commitment: Uint8Array;
  /** Somebody left, or a device or token was revoked: no record counts until an editor starts a new epoch. */
  readonly rotationOwed: boolean;
  /** Open ones. */
  readonly invites: ReadonlyMap<InviteId, Invite>;
  /** Not revoked ones. */
  readonly tokens: ReadonlyMap<TokenId, Token>;
  readonly policy: Policy;
  /** Claimed time of a `delete` that has not been undone, or null. */
  readonly deletedAt: number | null;
}

/** What folding needs besides the log itself. */
export interface TeamTools {
  readonly primitives: Pick<VerifyPrimitives, 'sha256'>;
  readonly verifiers: Verifiers;
  /** The state of an account at an entry of its log, verified; null if that much of the log is not here. */
  accountAt(account: AccountId, head: LogHead): AccountState | null;
}

/** A member with rights: joined, confirmed, not ended. */
export function currentMember(state: TeamState, account: AccountId): Member | null {
  const member = state.members.get(account);
  return member === undefined || member.endedAt !== null || !member.confirmed ? null : member;
}

/** Everybody with rights, confirmed or waiting. */
export const membersNow = (state: TeamState): readonly Member[] =>
  [...state.members.values()].filter((member) => member.endedAt === null);

export const ownerCount = (state: TeamState): number =>
  membersNow(state).filter((member) => member.confirmed && isAtLeast(member.role, 'owner')).length;
