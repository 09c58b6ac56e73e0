// Verifiers that are kept: preparing one costs more than using it, and the same few devices sign everything.

import { bytesToBase32 } from '../encoding/base32.ts';
import type { Ed25519Verifier, VerifyPrimitives } from './primitives.ts';

export interface Verifiers {
  /** Null if the key breaks the rule of crypto/ed25519Rule.ts. */
  of(publicKey: Uint8Array): Ed25519Verifier | null;
}

/** As many as a large team has devices. Beyond that the oldest is dropped and prepared again when needed. */
const CAPACITY = 4096;

export function createVerifiers(primitives: Pick<VerifyPrimitives, 'ed25519Verifier'>): Verifiers {
  const kept = new Map<string, Ed25519Verifier | null>();
  return {
    of(publicKey) {
      const name = bytesToBase32(publicKey);
      const known = kept.get(name);
      if (known !== undefined) return known;
      if (kept.size >= CAPACITY) dropOldest(kept);
      const verifier = primitives.ed25519Verifier(publicKey);
      kept.set(name, verifier);
      return verifier;
    },
  };
}

function dropOldest(kept: Map<string, unknown>): void {
  for (const name of kept.keys()) {
    kept.delete(name);
    return;
  }
}
