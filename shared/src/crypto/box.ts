// The bytes around what is sealed to somebody's X25519 key (kind `box`), and the words that bind it to one place: in
// one file, for seal.ts and open.ts.
//
//     box  = version ‖ kind ‖ HPKE encapsulated key (32) ‖ ciphertext and tag; associated data = version ‖ kind
//     info = context(boxInfo) ‖ purpose (1) ‖ place (32) ‖ epoch (4) ‖ recipient (32) ‖ generation (4)

import { FORMAT_VERSION, KINDS } from '../encoding/format.ts';
import { concatBytes } from '../util/bytes.ts';
import { labelledHash } from './hash.ts';
import { context } from './labels.ts';
import type { VerifyPrimitives } from './primitives.ts';

// The index is the number in the info: append only.
const PURPOSES = ['userKey', 'epochKey', 'firstEpochKey', 'inviteKey', 'tokenKey', 'kitBackup'] as const;

/**
 * `userKey`: an account's user key to one of its devices. `epochKey`: a workspace's to a member's user key;
 * `firstEpochKey`: the same at creation, when the workspace has no id yet and its nonce stands for it. `inviteKey`,
 * `tokenKey`: to an invite, to a machine token. `kitBackup`: what a store needs to be opened with the kit.
 */
export type BoxPurpose = (typeof PURPOSES)[number];

/** All that a box is bound to: opened anywhere else, it does not open. */
export interface BoxPlace {
  readonly purpose: BoxPurpose;
  /** 32 bytes: the workspace or account. */
  readonly place: Uint8Array;
  /** 0 where there is none. */
  readonly epoch: number;
  /** 32 bytes: the account, device, invite or token that it is for. */
  readonly recipient: Uint8Array;
  /** Of the recipient's user key; 0 where the recipient has none. */
  readonly generation: number;
}

export const BOX_PREFIX = Uint8Array.of(FORMAT_VERSION, KINDS.box);
/** What a box of this program may contain: keys, never contents. */
export const MAX_BOX_BYTES = 64 * 1024;

export function boxInfo(place: BoxPlace): Uint8Array {
  const numbers = new Uint8Array(8);
  const view = new DataView(numbers.buffer);
  view.setUint32(0, place.epoch);
  view.setUint32(4, place.generation);
  return concatBytes(
    context('boxInfo'),
    Uint8Array.of(PURPOSES.indexOf(place.purpose)),
    place.place,
    numbers.subarray(0, 4),
    place.recipient,
    numbers.subarray(4),
  );
}

/** What a log entry names a box by. */
export const boxHash = (primitives: Pick<VerifyPrimitives, 'sha256'>, box: Uint8Array): Uint8Array =>
  labelledHash(primitives, 'box', box);
