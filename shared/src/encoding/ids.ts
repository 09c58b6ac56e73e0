// The names of things. In memory they are text (lower-case base32 without padding, RFC 4648 section 6), so that they
// can be keys of maps, parts of addresses and columns of tables; on the wire they are the bytes themselves.
// Owns the conversions in both directions; a text of another form is never taken for an id.

import type { Result, Problem } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import { base32ToBytes, bytesToBase32 } from './base32.ts';

/** SHA-256 of the team log's `create` entry: 32 bytes, 52 characters. Never given by a server. */
export type WorkspaceId = string & { readonly __brand: 'WorkspaceId' };
/** SHA-256 of the account log's `create` entry: 32 bytes, 52 characters. Never given by a server. */
export type AccountId = string & { readonly __brand: 'AccountId' };
/** SHA-256 over a device's two public keys: 32 bytes, 52 characters. The recovery kit has one too. */
export type DeviceId = string & { readonly __brand: 'DeviceId' };
/** 16 random bytes, 26 characters: a prompt, a folder, or (all zero) what belongs to the whole workspace. */
export type GroupId = string & { readonly __brand: 'GroupId' };
/** 16 bytes, 26 characters, opaque to whoever has no key of the workspace (see record/streams.ts). */
export type StreamId = string & { readonly __brand: 'StreamId' };
/** SHA-256 over a record, 32 bytes, 52 characters (see record/header.ts). Changes when a record is sealed again. */
export type RecordId = string & { readonly __brand: 'RecordId' };
/** 16 random bytes, 26 characters, inside the sealed payload. Stays when a record is sealed again. */
export type RevisionId = string & { readonly __brand: 'RevisionId' };
/** 16 random bytes, 26 characters: one comment, or the thread it stands in. */
export type CommentId = string & { readonly __brand: 'CommentId' };
/** SHA-256 of an entry of a log: 32 bytes, 52 characters. */
export type EntryHash = string & { readonly __brand: 'EntryHash' };
/** The chained hash of a workspace's feed up to some Seq: 32 bytes, 52 characters (see record/feed.ts). */
export type FeedHash = string & { readonly __brand: 'FeedHash' };
/** SHA-256 over an invite's two public keys: 32 bytes, 52 characters. */
export type InviteId = string & { readonly __brand: 'InviteId' };
/** SHA-256 over a machine token's public key: 32 bytes, 52 characters. */
export type TokenId = string & { readonly __brand: 'TokenId' };

type ShortId = GroupId | StreamId | RevisionId | CommentId;
type LongId = WorkspaceId | AccountId | DeviceId | RecordId | EntryHash | FeedHash | InviteId | TokenId;
export type AnyId = ShortId | LongId;

export const SHORT_ID_BYTES = 16;
export const LONG_ID_BYTES = 32;
const SHORT_ID_CHARACTERS = 26;
const LONG_ID_CHARACTERS = 52;

/** The group of what belongs to the whole workspace: its name, its members' names. */
export const WORKSPACE_GROUP = 'a'.repeat(SHORT_ID_CHARACTERS) as GroupId;

/** For bytes that a codec has already measured; throws if they are not of an id's length. */
export function idFromBytes<Id extends AnyId>(bytes: Uint8Array): Id {
  if (bytes.length !== SHORT_ID_BYTES && bytes.length !== LONG_ID_BYTES) {
    throw new Error(`An id has ${SHORT_ID_BYTES} or ${LONG_ID_BYTES} bytes, not ${bytes.length}.`);
  }
  return bytesToBase32(bytes) as Id;
}

/** For ids of this program; throws if the text is not one, since then a conversion was forgotten at the edge. */
export function idToBytes(id: AnyId): Uint8Array {
  const bytes = base32ToBytes(id);
  if (bytes === null) throw new Error('Not an id.');
  return bytes;
}

/** For text from outside that should be an id of 16 bytes. */
export function parseShortId<Id extends ShortId>(text: string): Result<Id, Problem<'malformed'>> {
  return parseId<Id>(text, SHORT_ID_CHARACTERS);
}

/** For text from outside that should be an id of 32 bytes. */
export function parseLongId<Id extends LongId>(text: string): Result<Id, Problem<'malformed'>> {
  return parseId<Id>(text, LONG_ID_CHARACTERS);
}

function parseId<Id extends AnyId>(text: string, characters: number): Result<Id, Problem<'malformed'>> {
  if (text.length !== characters || base32ToBytes(text) === null) {
    return fail('malformed', `An id has ${characters} characters of a–z and 2–7.`);
  }
  return succeed(text as Id);
}

/** By the bytes of the ids, which their text does not order: digits come before letters in text, after them in value. */
export function compareIds(left: AnyId, right: AnyId): number {
  const [a, b] = [idToBytes(left), idToBytes(right)];
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
