// Who a store belongs to: the account, its device, the recovery kit and the personal workspace with its keys. Made once
// when a library is made, and opened again from what lies in the store and the one secret that does not.

import { deriveDeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import { sealKitBackup } from '@cuebook/shared/crypto/kitBackup';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { type AccountId, type DeviceId, parseLongId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import {
  createPersonalWorkspace,
  openPersonalWorkspace,
  type StoredAccount,
  type StoredWorkspace,
} from '@cuebook/shared/team/personal';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { t } from '@vscode/l10n';
import { type AccountTools, type LocalAccount, ownAccount, readAccount } from './accounts.ts';
import { fail } from './libraryProblem.ts';
import { createLocalSeals, type LocalSeals, type Place } from './localValues.ts';
import type { MetaKey, SqliteStore } from './sqliteStore.ts';
import { secretToBytes, type StoreSecret } from './storeSecret.ts';

export interface IdentityTools {
  readonly suite: Suite;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** All that opens and writes the content of a store. */
export interface Identity {
  /** The account that the library began with. */
  readonly account: AccountId;
  readonly own: LocalAccount;
  readonly accounts: AccountTools;
  readonly seals: LocalSeals;
}

/** All that a new store begins with. */
export interface NewIdentity {
  readonly storeId: string;
  readonly secret: StoreSecret;
  readonly stored: StoredAccount & StoredWorkspace;
  readonly account: AccountId;
  readonly workspace: WorkspaceId;
  readonly meta: readonly { readonly key: MetaKey; readonly value: Uint8Array }[];
}

const idBytes = 16;
const keyBytes = 32;
const checkPlace: Place = { purpose: 'check', row: '' };
const checkValue = 'cuebook';
export const kitCodePlace: Place = { purpose: 'kitCode', row: '' };

/** Makes keys, kit, account and workspace. Stores nothing. */
export async function createIdentity({ suite, now }: IdentityTools): Promise<NewIdentity> {
  const made = await createPersonalWorkspace(suite, { now: now() });
  const secret = { storeKey: suite.random(keyBytes), deviceSeed: reveal(made.seed) };
  const seals = createLocalSeals(suite, secret.storeKey);
  const { account, workspace, accountLog, userBoxes, teamLog, epochBoxes } = made;
  const storeId = bytesToBase32(suite.random(idBytes));
  return {
    storeId,
    secret,
    account,
    workspace,
    stored: { accountLog, userBoxes, teamLog, epochBoxes },
    meta: [
      { key: 'storeId', value: utf8(storeId) },
      { key: 'account', value: utf8(account) },
      { key: 'workspace', value: utf8(workspace) },
      { key: 'check', value: seals.seal(checkPlace, utf8(checkValue)) },
      { key: 'kitBox', value: await sealKitBackup(suite, made.kit.keys, account, secretToBytes(secret)) },
      { key: 'kitCode', value: seals.seal(kitCodePlace, utf8(reveal(made.kit.code))) },
    ],
  };
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** Within the transaction that makes the store. */
export function storeIdentity(store: SqliteStore, { account, workspace, stored, meta }: NewIdentity): void {
  for (const { key, value } of meta) store.setMeta(key, value);
  for (const [index, entry] of stored.accountLog.entries()) store.addLogEntry(account, index, entry);
  for (const [index, entry] of stored.teamLog.entries()) store.addLogEntry(workspace, index, entry);
  for (const [index, { recipient, bytes }] of stored.userBoxes.entries()) {
    store.addBox(account, `${recipient}.${index}`, bytes);
  }
  for (const { recipient, epoch, generation, bytes } of stored.epochBoxes) {
    store.addBox(workspace, `${recipient}.${epoch}.${generation}`, bytes);
  }
}

/** Null if this secret is not that of this store. Fails as `corrupt` if what is stored does not verify or open. */
export async function loadIdentity(
  { suite }: IdentityTools,
  store: SqliteStore,
  { storeKey, deviceSeed }: StoreSecret,
): Promise<Identity | null> {
  const seals = createLocalSeals(suite, storeKey);
  const check = store.meta('check') ?? fail('corrupt');
  if (seals.open(checkPlace, check) === null) return null;
  const device = deriveDeviceKeys(suite, redact(deviceSeed));
  const accounts: AccountTools = { suite, seals, ownDevice: device };
  const account = accountOf(store);
  const own = readAccount(accounts, store, account) ?? (await openFirst(accounts, store));
  return { account, own, accounts, seals };
}

/** The account as it was when the library was made. */
async function openFirst(tools: AccountTools, store: SqliteStore): Promise<LocalAccount> {
  const stored = storedIdentity(store);
  const opened = await openPersonalWorkspace(tools.suite, tools.ownDevice, stored);
  if (opened.ok) return ownAccount(tools, opened.value, stored);
  return opened.problem.code === 'newerFormat' || opened.problem.code === 'newerRules'
    ? fail('newerFormat')
    : fail('corrupt', {
        message: t("The library's account or keys are damaged: {0}", opened.problem.message),
      });
}

/** Names of logs are in the store; fails as `corrupt` if they are no ids. */
export function accountOf(store: SqliteStore): AccountId {
  const id = parseLongId<AccountId>(metaText(store, 'account'));
  return id.ok ? id.value : fail('corrupt');
}

function metaText(store: SqliteStore, key: MetaKey): string {
  return Buffer.from(store.meta(key) ?? fail('corrupt')).toString('utf8');
}

function storedIdentity(store: SqliteStore): StoredAccount & StoredWorkspace {
  const account = accountOf(store);
  const workspace = metaText(store, 'workspace');
  return {
    accountLog: store.logEntries(account),
    teamLog: store.logEntries(workspace),
    userBoxes: store
      .boxes(account)
      .map(({ name, bytes }) => ({ recipient: partOf(name, 0) as DeviceId, bytes })),
    epochBoxes: store.boxes(workspace).map(({ name, bytes }) => ({
      recipient: partOf(name, 0),
      epoch: Number(partOf(name, 1)),
      generation: Number(partOf(name, 2)),
      bytes,
    })),
  };
}

function partOf(name: string, index: number): string {
  return name.split('.')[index] ?? fail('corrupt');
}
