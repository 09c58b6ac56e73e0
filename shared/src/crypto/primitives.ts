// The port to cryptographic primitives. Two adapters fulfil it (purePrimitives.ts, nativePrimitives.ts); one contract
// suite runs over both. Every function takes whole byte strings and keeps none of them; all but `beside` are synchronous.

/** Checks one signature; never throws, whatever the bytes are. */
export interface Ed25519Verifier {
  (message: Uint8Array, signature: Uint8Array): boolean;
  /** The same answer, worked out beside this thread; rejects if the platform fails. Absent where it has no way to. */
  readonly beside?: (message: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}
/** 64 bytes. */
export type HmacSha512 = (data: Uint8Array) => Uint8Array;
export type Ed25519Signer = (message: Uint8Array) => Uint8Array;

/** What is needed to check, but neither to sign nor to open anything: all that a blind server uses. */
export interface VerifyPrimitives {
  readonly sha256: (data: Uint8Array) => Uint8Array;
  /**
   * Ed25519 (RFC 8032), one strict rule everywhere: the key is the canonical encoding of a point of the prime-order
   * subgroup (so not of small order), the signature's R as well, S < L. Null if the key itself breaks the rule.
   * Preparing a verifier costs more than one verification: keep it for as long as the key is in use.
   */
  readonly ed25519Verifier: (publicKey: Uint8Array) => Ed25519Verifier | null;
}

export interface CryptoPrimitives extends VerifyPrimitives {
  /** From the operating system's generator. */
  readonly random: (length: number) => Uint8Array;
  readonly sha512: (data: Uint8Array) => Uint8Array;
  /** HMAC-SHA-512 under one key. Preparing a key costs several times what using it does: keep what is used often. */
  readonly hmacSha512: (key: Uint8Array) => HmacSha512;
  /** AES-256-GCM with a 12-byte nonce; returns ciphertext ‖ 16-byte tag. */
  readonly aesGcmSeal: (input: AesGcmInput, plaintext: Uint8Array) => Uint8Array;
  /** `sealed` is ciphertext ‖ 16-byte tag. Null if it does not open; nothing of the plaintext is returned then. */
  readonly aesGcmOpen: (input: AesGcmInput, sealed: Uint8Array) => Uint8Array | null;
  /** `seed`: the 32-byte private key of RFC 8032. */
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array;
  /** Preparing a signer costs about one signature: keep it. */
  readonly ed25519Signer: (seed: Uint8Array) => Ed25519Signer;
}

export interface AesGcmInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Authenticated, not encrypted. May be empty. */
  readonly associated: Uint8Array;
}
