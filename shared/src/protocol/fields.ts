// The fields that messages are made of. Each parses once, at the edge, into the type that the rest of the program uses.

import * as z from 'zod/mini';
import type {
  AccountId,
  DeviceId,
  EntryHash,
  FeedHash,
  GroupId,
  InviteId,
  RecordId,
  StreamId,
  TokenId,
  WorkspaceId,
} from '../encoding/ids.ts';
import { MAX_EMAIL_CHARACTERS, MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from './limits.ts';

/** A type that JSON has no word for: only on sockets, whose messages are binary. */
export const bytes = (limit: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= limit, {
    error: `Must be bytes, at most ${limit}.`,
  });

export const bytesOf = (length: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length, {
    error: `Must be ${length} bytes.`,
  });

const idPattern = { short: /^[a-z2-7]{25}[aeimquy4]$/, long: /^[a-z2-7]{51}[aq]$/ };

const id = <Id extends string>(pattern: RegExp, what: string) =>
  z.custom<Id>((value) => typeof value === 'string' && pattern.test(value), { error: `Must be ${what}.` });

export const accountId = id<AccountId>(idPattern.long, 'an account id');
export const workspaceId = id<WorkspaceId>(idPattern.long, 'a workspace id');
export const deviceId = id<DeviceId>(idPattern.long, 'a device id');
export const recordId = id<RecordId>(idPattern.long, 'a record id');
export const entryHash = id<EntryHash>(idPattern.long, 'the hash of a log entry');
export const feedHash = id<FeedHash>(idPattern.long, 'a feed hash');
export const inviteId = id<InviteId>(idPattern.long, 'an invite id');
export const tokenId = id<TokenId>(idPattern.long, 'a token id');
export const groupId = id<GroupId>(idPattern.short, 'a group id');
export const streamId = id<StreamId>(idPattern.short, 'a stream id');

/** 128 random bits that name a row of the server's own: a session, a machine token, an approval, an incarnation. */
export const rowId = z.string().check(z.regex(/^[a-z2-7]{26}$/, 'Must be an id.'));

const wholeNumber = () => z.int().check(z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

export const count = wholeNumber();
/** Epoch milliseconds. */
export const time = wholeNumber();

export const logHead = z.object({
  index: z.int().check(z.minimum(0), z.maximum(0xffffffff)),
  hash: entryHash,
});
export const feedPosition = z.object({ seq: count, feedHash });

export const email = z
  .string()
  .check(z.trim(), z.toLowerCase(), z.maxLength(MAX_EMAIL_CHARACTERS), z.email('Must be an e-mail address.'));

export const newPassword = z
  .string()
  .check(
    z.minLength(MIN_PASSWORD_CHARACTERS, `A password has at least ${MIN_PASSWORD_CHARACTERS} characters.`),
    z.maxLength(MAX_PASSWORD_CHARACTERS, `A password has at most ${MAX_PASSWORD_CHARACTERS} characters.`),
  );

/** A password that is checked, not set: any length that was ever allowed. */
export const password = z.string().check(z.minLength(1), z.maxLength(MAX_PASSWORD_CHARACTERS));

/** A secret of the server's own making: prefix, 256 random bits, checksum (server/src/accounts/secrets.ts). */
export const secret = z.string().check(z.regex(/^cb_[a-z]+_[A-Za-z0-9_-]{20,120}$/, 'Must be a token.'));

/** Seven digits, or a recovery code; spaces and dashes are forgiven. */
export const oneTimeCode = z.string().check(z.trim(), z.minLength(6), z.maxLength(32));

/** What only its own server reads: a name for a machine token, a session. Never a name from sealed content. */
export const label = z.string().check(z.trim(), z.minLength(1), z.maxLength(100));
