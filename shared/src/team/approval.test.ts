import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDeviceSeed, deriveDeviceKeys } from '../crypto/deviceKeys.ts';
import { createSuite } from '../crypto/suite.ts';
import {
  answerNewDevice,
  APPROVAL_MS,
  receiveAnswer,
  receiveReveal,
  startAsNewDevice,
  typeCode,
  type NewDeviceState,
  type OldDeviceState,
} from './approval.ts';
import { latest } from './history.ts';
import { createSampleAccount, SAMPLE_TIME } from './sampleTeam.ts';

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
function meet(keys = newKeys()): Meeting {
  const greeting = at(startAsNewDevice(suite, keys, now), 'greeting');
  const answering = at(answerNewDevice(suite, greeting.hello, answer, now), 'answering');
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

  test('that alters any message makes them show different codes, or fails', () => {
    const greeting = at(startAsNewDevice(suite, newKeys(), now), 'greeting');
    const answering = at(answerNewDevice(suite, greeting.hello, answer, now), 'answering');
    const shown = receiveAnswer(suite, greeting, answering.answer, now);
    const code = at(shown, 'showing').code;
    for (let bit = 16; bit < answering.answer.length * 8; bit += 31) {
      const altered = answering.answer.slice();
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const other = receiveAnswer(suite, greeting, altered, now);
      expect(other.step === 'failed' || at(other, 'showing').code !== code).toBe(true);
    }
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
