// Opens a record. Checks the commitment, the seal and with it the header, and the padding; not the signature, which
// record/verify.ts does, usually later and elsewhere.

import { unpad } from '../encoding/padding.ts';
import { deriveMessageKey } from '../crypto/derive.ts';
import type { GroupKey } from '../crypto/groupKeys.ts';
import type { CryptoPrimitives } from '../crypto/primitives.ts';
import { equalBytes } from '../util/bytes.ts';
import { reveal } from '../util/redacted.ts';
import { fail, type Problem, type Result } from '../util/result.ts';
import type { ParsedRecord } from './header.ts';
import { recordInfo, RECORD_NONCE } from './recordKey.ts';

/** `wrongKey`: sealed under another key. `altered`: header or ciphertext are not as sealed. `malformed`: padding. */
export type OpenProblem = Problem<'wrongKey' | 'altered' | 'malformed'>;

/** The encoded payload, to be read by record/payloadCodec.ts. */
export function openRecord(
  primitives: CryptoPrimitives,
  groupKey: GroupKey,
  record: ParsedRecord,
): Result<Uint8Array, OpenProblem> {
  const { key, commitment } = deriveMessageKey(reveal(groupKey), recordInfo(record.salt));
  if (!equalBytes(commitment, record.commitment)) {
    return fail('wrongKey', 'A record is sealed under another key than the one of its group and epoch.');
  }
  const input = { key, nonce: RECORD_NONCE, associated: record.headerBytes };
  const padded = primitives.aesGcmOpen(input, record.ciphertext);
  if (padded === null) return fail('altered', 'A record was altered after it was sealed.');
  return unpad(padded);
}
