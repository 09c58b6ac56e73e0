// Checks who wrote a record, and computes its name. Needs no key and opens nothing: the server uses exactly this.
//
//     signature = Ed25519(device, context(signRecord) ‖ header ‖ SHA-256(ciphertext))
//     RecordId  = SHA-256(context(recordId) ‖ header ‖ SHA-256(ciphertext) ‖ signature)
//
// Both go over the ciphertext's hash, so that a purged record, which keeps header, hash and signature, can still be
// verified and named (record/tombstone.ts).

import { idFromBytes, type RecordId } from '../encoding/ids.ts';
import { context } from '../crypto/labels.ts';
import { labelledHash } from '../crypto/hash.ts';
import type { Ed25519Verifier, VerifyPrimitives } from '../crypto/primitives.ts';
import { concatBytes } from '../util/bytes.ts';
import type { Signed } from '../crypto/verifiers.ts';
import type { ParsedRecord } from './header.ts';

type Sha256 = Pick<VerifyPrimitives, 'sha256'>;

/** True if the device's key signed exactly this header with exactly this ciphertext. */
export function verifyRecord(primitives: Sha256, record: ParsedRecord, device: Ed25519Verifier): boolean {
  const { message, signature } = signedIn(primitives, record);
  return device(message, signature);
}

export function recordIdOf(primitives: Sha256, record: ParsedRecord): RecordId {
  return recordIdFrom(primitives, {
    header: record.headerBytes,
    ciphertextHash: primitives.sha256(record.ciphertext),
    signature: record.signature,
  });
}

/** What a verifier of the device is asked. */
export const signedIn = (primitives: Sha256, record: ParsedRecord): Signed => ({
  message: recordMessage(record.headerBytes, primitives.sha256(record.ciphertext)),
  signature: record.signature,
});

/** What is signed. */
export const recordMessage = (header: Uint8Array, ciphertextHash: Uint8Array): Uint8Array =>
  concatBytes(context('signRecord'), header, ciphertextHash);

export function recordIdFrom(
  primitives: Sha256,
  parts: {
    readonly header: Uint8Array;
    readonly ciphertextHash: Uint8Array;
    readonly signature: Uint8Array;
  },
): RecordId {
  const hash = labelledHash(primitives, 'recordId', parts.header, parts.ciphertextHash, parts.signature);
  return idFromBytes<RecordId>(hash);
}
