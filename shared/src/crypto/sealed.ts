// The bytes around what is sealed under a symmetric key (kinds `local` and `underKey`): in one place, for seal.ts and
// open.ts.
//
//     version ‖ kind ‖ salt (32) ‖ commitment (32) ‖ AES-256-GCM ciphertext and tag
//     key ‖ commitment = HKDF-Expand(key given, context ‖ salt, 64)
//     associated data  = version ‖ kind ‖ salt ‖ commitment ‖ what the caller binds it to
//
// One salt, one key, one message: the nonce is zero.

import { FORMAT_VERSION, KINDS } from '../encoding/format.ts';
import { ascii } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import type { Redacted } from '../util/redacted.ts';
import { context } from './labels.ts';

export const ZERO_NONCE = new Uint8Array(12);
export const SALT_BYTES = 32;
export const SEALED_HEADER_BYTES = 2 + SALT_BYTES + 32;

/** Under which key, for what, and bound to what something is sealed. The same to seal and to open. */
export interface LocalSeal {
  /** 32 uniformly random bytes. */
  readonly key: Redacted<Uint8Array>;
  /** ASCII, 1 to 64 characters, such as `draft`: one purpose's bytes never open as another's. */
  readonly purpose: string;
  /** Such as the row that it belongs to; empty if it belongs to none. */
  readonly associated?: Uint8Array;
}

/** Context of local data: label ‖ length of the purpose ‖ purpose. */
export function localContext(purpose: string): Uint8Array {
  const bytes = ascii(purpose);
  invariant(bytes.length > 0 && bytes.length <= 64, 'a purpose has 1 to 64 characters');
  return concatBytes(context('local'), Uint8Array.of(bytes.length), bytes);
}

export const sealedHeader = (
  kind: 'local' | 'underKey',
  salt: Uint8Array,
  commitment: Uint8Array,
): Uint8Array => concatBytes(Uint8Array.of(FORMAT_VERSION, KINDS[kind]), salt, commitment);
