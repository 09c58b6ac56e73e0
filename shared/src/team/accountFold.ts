// Folds an account log into "which devices does this account have, and which user key". An entry that is not allowed is
// refused, and with it everything after: nobody ever sees a log that was bent in the middle.
//
// Who may append what (a signer is an active device or the kit; "kit" below includes "with whoever else"):
//
//     add          a device or the kit, and the new device
//     generation   a device or the kit
//     revoke       the device itself; the kit; two devices; or one device, seven days after it announced it
//     replaceKit   the kit; two devices; or one device, seven days after it announced it; and the new kit
//                  (a device that another device added is one of two only after seven days: else who steals one
//                  device makes the second)
//     announce     a device
//     cancel       another device than the one that announced, or the kit
//     rules        a device or the kit

import type { DevicePublicKeys } from '../crypto/deviceKeys.ts';
import { isSoundX25519Key } from '../crypto/x25519Rule.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { Verifiers } from '../crypto/verifiers.ts';
import { compareIds, type AccountId, type DeviceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { fail, succeed } from '../util/result.ts';
import {
  MAX_DEVICES,
  withId,
  type AccountAction,
  type AccountEntry,
  type GenerationAction,
  type Intent,
} from './accountEntry.ts';
import { chainProblem, headOf, isSignedBy, type LogResult } from './log.ts';

export interface AccountDevice extends DevicePublicKeys {
  readonly isKit: boolean;
  /** Index of the entry that added it. */
  readonly addedAt: number;
  /** Index of the entry that ended it, or null while it is active. */
  readonly revokedAt: number | null;
  /** Claimed time from which it counts as one of two devices that decide together; 0: from the start. */
  readonly countsFrom: number;
}

export interface Announcement {
  readonly by: DeviceId;
  readonly at: number;
  readonly intent: Intent;
}

/** What an account is after an entry of its log. A value: the state after each entry can be kept. */
export interface AccountState {
  readonly id: AccountId;
  readonly head: LogHead;
  /** All that ever were, so that old signatures can be judged. */
  readonly devices: ReadonlyMap<DeviceId, AccountDevice>;
  readonly kit: DeviceId;
  /** Of the user key; 0 before the first. */
  readonly generation: number;
  /** X25519 public keys of all generations, by number. */
  readonly userPublics: ReadonlyMap<number, Uint8Array>;
  /** A device was revoked or the kit replaced, and no new generation has been started since. */
  readonly generationOwed: boolean;
  /** Announced and neither done nor cancelled, by index of the entry. */
  readonly announcements: ReadonlyMap<number, Announcement>;
}

export interface FoldTools {
  readonly primitives: Pick<VerifyPrimitives, 'sha256'>;
  readonly verifiers: Verifiers;
}

export const ANNOUNCED_MS = 7 * 24 * 60 * 60 * 1000;
/**
 * The fold knows no time but what entries claim. A server that appends an entry to an account log that it has refuses
 * one whose claim is further than this from its own clock: that is what makes the seven days seven days.
 */
export const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;
/** The rules of this file. */
export const ACCOUNT_RULES = 1;

/** The device if it is active and no kit: only such a device writes records and team-log entries. */
export function activeDevice(state: AccountState, id: DeviceId): AccountDevice | null {
  const device = state.devices.get(id);
  return device === undefined || device.isKit || device.revokedAt !== null ? null : device;
}

/** Active devices and the kit: who gets the user key. Ordered by id. */
export const keyHolders = (state: AccountState): readonly AccountDevice[] =>
  [...state.devices.values()]
    .filter((device) => device.revokedAt === null)
    .sort((left, right) => compareIds(left.id, right.id));

/** The state after one more entry. `state` null for the first. */
export function foldAccountEntry(
  tools: FoldTools,
  state: AccountState | null,
  entry: AccountEntry,
): LogResult<AccountState> {
  const broken = chainProblem(state?.head ?? null, entry);
  if (broken !== null) return { ok: false, problem: broken };
  if (state === null) return createAccount(tools, entry);
  const signers = knownSigners(tools, state, entry);
  if (!signers.ok) return signers;
  const next = applyAction(tools, state, entry, signers.value);
  return next.ok ? succeed({ ...next.value, head: headOf(entry) }) : next;
}

function createAccount(tools: FoldTools, entry: AccountEntry): LogResult<AccountState> {
  const { body } = entry;
  if (body.type !== 'create') return fail('notAllowed', 'An account log begins with its creation.');
  const device = withId(tools.primitives, body.device);
  const kit = withId(tools.primitives, body.kit);
  if (device.id === kit.id) return fail('notAllowed', 'The first device and the kit have the same keys.');
  if (!isSoundX25519Key(device.boxPublic) || !isSoundX25519Key(kit.boxPublic)) return unsoundKey();
  if (entry.signatures.length !== 2)
    return fail('badSignature', 'Creation is signed by the device and the kit.');
  for (const [number, signer] of [device, kit].entries()) {
    const named = entry.signatures[number]?.signer === signer.id;
    if (!named || !isSignedBy(tools.verifiers, entry, number, signer.signPublic)) {
      return fail('badSignature', 'Creation is signed by the device and the kit.');
    }
  }
  return succeed({
    id: entry.hash as string as AccountId,
    head: headOf(entry),
    devices: new Map([
      [device.id, { ...device, isKit: false, addedAt: 0, revokedAt: null, countsFrom: 0 }],
      [kit.id, { ...kit, isKit: true, addedAt: 0, revokedAt: null, countsFrom: 0 }],
    ]),
    kit: kit.id,
    generation: 0,
    userPublics: new Map(),
    generationOwed: true,
    announcements: new Map(),
  });
}

/** Signers that are active devices or the kit, checked. A newly introduced device or kit signs last, and is extra. */
function knownSigners(
  tools: FoldTools,
  state: AccountState,
  entry: AccountEntry,
): LogResult<readonly AccountDevice[]> {
  const introduced = introducedKeys(tools, entry.body);
  const signers: AccountDevice[] = [];
  for (const [number, { signer }] of entry.signatures.entries()) {
    const isLast = number === entry.signatures.length - 1;
    if (introduced !== null && isLast) {
      if (signer !== introduced.id || !isSignedBy(tools.verifiers, entry, number, introduced.signPublic)) {
        return fail('badSignature', 'A new device or kit has not signed its own introduction.');
      }
      continue;
    }
    const device = state.devices.get(signer as DeviceId);
    if (device === undefined || device.revokedAt !== null) {
      return fail('notAllowed', 'An entry is signed by a device that is not in the account.');
    }
    if (signers.includes(device)) return fail('notAllowed', 'An entry is signed twice by one device.');
    if (!isSignedBy(tools.verifiers, entry, number, device.signPublic)) {
      return fail('badSignature', 'A signature of an account entry is wrong.');
    }
    signers.push(device);
  }
  if (signers.length === 0) return fail('notAllowed', 'An entry is signed by no device of the account.');
  return succeed(signers);
}

function introducedKeys(tools: FoldTools, action: AccountAction): DevicePublicKeys | null {
  if (action.type === 'add') return withId(tools.primitives, action.device);
  if (action.type === 'replaceKit') return withId(tools.primitives, action.kit);
  return null;
}

function applyAction(
  tools: FoldTools,
  state: AccountState,
  entry: AccountEntry,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  const { body } = entry;
  switch (body.type) {
    case 'create':
      return fail('notAllowed', 'An account is created once.');
    case 'add':
      return addDevice(state, entry, withId(tools.primitives, body.device), signers);
    case 'revoke':
      return revokeDevice(state, entry, body.device, signers);
    case 'generation':
      return startGeneration(state, body);
    case 'replaceKit':
      return replaceKit(state, entry, withId(tools.primitives, body.kit), signers);
    case 'announce':
      return announce(state, entry, body.intent, signers);
    case 'cancel':
      return cancel(state, body.index, signers);
    case 'rules':
      return body.rules === ACCOUNT_RULES
        ? succeed(state)
        : fail('newerRules', 'This account is kept by newer rules: update Cuebook.');
  }
}

const unsoundKey = (): LogResult<never> =>
  fail('notAllowed', 'Nothing could be sealed to a key that the entry names.');

function addDevice(
  state: AccountState,
  entry: AccountEntry,
  keys: DevicePublicKeys,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  if (state.devices.has(keys.id)) return fail('notAllowed', 'A device is added only once, and never again.');
  if (!isSoundX25519Key(keys.boxPublic)) return unsoundKey();
  if (keyHolders(state).length > MAX_DEVICES) {
    return fail('notAllowed', `An account has at most ${MAX_DEVICES} devices.`);
  }
  const countsFrom = signers.some((signer) => signer.isKit) ? 0 : entry.at + ANNOUNCED_MS;
  const device = { ...keys, isKit: false, addedAt: entry.index, revokedAt: null, countsFrom };
  return succeed({ ...state, devices: new Map(state.devices).set(keys.id, device) });
}

function revokeDevice(
  state: AccountState,
  entry: AccountEntry,
  target: DeviceId,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  const device = activeDevice(state, target);
  if (device === null) return fail('notAllowed', 'Only an active device can be revoked.');
  const bySelf = signers.some((signer) => signer.id === target);
  const intent: Intent = { kind: 'revoke', device: target };
  if (!bySelf && !mayDecide(state, entry, signers, intent)) return needsMore('Revoking a device');
  return succeed({
    ...state,
    devices: new Map(state.devices).set(target, { ...device, revokedAt: entry.index }),
    generationOwed: true,
    announcements: withoutIntent(withoutAnnouncer(state.announcements, target), intent),
  });
}

function replaceKit(
  state: AccountState,
  entry: AccountEntry,
  keys: DevicePublicKeys,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  const old = state.devices.get(state.kit);
  if (old === undefined) throw new Error('Broken invariant: an account has a kit');
  if (state.devices.has(keys.id)) return fail('notAllowed', 'A new kit has new keys.');
  if (!isSoundX25519Key(keys.boxPublic)) return unsoundKey();
  const intent: Intent = { kind: 'replaceKit', kit: keys.id };
  if (!mayDecide(state, entry, signers, intent)) return needsMore('Replacing the kit');
  const devices = new Map(state.devices).set(old.id, { ...old, revokedAt: entry.index }).set(keys.id, {
    ...keys,
    isKit: true,
    addedAt: entry.index,
    revokedAt: null,
    countsFrom: 0,
  });
  return succeed({
    ...state,
    devices,
    kit: keys.id,
    generationOwed: true,
    announcements: new Map([...state.announcements].filter(([, { intent }]) => intent.kind !== 'replaceKit')),
  });
}

const needsMore = (what: string): LogResult<never> =>
  fail('notAllowed', `${what} needs the kit, two devices, or seven days after it was announced.`);

function mayDecide(
  state: AccountState,
  entry: AccountEntry,
  signers: readonly AccountDevice[],
  intent: Intent,
): boolean {
  if (signers.some((signer) => signer.isKit)) return true;
  if (signers.filter((signer) => entry.at >= signer.countsFrom).length >= 2) return true;
  return [...state.announcements.values()].some(
    (announcement) =>
      signers.some((signer) => signer.id === announcement.by) &&
      sameIntent(announcement.intent, intent) &&
      entry.at - announcement.at >= ANNOUNCED_MS,
  );
}

function startGeneration(state: AccountState, action: GenerationAction): LogResult<AccountState> {
  if (action.generation !== state.generation + 1)
    return fail('notAllowed', 'Generations are numbered in order.');
  if ((action.previous === null) !== (action.generation === 1)) {
    return fail('notAllowed', 'A generation carries the key of the one before.');
  }
  if (!isSoundX25519Key(action.userPublic)) return unsoundKey();
  const holders = keyHolders(state).map((device) => device.id);
  const recipients = action.boxes.map((box) => box.recipient);
  if (recipients.length !== holders.length || recipients.some((id, index) => id !== holders[index])) {
    return fail(
      'notAllowed',
      'A generation is sealed to every active device and the kit, and to nobody else.',
    );
  }
  return succeed({
    ...state,
    generation: action.generation,
    userPublics: new Map(state.userPublics).set(action.generation, action.userPublic),
    generationOwed: false,
  });
}

function announce(
  state: AccountState,
  entry: AccountEntry,
  intent: Intent,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  const [by] = signers;
  if (by === undefined || by.isKit || signers.length !== 1) {
    return fail('notAllowed', 'An announcement is made by one device; with more there is no need to wait.');
  }
  if (intent.kind === 'revoke' && activeDevice(state, intent.device) === null) {
    return fail('notAllowed', 'Only an active device can be revoked.');
  }
  const announcement = { by: by.id, at: entry.at, intent };
  return succeed({ ...state, announcements: new Map(state.announcements).set(entry.index, announcement) });
}

function cancel(
  state: AccountState,
  index: number,
  signers: readonly AccountDevice[],
): LogResult<AccountState> {
  const announcement = state.announcements.get(index);
  if (announcement === undefined) return fail('notAllowed', 'Nothing is announced there.');
  if (signers.every((signer) => signer.id === announcement.by)) {
    return fail('notAllowed', 'An announcement is cancelled by another device or the kit.');
  }
  const announcements = new Map(state.announcements);
  announcements.delete(index);
  return succeed({ ...state, announcements });
}

type Announcements = AccountState['announcements'];

const withoutAnnouncer = (announcements: Announcements, by: DeviceId): Announcements =>
  new Map([...announcements].filter(([, announcement]) => announcement.by !== by));

const withoutIntent = (announcements: Announcements, intent: Intent): Announcements =>
  new Map([...announcements].filter(([, announcement]) => !sameIntent(announcement.intent, intent)));

function sameIntent(left: Intent, right: Intent): boolean {
  if (left.kind === 'revoke') return right.kind === 'revoke' && left.device === right.device;
  return right.kind === 'replaceKit' && left.kit === right.kit;
}
