import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDeviceSeed, deriveDeviceKeys, type DeviceKeys } from '../crypto/deviceKeys.ts';
import { createSuite } from '../crypto/suite.ts';
import {
  answerNewDevice,
  APPROVAL_MS,
  receiveAnswer,
  receiveConfirmation,
  receiveReveal,
  startAsNewDevice,
  typeCode,
  type NewDeviceState,
  type OldDeviceState,
} from './approval.ts';
import { latest } from './history.ts';
import { following, NO_ENTRY } from './log.ts';
import {
  appendToAccount,
  createSampleAccount,
  SAMPLE_TIME,
  sampleTools,
  signerOf,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import { openUserKeys, sealUserKey } from './userKeys.ts';
import { reveal } from '../util/redacted.ts';
import type { EntryHash } from '../encoding/ids.ts';
import { accountLog, type AccountAction } from './accountEntry.ts';
import { admit, introduce, takeOver } from './admission.ts';

const suite = createSuite(nodeCrypto);
const account = await createSampleAccount(suite);
const [old] = account.devices;
if (old === undefined) throw new Error('an account has a device');
const answer = {
  account: account.id,
  accountHead: latest(account.history).head,
  device: { signPublic: old.signPublic, boxPublic: old.boxPublic },
  pins: [],
};
const now = SAMPLE_TIME;
const newKeys = (): ReturnType<typeof deriveDeviceKeys> => deriveDeviceKeys(suite, createDeviceSeed(suite));

type Step<State, Name> = Extract<State, { step: Name }>;
function at<State extends { step: string }, Name extends State['step']>(
  state: State,
  step: Name,
): Step<State, Name> {
  if (state.step !== step) throw new Error(`is ${state.step}`);
  return state as Step<State, Name>;
}

interface Meeting {
  readonly shown: Step<NewDeviceState, 'showing'>;
  readonly asking: Step<OldDeviceState, 'asking'>;
}
function meet(keys = newKeys(), told: typeof answer = answer): Meeting {
  const greeting = at(startAsNewDevice(suite, keys, now), 'greeting');
  const answering = at(answerNewDevice(suite, greeting.hello, told, now), 'answering');
  const shown = at(receiveAnswer(suite, greeting, answering.answer, now), 'showing');
  return { shown, asking: at(receiveReveal(suite, answering, shown.revealed, now), 'asking') };
}

describe('approving a device', () => {
  test('both see the same seven digits, and typing them approves exactly the new device', () => {
    const keys = newKeys();
    const { shown, asking } = meet(keys);
    expect(shown.code).toMatch(/^\d{7}$/);
    const approved = typeCode(asking, `${shown.code.slice(0, 3)} ${shown.code.slice(3)}`, now);
    expect(approved).toMatchObject({ step: 'approved', device: { id: keys.id } });
    expect(shown.answer.account).toBe(account.id);
  });

  test('a wrong code ends it: there is no second try', () => {
    const { shown, asking } = meet();
    const wrong = shown.code === '0000000' ? '1111111' : '0000000';
    const failed = typeCode(asking, wrong, now);
    expect(failed).toEqual({ step: 'failed', reason: 'wrongCode' });
    expect(typeCode(failed, shown.code, now).step).toBe('failed');
  });

  test('after five minutes, or with a clock that went back, it is over', () => {
    const { shown, asking } = meet();
    const late = { step: 'failed', reason: 'tooLate' };
    expect(typeCode(asking, shown.code, now + APPROVAL_MS + 1)).toEqual(late);
    expect(typeCode(asking, shown.code, now - 1)).toEqual(late);
    const greeting = startAsNewDevice(suite, newKeys(), now);
    const answering = at(answerNewDevice(suite, at(greeting, 'greeting').hello, answer, now), 'answering');
    expect(receiveAnswer(suite, greeting, answering.answer, now + APPROVAL_MS + 1)).toEqual(late);
    expect(receiveReveal(suite, answering, shown.revealed, now + APPROVAL_MS + 1)).toEqual(late);
  });

  test('codes differ from meeting to meeting', () => {
    const codes = new Set(Array.from({ length: 20 }, () => meet().shown.code));
    expect(codes.size).toBeGreaterThan(18);
  });
});

describe('the new device', () => {
  test('uses the account only after the person said that the other device took the code', () => {
    const { shown } = meet();
    expect(receiveConfirmation(shown, true, now)).toEqual({ step: 'accepted', answer: shown.answer });
    const refused = receiveConfirmation(shown, false, now);
    expect(refused).toEqual({ step: 'failed', reason: 'notAccepted' });
    expect(receiveConfirmation(refused, true, now).step).toBe('failed');
    const late = { step: 'failed', reason: 'tooLate' };
    expect(receiveConfirmation(shown, true, now + APPROVAL_MS + 1)).toEqual(late);
    const greeting = startAsNewDevice(suite, newKeys(), now);
    expect(receiveConfirmation(greeting, true, now)).toEqual({ step: 'failed', reason: 'malformed' });
  });

  test('is added by both signatures, takes over the log that was promised, and opens the user key', async () => {
    const { mine, entry, log, account, sealed, accepted } = await admitted();
    const history = unwrap(takeOver(tools, accepted, mine, [...log, entry.bytes]));
    const state = latest(history);
    expect(state.devices.get(mine.id)).toMatchObject({ isKit: false, revokedAt: null });
    const keys = await openUserKeys(suite, mine, { state, entries: history.entries }, [sealed]);
    const key = unwrap(keys).get(1);
    const known = account.userKeys.get(1);
    expect(key && reveal(key)).toEqual(known && reveal(known));
  });

  test('takes over no other account, none that is shorter or forked, and none that has not added it', async () => {
    const { mine, entry, log, account, by, accepted } = await admitted();
    const code = (entries: readonly Uint8Array[], own: DeviceKeys = mine): string => {
      const taken = takeOver(tools, accepted, own, entries);
      return taken.ok ? 'taken over' : taken.problem.code;
    };
    const other = await createSampleAccount(suite);
    const head = latest(account.history).head;
    const fork = accountLog.compose(
      suite,
      { ...following(null), index: head.index, previous: latestBut(account, 1), at: now, body: rules },
      [signerOf(by)],
    ).bytes;
    expect(code([...log, entry.bytes])).toBe('taken over');
    expect(code([])).toBe('otherAccount');
    expect(code(other.history.entries.map(({ bytes }) => bytes))).toBe('otherAccount');
    expect(code(log.slice(0, -1))).toBe('shorter');
    expect(code([...log.slice(0, -1), fork])).toBe('forked');
    expect(code(log)).toBe('notAdded');
    expect(code([...log, entry.bytes], newKeys())).toBe('notAdded');
    expect(code([...log, entry.bytes.slice(0, -1)])).toBe('malformed');
    // Added, but by the kit and not by the device that was approved on.
    const byKit = { id: account.kit.keys.id, sign: account.kit.keys.sign };
    const add = { ...following(head), at: now, body: { type: 'add', device: mine } } as const;
    const added = accountLog.compose(suite, add, [byKit, signerOf(mine)]).bytes;
    expect(code([...log, added])).toBe('notAdded');
  });
});

describe('the old device', () => {
  test('adds exactly the device whose code was typed, after the head that it answered with', async () => {
    const { mine, account, by, shown, approved, introduction } = await admitted();
    const state = latest(account.history);
    const codeOf = (bytes: Uint8Array, at = state): string => {
      const admission = admit(tools, approved, at, by, bytes);
      return admission.ok ? 'added' : admission.problem.code;
    };
    expect(codeOf(introduction)).toBe('added');
    expect(codeOf(introduce(suite, shown, newKeys(), now))).toBe('otherDevice');
    const place = following(state.head);
    const sign = (body: AccountAction, signers: readonly DeviceKeys[]): Uint8Array =>
      accountLog.compose(suite, { ...place, at: now, body }, signers.map(signerOf)).bytes;
    const add = { type: 'add', device: mine } as const;
    expect(codeOf(sign(add, [newKeys()]))).toBe('otherDevice');
    expect(codeOf(sign(add, [mine, mine]))).toBe('otherDevice');
    expect(codeOf(sign({ type: 'revoke', device: by.id }, [mine]))).toBe('otherDevice');
    expect(codeOf(new Uint8Array(4))).toBe('malformed');
    for (let bit = 0; bit < introduction.length * 8; bit += 1) {
      expect(codeOf(flipBit(introduction, bit))).not.toBe('added');
    }
    const later = unwrap(appendToAccount(suite, account, rules, [signerOf(by)]));
    expect(codeOf(introduction, later)).toBe('stale');
  });
});

const tools = sampleTools(suite);
const rules = { type: 'rules', rules: 1 } as const;
const latestBut = (of: SampleAccount, back: number): EntryHash =>
  of.history.entries.at(-1 - back)?.hash ?? NO_ENTRY;

/** A whole approval, up to the entry that the old device appends and the box that it seals. */
async function admitted() {
  const account = await createSampleAccount(suite);
  const [by] = account.devices;
  const key = account.userKeys.get(1);
  if (by === undefined || key === undefined) throw new Error('an account has a device and a key');
  const mine = newKeys();
  const told = { account: account.id, accountHead: latest(account.history).head, device: by, pins: [] };
  const { shown, asking } = meet(mine, told);
  const introduction = introduce(suite, shown, mine, now);
  const approved = at(typeCode(asking, shown.code, now), 'approved');
  const accepted = at(receiveConfirmation(shown, true, now), 'accepted');
  const log = account.history.entries.map(({ bytes }) => bytes);
  const { entry, state } = unwrap(admit(tools, approved, latest(account.history), by, introduction));
  const sealed = await sealUserKey(suite, state, key, mine);
  return { mine, account, by, shown, approved, accepted, introduction, entry, log, sealed };
}

describe('a server in between', () => {
  test('that swaps the keys of the new device breaks the commitment', () => {
    const greeting = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const answering = at(answerNewDevice(suite, greeting.hello, answer, now), 'answering');
    const evil = meet().shown.revealed;
    expect(receiveReveal(suite, answering, evil, now)).toEqual({
      step: 'failed',
      reason: 'commitmentBroken',
    });
  });

  test('that plays each side to the other makes them show different codes', () => {
    // It speaks to the old device as a new one of its own, and to the new device as an old one of its own.
    const honest = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const evil = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const answering = at(answerNewDevice(suite, evil.hello, answer, now), 'answering');
    const evilAnswer = at(answerNewDevice(suite, honest.hello, answer, now), 'answering').answer;
    const shown = at(receiveAnswer(suite, honest, evilAnswer, now), 'showing');
    const evilShown = at(receiveAnswer(suite, evil, answering.answer, now), 'showing');
    const asking = at(receiveReveal(suite, answering, evilShown.revealed, now), 'asking');
    expect(typeCode(asking, shown.code, now)).toEqual({ step: 'failed', reason: 'wrongCode' });
  });

  test('that flips any bit of any message makes them show different codes, or fails', () => {
    const greeting = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const answering = at(answerNewDevice(suite, greeting.hello, answer, now), 'answering');
    const shown = at(receiveAnswer(suite, greeting, answering.answer, now), 'showing');
    const everyBit = (bytes: Uint8Array, agrees: (altered: Uint8Array) => boolean): readonly number[] =>
      Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => agrees(flipBit(bytes, bit)));
    const withHello = (hello: Uint8Array): boolean => {
      const other = answerNewDevice(suite, hello, answer, now);
      if (other.step !== 'answering') return false;
      return receiveReveal(suite, other, shown.revealed, now).step === 'asking';
    };
    const withAnswer = (bytes: Uint8Array): boolean => {
      const other = receiveAnswer(suite, greeting, bytes, now);
      return other.step === 'showing' && other.code === shown.code;
    };
    const withReveal = (bytes: Uint8Array): boolean =>
      receiveReveal(suite, answering, bytes, now).step === 'asking';
    expect(withHello(greeting.hello) && withAnswer(answering.answer) && withReveal(shown.revealed)).toBe(
      true,
    );
    expect(everyBit(greeting.hello, withHello)).toEqual([]);
    expect(everyBit(answering.answer, withAnswer)).toEqual([]);
    expect(everyBit(shown.revealed, withReveal)).toEqual([]);
  });

  test('that plays an old device to the new one is found out by the question whether the code was taken', () => {
    const honest = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const evilOld = newKeys();
    const evilAnswer = { ...answer, device: evilOld };
    const answered = at(answerNewDevice(suite, honest.hello, evilAnswer, now), 'answering').answer;
    const shown = at(receiveAnswer(suite, honest, answered, now), 'showing');
    // The real old device has another conversation, or none: it refuses what the person types.
    expect(typeCode(meet().asking, shown.code, now)).toEqual({ step: 'failed', reason: 'wrongCode' });
    expect(receiveConfirmation(shown, false, now)).toEqual({ step: 'failed', reason: 'notAccepted' });
  });

  test('that sends what makes no sense, or out of order, ends it', () => {
    const malformed = { step: 'failed', reason: 'malformed' };
    const greeting = startAsNewDevice(suite, newKeys(), now);
    const { shown, asking } = meet();
    expect(answerNewDevice(suite, new Uint8Array(3), answer, now)).toEqual(malformed);
    expect(receiveAnswer(suite, greeting, new Uint8Array(3), now)).toEqual(malformed);
    expect(receiveAnswer(suite, shown, new Uint8Array(3), now)).toEqual(malformed);
    expect(receiveReveal(suite, asking, shown.revealed, now)).toEqual(malformed);
    const answering = answerNewDevice(suite, at(greeting, 'greeting').hello, answer, now);
    expect(receiveReveal(suite, answering, new Uint8Array(3), now)).toEqual(malformed);
    expect(typeCode(answering, shown.code, now)).toEqual(malformed);
  });
});

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
