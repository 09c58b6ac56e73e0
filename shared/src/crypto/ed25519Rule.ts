// The one rule about Ed25519 that holds on every implementation. RFC 8032 leaves open whether the verification equation
// is multiplied by the cofactor, and libraries differ: noble multiplies, OpenSSL and BoringSSL do not. They differ only
// where a key or an R has a component outside the prime-order subgroup, so such points are refused before any library
// is asked; what is left has one answer (docs/decisions/0011-one-ed25519-rule.md).

import { ED25519_BYTES, SIGNATURE_BYTES } from './sizes.ts';
import { ed25519 } from '@noble/curves/ed25519.js';

/** True for the canonical encoding of a point of the prime-order subgroup other than the identity. */
export function isPrimeOrderPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== ED25519_BYTES) return false;
  try {
    const point = ed25519.Point.fromBytes(encoded, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

// L = 2^252 + 27742317777372353535851937790883648493, the order of the subgroup, least significant byte first.
const ORDER = Uint8Array.of(
  0xed,
  0xd3,
  0xf5,
  0x5c,
  0x1a,
  0x63,
  0x12,
  0x58,
  0xd6,
  0x9c,
  0xf7,
  0xa2,
  0xde,
  0xf9,
  0xde,
  0x14,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0x10,
);

/**
 * What both implementations check of a signature before the library does: its length, that R is not the identity
 * (which the equation allows, and no honest signer makes), and that S is below L (otherwise a second signature could be
 * made from it).
 */
export const hasSoundForm = (signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES && !startsWithIdentity(signature) && hasCanonicalS(signature);

/** The encoding of the identity: y = 1, x = 0. */
const startsWithIdentity = (signature: Uint8Array): boolean =>
  signature[0] === 1 && signature.subarray(1, ED25519_BYTES).every((byte) => byte === 0);

function hasCanonicalS(signature: Uint8Array): boolean {
  for (let index = ED25519_BYTES - 1; index >= 0; index -= 1) {
    const s = signature[ED25519_BYTES + index] ?? 0;
    const order = ORDER[index] ?? 0;
    if (s !== order) return s < order;
  }
  return false;
}
