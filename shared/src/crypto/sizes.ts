// Lengths in bytes that the algorithms themselves fix.

/** An Ed25519 public key or private key (seed). */
export const ED25519_BYTES = 32;
/** An Ed25519 signature. */
export const SIGNATURE_BYTES = 64;
/** An X25519 public or secret key. */
export const X25519_BYTES = 32;
/** The tag at the end of an AES-GCM ciphertext. */
export const AES_GCM_TAG_BYTES = 16;
