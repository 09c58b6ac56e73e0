// Hashes with a purpose. Owns the rule that nothing is hashed without saying what for.

import { concatBytes } from '../util/bytes.ts';
import { context, type Label } from './labels.ts';
import type { VerifyPrimitives } from './primitives.ts';

/** SHA-256(context ‖ parts). The parts of one label have fixed lengths, or are encodings that say their own. */
export function labelledHash(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  label: Label,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return primitives.sha256(concatBytes(context(label), ...parts));
}
