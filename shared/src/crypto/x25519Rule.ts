// Which X25519 public keys may stand in a log. RFC 7748 takes every 32 bytes for a key; sealing then fails for the
// points of small order, and a box sealed to one of several spellings of a key opens for none but one. So a log that
// named such a key would stop whoever must seal to it: it is refused when it is written, by everybody alike.

import { bytesToHex } from '../util/bytes.ts';
import { X25519_BYTES } from './sizes.ts';

// The u-coordinates of all points of order 1, 2, 4 and 8 on the curve and its twist, canonical: 0, 1, p − 1 and the two
// of order 8 (RFC 7748, section 6.1; Bernstein, "Curve25519: new Diffie-Hellman speed records", 2006, section 3).
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
]);

/** True for the canonical encoding of a coordinate (below p = 2^255 − 19) that is not of a point of small order. */
export const isSoundX25519Key = (encoded: Uint8Array): boolean =>
  encoded.length === X25519_BYTES && isBelowPrime(encoded) && !SMALL_ORDER.has(bytesToHex(encoded));

/** Least significant byte first; p is `ed ff … ff 7f`. */
function isBelowPrime(encoded: Uint8Array): boolean {
  const last = encoded[X25519_BYTES - 1] ?? 0;
  if (last !== 0x7f) return last < 0x7f;
  return (encoded[0] ?? 0) < 0xed || encoded.subarray(1, X25519_BYTES - 1).some((byte) => byte !== 0xff);
}
