// Binding a session to a device: the device signs a challenge that names this server and this session, with the key that
// the account's verified log names. From then on the session may touch workspaces.

import { randomBytes } from 'node:crypto';
import { CHALLENGE_BYTES, challengeMessage } from '@cuebook/shared/crypto/challenge';
import type { DeviceId } from '@cuebook/shared/encoding/ids';
import type { Grant } from '@cuebook/shared/protocol/session';
import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import {
  deleteSessionTokens,
  endSessions,
  readSession,
  setChallenge,
  setSessionDevice,
  takeChallenge,
} from '../store/accountsSessions.ts';
import { recordEverywhere, type Ground } from './ground.ts';
import { grantTokens } from './grants.ts';

const CHALLENGE_MS = 5 * 60 * 1000;

export async function createChallenge(
  ground: Ground,
  caller: SessionCaller,
): Promise<{ readonly challenge: Uint8Array; readonly session: Uint8Array; readonly expiresAt: number }> {
  const challenge = new Uint8Array(randomBytes(CHALLENGE_BYTES));
  const expiresAt = ground.now() + CHALLENGE_MS;
  await setChallenge(ground.database.app, caller, challenge, expiresAt);
  return { challenge, session: caller.tokenHash, expiresAt };
}

export async function bindDevice(
  ground: Ground,
  caller: SessionCaller,
  proof: { readonly device: DeviceId; readonly signature: Uint8Array },
  origin: Origin,
): Promise<Grant> {
  const challenge = await takeChallenge(ground.database.app, caller, ground.now());
  if (challenge === null) throw new Refusal('ended', 'There is no challenge, or it has run out.');
  await requireSignature(ground, caller, proof, challenge);
  const grant = await ground.database.transact({ account: caller.account }, async (sql) => {
    const current = await readSession(sql, caller.account, caller.session);
    if (current === null) throw new Refusal('unauthenticated', 'The session has ended.');
    if (current.device !== null && current.device !== proof.device) {
      throw new Refusal('conflict', 'The session is bound to another device.');
    }
    await setSessionDevice(sql, caller, proof.device);
    await deleteSessionTokens(sql, caller.account, caller.session);
    return grantTokens(ground, sql, { account: caller.account, session: caller.session }, 'deviceBound');
  });
  await requireStillActive(ground, caller, proof.device);
  await recordEverywhere(ground, {
    what: 'session.deviceBound',
    account: caller.account,
    origin,
    details: { session: caller.session, device: proof.device },
  });
  return grant;
}

async function requireSignature(
  ground: Ground,
  caller: SessionCaller,
  proof: { readonly device: DeviceId; readonly signature: Uint8Array },
  challenge: Uint8Array,
): Promise<void> {
  const device = await ground.store.accountLogs.activeDevice(caller.account, proof.device);
  const verify = device === null ? null : ground.primitives.ed25519Verifier(device.signPublic);
  const message = challengeMessage({
    origin: ground.publicOrigin,
    challenge,
    session: caller.tokenHash,
  });
  if (verify === null || !verify(message, proof.signature)) {
    throw new Refusal('wrongCredentials', 'No device of this account has signed the challenge.');
  }
}

/** The device may have been revoked between the look and the binding: whichever came second ends the session. */
async function requireStillActive(ground: Ground, caller: SessionCaller, device: DeviceId): Promise<void> {
  if ((await ground.store.accountLogs.activeDevice(caller.account, device)) !== null) return;
  await ground.database.transact({ account: caller.account }, (sql) =>
    endSessions(sql, caller.account, { only: caller.session }),
  );
  throw new Refusal('unauthenticated', 'The device was revoked.');
}
