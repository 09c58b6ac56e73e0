// The accounts of this store and their workspaces: verified logs and boxes (the client engine's state), opened keys, and
// how each account is signed in. All of it lies sealed in the store; the library's own account can also be read from the
// logs that every library begins with.
//
// Promises: nothing is taken from the disk without its logs being verified again; keys that are kept are only those that
// the logs commit to, because only opened boxes are ever kept.

import { deriveDeviceKeys, type DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { EpochKey } from '@cuebook/shared/crypto/groupKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { workspaceKeys, type WorkspaceKeys } from '@cuebook/shared/client/keys';
import { decodeClient, encodeClient } from '@cuebook/shared/client/persisted';
import { newClient, newWorkspace, type ClientState } from '@cuebook/shared/client/state';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { EpochBox } from '@cuebook/shared/team/epochKeys';
import type { OpenPersonalWorkspace } from '@cuebook/shared/team/personal';
import type { StoredBox, UserKey, UserKeys } from '@cuebook/shared/team/userKeys';
import type { DeviceId } from '@cuebook/shared/encoding/ids';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { t } from '@vscode/l10n';
import { fail } from './libraryProblem.ts';
import type { LocalSeals, Place } from './localValues.ts';
import type { SqliteStore } from './sqliteStore.ts';

/** How an account is signed in. Sealed: holds tokens. */
export interface AccountSettings {
  readonly id: AccountId;
  /** Origin; null: on no server. */
  readonly server: string | null;
  readonly email: string | null;
  readonly displayName: string;
  readonly deviceName: string;
  /** Base64; null: the device of the store's own secret. */
  readonly deviceSeed: string | null;
  /** `signedOut`: there was a session. `deviceNeeded`: signed in, this device is not in the account yet. */
  readonly session: 'none' | 'signedOut' | 'deviceNeeded' | 'signedIn';
  readonly tokens: SessionTokens | null;
}

export interface SessionTokens {
  readonly session: string;
  readonly grade: 'signedIn' | 'deviceBound';
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  readonly refreshToken: string;
}

/** An account as it is at one moment. */
export interface LocalAccount {
  readonly settings: AccountSettings;
  readonly device: DeviceKeys;
  readonly client: ClientState;
  /** Empty on a device that is not in the account yet. */
  readonly userKeys: UserKeys;
  readonly workspaceKeys: ReadonlyMap<WorkspaceId, WorkspaceKeys>;
}

export interface AccountTools {
  readonly suite: Suite;
  readonly seals: LocalSeals;
  /** Of the store's secret. */
  readonly ownDevice: DeviceKeys;
}

const settingsPlace = (id: AccountId): Place => ({ purpose: 'account', row: id });
const clientPlace = (id: AccountId): Place => ({ purpose: 'client', row: id });
const keysPlace = (id: AccountId): Place => ({ purpose: 'keys', row: id });

export function deviceOf({ suite, ownDevice }: AccountTools, settings: AccountSettings): DeviceKeys {
  const { deviceSeed } = settings;
  if (deviceSeed === null) return ownDevice;
  return deriveDeviceKeys(suite, redact(new Uint8Array(Buffer.from(deviceSeed, 'base64'))));
}

/** The library's own account before it is on any server. */
export function ownAccount(
  tools: AccountTools,
  opened: OpenPersonalWorkspace,
  boxes: OwnBoxes,
): LocalAccount {
  const { account, device, workspace, userKeys, epochKeys, accountHistory, teamHistory } = opened;
  const client: ClientState = {
    ...newClient(account, device.id),
    accounts: new Map([[account, accountHistory]]),
    userBoxes: boxes.userBoxes,
    workspaces: new Map([
      [workspace, { ...newWorkspace(workspace), team: teamHistory, boxes: boxes.epochBoxes }],
    ]),
  };
  const keys = workspaceKeys(tools.suite, workspace, epochKeys) ?? fail('corrupt');
  return {
    settings: newSettings(account),
    device,
    client,
    userKeys,
    workspaceKeys: new Map([[workspace, keys]]),
  };
}

export interface OwnBoxes {
  readonly userBoxes: readonly StoredBox<DeviceId>[];
  readonly epochBoxes: readonly EpochBox[];
}

export const newSettings = (id: AccountId): AccountSettings => ({
  id,
  server: null,
  email: null,
  displayName: '',
  deviceName: '',
  deviceSeed: null,
  session: 'none',
  tokens: null,
});

/** Accounts that the store has beyond what it began with, and its own once that was changed. */
export function storedAccounts(store: SqliteStore): readonly AccountId[] {
  return store.blobIds('client') as AccountId[];
}

/** Null if the store has nothing of this account. Fails as `corrupt` if it does not open or verify. */
export function readAccount(tools: AccountTools, store: SqliteStore, id: AccountId): LocalAccount | null {
  const sealed = store.blob('client', id);
  if (sealed === null) return null;
  const { suite, seals } = tools;
  const bytes = seals.open(clientPlace(id), sealed) ?? fail('corrupt', damaged());
  const client = decodeClient(suite, bytes);
  if (!client.ok) return fail(client.problem.code === 'newerFormat' ? 'newerFormat' : 'corrupt', damaged());
  const settings = readSettings(tools, store, id);
  return {
    settings,
    device: deviceOf(tools, settings),
    client: client.value,
    ...readKeys(tools, store, id),
  };
}

const damaged = () => ({ message: t('What this library knows of an account and its teams is damaged.') });

export function readSettings({ seals }: AccountTools, store: SqliteStore, id: AccountId): AccountSettings {
  const settings = seals.openJson<AccountSettings>(settingsPlace(id), store.blob('account', id));
  return settings ?? newSettings(id);
}

/** Within a transaction. */
export function writeAccount(tools: AccountTools, store: SqliteStore, account: LocalAccount): void {
  const { id } = account.settings;
  writeSettings(tools, store, account.settings);
  writeClient(tools, store, account.client);
  store.setBlob('keys', id, tools.seals.sealJson(keysPlace(id), keysToJson(account)));
}

export function writeSettings({ seals }: AccountTools, store: SqliteStore, settings: AccountSettings): void {
  store.setBlob('account', settings.id, seals.sealJson(settingsPlace(settings.id), settings));
}

export function writeClient({ seals }: AccountTools, store: SqliteStore, client: ClientState): void {
  const id = client.account;
  store.setBlob('client', id, seals.seal(clientPlace(id), encodeClient(client)));
}

/** True if what `encodeClient` keeps is the same in both. */
export function isSameOnDisk(left: ClientState, right: ClientState): boolean {
  if (left.accounts !== right.accounts || left.userBoxes !== right.userBoxes) return false;
  if (left.alarms !== right.alarms || left.workspaces.size !== right.workspaces.size) return false;
  for (const [id, one] of left.workspaces) {
    const other = right.workspaces.get(id);
    const isSame =
      other !== undefined &&
      one.team === other.team &&
      one.pin === other.pin &&
      one.incarnation === other.incarnation &&
      one.isRestored === other.isRestored &&
      one.boxes === other.boxes &&
      (one.erased === other.erased || (one.erased.size === 0 && other.erased.size === 0));
    if (!isSame) return false;
  }
  return true;
}

interface StoredKeys {
  readonly user: readonly (readonly [generation: number, key: string])[];
  readonly workspaces: readonly (readonly [
    workspace: WorkspaceId,
    epochs: readonly (readonly [epoch: number, key: string])[],
  ])[];
}

function keysToJson({ userKeys, workspaceKeys: keys }: LocalAccount): StoredKeys {
  const text = ([number, key]: readonly [number, UserKey | EpochKey]): readonly [number, string] => [
    number,
    Buffer.from(reveal(key)).toString('base64'),
  ];
  return {
    user: [...userKeys].map(text),
    workspaces: [...keys].map(([id, { epochs }]) => [id, [...epochs].map(text)]),
  };
}

function readKeys(
  { suite, seals }: AccountTools,
  store: SqliteStore,
  id: AccountId,
): Pick<LocalAccount, 'userKeys' | 'workspaceKeys'> {
  const stored = seals.openJson<StoredKeys>(keysPlace(id), store.blob('keys', id));
  const key = ([number, text]: readonly [number, string]) =>
    [number, redact(new Uint8Array(Buffer.from(text, 'base64')))] as const;
  const keys = new Map<WorkspaceId, WorkspaceKeys>();
  for (const [workspace, epochs] of stored?.workspaces ?? []) {
    const opened = workspaceKeys(suite, workspace, new Map(epochs.map(key)));
    if (opened !== null) keys.set(workspace, opened);
  }
  return { userKeys: new Map((stored?.user ?? []).map(key)), workspaceKeys: keys };
}
