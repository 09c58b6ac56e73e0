// What is left of a purged record: its header, the hash of its ciphertext and its signature. Enough to verify who wrote
// it and to compute its RecordId, so a feed with purged records can still be checked; nothing to open.
//
//     version ‖ kind ‖ header ‖ SHA-256(ciphertext) ‖ signature

import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import type { Ed25519Verifier, VerifyPrimitives } from '../crypto/primitives.ts';
import { checkPrefix, FORMAT_VERSION, KINDS, type DecodeProblem } from '../encoding/format.ts';
import type { RecordId } from '../encoding/ids.ts';
import { concatBytes } from '../util/bytes.ts';
import { fail, succeed, type Result } from '../util/result.ts';
import { measureHeader, readHeader, type ParsedRecord, type RecordHeader } from './header.ts';
import { MAX_RECORD_BYTES } from './limits.ts';
import { recordIdFrom, recordMessage } from './verify.ts';

type Sha256 = Pick<VerifyPrimitives, 'sha256'>;

const PREFIX_BYTES = 2;
const HASH_BYTES = 32;

export interface Tombstone {
  readonly id: RecordId;
  readonly header: RecordHeader;
  /** True if the device named in the header signed the record that was purged. */
  verify(device: Ed25519Verifier): boolean;
}

export function tombstoneOf(primitives: Sha256, record: ParsedRecord): Uint8Array {
  const prefix = Uint8Array.of(FORMAT_VERSION, KINDS.tombstone);
  return concatBytes(prefix, record.headerBytes, primitives.sha256(record.ciphertext), record.signature);
}

export function parseTombstone(primitives: Sha256, bytes: Uint8Array): Result<Tombstone, DecodeProblem> {
  const prefix = checkPrefix(bytes, 'tombstone', MAX_RECORD_BYTES);
  if (prefix !== null) return { ok: false, problem: prefix };
  const record = bytes.subarray(PREFIX_BYTES);
  const inner = checkPrefix(record, 'record', MAX_RECORD_BYTES);
  if (inner !== null) return { ok: false, problem: inner };
  const measured = measureHeader(record);
  if (!measured.ok) return measured;
  const headerEnd = measured.value;
  if (record.length !== headerEnd + HASH_BYTES + SIGNATURE_BYTES) {
    return fail('malformed', 'A tombstone has the wrong length.');
  }
  const header = record.subarray(0, headerEnd);
  const ciphertextHash = record.subarray(headerEnd, headerEnd + HASH_BYTES);
  const signature = record.subarray(headerEnd + HASH_BYTES);
  return succeed({
    id: recordIdFrom(primitives, { header, ciphertextHash, signature }),
    header: readHeader(record),
    verify: (device) => device(recordMessage(header, ciphertextHash), signature),
  });
}
