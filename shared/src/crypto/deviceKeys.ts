// The keys of one device, all derived from one 32-byte seed that never leaves it. The recovery kit is a device too.
//
//     Ed25519 seed  = HKDF-Expand(seed, context(deviceSign), 32)
//     X25519 secret = HKDF-Expand(seed, context(deviceBox), 32)
//     DeviceId      = SHA-256(context(deviceId) ‖ Ed25519 public ‖ X25519 public)

import { idFromBytes, type DeviceId } from '../encoding/ids.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { deriveKey, KEY_BYTES } from './derive.ts';
import { labelledHash } from './hash.ts';
import type { Ed25519Signer, VerifyPrimitives } from './primitives.ts';
import type { Suite } from './suite.ts';

export type DeviceSeed = Redacted<Uint8Array>;

/** What others know of a device. */
export interface DevicePublicKeys {
  readonly id: DeviceId;
  /** Ed25519, 32 bytes. */
  readonly signPublic: Uint8Array;
  /** X25519, 32 bytes. */
  readonly boxPublic: Uint8Array;
}

export interface DeviceKeys extends DevicePublicKeys {
  readonly sign: Ed25519Signer;
  readonly boxSecret: Redacted<Uint8Array>;
}

export const createDeviceSeed = (suite: Pick<Suite, 'random'>): DeviceSeed => redact(suite.random(KEY_BYTES));

export function deriveDeviceKeys(suite: Suite, seed: DeviceSeed): DeviceKeys {
  const signSeed = deriveKey(suite, reveal(seed), 'deviceSign');
  const boxSecret = deriveKey(suite, reveal(seed), 'deviceBox');
  const signPublic = suite.ed25519PublicKey(signSeed);
  const boxPublic = suite.hpke.publicKey(boxSecret);
  return {
    id: deviceIdOf(suite, signPublic, boxPublic),
    signPublic,
    boxPublic,
    sign: suite.ed25519Signer(signSeed),
    boxSecret: redact(boxSecret),
  };
}

/** Names a device by its keys: who swaps a key makes another device. */
export function deviceIdOf(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  signPublic: Uint8Array,
  boxPublic: Uint8Array,
): DeviceId {
  return idFromBytes<DeviceId>(labelledHash(primitives, 'deviceId', signPublic, boxPublic));
}
