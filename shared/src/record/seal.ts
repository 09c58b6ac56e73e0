// Seals and signs a record. The group key comes from the workspace's epoch key (crypto/groupKeys.ts); each record has
// its own key, derived with its own salt, so the nonce is always zero: one key, one message.

import type { RecordId } from '../encoding/ids.ts';
import { pad } from '../encoding/padding.ts';
import { deriveMessageKey } from '../crypto/derive.ts';
import type { CryptoPrimitives, Ed25519Signer } from '../crypto/primitives.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { reveal } from '../util/redacted.ts';
import type { GroupKey } from '../crypto/groupKeys.ts';
import { encodeHeader, type RecordHeader } from './header.ts';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import { recordInfo, RECORD_NONCE, SALT_BYTES } from './recordKey.ts';
import { recordIdFrom, recordMessage } from './verify.ts';

/** What the author decides; salt and commitment are made here. */
export type RecordDraft = Omit<RecordHeader, 'salt' | 'commitment'>;

export interface SealedRecord {
  readonly id: RecordId;
  readonly bytes: Uint8Array;
  readonly header: RecordHeader;
}

/** `payload` is an encoded payload (record/payloadCodec.ts); `sign` is the signer of the device named in the draft. */
export function sealRecord(
  primitives: CryptoPrimitives,
  keys: { readonly group: GroupKey; readonly sign: Ed25519Signer },
  draft: RecordDraft,
  payload: Uint8Array,
): SealedRecord {
  invariant(payload.length <= MAX_PAYLOAD_BYTES, `a payload has at most ${MAX_PAYLOAD_BYTES} bytes`);
  const salt = primitives.random(SALT_BYTES);
  const { key, commitment } = deriveMessageKey(reveal(keys.group), recordInfo(salt));
  const header: RecordHeader = { ...draft, salt, commitment };
  const headerBytes = encodeHeader(header);
  const input = { key, nonce: RECORD_NONCE, associated: headerBytes };
  const ciphertext = primitives.aesGcmSeal(input, pad(payload));
  const ciphertextHash = primitives.sha256(ciphertext);
  const signature = keys.sign(recordMessage(headerBytes, ciphertextHash));
  const id = recordIdFrom(primitives, { header: headerBytes, ciphertextHash, signature });
  return { id, header, bytes: concatBytes(headerBytes, ciphertext, signature) };
}
