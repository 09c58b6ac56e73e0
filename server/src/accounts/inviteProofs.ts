// Challenges for whoever holds an invite's key. They carry their own proof that this server made them, and when: nothing
// is stored for somebody who is nobody yet.
//
//     challenge = time (8 bytes) ‖ random (8) ‖ first 16 bytes of HMAC under the pepper

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { challengeMessage, CHALLENGE_BYTES } from '@cuebook/shared/crypto/challenge';
import { idToBytes } from '@cuebook/shared/encoding/ids';
import type { InviteProof, InviteProofs } from './api.ts';
import type { Ground } from './ground.ts';

const VALID_MS = 5 * 60 * 1000;
const STAMP_BYTES = 16;

export function createInviteProofs(
  ground: Pick<Ground, 'peppers' | 'primitives' | 'publicOrigin' | 'now'>,
): InviteProofs {
  const seal = (stamp: Uint8Array): Uint8Array =>
    ground.peppers
      .derive('invite-challenge', Buffer.from(stamp).toString('hex'))
      .subarray(0, CHALLENGE_BYTES - STAMP_BYTES);

  const isOurs = (challenge: Uint8Array): boolean => {
    if (challenge.length !== CHALLENGE_BYTES) return false;
    const stamp = challenge.subarray(0, STAMP_BYTES);
    if (!timingSafeEqual(challenge.subarray(STAMP_BYTES), seal(stamp))) return false;
    const age = ground.now() - Number(Buffer.from(stamp).readBigUInt64BE());
    return age >= 0 && age < VALID_MS;
  };

  return {
    challenge() {
      const now = ground.now();
      const stamp = Buffer.alloc(STAMP_BYTES, randomBytes(STAMP_BYTES));
      stamp.writeBigUInt64BE(BigInt(now));
      return { challenge: new Uint8Array([...stamp, ...seal(stamp)]), expiresAt: now + VALID_MS };
    },
    isProven({ invite, challenge, signature }: InviteProof, signPublic) {
      if (!isOurs(challenge)) return false;
      const message = challengeMessage({
        origin: ground.publicOrigin,
        challenge,
        session: idToBytes(invite),
      });
      return ground.primitives.ed25519Verifier(signPublic)?.(message, signature) === true;
    },
  };
}
