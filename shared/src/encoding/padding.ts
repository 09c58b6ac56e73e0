// Hides how long a plaintext is: four bytes of length, the plaintext, then zeros up to a size that many lengths share.
// At least 1 KB; above, PADMÉ (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", 2019, section 4): at most 12 % larger, and only O(log log n) bits of the length are told.

import { fail, succeed, type Problem, type Result } from '../util/result.ts';

export const MIN_PADDED_BYTES = 1024;
const LENGTH_BYTES = 4;

/** The size to which `length` bytes are padded. */
export function padmeSize(length: number): number {
  if (length <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES;
  const exponent = Math.floor(Math.log2(length));
  const significantBits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - significantBits);
  return Math.ceil(length / step) * step;
}

export function pad(plaintext: Uint8Array): Uint8Array {
  const padded = new Uint8Array(padmeSize(plaintext.length + LENGTH_BYTES));
  new DataView(padded.buffer).setUint32(0, plaintext.length);
  padded.set(plaintext, LENGTH_BYTES);
  return padded;
}

/** A view into `padded`. Refuses another size than `pad` makes, and any byte of the filling that is not zero. */
export function unpad(padded: Uint8Array): Result<Uint8Array, Problem<'malformed'>> {
  if (padded.length < MIN_PADDED_BYTES) return fail('malformed', 'The padding is too short.');
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length || padmeSize(end) !== padded.length) {
    return fail('malformed', 'The padding does not fit the length.');
  }
  for (let index = end; index < padded.length; index += 1) {
    if (padded[index] !== 0) return fail('malformed', 'The padding is not empty.');
  }
  return succeed(padded.subarray(LENGTH_BYTES, end));
}
