// Folds a team log into "who is who". Every entry is checked for who signed it and whether they may; one that is not
// allowed is refused, and with it everything after it.
//
// Who may append what (least role in roles.ts; "above" means a higher role than the one concerned):
//
//     create     the first owner
//     invite     admin, to a role not above the own; owner and admin invites have one use; a personal workspace
//                invites owners only (one's own other account)
//     close      admin
//     join       somebody who is no member, with an open invite's key
//     confirm    admin
//     role       owner: anybody to anything. Admin: viewers and editors, to at most admin; and itself down
//     remove     owner: anybody else. Admin: viewers and editors
//     leave      any member, unless it is the last owner
//     rotate     editor
//     device     the account itself, by a device of the new head; closes the invites that an ended device made
//     transfer   owner, to a member; the giver becomes admin
//     token      admin
//     policy     admin; confirmJoins closes the invites that carry a key
//     delete     owner;  undelete  owner, and nothing else may follow a delete
//     rules      owner

import { invariant } from '../util/invariant.ts';
import { equalBytes } from '../util/bytes.ts';
import {
  compareIds,
  idFromBytes,
  idToBytes,
  type AccountId,
  type InviteId,
  type TokenId,
} from '../encoding/ids.ts';
import { labelledHash } from '../crypto/hash.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import { isSoundX25519Key } from '../crypto/x25519Rule.ts';
import { LayeredMap } from '../util/layeredMap.ts';
import { fail, succeed } from '../util/result.ts';
import { FEED_START } from '../record/feed.ts';
import type { LogHead } from '../record/header.ts';
import { activeDevice, type AccountState } from './accountFold.ts';
import { chainProblem, headOf, isSignedBy, type LogResult, type SignerId } from './log.ts';
import { isAbove, isAtLeast, LEAST_ROLE, type Role } from './roles.ts';
import {
  MAX_MEMBERS,
  MAX_TOKENS,
  type CreateAction,
  type InviteAction,
  type JoinAction,
  type Policy,
  type Recipient,
  type Rotation,
  type TeamAction,
  type TeamEntry,
  type TokenAction,
} from './teamEntry.ts';
import {
  currentMember,
  membersNow,
  ownerCount,
  type Invite,
  type Member,
  type TeamState,
  type TeamTools,
} from './teamState.ts';

/** The rules of this file. */
export const TEAM_RULES = 1;
export const MAX_OPEN_INVITES = 256;
export const MAX_INVITE_USES = 1000;
const NO_POLICY: Policy = { confirmJoins: false, requireMfa: false, protectedLabels: [] };

type Folded = LogResult<TeamState>;
const refuse = (message: string): LogResult<never> => fail('notAllowed', message);

/** The state after one more entry. `state` null for the first. */
export function foldTeamEntry(tools: TeamTools, state: TeamState | null, entry: TeamEntry): Folded {
  const broken = chainProblem(state?.head ?? null, entry);
  if (broken !== null) return { ok: false, problem: broken };
  if (state === null) return createTeam(tools, entry);
  const misplaced = positionProblem(state, entry);
  if (misplaced !== null) return refuse(misplaced);
  const author = checkAuthor(tools, state, entry);
  if (!author.ok) return author;
  const next = applyAction(tools, state, entry, author.value);
  return next.ok ? succeed({ ...next.value, head: headOf(entry), position: entry.body.position }) : next;
}

function createTeam(tools: TeamTools, entry: TeamEntry): Folded {
  const { action, author, position } = entry.body;
  if (action.type !== 'create') return refuse('A team log begins with its creation.');
  if (position.seq !== 0 || position.feedHash !== FEED_START.feedHash) {
    return refuse('A workspace is created before its first record.');
  }
  const account = signedByAccount(tools, entry, author, action.accountHead);
  if (!account.ok) return account;
  if (entry.signatures.length !== 1) return fail('badSignature', 'Creation has one signature.');
  if (!isFirstBox(action, account.value)) return refuse('The first key is sealed to the creator alone.');
  const creator: Member = {
    account: author,
    role: 'owner',
    accountHead: action.accountHead,
    generation: account.value.generation,
    joinedAt: 0,
    endedAt: null,
    confirmed: true,
  };
  return succeed({
    id: idFromBytes(idToBytes(entry.hash)),
    kind: action.workspaceKind,
    head: headOf(entry),
    position,
    members: LayeredMap.of([[author, creator]]),
    epoch: 1,
    commitment: action.commitment,
    rotationOwed: false,
    invites: new Map(),
    tokens: new Map(),
    policy: NO_POLICY,
    deletedAt: null,
  });
}

const isFirstBox = ({ box }: CreateAction, account: AccountState): boolean =>
  box.recipient.kind === 'member' &&
  box.recipient.id === account.id &&
  box.generation === account.generation &&
  !account.generationOwed;

/** Entries name the feed's end, so they go forward with it; at one Seq there is one hash. */
function positionProblem(state: TeamState, { body: { position } }: TeamEntry): string | null {
  const last = state.position;
  if (position.seq < last.seq) return 'An entry is placed before the entry that it follows.';
  if (position.seq === last.seq && position.feedHash !== last.feedHash) {
    return 'Two entries at one place of the feed name different feeds.';
  }
  return null;
}

/** The account's state at `head`, if the entry's first signature is by one of its active devices there. */
function signedByAccount(
  tools: TeamTools,
  entry: TeamEntry,
  account: AccountId,
  head: LogHead,
): LogResult<AccountState> {
  const state = tools.accountAt(account, head);
  if (state === null) return fail('missingAccount', 'The account log of an author is not here in full.');
  const signer = entry.signatures[0]?.signer;
  const device = [...state.devices.keys()].find((id) => id === signer);
  const active = device === undefined ? null : activeDevice(state, device);
  if (active === null) return refuse('An entry is signed by a device that its account does not have there.');
  return isSignedBy(tools.verifiers, entry, 0, active.signPublic)
    ? succeed(state)
    : fail('badSignature', 'The signature of a team entry is wrong.');
}

/** Null: the author is no member, which only a `join` allows. */
function checkAuthor(tools: TeamTools, state: TeamState, entry: TeamEntry): LogResult<Member | null> {
  const { author, action } = entry.body;
  const expectedSignatures = action.type === 'join' ? 2 : 1;
  if (entry.signatures.length !== expectedSignatures) {
    return fail('badSignature', `A ${action.type} has ${expectedSignatures} signature(s).`);
  }
  const member = state.members.get(author);
  const isMember = member !== undefined && member.endedAt === null;
  if (action.type === 'join') {
    if (isMember) return refuse('Who joins is no member yet.');
    const account = signedByAccount(tools, entry, author, action.accountHead);
    return account.ok ? succeed(null) : account;
  }
  if (!isMember) return refuse('An entry is written by somebody who is no member.');
  const head = action.type === 'device' ? action.accountHead : member.accountHead;
  const account = signedByAccount(tools, entry, author, head);
  if (!account.ok) return account;
  if (!member.confirmed && action.type !== 'leave' && action.type !== 'device') {
    return refuse('A member who waits for confirmation writes nothing.');
  }
  return succeed(member);
}

function applyAction(tools: TeamTools, state: TeamState, entry: TeamEntry, author: Member | null): Folded {
  const { action } = entry.body;
  if (state.deletedAt !== null && action.type !== 'undelete') return refuse('The workspace is deleted.');
  if (action.type === 'join') return join(tools, state, entry, action);
  invariant(author !== null, 'only a join has an author who is no member');
  const least = leastRole(action);
  if (least !== null && !isAtLeast(author.role, least)) {
    return refuse(`A ${author.role} may not append ${action.type}: it takes ${least}.`);
  }
  return applyMemberAction({ tools, state, entry, author }, action);
}

function leastRole(action: TeamAction): Role | null {
  switch (action.type) {
    case 'create':
    case 'join':
    case 'leave':
    case 'device':
      return null;
    // An admin may give up its own role; whom else it may touch is checked there.
    case 'role':
    case 'invite':
    case 'close':
    case 'confirm':
    case 'remove':
    case 'rotate':
    case 'transfer':
    case 'token':
    case 'policy':
    case 'delete':
    case 'undelete':
    case 'rules':
      return LEAST_ROLE[action.type];
  }
}

interface Step {
  readonly tools: TeamTools;
  readonly state: TeamState;
  readonly entry: TeamEntry;
  readonly author: Member;
}

function applyMemberAction(step: Step, action: Exclude<TeamAction, JoinAction>): Folded {
  const { state, entry } = step;
  switch (action.type) {
    case 'create':
      return refuse('A workspace is created once.');
    case 'invite':
      return invite(step, action);
    case 'close':
      return close(state, action.invite);
    case 'confirm':
      return confirm(state, action.account);
    case 'role':
      return changeRole(step, action.account, action.role);
    case 'remove':
      return remove(step, action.account, action.rotation);
    case 'leave':
      return leave(step);
    case 'rotate':
      return rotate(state, action.rotation);
    case 'device':
      return moveAccountHead(step, action.accountHead);
    case 'transfer':
      return transfer(step, action.to);
    case 'token':
      return changeToken(step, action);
    case 'policy':
      return setPolicy(state, action.policy);
    case 'delete':
      return succeed({ ...state, deletedAt: entry.at });
    case 'undelete':
      return state.deletedAt === null
        ? refuse('The workspace is not deleted.')
        : succeed({ ...state, deletedAt: null });
    case 'rules':
      return action.rules === TEAM_RULES
        ? succeed(state)
        : fail('newerRules', 'This workspace is kept by newer rules: update Cuebook.');
  }
}

export const inviteIdOf = (
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  keys: { readonly signPublic: Uint8Array; readonly boxPublic: Uint8Array },
): InviteId => idFromBytes<InviteId>(labelledHash(primitives, 'inviteId', keys.signPublic, keys.boxPublic));

export const tokenIdOf = (primitives: Pick<VerifyPrimitives, 'sha256'>, boxPublic: Uint8Array): TokenId =>
  idFromBytes<TokenId>(labelledHash(primitives, 'tokenId', boxPublic));

function invite({ tools, state, entry, author }: Step, action: InviteAction): Folded {
  const problem = inviteProblem(state, author, entry.at, action);
  if (problem !== null) return refuse(problem);
  const id = inviteIdOf(tools.primitives, action);
  if (state.invites.has(id)) return refuse('An invite is made once.');
  const device = entry.signatures[0]?.signer;
  invariant(device !== undefined, 'the author of an entry has signed it');
  const made: Invite = {
    id,
    by: author.account,
    device,
    signPublic: action.signPublic,
    boxPublic: action.boxPublic,
    role: action.role,
    expiresAt: action.expiresAt,
    usesLeft: action.uses,
    epoch: action.epoch,
    boxHash: action.boxHash,
  };
  return succeed({ ...state, invites: new Map(state.invites).set(id, made) });
}

function inviteProblem(state: TeamState, author: Member, at: number, action: InviteAction): string | null {
  if (isAbove(action.role, author.role)) return 'Nobody invites to a role above their own.';
  if (state.kind === 'personal' && action.role !== 'owner') {
    return 'A personal workspace is shared with nobody but another account of its owner.';
  }
  if (action.uses < 1 || action.uses > MAX_INVITE_USES) return 'An invite has between 1 and 1000 uses.';
  if (isAtLeast(action.role, 'admin') && action.uses !== 1) return 'An admin or owner invite has one use.';
  if (action.expiresAt <= at) return 'An invite expires after it is made.';
  if (!isSoundX25519Key(action.boxPublic)) return 'Nothing could be sealed to the key of this invite.';
  if (action.epoch !== state.epoch || !equalBytes(action.commitment, state.commitment)) {
    return 'An invite names the current epoch.';
  }
  if (action.boxHash !== null && action.uses !== 1) return 'Only an invite of one use carries the key.';
  if (action.boxHash !== null && state.policy.confirmJoins)
    return 'Where joins are confirmed, no invite carries the key.';
  if (state.invites.size >= MAX_OPEN_INVITES) return 'There are too many open invites.';
  return null;
}

function close(state: TeamState, id: InviteId): Folded {
  if (!state.invites.has(id)) return refuse('Only an open invite can be closed.');
  return succeed({ ...state, invites: without(state.invites, id) });
}

function join(tools: TeamTools, state: TeamState, entry: TeamEntry, action: JoinAction): Folded {
  const open = state.invites.get(action.invite);
  if (open === undefined) return refuse('The invite is not open.');
  if (entry.signatures[1]?.signer !== open.id || !isSignedBy(tools.verifiers, entry, 1, open.signPublic)) {
    return fail('badSignature', 'A join is signed by the key of its invite.');
  }
  if (!equalBytes(action.workspace, idToBytes(state.id))) return refuse('A join is for another workspace.');
  if (entry.at > open.expiresAt) return refuse('The invite has expired.');
  if (membersNow(state).length >= MAX_MEMBERS) return refuse('The workspace is full.');
  const account = tools.accountAt(entry.body.author, action.accountHead);
  if (account === null) return fail('missingAccount', 'The account log of a joiner is not here in full.');
  const problem = joinBoxProblem(state, open, account, action);
  if (problem !== null) return refuse(problem);
  const member: Member = {
    account: account.id,
    role: open.role,
    accountHead: action.accountHead,
    generation: account.generation,
    joinedAt: entry.index,
    endedAt: null,
    confirmed: !state.policy.confirmJoins,
  };
  return succeed({
    ...state,
    members: state.members.with(account.id, member),
    invites: useOnce(state.invites, open),
  });
}

/** Who rejoins with an account log shorter than what was seen of it before would bring back revoked devices. */
function joinBoxProblem(
  state: TeamState,
  open: Invite,
  account: AccountState,
  action: JoinAction,
): string | null {
  const before = state.members.get(account.id);
  if (before !== undefined && before.accountHead.index > action.accountHead.index) {
    return 'A join names an older state of the account than is known.';
  }
  if (account.generationOwed) return 'A joiner has a current user key.';
  if (action.box === null) return null;
  const { recipient, generation } = action.box;
  if (open.boxHash === null || open.epoch !== state.epoch) return 'The invite carries no current key.';
  if (recipient.kind !== 'member' || recipient.id !== account.id || generation !== account.generation) {
    return 'A joiner seals the key to their own user key.';
  }
  return null;
}

function useOnce(invites: TeamState['invites'], used: Invite): TeamState['invites'] {
  if (used.usesLeft === 1) return without(invites, used.id);
  return new Map(invites).set(used.id, { ...used, usesLeft: used.usesLeft - 1 });
}

function confirm(state: TeamState, account: AccountId): Folded {
  const member = state.members.get(account);
  if (member === undefined || member.endedAt !== null || member.confirmed) {
    return refuse('Only somebody who waits can be confirmed.');
  }
  return succeed(withMember(state, { ...member, confirmed: true }));
}

/** Where joins are confirmed nobody has the key before; an invite made earlier that carries it would give it. */
function setPolicy(state: TeamState, policy: Policy): Folded {
  const invites = policy.confirmJoins
    ? new Map([...state.invites].filter(([, invite]) => invite.boxHash === null))
    : state.invites;
  return succeed({ ...state, policy, invites });
}

function changeRole({ state, author }: Step, account: AccountId, role: Role): Folded {
  const member = currentMember(state, account);
  if (member === null) return refuse('Only a member has a role.');
  if (member.role === role) return refuse('The member has that role already.');
  if (!mayChangeRole(author, member, role))
    return refuse('An admin changes viewers and editors, to at most admin.');
  if (isLastOwner(state, member)) return refuse('The last owner stays owner: transfer the workspace first.');
  const changed = withMember(state, { ...member, role });
  // Invites by somebody who has less to say now are no longer covered by anybody.
  return succeed(isAbove(member.role, role) ? withoutInvitesBy(changed, account) : changed);
}

function mayChangeRole(author: Member, member: Member, role: Role): boolean {
  if (author.role === 'owner') return true;
  if (author.account === member.account) return isAbove(author.role, role);
  return isAbove(author.role, member.role) && !isAbove(role, author.role);
}

function remove(step: Step, account: AccountId, rotation: Rotation): Folded {
  const { state, entry, author } = step;
  const member = state.members.get(account);
  if (member === undefined || member.endedAt !== null) return refuse('Only a member can be removed.');
  if (account === author.account) return refuse('Nobody removes themselves: they leave.');
  if (author.role !== 'owner' && !isAbove(author.role, member.role)) {
    return refuse('An admin removes viewers and editors.');
  }
  const left = withMember(state, { ...member, endedAt: entry.index });
  return rotate({ ...left, invites: new Map() }, rotation);
}

function leave({ state, entry, author }: Step): Folded {
  if (isLastOwner(state, author))
    return refuse('The last owner cannot leave: transfer or delete the workspace.');
  const left = withMember(state, { ...author, endedAt: entry.index });
  // Who still waited to be confirmed never had a key.
  const rotationOwed = state.rotationOwed || author.confirmed;
  return succeed({ ...withoutInvitesBy(left, author.account), rotationOwed });
}

/** Sealed to everybody who has a right to it, and to nobody else. */
function rotate(state: TeamState, rotation: Rotation): Folded {
  if (rotation.epoch !== state.epoch + 1) return refuse('Epochs are numbered in order.');
  const expected = keyRecipients(state);
  const named = rotation.boxes;
  const same =
    named.length === expected.length &&
    named.every((box, index) => sameRecipient(box.recipient, expected[index]) && hasGeneration(state, box));
  if (!same) return refuse('A new key is sealed to every member and token, and to nobody else.');
  return succeed({
    ...state,
    epoch: rotation.epoch,
    commitment: rotation.commitment,
    rotationOwed: false,
  });
}

/** Confirmed members and tokens that read, members first, each ordered by the bytes of their ids. */
export function keyRecipients(state: TeamState): readonly Recipient[] {
  const members = membersNow(state)
    .filter((member) => member.confirmed)
    .map((member) => member.account)
    .sort(compareIds);
  const tokens = [...state.tokens.values()]
    .filter((token) => token.reads)
    .map((token) => token.id)
    .sort(compareIds);
  return [
    ...members.map((id) => ({ kind: 'member', id }) as const),
    ...tokens.map((id) => ({ kind: 'token', id }) as const),
  ];
}

const sameRecipient = (left: Recipient, right: Recipient | undefined): boolean =>
  right !== undefined && left.kind === right.kind && left.id === right.id;

const hasGeneration = (state: TeamState, box: Rotation['boxes'][number]): boolean =>
  box.generation === (box.recipient.kind === 'member' ? state.members.get(box.recipient.id)?.generation : 0);

function moveAccountHead({ tools, state, author }: Step, head: LogHead): Folded {
  if (head.index <= author.accountHead.index) return refuse('An account log only grows.');
  const before = tools.accountAt(author.account, author.accountHead);
  const after = tools.accountAt(author.account, head);
  if (before === null || after === null) {
    return fail('missingAccount', 'The account log of a member is not here in full.');
  }
  // Else the next epoch's key would be sealed to a user key that the revoked device knows.
  if (after.generationOwed) return refuse('An account that revoked a device starts a new user key first.');
  const ended = endedBetween(before, after);
  const moved = withMember(state, { ...author, accountHead: head, generation: after.generation });
  if (ended.size === 0) return succeed(moved);
  // An invite that a stolen device made would outlive it.
  const invites = new Map([...state.invites].filter(([, invite]) => !ended.has(invite.device)));
  return succeed({ ...moved, invites, rotationOwed: state.rotationOwed || author.confirmed });
}

/** Devices and kits that had the user key and no longer have; also those that came and went in between. */
const endedBetween = (before: AccountState, after: AccountState): ReadonlySet<SignerId> =>
  new Set(
    [...after.devices.values()]
      .filter(({ revokedAt }) => revokedAt !== null && revokedAt > before.head.index)
      .map(({ id }) => id),
  );

function transfer({ state, author }: Step, to: AccountId): Folded {
  const receiver = currentMember(state, to);
  if (receiver === null || to === author.account)
    return refuse('A workspace is transferred to another member.');
  const given = withMember(state, { ...receiver, role: 'owner' });
  return succeed(withoutInvitesBy(withMember(given, { ...author, role: 'admin' }), author.account));
}

function changeToken({ tools, state }: Step, action: TokenAction): Folded {
  if (action.change === 'revoke') {
    const token = state.tokens.get(action.token);
    if (token === undefined) return refuse('Only a token that is there can be revoked.');
    const tokens = without(state.tokens, action.token);
    return succeed({ ...state, tokens, rotationOwed: state.rotationOwed || token.reads });
  }
  const id = tokenIdOf(tools.primitives, action.boxPublic);
  if (state.tokens.has(id)) return refuse('A token is made once.');
  if (!isSoundX25519Key(action.boxPublic)) return refuse('Nothing could be sealed to the key of this token.');
  if (state.tokens.size >= MAX_TOKENS) return refuse('There are too many tokens.');
  const token = {
    id,
    boxPublic: action.boxPublic,
    expiresAt: action.expiresAt,
    reads: action.boxHash !== null,
  };
  return succeed({ ...state, tokens: new Map(state.tokens).set(id, token) });
}

const isLastOwner = (state: TeamState, member: Member): boolean =>
  member.confirmed && member.role === 'owner' && ownerCount(state) === 1;

const withMember = (state: TeamState, member: Member): TeamState => ({
  ...state,
  members: state.members.with(member.account, member),
});

const withoutInvitesBy = (state: TeamState, account: AccountId): TeamState => ({
  ...state,
  invites: new Map([...state.invites].filter(([, invite]) => invite.by !== account)),
});

function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
