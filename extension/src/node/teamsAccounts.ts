// Accounts and devices: signing up, in and out, and how a device comes into an account that is there already.

import { createDeviceSeed, deriveDeviceKeys, type DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import { challengeMessage } from '@cuebook/shared/crypto/challenge';
import { createKit, parseKit, type RecoveryKit } from '@cuebook/shared/crypto/recoveryKit';
import { type ClientState, newClient, newWorkspace, withWorkspace } from '@cuebook/shared/client/state';
import { composeAccountEntry } from '@cuebook/shared/client/entries';
import type { AccountId, DeviceId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Grant, SignInAnswer } from '@cuebook/shared/protocol/session';
import type { LogHead } from '@cuebook/shared/record/header';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import { type AccountState, activeDevice } from '@cuebook/shared/team/accountFold';
import { EMPTY_HISTORY, extendAccount, latest, type AccountHistory } from '@cuebook/shared/team/history';
import { following } from '@cuebook/shared/team/log';
import { compareWithPin } from '@cuebook/shared/team/pins';
import { createAccount } from '@cuebook/shared/team/personal';
import { openUserKeys, sealUserKey, type StoredBox, type UserKeys } from '@cuebook/shared/team/userKeys';
import { equalBytes } from '@cuebook/shared/util/bytes';
import { reveal } from '@cuebook/shared/util/redacted';
import { t } from '@vscode/l10n';
import type { RecoveryKit as ShownKit } from '../library/api.ts';
import { fields } from './libraryKit.ts';
import type {
  DeviceSummary,
  Revocation,
  ServerAddress,
  SignUp,
  SignedUp,
  SignInStep,
  TeamsCalls,
} from '../library/teams.ts';
import { type AccountSettings, type LocalAccount, newSettings } from './accounts.ts';
import { profileOf } from './profiles.ts';
import type { ServerCalls } from './serverCalls.ts';
import { tokensOf } from './serverConnection.ts';
import { ServerRefusal } from './serverSocket.ts';
import { parseAddress } from './serverWay.ts';
import {
  accountId,
  accountIn,
  checkOutcome,
  keepAccount,
  keepSettings,
  shownAccount,
  shownWorkspace,
  type TeamsContext,
} from './teamsContext.ts';
import { composeJoin, openInvite, proveInvite, type OpenedInvite, readInviteText } from './teamsInvites.ts';
import { admitToLibrary } from './libraryAdmission.ts';
import { done, failTeams } from './teamsProblem.ts';

type AccountCalls = Pick<
  TeamsCalls,
  | 'signUp'
  | 'signIn'
  | 'signOut'
  | 'enrolWithKit'
  | 'devices'
  | 'revokeDevice'
  | 'cancelAnnouncement'
  | 'resetPassword'
>;

const leastPassword = 12;

export function createAccountCalls(context: TeamsContext): AccountCalls {
  return {
    signUp: async (given) => done(await signUp(context, given)),

    signIn: async ({ server, email, password, code, deviceName }) => {
      const address = addressOf(server);
      const answer = await context.hub.asStranger(address, async (calls) => {
        const given = { email, password, ...(code !== undefined && { code }) };
        const step = await calls.ask('session.signIn', given);
        return signedIn(context, calls, { address, step, email, deviceName });
      });
      context.hub.reconnect();
      return done(answer);
    },

    signOut: async (id) => {
      const account = accountIn(context, id);
      if (account.settings.tokens !== null) await endSession(context, account);
      const settings = { ...account.settings, tokens: null, session: 'signedOut' } as const;
      keepSettings(context, { ...accountIn(context, id), settings });
      context.hub.refresh();
      return done(null);
    },

    enrolWithKit: async (id, code) => {
      const calls = await context.hub.callsOf(accountId(id));
      await enrolWithKit(context, calls, { account: accountIn(context, id), code });
      await admitToLibrary(context, accountId(id));
      context.hub.refresh();
      await context.hub.syncOf(accountId(id));
      return done(null);
    },

    devices: async (id) => done(devicesOf(context, accountIn(context, id))),

    revokeDevice: async (id, device, kit) => {
      const sync = await context.hub.syncOf(accountId(id));
      const { kit: kitId } = stateOf(accountIn(context, id));
      const revoke = { type: 'revoke', device: device } as const;
      const isOwn = (device as string) === accountIn(context, id).device.id;
      if (kit !== undefined) {
        const keys = kitKeys(context, kit);
        if (keys.id !== kitId) failTeams('kitOfOtherAccount');
        checkOutcome(
          await sync.appendAccount(async (author, state) =>
            composeAccountEntry({ ...author, device: keys }, state, revoke),
          ),
        );
        return done({ kind: 'revoked' });
      }
      if (isOwn) {
        checkOutcome(
          await sync.appendAccount(async (author, state) => composeAccountEntry(author, state, revoke)),
        );
        return done({ kind: 'revoked' });
      }
      const announce = { type: 'announce', intent: { kind: 'revoke', device: revoke.device } } as const;
      checkOutcome(
        await sync.appendAccount(async (author, state) => composeAccountEntry(author, state, announce)),
      );
      return done({ kind: 'announced', dueAt: context.now() + announcedMs });
    },

    cancelAnnouncement: async (id, index) => {
      const sync = await context.hub.syncOf(accountId(id));
      const cancel = { type: 'cancel', index } as const;
      checkOutcome(
        await sync.appendAccount(async (author, state) => composeAccountEntry(author, state, cancel)),
      );
      return done(null);
    },

    resetPassword: async ({ server, link, newPassword }) => {
      checkPassword(newPassword);
      const secret = linkSecret(link);
      await context.hub.asStranger(addressOf(server), async (calls) =>
        calls.ask('account.resetPassword', { secret, newPassword }),
      );
      return done(null);
    },
  };
}

const announcedMs = 7 * 86_400_000;

export function addressOf(server: string): ServerAddress {
  return parseAddress(server) ?? failTeams('addressInvalid');
}

export function checkPassword(password: string): void {
  if (password.length < leastPassword) failTeams('passwordTooShort');
}

function linkSecret(text: string): string {
  return /cb_link_[\w-]{20,120}/.exec(text)?.[0] ?? failTeams('linkEnded');
}

async function endSession({ hub }: TeamsContext, { settings }: LocalAccount): Promise<void> {
  try {
    const calls = await hub.callsOf(settings.id);
    await calls.ask('session.signOut');
  } catch {
    // Without a connection the session ends by itself; here it is forgotten in any case.
  }
}

// --- Signing up ---

/** An account on its way to a server. */
interface NewAccount {
  readonly local: LocalAccount;
  readonly entries: readonly Uint8Array[];
  readonly state: AccountState;
  readonly kit: RecoveryKit | null;
}

async function signUp(context: TeamsContext, given: SignUp): Promise<SignedUp> {
  const address = addressOf(given.server);
  if (given.credentials.kind === 'password') {
    checkPassword(given.credentials.password);
    if (!/^\S+@\S+$/.test(given.credentials.email.trim())) failTeams('emailInvalid');
  }
  const made = await newAccount(context, given);
  const invite = given.ground.kind === 'invite' ? readInviteText(given.ground.text) : null;
  const joined = await context.hub.asStranger(address, async (calls) => {
    const opened = invite === null ? null : await openInvite(context, calls, { address, invite });
    const grant = await createOnServer(context, calls, { given, made, address, opened });
    const account = publishedAccount(made, { given, address, grant, opened });
    keepAccount(context, account);
    await bindDevice(context, calls, { id: account.settings.id, address });
    return opened;
  });
  context.hub.refresh();
  const id = made.state.id;
  if (joined !== null) {
    const sync = await context.hub.syncOf(id);
    await sync.untilCaughtUp(joined.workspace);
  }
  return {
    account: shownAccount(id),
    kit: made.kit === null ? null : shownKit(context, made.kit, { account: id, address }),
    joined: joined === null ? null : shownWorkspace(joined.workspace),
  };
}

/** The library's own account if it is on no server yet, with its log as it is; else another one. */
async function newAccount(context: TeamsContext, { displayName, deviceName }: SignUp): Promise<NewAccount> {
  const [own] = context.accounts.all();
  if (own !== undefined && own.settings.server === null) {
    const entries = own.client.accounts.get(own.client.account)?.entries ?? [];
    const local = { ...own, settings: { ...own.settings, displayName, deviceName } };
    return { local, entries: entries.map(({ bytes }) => bytes), state: stateOf(own), kit: null };
  }
  const { suite, now } = context;
  const seed = createDeviceSeed(suite);
  const kit = createKit(suite);
  const device = deriveDeviceKeys(suite, seed);
  const made = await createAccount(suite, device, kit, now());
  const history = sound(
    extendAccount({ primitives: suite, verifiers: suite.verifiers }, EMPTY_HISTORY, made.accountLog),
  );
  const local: LocalAccount = {
    settings: {
      ...newSettings(made.state.id),
      displayName,
      deviceName,
      deviceSeed: Buffer.from(reveal(seed)).toString('base64'),
    },
    device,
    client: {
      ...newClient(made.state.id, device.id),
      accounts: new Map([[made.state.id, history]]),
      userBoxes: made.userBoxes,
    },
    userKeys: made.userKeys,
    workspaceKeys: new Map(),
  };
  return { local, entries: made.accountLog, state: made.state, kit };
}

interface Publishing {
  readonly given: SignUp;
  readonly address: ServerAddress;
  readonly made: NewAccount;
  readonly opened: OpenedInvite | null;
}

async function createOnServer(
  context: TeamsContext,
  calls: ServerCalls,
  { given, made, address, opened }: Publishing,
): Promise<Grant> {
  const { local, entries, state } = made;
  const boxes = local.client.userBoxes.map(({ recipient, bytes }) => ({
    device: recipient,
    generation: state.generation,
    box: bytes,
  }));
  const join = opened === null ? null : await composeJoin(context, opened, local);
  const ground = await groundOf(calls, { given, address, opened });
  try {
    const { grant } = await calls.ask('account.create', {
      ground,
      credentials: given.credentials,
      log: entries,
      boxes,
      ...(join !== null && { join }),
    });
    return grant;
  } catch (error) {
    if (error instanceof ServerRefusal && error.code === 'notAllowed') failTeams('registrationClosed');
    throw error;
  }
}

async function groundOf(calls: ServerCalls, { given, address, opened }: Omit<Publishing, 'made'>) {
  const { ground } = given;
  if (ground.kind === 'open') return { kind: 'open' } as const;
  if (ground.kind === 'link') return { kind: 'link', secret: linkSecret(ground.text) } as const;
  if (opened === null) throw new Error('an invite was opened before');
  const proof = await proveInvite(calls, { address, keys: opened.keys });
  return { kind: 'invite', workspace: opened.workspace, ...proof } as const;
}

function publishedAccount(
  { local }: NewAccount,
  {
    given,
    address,
    grant,
    opened,
  }: Pick<Publishing, 'given' | 'address' | 'opened'> & { readonly grant: Grant },
): LocalAccount {
  const { credentials } = given;
  const settings = {
    ...local.settings,
    server: address,
    email: credentials.kind === 'password' ? credentials.email.trim().toLowerCase() : null,
    // Until the device is bound nothing connects with it.
    session: 'none',
    tokens: tokensOf(grant),
  } as const;
  const client =
    opened === null ? local.client : withWorkspace(local.client, newWorkspace(opened.workspace, opened.pin));
  return { ...local, settings, client };
}

function shownKit(
  { now }: TeamsContext,
  kit: RecoveryKit,
  { account, address }: { readonly account: AccountId; readonly address: string },
): ShownKit {
  const code = reveal(kit.code);
  const sheet = [
    t('Cuebook recovery kit'),
    '',
    ...fields([
      [t('Code'), code],
      [t('Account'), account],
      [t('Server'), address],
      [t('Date'), new Date(now()).toISOString().slice(0, 10)],
    ]),
    '',
    t(
      'With this code and your sign-in a new computer comes into your account, and reads everything in its teams.',
    ),
    t('Without this sheet and without every computer of yours nobody can. Not even we.'),
    '',
  ].join('\n');
  return { code, sheet };
}

// --- Signing in ---

interface SigningIn {
  readonly address: ServerAddress;
  readonly step: SignInAnswer;
  readonly email: string | null;
  readonly deviceName: string;
}

export async function signedIn(
  context: TeamsContext,
  calls: ServerCalls,
  { address, step, email, deviceName }: SigningIn,
): Promise<SignInStep> {
  if (step.kind === 'codeNeeded') return step;
  if (step.kind === 'accountNeeded') return { kind: 'accountNeeded', ticket: step.ticket, email: step.email };
  const { grant } = step;
  const known = context.accounts.get(grant.account);
  if (known !== null && known.settings.server !== null && known.settings.server !== address) {
    failTeams('accountKnown');
  }
  const base = known ?? newDevice(context, grant.account, deviceName);
  const isMember = known !== null && isActive(known);
  const settings = {
    ...base.settings,
    server: address,
    email: email ?? base.settings.email,
    session: isMember ? 'none' : 'deviceNeeded',
    tokens: tokensOf(grant),
  } as const;
  keepAccount(context, { ...base, settings });
  if (isMember) await bindDevice(context, calls, { id: grant.account, address });
  return {
    kind: 'signedIn',
    account: shownAccount(grant.account),
    device: isMember ? 'ready' : 'needed',
  };
}

const isActive = (account: LocalAccount): boolean => {
  const state = account.client.accounts.get(account.client.account)?.states.at(-1);
  return state !== undefined && activeDevice(state, account.device.id) !== null;
};

/** This device for an account that it is not in yet. */
function newDevice({ suite }: TeamsContext, id: AccountId, deviceName: string): LocalAccount {
  const seed = createDeviceSeed(suite);
  const device = deriveDeviceKeys(suite, seed);
  const deviceSeed = Buffer.from(reveal(seed)).toString('base64');
  return {
    settings: { ...newSettings(id), deviceName, deviceSeed },
    device,
    client: newClient(id, device.id),
    userKeys: new Map(),
    workspaceKeys: new Map(),
  };
}

/** The session becomes one of this device: it signs what the server asks, naming the server that it is connected to. */
export async function bindDevice(
  context: TeamsContext,
  calls: ServerCalls,
  { id, address }: { readonly id: AccountId; readonly address: ServerAddress },
): Promise<void> {
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const { tokens } = account.settings;
  if (tokens === null) failTeams('signInNeeded');
  await calls.ask('session.present', { accessToken: tokens.accessToken });
  const { challenge, session } = await calls.ask('session.challenge');
  const own = context.suite.sha256(Buffer.from(tokens.accessToken, 'ascii'));
  // A challenge for another session than this one would let the server sign in as this device elsewhere.
  if (!equalBytes(session, own)) failTeams('serverFailed');
  const signature = account.device.sign(challengeMessage({ origin: address, challenge, session }));
  const grant = await bound(context, calls, { account, signature });
  const keep = (settings: Partial<AccountSettings>): void => {
    const current = context.accounts.get(id) ?? account;
    keepSettings(context, { ...current, settings: { ...current.settings, ...settings } });
  };
  // The old tokens are gone: the new ones are kept first. But nothing may sync before the server knows this socket by them.
  keep({ tokens: tokensOf(grant) });
  await calls.ask('session.present', { accessToken: grant.accessToken });
  keep({ session: 'signedIn' });
}

async function bound(
  context: TeamsContext,
  calls: ServerCalls,
  { account, signature }: { readonly account: LocalAccount; readonly signature: Uint8Array },
): Promise<Grant> {
  try {
    return await calls.ask('session.bindDevice', { device: account.device.id, signature });
  } catch (error) {
    const isRefused = error instanceof ServerRefusal && error.code === 'wrongCredentials';
    if (isRefused) await failIfRevoked(context, calls, account);
    throw error;
  }
}

/** The account's own log says whether this device was taken out of it, and by whom: what it says is kept. */
async function failIfRevoked(
  context: TeamsContext,
  calls: ServerCalls,
  account: LocalAccount,
): Promise<void> {
  const { id } = account.settings;
  const history = await readWholeLog(context, calls, id);
  if (compareWithPin(history.entries, stateOf(account).head).kind === 'forked') return;
  const revocation = revocationOf(account, history);
  if (revocation === null) return;
  const current = context.accounts.get(id) ?? account;
  keepAccount(context, {
    ...current,
    client: { ...current.client, accounts: new Map([...current.client.accounts, [id, history]]) },
    settings: { ...current.settings, session: 'signedOut', tokens: null },
  });
  failTeams('deviceRevoked', { message: revokedWords(revocation) });
}

/** How this device was taken out of its account; null if it was not, as far as is known here. */
export function revocationOf(
  { device, client, settings }: LocalAccount,
  history = client.accounts.get(settings.id),
): Revocation | null {
  const state = history?.states.at(-1);
  const index = state?.devices.get(device.id)?.revokedAt ?? null;
  const entry = index === null ? undefined : history?.entries[index];
  if (state === undefined || entry === undefined) return null;
  const signers = new Set<string>(entry.signatures.map(({ signer }) => signer));
  const isByKit = [...state.devices.values()].some(({ id, isKit }) => isKit && signers.has(id));
  const by = isByKit ? 'kit' : signers.has(device.id) ? 'itself' : 'otherDevice';
  return { at: entry.at, by };
}

function revokedWords({ at, by }: Revocation): string {
  const day = new Date(at).toLocaleString();
  switch (by) {
    case 'kit':
      return t('This device was taken out of your account on {0}, with the recovery kit.', day);
    case 'itself':
      return t('This device took itself out of your account on {0}.', day);
    case 'otherDevice':
      return t('This device was taken out of your account on {0}, by another device of yours.', day);
  }
}

// --- A device more ---

function kitKeys({ suite }: TeamsContext, code: string): DeviceKeys {
  const kit = parseKit(suite, code);
  return kit.ok ? kit.value.keys : failKit();
}

const failKit = (): never =>
  failTeams('kitOfOtherAccount', {
    code: 'kitInvalid',
    message: t('This is not a recovery kit code: letters are missing or mistyped.'),
    action: t('Compare it with your sheet and enter it again.'),
  });

interface Enrolling {
  readonly account: LocalAccount;
  readonly code: string;
}

/** The kit signs this device into the account and opens the user key for it. */
async function enrolWithKit(
  context: TeamsContext,
  calls: ServerCalls,
  { account, code }: Enrolling,
): Promise<void> {
  const { suite, now } = context;
  const kit = kitKeys(context, code);
  const history = await readWholeLog(context, calls, account.settings.id);
  const state = latest(history);
  if (state.kit !== kit.id) failTeams('kitOfOtherAccount');
  const boxes = await calls.ask('account.readBoxes', { device: kit.id });
  const sealed = boxes.map(({ device, box }) => ({ recipient: device, bytes: box }));
  const userKeys = await openUserKeys(suite, kit, { state, entries: history.entries }, sealed);
  if (!userKeys.ok) return failTeams('serverFailed');
  const { signPublic, boxPublic } = account.device;
  const add = accountLog.compose(
    suite,
    { ...following(state.head), at: now(), body: { type: 'add', device: { signPublic, boxPublic } } },
    [
      { id: kit.id, sign: kit.sign },
      { id: account.device.id, sign: account.device.sign },
    ],
  );
  await addDevice(context, calls, { account, history, entry: add.bytes, userKeys: userKeys.value });
}

/** The account's log as the server has it, verified, and the one of this account. */
export async function readWholeLog(
  { suite }: TeamsContext,
  calls: ServerCalls,
  id: AccountId,
): Promise<AccountHistory> {
  const tools = { primitives: suite, verifiers: suite.verifiers };
  let history: AccountHistory = EMPTY_HISTORY;
  for (;;) {
    const from = history.entries.length;
    const { entries, head } = await calls.ask('account.readLog', { from });
    history = sound(extendAccount(tools, history, entries));
    if (history.entries.length > head.index || entries.length === 0) break;
  }
  if (latest(history).id !== id) failTeams('serverFailed');
  return history;
}

interface AddedDevice {
  readonly account: LocalAccount;
  readonly history: AccountHistory;
  /** `add`, signed by both sides. */
  readonly entry: Uint8Array;
  readonly userKeys: UserKeys;
}

async function addDevice(
  context: TeamsContext,
  calls: ServerCalls,
  { account, history, entry, userKeys }: AddedDevice,
): Promise<void> {
  const { suite } = context;
  const extended = sound(extendAccount({ primitives: suite, verifiers: suite.verifiers }, history, [entry]));
  const state = latest(extended);
  const box = await sealedUserKey(context, state, userKeys, account.device);
  const { kind } = await calls.ask('account.appendLog', {
    expectedHead: latest(history).head,
    entries: [entry],
    boxes: [{ device: box.recipient, generation: state.generation, box: box.bytes }],
  });
  if (kind === 'behind') failTeams('changedMeanwhile');
  takeAccountOver(context, { account, history: extended, boxes: [box], userKeys });
  const address = account.settings.server;
  if (address !== null) {
    await bindDevice(context, calls, { id: account.settings.id, address: address as ServerAddress });
  }
}

export async function sealedUserKey(
  { suite }: TeamsContext,
  state: AccountState,
  userKeys: UserKeys,
  to: { readonly id: DeviceId; readonly boxPublic: Uint8Array },
): Promise<StoredBox<DeviceId>> {
  const key = userKeys.get(state.generation);
  if (key === undefined) return failTeams('serverFailed');
  return sealUserKey(suite, state, key, to);
}

/** From here on the account is used on this device. */
export function takeAccountOver(
  context: TeamsContext,
  {
    account,
    history,
    boxes,
    userKeys,
    pins = [],
  }: {
    readonly account: LocalAccount;
    readonly history: AccountHistory;
    /** This account's user key for this device. */
    readonly boxes: readonly StoredBox<DeviceId>[];
    readonly userKeys: UserKeys;
    readonly pins?: readonly { readonly workspace: WorkspaceId; readonly head: LogHead }[];
  },
): void {
  const base: ClientState = {
    ...newClient(account.settings.id, account.device.id),
    accounts: new Map([[account.settings.id, history]]),
    userBoxes: boxes,
  };
  let client = base;
  for (const { workspace, head } of pins) client = withWorkspace(client, newWorkspace(workspace, head));
  keepAccount(context, { ...account, client, userKeys });
}

export function stateOf(account: LocalAccount): AccountState {
  const history = account.client.accounts.get(account.client.account);
  return history === undefined ? failTeams('deviceNeeded') : latest(history);
}

function devicesOf({ sessions }: TeamsContext, account: LocalAccount): readonly DeviceSummary[] {
  const history = account.client.accounts.get(account.client.account);
  if (history === undefined) return [];
  const state = latest(history);
  // Each device writes its own name into the workspaces that it is in.
  const profiles = sessions.all().map((session) => profileOf(session, account.settings.id));
  const names = new Map(
    profiles.flatMap((profile) => profile?.devices.map(({ device, name }) => [device, name] as const) ?? []),
  );
  return [...state.devices.values()].map((device) => ({
    id: device.id,
    kind: device.isKit ? 'kit' : 'device',
    name: device.id === account.device.id ? account.settings.deviceName : (names.get(device.id) ?? ''),
    addedAt: history.entries[device.addedAt]?.at ?? 0,
    isThis: device.id === account.device.id,
    ended: activeDevice(state, device.id) === null && state.kit !== device.id,
  }));
}

function sound<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  return result.ok ? result.value : failTeams('serverFailed');
}
