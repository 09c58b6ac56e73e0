// The primitives in pure JavaScript, by the noble libraries: for a platform whose own are missing or wrong.

import { AES_GCM_TAG_BYTES, ED25519_BYTES } from './sizes.ts';
import { gcm } from '@noble/ciphers/aes.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { hasSoundForm, isPrimeOrderPoint } from './ed25519Rule.ts';
import type { AesGcmInput, CryptoPrimitives, Ed25519Verifier, HmacSha512 } from './primitives.ts';

export function createPurePrimitives(): CryptoPrimitives {
  return {
    random: randomBytes,
    sha256: (data) => sha256(data),
    sha512: (data) => sha512(data),
    hmacSha512(key): HmacSha512 {
      const keyed = hmac.create(sha512, key);
      return (data) => keyed.clone().update(data).digest();
    },
    aesGcmSeal: ({ key, nonce, associated }, plaintext) => gcm(key, nonce, associated).encrypt(plaintext),
    aesGcmOpen: openAesGcm,
    ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
    ed25519Signer: (seed) => (message) => ed25519.sign(message, seed),
    ed25519Verifier: createVerifier,
  };
}

function openAesGcm({ key, nonce, associated }: AesGcmInput, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < AES_GCM_TAG_BYTES) return null;
  try {
    return gcm(key, nonce, associated).decrypt(sealed);
  } catch {
    return null;
  }
}

function createVerifier(publicKey: Uint8Array): Ed25519Verifier | null {
  if (!isPrimeOrderPoint(publicKey)) return null;
  const key = publicKey.slice();
  return (message, signature) =>
    hasSoundForm(signature) &&
    // The equation alone would accept an R with a component of small order, which native implementations refuse.
    isPrimeOrderPoint(signature.subarray(0, ED25519_BYTES)) &&
    ed25519.verify(signature, message, key, { zip215: false });
}
