// The vocabulary of the team log: who is in a workspace, with what role, and which key it has. Every entry names its
// author and the place in the feed at which it was appended, so nothing can be put before it later.

import { ED25519_BYTES, X25519_BYTES } from '../crypto/sizes.ts';
import type { AccountId, FeedHash, InviteId, TokenId } from '../encoding/ids.ts';
import type { Reader } from '../encoding/reader.ts';
import type { Writer } from '../encoding/writer.ts';
import type { FeedPosition, LogHead } from '../record/header.ts';
import { LABEL_TAG_BYTES } from '../record/labelTag.ts';
import { SEALED_KEY_BYTES } from './accountEntry.ts';
import { defineLog, type LogEntry, type LogFormat } from './log.ts';
import { ROLES, type Role } from './roles.ts';

export interface TeamBody {
  /** Whose device gave the first signature. */
  readonly author: AccountId;
  /** The end of the feed when the entry was appended. */
  readonly position: FeedPosition;
  readonly action: TeamAction;
}

export type TeamAction =
  | CreateAction
  | InviteAction
  | { readonly type: 'close'; readonly invite: InviteId; readonly reason: CloseReason }
  | JoinAction
  /** Policy `confirmJoins`: from now on the member counts, and clients seal keys to them. */
  | { readonly type: 'confirm'; readonly account: AccountId }
  | { readonly type: 'role'; readonly account: AccountId; readonly role: Role }
  /** Closes all open invites and starts a new epoch without them. */
  | { readonly type: 'remove'; readonly account: AccountId; readonly rotation: Rotation }
  | { readonly type: 'leave' }
  | { readonly type: 'rotate'; readonly rotation: Rotation }
  /** "My account log is now here": precedes the first write of a new device, and ends those that were revoked. */
  | { readonly type: 'device'; readonly accountHead: LogHead }
  | { readonly type: 'transfer'; readonly to: AccountId }
  | TokenAction
  | { readonly type: 'policy'; readonly policy: Policy }
  /** For thirty days nothing but `undelete` may follow; then everything is purged. */
  | { readonly type: 'delete' }
  | { readonly type: 'undelete' }
  | { readonly type: 'rules'; readonly rules: number };

/** Its hash is the WorkspaceId. */
export interface CreateAction {
  readonly type: 'create';
  readonly workspaceKind: WorkspaceKind;
  /** 32 random bytes: no two workspaces are the same, and the first box is bound to it. */
  readonly nonce: Uint8Array;
  readonly accountHead: LogHead;
  /** Epoch 1. */
  readonly commitment: Uint8Array;
  readonly box: KeyBox;
}

export type WorkspaceKind = 'personal' | 'team';

export interface InviteAction {
  readonly type: 'invite';
  /** Public halves of the keys that the secret gives. */
  readonly signPublic: Uint8Array;
  readonly boxPublic: Uint8Array;
  readonly role: Role;
  /** Epoch milliseconds; judged by the joiner's claimed time and by honest servers. */
  readonly expiresAt: number;
  readonly uses: number;
  /** The epoch that was current, and the commitment to its key. */
  readonly epoch: number;
  readonly commitment: Uint8Array;
  /** Hash of the box with the epoch key, for an invite of one use that carries it; else null. */
  readonly boxHash: Uint8Array | null;
}

export type CloseReason = 'withdrawn' | 'expired';

/** Signed by the joiner's device, then by the invite's key. */
export interface JoinAction {
  readonly type: 'join';
  readonly invite: InviteId;
  /** The workspace as the invite named it: a join cannot be carried to another. */
  readonly workspace: Uint8Array;
  readonly accountHead: LogHead;
  /** The epoch key that came with the invite, sealed to the joiner's own user key; null if a member has to seal it. */
  readonly box: KeyBox | null;
}

export interface Rotation {
  readonly epoch: number;
  readonly commitment: Uint8Array;
  /** The key of the epoch before, sealed under the new one. */
  readonly previous: Uint8Array;
  /** One for each member who gets the key and each token, ordered by recipient. */
  readonly boxes: readonly KeyBox[];
}

/** Names a box that lies outside the log. */
export interface KeyBox {
  readonly recipient: Recipient;
  /** Of the member's user key; 0 for a token. */
  readonly generation: number;
  readonly hash: Uint8Array;
}

export type Recipient =
  | { readonly kind: 'member'; readonly id: AccountId }
  | { readonly kind: 'token'; readonly id: TokenId };

export type TokenAction =
  | {
      readonly type: 'token';
      readonly change: 'add';
      readonly boxPublic: Uint8Array;
      /** Epoch milliseconds; 0: none. */
      readonly expiresAt: number;
      /** Hash of the box with the current epoch key; null: the token reads no contents. */
      readonly boxHash: Uint8Array | null;
    }
  | { readonly type: 'token'; readonly change: 'revoke'; readonly token: TokenId };

export interface Policy {
  /** Members who join get keys only after an admin's client confirmed them. */
  readonly confirmJoins: boolean;
  /** The server lets in nobody without a second factor. */
  readonly requireMfa: boolean;
  /** Labels that only some may move, by tag (record/labelTag.ts): the log names nothing in clear. */
  readonly protectedLabels: readonly ProtectedLabel[];
}

export interface ProtectedLabel {
  /** 16 bytes. */
  readonly tag: Uint8Array;
  readonly least: Role;
}

export type TeamEntry = LogEntry<TeamBody>;

export const MAX_MEMBERS = 4096;
export const MAX_TOKENS = 1024;
export const MAX_PROTECTED_LABELS = 256;
export const MAX_TEAM_ENTRY_BYTES = 1024 * 1024;
const HASH_BYTES = 32;

// The index is the number on the wire: append only.
const TYPES: readonly TeamAction['type'][] = [
  'create',
  'invite',
  'close',
  'join',
  'role',
  'remove',
  'leave',
  'rotate',
  'device',
  'transfer',
  'token',
  'policy',
  'delete',
  'confirm',
  'undelete',
  'rules',
];
const WORKSPACE_KINDS: readonly WorkspaceKind[] = ['personal', 'team'];
const CLOSE_REASONS: readonly CloseReason[] = ['withdrawn', 'expired'];
const RECIPIENTS: readonly Recipient['kind'][] = ['member', 'token'];
const TOKEN_CHANGES: readonly TokenAction['change'][] = ['add', 'revoke'];

export const teamLog: LogFormat<TeamBody> = defineLog<TeamBody>({
  kind: 'teamEntry',
  signLabel: 'signTeamEntry',
  limit: MAX_TEAM_ENTRY_BYTES,
  writeBody(writer, { author, position, action }) {
    writer.id(author);
    writer.u53(position.seq);
    writer.id(position.feedHash);
    writer.oneOf(TYPES, action.type);
    writeAction(writer, action);
  },
  readBody(reader) {
    return {
      author: reader.longId<AccountId>(),
      position: { seq: reader.u53(), feedHash: reader.longId<FeedHash>() },
      action: readAction(reader, reader.oneOf(TYPES)),
    };
  },
});

function writeAction(writer: Writer, action: TeamAction): void {
  switch (action.type) {
    case 'create':
      return writeCreate(writer, action);
    case 'invite':
      return writeInvite(writer, action);
    case 'close':
      writer.id(action.invite);
      return writer.oneOf(CLOSE_REASONS, action.reason);
    case 'join':
      return writeJoin(writer, action);
    case 'confirm':
      return writer.id(action.account);
    case 'role':
      writer.id(action.account);
      return writer.oneOf(ROLES, action.role);
    case 'remove':
      writer.id(action.account);
      return writeRotation(writer, action.rotation);
    case 'rotate':
      return writeRotation(writer, action.rotation);
    case 'device':
      return writeHead(writer, action.accountHead);
    case 'transfer':
      return writer.id(action.to);
    case 'token':
      return writeToken(writer, action);
    case 'policy':
      return writePolicy(writer, action.policy);
    case 'rules':
      return writer.u16(action.rules);
    case 'leave':
    case 'delete':
    case 'undelete':
      return;
  }
}

function readAction(reader: Reader, type: TeamAction['type']): TeamAction {
  switch (type) {
    case 'create':
      return readCreate(reader);
    case 'invite':
      return readInvite(reader);
    case 'close':
      return { type, invite: reader.longId(), reason: reader.oneOf(CLOSE_REASONS) };
    case 'join':
      return readJoin(reader);
    case 'confirm':
      return { type, account: reader.longId() };
    case 'role':
      return { type, account: reader.longId(), role: reader.oneOf(ROLES) };
    case 'remove':
      return { type, account: reader.longId(), rotation: readRotation(reader) };
    case 'rotate':
      return { type, rotation: readRotation(reader) };
    case 'device':
      return { type, accountHead: readHead(reader) };
    case 'transfer':
      return { type, to: reader.longId() };
    case 'token':
      return readToken(reader);
    case 'policy':
      return { type, policy: readPolicy(reader) };
    case 'rules':
      return { type, rules: reader.u16() };
    case 'leave':
    case 'delete':
    case 'undelete':
      return { type };
  }
}

function writeCreate(writer: Writer, action: CreateAction): void {
  writer.oneOf(WORKSPACE_KINDS, action.workspaceKind);
  writer.bytes(action.nonce, HASH_BYTES);
  writeHead(writer, action.accountHead);
  writer.bytes(action.commitment, HASH_BYTES);
  writeBox(writer, action.box);
}

const readCreate = (reader: Reader): CreateAction => ({
  type: 'create',
  workspaceKind: reader.oneOf(WORKSPACE_KINDS),
  nonce: reader.bytes(HASH_BYTES),
  accountHead: readHead(reader),
  commitment: reader.bytes(HASH_BYTES),
  box: readBox(reader),
});

function writeInvite(writer: Writer, action: InviteAction): void {
  writer.bytes(action.signPublic, ED25519_BYTES);
  writer.bytes(action.boxPublic, X25519_BYTES);
  writer.oneOf(ROLES, action.role);
  writer.u53(action.expiresAt);
  writer.u16(action.uses);
  writer.u32(action.epoch);
  writer.bytes(action.commitment, HASH_BYTES);
  writer.optional(action.boxHash, (hash) => writer.bytes(hash, HASH_BYTES));
}

const readInvite = (reader: Reader): InviteAction => ({
  type: 'invite',
  signPublic: reader.bytes(ED25519_BYTES),
  boxPublic: reader.bytes(X25519_BYTES),
  role: reader.oneOf(ROLES),
  expiresAt: reader.u53(),
  uses: reader.u16(),
  epoch: reader.u32(),
  commitment: reader.bytes(HASH_BYTES),
  boxHash: reader.optional(() => reader.bytes(HASH_BYTES)),
});

function writeJoin(writer: Writer, action: JoinAction): void {
  writer.id(action.invite);
  writer.bytes(action.workspace, HASH_BYTES);
  writeHead(writer, action.accountHead);
  writer.optional(action.box, (box) => writeBox(writer, box));
}

const readJoin = (reader: Reader): JoinAction => ({
  type: 'join',
  invite: reader.longId(),
  workspace: reader.bytes(HASH_BYTES),
  accountHead: readHead(reader),
  box: reader.optional(() => readBox(reader)),
});

function writeRotation(writer: Writer, rotation: Rotation): void {
  writer.u32(rotation.epoch);
  writer.bytes(rotation.commitment, HASH_BYTES);
  writer.bytes(rotation.previous, SEALED_KEY_BYTES);
  writer.list(rotation.boxes, MAX_MEMBERS + MAX_TOKENS, (box) => writeBox(writer, box));
}

const readRotation = (reader: Reader): Rotation => ({
  epoch: reader.u32(),
  commitment: reader.bytes(HASH_BYTES),
  previous: reader.bytes(SEALED_KEY_BYTES),
  boxes: reader.list(MAX_MEMBERS + MAX_TOKENS, () => readBox(reader)),
});

function writeBox(writer: Writer, box: KeyBox): void {
  writer.oneOf(RECIPIENTS, box.recipient.kind);
  writer.id(box.recipient.id);
  writer.u32(box.generation);
  writer.bytes(box.hash, HASH_BYTES);
}

function readBox(reader: Reader): KeyBox {
  const kind = reader.oneOf(RECIPIENTS);
  const recipient: Recipient =
    kind === 'member' ? { kind, id: reader.longId<AccountId>() } : { kind, id: reader.longId<TokenId>() };
  return { recipient, generation: reader.u32(), hash: reader.bytes(HASH_BYTES) };
}

function writeToken(writer: Writer, action: TokenAction): void {
  writer.oneOf(TOKEN_CHANGES, action.change);
  if (action.change === 'revoke') return writer.id(action.token);
  writer.bytes(action.boxPublic, X25519_BYTES);
  writer.u53(action.expiresAt);
  writer.optional(action.boxHash, (hash) => writer.bytes(hash, HASH_BYTES));
}

function readToken(reader: Reader): TokenAction {
  const change = reader.oneOf(TOKEN_CHANGES);
  if (change === 'revoke') return { type: 'token', change, token: reader.longId() };
  return {
    type: 'token',
    change,
    boxPublic: reader.bytes(X25519_BYTES),
    expiresAt: reader.u53(),
    boxHash: reader.optional(() => reader.bytes(HASH_BYTES)),
  };
}

function writePolicy(writer: Writer, policy: Policy): void {
  writer.bool(policy.confirmJoins);
  writer.bool(policy.requireMfa);
  writer.list(policy.protectedLabels, MAX_PROTECTED_LABELS, ({ tag, least }) => {
    writer.bytes(tag, LABEL_TAG_BYTES);
    writer.oneOf(ROLES, least);
  });
}

const readPolicy = (reader: Reader): Policy => ({
  confirmJoins: reader.bool(),
  requireMfa: reader.bool(),
  protectedLabels: reader.list(MAX_PROTECTED_LABELS, () => ({
    tag: reader.bytes(LABEL_TAG_BYTES),
    least: reader.oneOf(ROLES),
  })),
});

function writeHead(writer: Writer, head: LogHead): void {
  writer.u32(head.index);
  writer.id(head.hash);
}

const readHead = (reader: Reader): LogHead => ({ index: reader.u32(), hash: reader.longId() });
