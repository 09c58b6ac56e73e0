// Sealing to somebody's public key: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// ChaCha20Poly1305 — the suite of the RFC's appendix A.2, by the `hpke` library over noble's primitives.
// Rarely used (keys are sealed, never contents), so one implementation serves every platform.
//
// X25519 clamps its secret (RFC 7748, section 5), so any 32 bytes are one; a shared secret of zero is refused by the
// library, for every spelling of a point of small order. noble aims at code whose steps do not depend on secrets, but in
// JavaScript nobody can promise constant time: what an attacker could time is a few openings on the user's own machine.

import { X25519_BYTES } from './sizes.ts';
import { x25519 } from '@noble/curves/ed25519.js';
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from '@panva/hpke-noble';
import { CipherSuite } from 'hpke';
import { concatBytes } from '../util/bytes.ts';

export interface Hpke {
  /** X25519 public key of a 32-byte secret. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** Encapsulated key (32 bytes) ‖ ciphertext ‖ tag. Rejects if `recipient` is a point of small order. */
  seal(message: HpkeMessage & { readonly recipient: Uint8Array }): Promise<Uint8Array>;
  /** Null if it does not open. */
  open(message: HpkeMessage & { readonly secret: Uint8Array }): Promise<Uint8Array | null>;
}

export interface HpkeMessage {
  readonly info: Uint8Array;
  readonly associated: Uint8Array;
  /** Plaintext for `seal`, what `seal` returned for `open`. */
  readonly bytes: Uint8Array;
}

export function createHpke(random: (length: number) => Uint8Array): Hpke {
  const suite = new CipherSuite(() => kemDrawingFrom(random), KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);
  return {
    publicKey,

    async seal({ recipient, info, associated, bytes }) {
      const publicKey = await suite.DeserializePublicKey(recipient);
      const sealed = await suite.Seal(publicKey, bytes, { info, aad: associated });
      return concatBytes(sealed.encapsulatedSecret, sealed.ciphertext);
    },

    async open({ secret, info, associated, bytes }) {
      if (bytes.length < X25519_BYTES) return null;
      // As a pair: from the secret alone the library works the public key out, by way of tables.
      const key = {
        privateKey: await suite.DeserializePrivateKey(secret),
        publicKey: await suite.DeserializePublicKey(publicKey(secret)),
      };
      const encapsulated = bytes.slice(0, X25519_BYTES);
      try {
        return await suite.Open(key, encapsulated, bytes.slice(X25519_BYTES), {
          info,
          aad: associated,
        });
      } catch {
        return null;
      }
    },
  };
}

/**
 * By the ladder. `x25519.getPublicKey` first makes tables for which a library's opening would wait 80 ms: they pay only
 * after dozens of keys, and a session needs one or two.
 */
const publicKey = (secret: Uint8Array): Uint8Array => x25519.scalarMult(secret, x25519.GuBytes);

/** The library's KEM, with ephemeral keys from our own source of randomness: vectors and golden bytes need that. */
function kemDrawingFrom(
  random: (length: number) => Uint8Array,
): ReturnType<typeof KEM_DHKEM_X25519_HKDF_SHA256> {
  const kem = KEM_DHKEM_X25519_HKDF_SHA256();
  return {
    ...kem,
    GenerateKeyPair(extractable) {
      return this.DeriveKeyPair(random(X25519_BYTES), extractable);
    },
  };
}
