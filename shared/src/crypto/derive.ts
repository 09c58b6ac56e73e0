// Keys from keys. Only HKDF-Expand (RFC 5869 section 2.3, SHA-512) is used, since every input is already a uniform
// key, and only its first block: one derivation is one HMAC, which the opening of a record must afford.

import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { context, type Label } from './labels.ts';
import type { CryptoPrimitives, HmacSha512 } from './primitives.ts';

export const KEY_BYTES = 32;
const BLOCK_BYTES = 64;
const FIRST_BLOCK = Uint8Array.of(1);

/** HKDF-Expand(key, info, length), length ≤ 64: T(1) = HMAC(key, info ‖ 0x01), cut to `length`. */
export function hkdfExpand(key: HmacSha512, info: Uint8Array, length: number): Uint8Array {
  invariant(length > 0 && length <= BLOCK_BYTES, 'at most one block is expanded');
  const block = key(concatBytes(info, FIRST_BLOCK));
  return length === BLOCK_BYTES ? block : block.slice(0, length);
}

/** A 32-byte key for one purpose: HKDF-Expand(key, context ‖ parts, 32). The parts of one label have fixed lengths. */
export function deriveKey(
  primitives: Pick<CryptoPrimitives, 'hmacSha512'>,
  key: Uint8Array,
  label: Label,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return hkdfExpand(primitives.hmacSha512(key), concatBytes(context(label), ...parts), KEY_BYTES);
}

/** The key of one sealed message and the commitment to it, both from one expansion. */
export interface MessageKey {
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
}

/** HKDF-Expand(key, info, 64): first half the AES key, second half what commits to it. */
export function deriveMessageKey(key: HmacSha512, info: Uint8Array): MessageKey {
  const block = hkdfExpand(key, info, BLOCK_BYTES);
  return { key: block.subarray(0, KEY_BYTES), commitment: block.subarray(KEY_BYTES) };
}
