// What a store needs to be opened again with the recovery kit alone (its key, its device seed), sealed to the kit.

import { idToBytes, type AccountId } from '../encoding/ids.ts';
import type { Result } from '../util/result.ts';
import type { BoxPlace } from './box.ts';
import type { DeviceKeys, DevicePublicKeys } from './deviceKeys.ts';
import { openBox, type OpenSealedProblem } from './open.ts';
import { sealBox } from './seal.ts';
import type { Suite } from './suite.ts';

/** At most 64 KB; the caller gives its bytes a form of their own. */
export const sealKitBackup = (
  suite: Suite,
  kit: DevicePublicKeys,
  account: AccountId,
  bytes: Uint8Array,
): Promise<Uint8Array> => sealBox(suite, kit.boxPublic, placeOf(kit, account), bytes);

/** `wrongKey`: this is another kit than the one it was sealed to. */
export const openKitBackup = (
  suite: Suite,
  kit: DeviceKeys,
  account: AccountId,
  box: Uint8Array,
): Promise<Result<Uint8Array, OpenSealedProblem>> =>
  openBox(suite, kit.boxSecret, placeOf(kit, account), box);

const placeOf = (kit: DevicePublicKeys, account: AccountId): BoxPlace => ({
  purpose: 'kitBackup',
  place: idToBytes(account),
  epoch: 0,
  recipient: idToBytes(kit.id),
  generation: 0,
});
