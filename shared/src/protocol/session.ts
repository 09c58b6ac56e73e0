// Signing in and out, and binding a session to a device.
//
//     signIn / finishOidc / account.create → signedIn → (challenge, bindDevice) → deviceBound → refresh … → signOut
//
// Signed in: the own account log, enrolling a device, credentials. Device-bound: everything else.

import * as z from 'zod/mini';
import { CHALLENGE_BYTES } from '../crypto/challenge.ts';
import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import { accountId, bytesOf, deviceId, email, oneTimeCode, password, rowId, secret, time } from './fields.ts';

/** The access token goes into `Authorization: Bearer`, or a socket's connection parameters as `token`. */
export const grant = z.object({
  session: rowId,
  account: accountId,
  grade: z.enum(['signedIn', 'deviceBound']),
  accessToken: secret,
  accessExpiresAt: time,
  /** Good once. Used again, the whole family ends: somebody has a copy. */
  refreshToken: secret,
});
export type Grant = z.infer<typeof grant>;

export const signInInput = z.object({ email, password, code: z.optional(oneTimeCode) });

export const signInAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('granted'), grant }),
  /** The password was right; ask for the code and send all three. */
  z.object({ kind: z.literal('codeNeeded') }),
  /** The provider knows the person, this server does not: `account.create` takes the ticket. */
  z.object({ kind: z.literal('accountNeeded'), ticket: secret, email }),
]);
export type SignInAnswer = z.infer<typeof signInAnswer>;

/** `uri`: back by VS Code's URI handler with `state` and `code`. `poll`: the page says "go back"; the client asks. */
export const startOidcInput = z.object({
  provider: z.string().check(z.maxLength(64)),
  /** SHA-256 of a verifier that only the client has, base64url: whoever has the returned link alone gets nothing. */
  codeChallenge: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  back: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('poll') }),
    z.object({ kind: z.literal('uri'), uri: z.string().check(z.maxLength(2048)) }),
  ]),
  /** True: links the provider's account to the session's own. */
  link: z.optional(z.boolean()),
});
export const startOidcAnswer = z.object({ url: z.url(), attempt: rowId, expiresAt: time });

export const finishOidcInput = z.object({
  attempt: rowId,
  codeVerifier: z.string().check(z.regex(/^[A-Za-z0-9_-]{43,128}$/)),
  /**
   * What came back by the browser: with the URI, or shown on the page and typed by the person. Without it whoever sends
   * somebody a link of their own attempt would get that person's session. Absent: only asks whether it is done.
   */
  returned: z.optional(z.string().check(z.trim(), z.maxLength(128))),
  code: z.optional(oneTimeCode),
});
export const finishOidcAnswer = z.discriminatedUnion('kind', [
  ...signInAnswer.def.options,
  z.object({ kind: z.literal('waiting') }),
  /** Done in the browser: ask the person for the code on the page, and send it as `returned`. */
  z.object({ kind: z.literal('returnNeeded') }),
  z.object({ kind: z.literal('linked') }),
]);
export type FinishOidcAnswer = z.infer<typeof finishOidcAnswer>;

export const challengeAnswer = z.object({
  challenge: bytesOf(CHALLENGE_BYTES),
  /** SHA-256 of the access token's text: the client checks it, and it goes into what is signed. */
  session: bytesOf(32),
  expiresAt: time,
});

export const bindDeviceInput = z.object({ device: deviceId, signature: bytesOf(SIGNATURE_BYTES) });

export const refreshInput = z.object({ refreshToken: secret });
/** Extends a live socket: its session goes on under the new access token. */
export const presentInput = z.object({ accessToken: secret });

export const sessionRow = z.object({
  session: rowId,
  grade: z.enum(['signedIn', 'deviceBound']),
  device: z.nullable(deviceId),
  createdAt: time,
  lastUsedAt: time,
  isThis: z.boolean(),
});
export type SessionRow = z.infer<typeof sessionRow>;
export const sessionsAnswer = z.readonly(z.array(sessionRow));
export const revokeSessionInput = z.object({ session: rowId });
