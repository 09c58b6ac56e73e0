// The keys of this account and of its workspaces, opened from boxes. Whatever a box contains, only a key that a verified
// log commits to is taken; where there is none, that is reported, and whoever has the key seals it anew.

import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import {
  createGroupKeys,
  deriveStreamKey,
  type EpochKey,
  type GroupKeys,
  type StreamKey,
} from '../crypto/groupKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import type { WorkspaceId } from '../encoding/ids.ts';
import { openEpochKeys } from '../team/epochKeys.ts';
import { openUserKeys, type UserKeys } from '../team/userKeys.ts';
import { accountOf, workspaceOf, type ClientState } from './state.ts';

/** Secret: in memory, and on the disk only under the store key. */
export interface WorkspaceKeys {
  readonly epochs: ReadonlyMap<number, EpochKey>;
  readonly groupKeys: GroupKeys;
  readonly streamKey: StreamKey;
}

/** All generations of this account's user key that this device can open; null: none, another device must seal it. */
export async function openAccount(
  suite: Suite,
  state: ClientState,
  device: DeviceKeys,
): Promise<UserKeys | null> {
  const history = state.accounts.get(state.account);
  const account = accountOf(state, state.account);
  if (history === undefined || account === null) return null;
  const { entries } = history;
  const opened = await openUserKeys(suite, device, { state: account, entries }, state.userBoxes);
  return opened.ok ? opened.value : null;
}

/**
 * The keys of a workspace's epochs, as far as its boxes give them; null: not even the first, without which nothing of
 * the workspace can be read. Call it after boxes or team-log entries have come; then `retryMissingKeys` of the replica.
 */
export async function openWorkspace(
  suite: Suite,
  state: ClientState,
  id: WorkspaceId,
  userKeys: UserKeys,
): Promise<WorkspaceKeys | null> {
  const { team, boxes } = workspaceOf(state, id);
  const source = { workspace: id, account: state.account, userKeys, entries: team.entries, boxes };
  const opened = await openEpochKeys(suite, source);
  return opened.ok ? workspaceKeys(suite, id, opened.value) : null;
}

export function workspaceKeys(
  suite: Suite,
  id: WorkspaceId,
  epochs: ReadonlyMap<number, EpochKey>,
): WorkspaceKeys | null {
  const first = epochs.get(1);
  if (first === undefined) return null;
  return {
    epochs,
    groupKeys: createGroupKeys(suite, id, epochs),
    streamKey: deriveStreamKey(suite, id, first),
  };
}
