// How a device proves to a server that it holds its key: it signs a challenge that names the server, so that what was
// signed for one server is worth nothing to another.
//
//     signature = Ed25519(device, context(signChallenge) ‖ length of origin (2) ‖ origin ‖ challenge (32) ‖ session (32))

import { textToUtf8 } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { context } from './labels.ts';

export const CHALLENGE_BYTES = 32;

export interface Challenge {
  /** The server's origin as the client connected to it, such as `https://cuebook.example.com`. */
  readonly origin: string;
  /** 32 random bytes from the server. */
  readonly challenge: Uint8Array;
  /** SHA-256 of the access token's text: a signature cannot be carried to another session. */
  readonly session: Uint8Array;
}

/** What the device signs and the server verifies. */
export function challengeMessage({ origin, challenge, session }: Challenge): Uint8Array {
  const name = textToUtf8(origin);
  invariant(name !== null && name.length <= 0xffff, 'an origin is short text');
  invariant(
    challenge.length === CHALLENGE_BYTES && session.length === 32,
    'challenge and session have 32 bytes',
  );
  const length = Uint8Array.of(name.length >> 8, name.length & 0xff);
  return concatBytes(context('signChallenge'), length, name, challenge, session);
}
