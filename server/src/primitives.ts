// The platform's cryptography as the engine takes it (shared/src/crypto), with hashing in one call: a save takes three hashes,
// and an object for each of them costs as much again.

import * as nodeCrypto from 'node:crypto';
import { createNativePrimitives } from '@cuebook/shared/crypto/nativePrimitives';
import type { CryptoPrimitives } from '@cuebook/shared/crypto/primitives';

export function createServerPrimitives(): CryptoPrimitives {
  return {
    ...createNativePrimitives(nodeCrypto),
    sha256: (data) => {
      const digest = nodeCrypto.hash('sha256', data, 'buffer');
      return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
    },
  };
}
