// From an approved code (approval.ts) to an account with one device more.
//
//     new → old   introduction   the `add` entry after the head that the answer named, signed by the new device alone
//     old         admits         checks it, puts its own signature before the new one's, appends; seals the user key
//     new         takes over     the account log as the server gives it: only if it is the log of the answer, not
//                                shorter than its pin, and the device that was approved on added this one
//
// The introduction may be sent with the reveal. It gives nothing away: signed by the new device alone it is no entry.

import { deviceIdOf, type DeviceKeys, type DevicePublicKeys } from '../crypto/deviceKeys.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { DeviceId } from '../encoding/ids.ts';
import { equalBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { accountLog, type AccountEntry } from './accountEntry.ts';
import { activeDevice, foldAccountEntry, type AccountState, type FoldTools } from './accountFold.ts';
import type { NewDeviceState, OldDeviceState } from './approval.ts';
import { EMPTY_HISTORY, extendAccount, latest, type AccountHistory } from './history.ts';
import { following, isSignedBy, type LogProblem } from './log.ts';
import { compareWithPin } from './pins.ts';

/** On the new device, once it knows the account; `at`: epoch milliseconds. Bytes for the old device. */
export function introduce(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  state: Extract<NewDeviceState, { step: 'showing' | 'accepted' }>,
  device: DeviceKeys,
  at: number,
): Uint8Array {
  const place = following(state.answer.accountHead);
  const { signPublic, boxPublic } = device;
  const body = { type: 'add', device: { signPublic, boxPublic } } as const;
  return accountLog.compose(primitives, { ...place, at, body }, [{ id: device.id, sign: device.sign }]).bytes;
}

/** `otherDevice`: not of the device that was approved. `stale`: the account went on meanwhile, introduce again. */
export type AdmitProblem = LogProblem | Problem<'otherDevice' | 'stale'>;

export interface Admission {
  readonly entry: AccountEntry;
  /** After the entry: what the user key is sealed by (userKeys.ts, `sealUserKey`). */
  readonly state: AccountState;
}

/** On the old device, whose person typed the right code. */
export function admit(
  tools: FoldTools,
  approved: Extract<OldDeviceState, { step: 'approved' }>,
  account: AccountState,
  by: DeviceKeys,
  introduction: Uint8Array,
): Result<Admission, AdmitProblem> {
  const parsed = accountLog.parse(tools.primitives, introduction);
  if (!parsed.ok) return parsed;
  const { index, previous, at, body } = parsed.value;
  const [signature, ...more] = parsed.value.signatures;
  const isTheirs =
    body.type === 'add' &&
    deviceIdOf(tools.primitives, body.device.signPublic, body.device.boxPublic) === approved.device.id &&
    signature?.signer === approved.device.id &&
    more.length === 0 &&
    isSignedBy(tools.verifiers, parsed.value, 0, approved.device.signPublic);
  if (!isTheirs) return fail('otherDevice', 'This is not the device whose code was typed.');
  if (index !== account.head.index + 1 || previous !== account.head.hash) {
    return fail('stale', 'The account changed meanwhile: begin again.');
  }
  const theirs = { id: signature.signer, sign: () => signature.signature };
  const content = { index, previous, at, body };
  const entry = accountLog.compose(tools.primitives, content, [{ id: by.id, sign: by.sign }, theirs]);
  const state = foldAccountEntry(tools, account, entry);
  return state.ok ? succeed({ entry, state: state.value }) : state;
}

/**
 * `otherAccount`: not the log that the answer named. `shorter`: the server is missing entries that the old device knew.
 * `forked`: an alarm. `notAdded`: the old device has not added this one (yet).
 */
export type TakeOverProblem = LogProblem | Problem<'otherAccount' | 'shorter' | 'forked' | 'notAdded'>;

/** On the new device: its account, from what the server gives. `log`: the entries from index 0. */
export function takeOver(
  tools: FoldTools,
  accepted: Extract<NewDeviceState, { step: 'accepted' }>,
  own: DevicePublicKeys,
  log: readonly Uint8Array[],
): Result<AccountHistory, TakeOverProblem> {
  const { answer } = accepted;
  const history = extendAccount(tools, EMPTY_HISTORY, log);
  if (!history.ok) return history;
  if (history.value.entries.length === 0 || latest(history.value).id !== answer.account) {
    return fail('otherAccount', 'The server shows another account than the one that approved this device.');
  }
  const pinned = compareWithPin(history.value.entries, answer.accountHead);
  if (pinned.kind === 'shorter') {
    return fail('shorter', `The server is missing ${pinned.missing} entries of this account.`);
  }
  if (pinned.kind === 'forked') {
    return fail('forked', 'The server shows this account differently than it showed it to the other device.');
  }
  const approver = deviceIdOf(tools.primitives, answer.device.signPublic, answer.device.boxPublic);
  return wasAddedBy(history.value, own, approver)
    ? history
    : fail('notAdded', 'The other device has not added this one to the account.');
}

function wasAddedBy(history: AccountHistory, own: DevicePublicKeys, approver: DeviceId): boolean {
  const device = activeDevice(latest(history), own.id);
  if (device === null) return false;
  const entry = history.entries[device.addedAt];
  invariant(entry !== undefined, 'a device was added by an entry');
  return entry.signatures[0]?.signer === approver && equalBytes(device.boxPublic, own.boxPublic);
}
