// How a record's own key is derived from its group's key: in one place, for seal.ts and open.ts.
//
//     key ‖ commitment = HKDF-Expand(group key, context(record) ‖ salt, 64)

import { context } from '../crypto/labels.ts';
import { concatBytes } from '../util/bytes.ts';

export const SALT_BYTES = 32;

/** Zero: every key seals one message only. */
export const RECORD_NONCE = new Uint8Array(12);

export const recordInfo = (salt: Uint8Array): Uint8Array => concatBytes(context('record'), salt);
