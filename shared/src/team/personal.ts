// A personal workspace, made offline, before any server: an account with one device and a recovery kit, its first user
// key, a workspace of its own, and the key of its first epoch. And the way back in, from what was stored.

import {
  createDeviceSeed,
  deriveDeviceKeys,
  type DeviceKeys,
  type DeviceSeed,
} from '../crypto/deviceKeys.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import { createKit, type RecoveryKit } from '../crypto/recoveryKit.ts';
import type { Suite } from '../crypto/suite.ts';
import type { AccountId, DeviceId, WorkspaceId } from '../encoding/ids.ts';
import { FEED_START } from '../record/feed.ts';
import type { LogHead } from '../record/header.ts';
import { invariant } from '../util/invariant.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { accountLog } from './accountEntry.ts';
import { activeDevice, foldAccountEntry, type AccountState, type FoldTools } from './accountFold.ts';
import {
  createEpochKey,
  epochCommitment,
  openEpochKeys,
  sealFirstEpochKey,
  type EpochBox,
  type EpochKeyProblem,
} from './epochKeys.ts';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  stateAt,
  type AccountHistory,
  type TeamHistory,
} from './history.ts';
import { following, type LogProblem } from './log.ts';
import { teamLog } from './teamEntry.ts';
import {
  openUserKeys,
  prepareGeneration,
  type StoredBox,
  type UserKeyProblem,
  type UserKeys,
} from './userKeys.ts';

/** An account's log and boxes, as they are stored; nothing in here is secret. */
export interface StoredAccount {
  readonly accountLog: readonly Uint8Array[];
  readonly userBoxes: readonly StoredBox<DeviceId>[];
}

/** A workspace's log and boxes, as they are stored; nothing in here is secret. */
export interface StoredWorkspace {
  readonly teamLog: readonly Uint8Array[];
  readonly epochBoxes: readonly EpochBox[];
}

export interface NewPersonalWorkspace extends StoredAccount, StoredWorkspace {
  readonly seed: DeviceSeed;
  readonly kit: RecoveryKit;
  readonly account: AccountId;
  readonly device: DeviceKeys;
  readonly workspace: WorkspaceId;
  readonly userKeys: UserKeys;
  readonly epochKeys: ReadonlyMap<number, EpochKey>;
  /** Head of the team log. */
  readonly teamHead: LogHead;
}

/** `now`: epoch milliseconds. `seed` and `kit` are made here unless given. Stores nothing. */
export async function createPersonalWorkspace(
  suite: Suite,
  given: { readonly now: number; readonly seed?: DeviceSeed; readonly kit?: RecoveryKit },
): Promise<NewPersonalWorkspace> {
  const seed = given.seed ?? createDeviceSeed(suite);
  const kit = given.kit ?? createKit(suite);
  const device = deriveDeviceKeys(suite, seed);
  const account = await createAccount(suite, device, kit, given.now);
  const workspace = await createWorkspace(suite, device, account, { kind: 'personal', now: given.now });
  return { seed, kit, device, ...account, account: account.state.id, ...workspace };
}

export interface NewAccount extends StoredAccount {
  readonly state: AccountState;
  readonly userKeys: UserKeys;
}

/** `create` and the first `generation`. */
export async function createAccount(
  suite: Suite,
  device: DeviceKeys,
  kit: RecoveryKit,
  now: number,
): Promise<NewAccount> {
  const signer = { id: device.id, sign: device.sign };
  const kitSigner = { id: kit.keys.id, sign: kit.keys.sign };
  const create = accountLog.compose(
    suite,
    { ...following(null), at: now, body: { type: 'create', device, kit: kit.keys } },
    [signer, kitSigner],
  );
  const tools = foldTools(suite);
  const created = sound(foldAccountEntry(tools, null, create));
  const { action, key, boxes } = await prepareGeneration(suite, created, new Map());
  const generation = accountLog.compose(suite, { ...following(created.head), at: now, body: action }, [
    signer,
  ]);
  return {
    accountLog: [create.bytes, generation.bytes],
    userBoxes: boxes,
    userKeys: new Map([[action.generation, key]]),
    state: sound(foldAccountEntry(tools, created, generation)),
  };
}

export interface NewWorkspace extends StoredWorkspace {
  readonly workspace: WorkspaceId;
  readonly epochKeys: ReadonlyMap<number, EpochKey>;
  readonly teamHead: LogHead;
}

/** The team log's `create`, with the key of epoch 1 sealed to the creator. */
export async function createWorkspace(
  suite: Suite,
  device: DeviceKeys,
  { state }: Pick<NewAccount, 'state'>,
  options: { readonly kind: 'personal' | 'team'; readonly now: number },
): Promise<NewWorkspace> {
  const userPublic = state.userPublics.get(state.generation);
  invariant(userPublic !== undefined, 'an account that creates a workspace has a user key');
  const nonce = suite.random(32);
  const key = createEpochKey(suite);
  const creator = { account: state.id, generation: state.generation, userPublic };
  const { named, stored } = await sealFirstEpochKey(suite, nonce, key, creator);
  const create = teamLog.compose(
    suite,
    {
      ...following(null),
      at: options.now,
      body: {
        author: state.id,
        position: FEED_START,
        action: {
          type: 'create',
          workspaceKind: options.kind,
          nonce,
          accountHead: state.head,
          commitment: epochCommitment(suite, key, 1),
          box: named,
        },
      },
    },
    [{ id: device.id, sign: device.sign }],
  );
  return {
    workspace: create.hash as string as WorkspaceId,
    teamLog: [create.bytes],
    epochBoxes: [stored],
    epochKeys: new Map([[1, key]]),
    teamHead: { index: 0, hash: create.hash },
  };
}

export interface OpenPersonalWorkspace {
  readonly account: AccountId;
  readonly device: DeviceKeys;
  readonly workspace: WorkspaceId;
  readonly userKeys: UserKeys;
  readonly epochKeys: ReadonlyMap<number, EpochKey>;
  readonly accountHistory: AccountHistory;
  readonly teamHistory: TeamHistory;
  readonly teamHead: LogHead;
}

/** `notThisAccount`: the keys given are no active device's of the stored account, nor its kit's. */
export type OpenWorkspaceProblem = LogProblem | UserKeyProblem | EpochKeyProblem | Problem<'notThisAccount'>;

/** Verifies both logs and opens all keys. `device`: of this device, or of the recovery kit. */
export async function openPersonalWorkspace(
  suite: Suite,
  device: DeviceKeys,
  stored: StoredAccount & StoredWorkspace,
): Promise<Result<OpenPersonalWorkspace, OpenWorkspaceProblem>> {
  const tools = foldTools(suite);
  const account = extendAccount(tools, EMPTY_HISTORY, stored.accountLog);
  if (!account.ok) return account;
  const state = latest(account.value);
  if (activeDevice(state, device.id) === null && state.kit !== device.id) {
    return fail('notThisAccount', 'These keys do not belong to the account of this library.');
  }
  const userKeys = await openUserKeys(
    suite,
    device,
    { state, entries: account.value.entries },
    stored.userBoxes,
  );
  if (!userKeys.ok) return userKeys;
  const accountAt = (id: AccountId, head: LogHead): AccountState | null =>
    id === state.id ? stateAt(account.value, head) : null;
  const team = extendTeam({ ...tools, accountAt }, EMPTY_HISTORY, stored.teamLog);
  if (!team.ok) return team;
  const { id: workspace, head: teamHead } = latest(team.value);
  const epochKeys = await openEpochKeys(suite, {
    workspace,
    account: state.id,
    userKeys: userKeys.value,
    entries: team.value.entries,
    boxes: stored.epochBoxes,
  });
  if (!epochKeys.ok) return epochKeys;
  return succeed({
    account: state.id,
    device,
    workspace,
    userKeys: userKeys.value,
    epochKeys: epochKeys.value,
    accountHistory: account.value,
    teamHistory: team.value,
    teamHead,
  });
}

const foldTools = (suite: Suite): FoldTools => ({ primitives: suite, verifiers: suite.verifiers });

/** What this file has just composed folds. */
function sound<T, P extends Problem<string>>(result: Result<T, P>): T {
  invariant(result.ok, 'an entry that was just composed is allowed');
  return result.value;
}
