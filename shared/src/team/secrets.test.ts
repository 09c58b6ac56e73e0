// No secret of any type can be printed, whichever way somebody prints the thing that holds it: every value below goes
// through everything that makes text or copies of values, and the text is searched for the secrets in every form.

import * as nodeCrypto from 'node:crypto';
import { format, inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { createDeviceSeed, deriveDeviceKeys } from '../crypto/deviceKeys.ts';
import { createGroupKeys, deriveStreamKey } from '../crypto/groupKeys.ts';
import { openBox, openLocal } from '../crypto/open.ts';
import { createKit, parseKit } from '../crypto/recoveryKit.ts';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, type AccountId, type EntryHash, type WorkspaceId } from '../encoding/ids.ts';
import { bytesToBase32 } from '../encoding/base32.ts';
import { ascii } from '../encoding/utf8.ts';
import { bytesToHex } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { answerNewDevice, receiveAnswer, receiveReveal, startAsNewDevice } from './approval.ts';
import { createEpochKey } from './epochKeys.ts';
import { latest } from './history.ts';
import { createInviteSecret, deriveInviteKeys, readInviteCode, writeInviteCode } from './invite.ts';
import { createPersonalWorkspace, openPersonalWorkspace } from './personal.ts';
import { prepareRotation } from './rotation.ts';
import { createSampleAccount, SAMPLE_TIME, SampleTeam, unwrap } from './sampleTeam.ts';
import { deriveTokenKeys } from './tokenKeys.ts';
import { prepareGeneration, userBoxSecret } from './userKeys.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const suite = createSuite(nodeCrypto);
const workspace = idFromBytes<WorkspaceId>(suite.random(32));

/** What holds a secret, and the secrets in it as they would look if they came out. */
type Case = readonly [what: string, holder: unknown, secrets: readonly (Uint8Array | string)[]];

async function cases(): Promise<readonly Case[]> {
  const seed = createDeviceSeed(suite);
  const device = deriveDeviceKeys(suite, seed);
  const kit = createKit(suite);
  const epochKey = createEpochKey(suite);
  const epochKeys = new Map([[1, epochKey]]);
  const groupKey = createGroupKeys(suite, workspace, epochKeys).keyOf(suite.random(16), 1);
  const token = deriveTokenKeys(suite, redact(suite.random(32)));
  const secret = createInviteSecret(suite);
  const invite = deriveInviteKeys(suite, secret);
  const code = writeInviteCode({
    workspace,
    head: { index: 0, hash: idFromBytes(suite.random(32)) },
    secret,
  });
  const account = await createSampleAccount(suite);
  const state = latest(account.history);
  const generation = await prepareGeneration(suite, state, account.userKeys);
  const team = await SampleTeam.create(suite, account);
  const rotation = await prepareRotation(suite, team.state, team.accountAt, { previous: team.epochKey(1) });
  const made = await createPersonalWorkspace(suite, { now: SAMPLE_TIME });
  const opened = await openPersonalWorkspace(suite, made.device, made);
  const boxSecret = userBoxSecret(suite, generation.key, 1);
  const inside = (...secrets: readonly Redacted<Uint8Array>[]): readonly Uint8Array[] => secrets.map(reveal);
  const keysOf = (keys: ReadonlyMap<number, Redacted<Uint8Array>>): readonly Uint8Array[] =>
    [...keys.values()].map(reveal);
  return [
    ['a device seed', seed, inside(seed)],
    ['the keys of a device', device, inside(seed, device.boxSecret)],
    [
      'a recovery kit',
      kit,
      [...inside(kit.keys.boxSecret), reveal(kit.code), reveal(kit.code).replaceAll('-', '')],
    ],
    ['an epoch key', epochKey, inside(epochKey)],
    ['a map of epoch keys', epochKeys, inside(epochKey)],
    ['a group key', groupKey, inside(epochKey)],
    ['a stream key', deriveStreamKey(suite, workspace, epochKey), inside(epochKey)],
    ['a token', token, inside(token.auth, token.boxSecret)],
    ['an invite secret', secret, inside(secret)],
    ['the keys of an invite', invite, inside(secret, invite.boxSecret)],
    ['an invite code', code, [...inside(secret), reveal(code)]],
    ['a new user key', generation, inside(generation.key)],
    ['the secret of a user key', boxSecret, inside(boxSecret)],
    ['an account of tests', account, [...keysOf(account.userKeys), reveal(account.kit.code)]],
    ['a rotation', rotation, inside(rotation.key)],
    ['a new workspace', made, [...keysOf(made.epochKeys), ...keysOf(made.userKeys), ...inside(made.seed)]],
    ['an opened workspace', opened, [...keysOf(made.epochKeys), ...keysOf(made.userKeys)]],
    ['an approval that asks for its code', ...approval()],
    ['the suite', suite, inside(seed)],
  ];
}

/** On the old device the code must come from the other screen, so the state that asks for it does not show it. */
function approval(): readonly [unknown, readonly string[]] {
  const keys = deriveDeviceKeys(suite, createDeviceSeed(suite));
  const greeting = startAsNewDevice(suite, keys, 1);
  if (greeting.step !== 'greeting') throw new Error('it begins with a greeting');
  const answer = {
    account: idFromBytes<AccountId>(suite.random(32)),
    accountHead: { index: 0, hash: idFromBytes<EntryHash>(suite.random(32)) },
    device: keys,
    pins: [],
  };
  const answering = answerNewDevice(suite, greeting.hello, answer, 1);
  if (answering.step !== 'answering') throw new Error('a greeting is answered');
  const shown = receiveAnswer(suite, greeting, answering.answer, 1);
  if (shown.step !== 'showing') throw new Error('an answer gives a code');
  return [receiveReveal(suite, answering, shown.revealed, 1), [shown.code]];
}

/** Everything that turns a value into text, or into a copy that could be. */
function prints(value: unknown): readonly string[] {
  const holder = { deep: { value } };
  return [
    String(value),
    'text and ' + (value as string),
    [value].join(),
    JSON.stringify(holder) ?? '',
    JSON.stringify(Object.entries(Object(value))) ?? '',
    JSON.stringify(Object.assign({}, value)) ?? '',
    inspect(holder, { depth: 20, showHidden: true, maxArrayLength: null, getters: true }),
    format('%s %j %o %O %d', value, value, value, value, value),
    inspect(new Error(`failed with ${String(value)}`, { cause: value }), { depth: 20, showHidden: true }),
    ...cloned(value),
  ];
}

/** As a message to another thread would carry it; values with functions in them cannot be sent at all. */
function cloned(value: unknown): readonly string[] {
  try {
    const copy: unknown = structuredClone(value);
    return [JSON.stringify(copy) ?? '', inspect(copy, { depth: 20, showHidden: true, maxArrayLength: null })];
  } catch {
    return [];
  }
}

/** A secret as text, as bytes in any usual spelling, or as a list of numbers. */
function forms(secret: Uint8Array | string): readonly string[] {
  if (typeof secret === 'string') return [secret, ...forms(ascii(secret))];
  const hex = bytesToHex(secret);
  const buffer = Buffer.from(secret);
  return [
    hex,
    hex.toUpperCase(),
    (hex.match(/../g) ?? []).join(' '),
    bytesToBase32(secret),
    buffer.toString('base64').replaceAll('=', ''),
    buffer.toString('base64url'),
    [...secret].join(','),
    [...secret].join(', '),
    [...secret].map((byte, index) => `"${index}":${byte}`).join(','),
  ];
}

test('no secret of any type can be printed', async () => {
  for (const [what, holder, secrets] of await cases()) {
    expect(secrets.length).toBeGreaterThan(0);
    const text = prints(holder).join('\n').replaceAll(/\s+/g, ' ');
    const found = secrets.flatMap(forms).filter((form) => text.includes(form));
    expect([what, found]).toEqual([what, []]);
  }
});

test('the search finds a secret that does come out', () => {
  const secret = suite.random(32);
  for (const holder of [{ secret }, [secret], bytesToHex(secret), new Error(bytesToHex(secret))]) {
    const text = prints(holder).join('\n').replaceAll(/\s+/g, ' ');
    expect(forms(secret).some((form) => text.includes(form))).toBe(true);
  }
});

test('no message of a problem repeats what was typed, pasted or opened with', async () => {
  const kit = reveal(createKit(suite).code);
  const typed = [`${kit.slice(0, -1)}0`, kit.slice(1), `${kit}X`, kit.replace('-', '!')];
  const key = redact(suite.random(32));
  const seal = { key, purpose: 'draft' };
  const place = {
    purpose: 'epochKey',
    place: suite.random(32),
    epoch: 1,
    recipient: suite.random(32),
    generation: 1,
  } as const;
  const code = reveal(unwrapCode());
  const problems = [
    ...typed.map((text) => parseKit(suite, text)),
    ...[code.slice(1), `${code}aa`, code.replace('a', '1')].map(readInviteCode),
    openLocal(suite, seal, suite.random(200)),
    openLocal(suite, seal, Uint8Array.of(1, 0x22, ...suite.random(200))),
    await openBox(suite, key, place, Uint8Array.of(1, 0x20, ...suite.random(80))),
  ];
  const messages = problems.flatMap((result) => (result.ok ? [] : [result.problem.message])).join('\n');
  expect(messages.length).toBeGreaterThan(200);
  for (const part of [
    ...typed.flatMap((text) => text.split('-')),
    code.slice(0, 12),
    ...forms(reveal(key)),
  ]) {
    if (part.length > 3) expect(messages).not.toContain(part);
  }
});

const unwrapCode = (): Redacted<string> =>
  writeInviteCode({
    workspace,
    head: { index: 0, hash: idFromBytes(suite.random(32)) },
    secret: createInviteSecret(suite),
  });

test('an exception about a key of the wrong length does not show the key', () => {
  const wrong = suite.random(31);
  const attempts = [
    () => suite.hpke.publicKey(wrong),
    () => suite.ed25519Signer(wrong),
    () => unwrap(parseKit(suite, 'x')),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      const text = inspect(error, { depth: 20, showHidden: true }).replaceAll(/\s+/g, ' ');
      expect(forms(wrong).filter((form) => text.includes(form))).toEqual([]);
    }
  }
});
