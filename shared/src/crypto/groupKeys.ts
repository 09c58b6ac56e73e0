// The keys that come from a workspace's epoch keys: one for each group and epoch, and the one that names streams.
//
//     group key  = HKDF-Expand(epoch key, context(group) ‖ workspace ‖ group, 32)
//     stream key = HKDF-Expand(key of epoch 1, context(streams) ‖ workspace, 32)

import { bytesToBase32 } from '../encoding/base32.ts';
import { idToBytes, type WorkspaceId } from '../encoding/ids.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { deriveKey } from './derive.ts';
import type { CryptoPrimitives, HmacSha512 } from './primitives.ts';

/** 32 random bytes of a workspace and epoch. */
export type EpochKey = Redacted<Uint8Array> & { readonly __key?: 'epoch' };
/** Ready for the derivations that every record needs. */
export type GroupKey = Redacted<HmacSha512> & { readonly __key?: 'group' };
export type StreamKey = Redacted<HmacSha512> & { readonly __key?: 'streams' };

export interface GroupKeys {
  /** Null if the key of that epoch is not here. Remembers what it derived. */
  keyOf(group: Uint8Array, epoch: number): GroupKey | null;
}

/** `epochKeys` may be a live map: keys of later epochs are found once they are in it. */
export function createGroupKeys(
  primitives: CryptoPrimitives,
  workspace: WorkspaceId,
  epochKeys: ReadonlyMap<number, EpochKey>,
): GroupKeys {
  const workspaceBytes = idToBytes(workspace);
  const derived = new Map<string, GroupKey>();
  return {
    keyOf(group, epoch) {
      const name = `${bytesToBase32(group)}${epoch}`;
      const known = derived.get(name);
      if (known !== undefined) return known;
      const epochKey = epochKeys.get(epoch);
      if (epochKey === undefined) return null;
      const bytes = deriveKey(primitives, reveal(epochKey), 'group', workspaceBytes, group);
      const key = redact(primitives.hmacSha512(bytes));
      derived.set(name, key);
      return key;
    },
  };
}

/** Names streams; from the first epoch's key, which every member has, so that a stream keeps its id through rotations. */
export function deriveStreamKey(
  primitives: CryptoPrimitives,
  workspace: WorkspaceId,
  firstEpochKey: EpochKey,
): StreamKey {
  const bytes = deriveKey(primitives, reveal(firstEpochKey), 'streams', idToBytes(workspace));
  return redact(primitives.hmacSha512(bytes));
}
