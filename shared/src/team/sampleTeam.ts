// For tests and the simulation: accounts and a team that are made, changed and looked into in a few words. Everything
// goes through the real formats, folds and boxes; nothing of a program uses this.

import { createDeviceSeed, deriveDeviceKeys, type DeviceKeys } from '../crypto/deviceKeys.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import { createKit, type RecoveryKit } from '../crypto/recoveryKit.ts';
import type { Suite } from '../crypto/suite.ts';
import { idToBytes, type AccountId, type DeviceId } from '../encoding/ids.ts';
import { FEED_START } from '../record/feed.ts';
import type { FeedPosition, LogHead } from '../record/header.ts';
import { invariant } from '../util/invariant.ts';
import { accountLog, type AccountAction } from './accountEntry.ts';
import type { AccountState, FoldTools } from './accountFold.ts';
import { openEpochKeys, sealEpochKey, type EpochBox } from './epochKeys.ts';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  stateAt,
  type AccountHistory,
  type TeamHistory,
} from './history.ts';
import {
  createInviteSecret,
  deriveInviteKeys,
  openInviteBox,
  sealToInvite,
  type InviteKeys,
} from './invite.ts';
import { following, type EntrySigner, type LogResult } from './log.ts';
import { createAccount, createWorkspace } from './personal.ts';
import type { Role } from './roles.ts';
import { prepareRotation } from './rotation.ts';
import { teamLog, type TeamAction } from './teamEntry.ts';
import type { TeamState, TeamTools } from './teamState.ts';
import { openUserKeys, prepareGeneration, sealUserKey, type StoredBox, type UserKeys } from './userKeys.ts';

export interface SampleAccount {
  readonly id: AccountId;
  readonly kit: RecoveryKit;
  /** All devices that it ever had, the first one first. */
  readonly devices: DeviceKeys[];
  userKeys: UserKeys;
  readonly boxes: StoredBox<DeviceId>[];
  history: AccountHistory;
}

export interface SampleInvite {
  readonly keys: InviteKeys;
  readonly action: Extract<TeamAction, { type: 'invite' }>;
  readonly box: Uint8Array | null;
}

/** All tests' times are counted from here. */
export const SAMPLE_TIME = 1_750_000_000_000;

export const signerOf = (device: DeviceKeys): EntrySigner => ({ id: device.id, sign: device.sign });

export async function createSampleAccount(suite: Suite): Promise<SampleAccount> {
  const device = deriveDeviceKeys(suite, createDeviceSeed(suite));
  const kit = createKit(suite);
  const made = await createAccount(suite, device, kit, SAMPLE_TIME);
  const history = unwrap(extendAccount(sampleTools(suite), EMPTY_HISTORY, made.accountLog));
  const boxes = [...made.userBoxes];
  return { id: made.state.id, kit, devices: [device], userKeys: made.userKeys, boxes, history };
}

export const sampleTools = (suite: Suite): FoldTools => ({
  primitives: suite,
  verifiers: suite.verifiers,
});

/** Appends to an account's log if that is allowed. */
export function appendToAccount(
  suite: Suite,
  account: SampleAccount,
  body: AccountAction,
  signers: readonly EntrySigner[],
  at = SAMPLE_TIME,
): LogResult<AccountState> {
  const head = latest(account.history).head;
  const entry = accountLog.compose(suite, { ...following(head), at, body }, signers);
  const extended = extendAccount(sampleTools(suite), account.history, [entry.bytes]);
  if (!extended.ok) return extended;
  account.history = extended.value;
  return { ok: true, value: latest(extended.value) };
}

/** One more device, approved by the first or by `by`. */
export async function addSampleDevice(
  suite: Suite,
  account: SampleAccount,
  by: DeviceKeys | undefined = account.devices[0],
): Promise<DeviceKeys> {
  const device = deriveDeviceKeys(suite, createDeviceSeed(suite));
  invariant(by !== undefined, 'an account has a device');
  unwrap(appendToAccount(suite, account, { type: 'add', device }, [signerOf(by), signerOf(device)]));
  account.devices.push(device);
  const state = latest(account.history);
  const key = account.userKeys.get(state.generation);
  invariant(key !== undefined, 'the first device has the user key');
  account.boxes.push(await sealUserKey(suite, state, key, device));
  return device;
}

/** Revoked with the kit, and a new user key for the others. */
export async function revokeSampleDevice(
  suite: Suite,
  account: SampleAccount,
  device: DeviceKeys,
): Promise<void> {
  const signers = [signerOf(account.kit.keys)];
  unwrap(appendToAccount(suite, account, { type: 'revoke', device: device.id }, signers));
  const next = await prepareGeneration(suite, latest(account.history), account.userKeys);
  unwrap(appendToAccount(suite, account, next.action, signers));
  account.userKeys = new Map(account.userKeys).set(next.action.generation, next.key);
  account.boxes.push(...next.boxes);
}

/** A workspace as everybody with the whole log sees it, with all boxes that were ever made. */
export class SampleTeam {
  readonly suite: Suite;
  readonly accounts = new Map<AccountId, SampleAccount>();
  readonly boxes: EpochBox[];
  readonly epochKeys: Map<number, EpochKey>;
  history: TeamHistory;
  /** Where in the feed the next entry stands. */
  position: FeedPosition = FEED_START;
  now = SAMPLE_TIME;

  private constructor(
    suite: Suite,
    history: TeamHistory,
    boxes: readonly EpochBox[],
    keys: ReadonlyMap<number, EpochKey>,
  ) {
    this.suite = suite;
    this.history = history;
    this.boxes = [...boxes];
    this.epochKeys = new Map(keys);
  }

  static async create(
    suite: Suite,
    owner: SampleAccount,
    kind: 'team' | 'personal' = 'team',
  ): Promise<SampleTeam> {
    const [device] = owner.devices;
    invariant(device !== undefined, 'an owner has a device');
    const state = latest(owner.history);
    const made = await createWorkspace(suite, device, { state }, { kind, now: SAMPLE_TIME });
    const accounts = new Map([[owner.id, owner]]);
    const history = unwrap(extendTeam(toolsOf(suite, accounts), EMPTY_HISTORY, made.teamLog));
    const team = new SampleTeam(suite, history, made.epochBoxes, made.epochKeys);
    team.accounts.set(owner.id, owner);
    return team;
  }

  get state(): TeamState {
    return latest(this.history);
  }

  get tools(): TeamTools {
    return toolsOf(this.suite, this.accounts);
  }

  readonly accountAt = (id: AccountId, head: LogHead): AccountState | null => {
    const account = this.accounts.get(id);
    return account === undefined ? null : stateAt(account.history, head);
  };

  /** The entry's bytes, whether or not it would be allowed. */
  compose(author: SampleAccount, action: TeamAction, signers?: readonly EntrySigner[]): Uint8Array {
    const [device] = author.devices;
    invariant(device !== undefined, 'an author has a device');
    return teamLog.compose(
      this.suite,
      {
        ...following(this.state.head),
        at: this.now,
        body: { author: author.id, position: this.position, action },
      },
      signers ?? [signerOf(device)],
    ).bytes;
  }

  /** Appends if that is allowed. */
  append(author: SampleAccount, action: TeamAction, signers?: readonly EntrySigner[]): LogResult<TeamState> {
    this.accounts.set(author.id, author);
    const extended = extendTeam(this.tools, this.history, [this.compose(author, action, signers)]);
    if (!extended.ok) return extended;
    this.history = extended.value;
    return { ok: true, value: this.state };
  }

  async invite(options: {
    readonly role: Role;
    readonly uses?: number;
    readonly withKey?: boolean;
  }): Promise<SampleInvite> {
    const keys = deriveInviteKeys(this.suite, createInviteSecret(this.suite));
    const uses = options.uses ?? 1;
    const { epoch, commitment, id } = this.state;
    const withKey = options.withKey ?? uses === 1;
    const sealed = withKey
      ? await sealToInvite(this.suite, keys, id, { number: epoch, key: this.epochKey(epoch) })
      : null;
    const { signPublic, boxPublic } = keys;
    const action = {
      type: 'invite',
      signPublic,
      boxPublic,
      role: options.role,
      expiresAt: this.now + 1000,
      uses,
      epoch,
      commitment,
      boxHash: sealed?.hash ?? null,
    } as const;
    return { keys, action, box: sealed?.box ?? null };
  }

  /** The `join` of somebody with an invite, and the box that they seal to themselves. */
  async join(joiner: SampleAccount, invite: SampleInvite): Promise<LogResult<TeamState>> {
    const [device] = joiner.devices;
    invariant(device !== undefined, 'a joiner has a device');
    this.accounts.set(joiner.id, joiner);
    const account = latest(joiner.history);
    const { id, epoch } = this.state;
    const box =
      invite.box === null || invite.action.epoch !== epoch ? null : await this.#sealToSelf(account, invite);
    const workspace = idToBytes(id);
    const action = {
      type: 'join',
      invite: invite.keys.id,
      workspace,
      accountHead: account.head,
      box,
    } as const;
    return this.append(joiner, action, [signerOf(device), invite.keys.signer]);
  }

  /** Somebody invited with this role, and joined. */
  async add(inviter: SampleAccount, joiner: SampleAccount, role: Role): Promise<void> {
    const invite = await this.invite({ role });
    unwrap(this.append(inviter, invite.action));
    unwrap(await this.join(joiner, invite));
  }

  async rotate(author: SampleAccount): Promise<LogResult<TeamState>> {
    const prepared = await prepareRotation(this.suite, this.state, this.accountAt, {
      previous: this.epochKey(this.state.epoch),
    });
    const appended = this.append(author, { type: 'rotate', rotation: prepared.rotation });
    if (appended.ok) this.#keep(prepared);
    return appended;
  }

  async remove(author: SampleAccount, account: AccountId): Promise<LogResult<TeamState>> {
    const prepared = await prepareRotation(this.suite, this.state, this.accountAt, {
      previous: this.epochKey(this.state.epoch),
      without: account,
    });
    const appended = this.append(author, { type: 'remove', account, rotation: prepared.rotation });
    if (appended.ok) this.#keep(prepared);
    return appended;
  }

  /** Seals the current key to a member who has no box: what any member online does. */
  async sealTo(account: SampleAccount): Promise<void> {
    const { id, epoch } = this.state;
    const state = latest(account.history);
    const userPublic = state.userPublics.get(state.generation);
    invariant(userPublic !== undefined, 'a member has a user key');
    const to = { account: account.id, generation: state.generation, userPublic };
    this.boxes.push((await sealEpochKey(this.suite, id, epoch, this.epochKey(epoch), to)).stored);
  }

  /** The epochs whose keys a device of an account can open, given everything that is stored anywhere. */
  async epochsFor(account: SampleAccount, device: DeviceKeys): Promise<readonly number[]> {
    const { history, boxes } = account;
    const state = latest(history);
    const userKeys = await openUserKeys(this.suite, device, { state, entries: history.entries }, boxes);
    if (!userKeys.ok) return [];
    return this.epochsWith(account.id, userKeys.value);
  }

  /** The same, for somebody who has kept some user keys. */
  async epochsWith(account: AccountId, userKeys: UserKeys): Promise<readonly number[]> {
    const keys = await openEpochKeys(this.suite, {
      workspace: this.state.id,
      account,
      userKeys,
      entries: this.history.entries,
      boxes: this.boxes,
    });
    return keys.ok ? [...keys.value.keys()].sort((left, right) => left - right) : [];
  }

  epochKey(epoch: number): EpochKey {
    const key = this.epochKeys.get(epoch);
    invariant(key !== undefined, 'the team has the key of each epoch');
    return key;
  }

  async #sealToSelf(
    account: AccountState,
    invite: SampleInvite,
  ): Promise<Extract<TeamAction, { type: 'join' }>['box']> {
    const { id, epoch, commitment } = this.state;
    invariant(invite.box !== null, 'the invite carries the key');
    const opened = await openInviteBox(
      this.suite,
      invite.keys,
      id,
      { number: epoch, commitment },
      invite.box,
    );
    const userPublic = account.userPublics.get(account.generation);
    invariant(opened.ok && userPublic !== undefined, 'an invite opens for whoever has its secret');
    const to = { account: account.id, generation: account.generation, userPublic };
    const { named, stored } = await sealEpochKey(this.suite, id, epoch, opened.value, to);
    this.boxes.push(stored);
    return named;
  }

  #keep(prepared: {
    readonly rotation: { readonly epoch: number };
    readonly key: EpochKey;
    readonly boxes: readonly EpochBox[];
  }): void {
    this.epochKeys.set(prepared.rotation.epoch, prepared.key);
    this.boxes.push(...prepared.boxes);
  }
}

function toolsOf(suite: Suite, accounts: ReadonlyMap<AccountId, SampleAccount>): TeamTools {
  const accountAt = (id: AccountId, head: LogHead): AccountState | null => {
    const account = accounts.get(id);
    return account === undefined ? null : stateAt(account.history, head);
  };
  return { ...sampleTools(suite), accountAt };
}

/** For what a test relies on and does not examine. */
export function unwrap<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly problem: { readonly message: string } },
): T {
  if (!result.ok) throw new Error(result.problem.message);
  return result.value;
}
