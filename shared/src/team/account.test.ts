import * as nodeCrypto from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDeviceSeed, deriveDeviceKeys } from '../crypto/deviceKeys.ts';
import { createKit } from '../crypto/recoveryKit.ts';
import { createSuite } from '../crypto/suite.ts';
import { reveal } from '../util/redacted.ts';
import { accountLog, type AccountAction } from './accountEntry.ts';
import { ANNOUNCED_MS, foldAccountEntry, keyHolders } from './accountFold.ts';
import { EMPTY_HISTORY, extendAccount, latest, stateAt } from './history.ts';
import { following, type EntrySigner } from './log.ts';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  SAMPLE_TIME,
  sampleTools,
  signerOf,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import { openUserKeys, prepareGeneration } from './userKeys.ts';

const suite = createSuite(nodeCrypto);
const at = (account: SampleAccount, index: number): SampleAccount['devices'][number] => {
  const device = account.devices[index];
  if (device === undefined) throw new Error('no such device');
  return device;
};
const newDevice = (): SampleAccount['devices'][number] => deriveDeviceKeys(suite, createDeviceSeed(suite));

async function accountWith(devices: number): Promise<SampleAccount> {
  const account = await createSampleAccount(suite);
  for (let count = 1; count < devices; count += 1) await addSampleDevice(suite, account);
  return account;
}

describe('an account', () => {
  test('begins with one device, a kit and a user key that both can open', async () => {
    const account = await createSampleAccount(suite);
    const state = latest(account.history);
    expect(state).toMatchObject({ generation: 1, generationOwed: false, kit: account.kit.keys.id });
    expect(keyHolders(state)).toHaveLength(2);
    for (const holder of [at(account, 0), account.kit.keys]) {
      const keys = await openUserKeys(
        suite,
        holder,
        { state, entries: account.history.entries },
        account.boxes,
      );
      expect(keys.ok && keys.value.size).toBe(1);
    }
  });

  test('is named by the hash of its first entry, which nobody else can write', async () => {
    const account = await createSampleAccount(suite);
    const [create] = account.history.entries;
    expect(create?.hash).toBe(account.id);
    const body = create?.body;
    if (body?.type !== 'create') throw new Error('not a creation');
    const thief = newDevice();
    const device = signerOf(at(account, 0));
    const kit = signerOf(account.kit.keys);
    for (const signers of [
      [device],
      [kit],
      [kit, device],
      [device, device],
      [device, signerOf(thief)],
      [device, kit, device],
    ]) {
      const entry = accountLog.compose(suite, { ...following(null), at: 1, body }, signers);
      expect(foldAccountEntry(sampleTools(suite), null, entry).ok).toBe(false);
    }
    const same = accountLog.compose(
      suite,
      { ...following(null), at: 1, body: { ...body, kit: body.device } },
      [device, device],
    );
    expect(foldAccountEntry(sampleTools(suite), null, same).ok).toBe(false);
  });

  test('gets another device by one that is in, or by the kit, if the new one signs too', async () => {
    const account = await createSampleAccount(suite);
    const device = newDevice();
    const add: AccountAction = { type: 'add', device };
    const first = signerOf(at(account, 0));
    const refused: readonly (readonly EntrySigner[])[] = [
      [first],
      [signerOf(device)],
      [signerOf(newDevice()), signerOf(device)],
      [signerOf(device), first],
      [{ ...first, sign: device.sign }, signerOf(device)],
      [first, { ...signerOf(device), sign: first.sign }],
    ];
    for (const signers of refused) expect(appendToAccount(suite, account, add, signers).ok).toBe(false);
    expect(appendToAccount(suite, account, add, [first, signerOf(device)]).ok).toBe(true);
    expect(appendToAccount(suite, account, add, [first, signerOf(device)]).ok).toBe(false);
    const byKit = newDevice();
    const signers = [signerOf(account.kit.keys), signerOf(byKit)];
    expect(appendToAccount(suite, account, { type: 'add', device: byKit }, signers).ok).toBe(true);
  });

  test('shares its user key with a device that was added, and with none that was revoked', async () => {
    const account = await accountWith(3);
    const lost = at(account, 2);
    const open = async (device: typeof lost): Promise<number> => {
      const state = latest(account.history);
      const keys = await openUserKeys(
        suite,
        device,
        { state, entries: account.history.entries },
        account.boxes,
      );
      return keys.ok ? keys.value.size : 0;
    };
    expect(await open(lost)).toBe(1);
    await revokeSampleDevice(suite, account, lost);
    expect(await open(lost)).toBe(0);
    expect(await open(at(account, 0))).toBe(2);
    expect(await open(at(account, 1))).toBe(2);
    expect(await open(account.kit.keys)).toBe(2);
  });

  test('takes no user key from a box but the one that the log names', async () => {
    const account = await createSampleAccount(suite);
    const state = latest(account.history);
    const other = await prepareGeneration(suite, { ...state, generation: 0 }, new Map());
    const opened = await openUserKeys(
      suite,
      at(account, 0),
      { state, entries: account.history.entries },
      other.boxes,
    );
    expect(opened).toMatchObject({ ok: false, problem: { code: 'boxMissing' } });
    expect(reveal(other.key)).toHaveLength(32);
  });
});

describe('revoking a device', () => {
  // Which signers may revoke the device with number 2 of an account with three devices, seven days after they came.
  const week = ANNOUNCED_MS;
  const rows = [
    ['the kit', true, week, (a: SampleAccount) => [a.kit.keys]],
    ['the kit, at once', true, 0, (a: SampleAccount) => [a.kit.keys]],
    ['the device itself', true, week, (a: SampleAccount) => [at(a, 2)]],
    ['the device itself, at once', true, 0, (a: SampleAccount) => [at(a, 2)]],
    ['two other devices', true, week, (a: SampleAccount) => [at(a, 0), at(a, 1)]],
    ['two, of which one was only just added', false, week - 1, (a: SampleAccount) => [at(a, 0), at(a, 1)]],
    ['another device and the device itself', true, 0, (a: SampleAccount) => [at(a, 0), at(a, 2)]],
    ['one other device alone', false, week, (a: SampleAccount) => [at(a, 0)]],
    ['one other device twice', false, week, (a: SampleAccount) => [at(a, 0), at(a, 0)]],
    ['a stranger', false, week, () => [newDevice()]],
    ['a device and a stranger', false, week, (a: SampleAccount) => [at(a, 0), newDevice()]],
  ] as const;
  test.each(rows)('by %s: %s', async (_, allowed, after, signers) => {
    const account = await accountWith(3);
    const revoke: AccountAction = { type: 'revoke', device: at(account, 2).id };
    const when = SAMPLE_TIME + after;
    const result = appendToAccount(suite, account, revoke, signers(account).map(signerOf), when);
    expect(result.ok).toBe(allowed);
    if (!result.ok) return;
    expect(result.value.generationOwed).toBe(true);
    // From here on it signs nothing.
    const add: AccountAction = { type: 'add', device: newDevice() };
    expect(appendToAccount(suite, account, add, [signerOf(at(account, 2))]).ok).toBe(false);
  });

  test('one device alone may after seven days, counted from what it announced, unless another cancels', async () => {
    const account = await accountWith(2);
    const [mine, stolen] = [at(account, 0), at(account, 1)];
    const intent = { kind: 'revoke', device: stolen.id } as const;
    const revoke: AccountAction = { type: 'revoke', device: stolen.id };
    const announced = unwrap(appendToAccount(suite, account, { type: 'announce', intent }, [signerOf(mine)]));
    const early = SAMPLE_TIME + ANNOUNCED_MS - 1;
    expect(appendToAccount(suite, account, revoke, [signerOf(mine)], early).ok).toBe(false);
    // Who did not announce it gains nothing by it.
    const third = await addSampleDevice(suite, account);
    expect(appendToAccount(suite, account, revoke, [signerOf(third)], SAMPLE_TIME + ANNOUNCED_MS).ok).toBe(
      false,
    );
    const cancel: AccountAction = { type: 'cancel', index: announced.head.index };
    expect(appendToAccount(suite, account, cancel, [signerOf(mine)]).ok).toBe(false);
    const before = account.history;
    expect(appendToAccount(suite, account, cancel, [signerOf(stolen)]).ok).toBe(true);
    expect(appendToAccount(suite, account, revoke, [signerOf(mine)], SAMPLE_TIME + ANNOUNCED_MS).ok).toBe(
      false,
    );
    account.history = before;
    expect(appendToAccount(suite, account, revoke, [signerOf(mine)], SAMPLE_TIME + ANNOUNCED_MS).ok).toBe(
      true,
    );
  });

  test('ends what the revoked device had announced', async () => {
    const account = await accountWith(2);
    const [mine, stolen] = [at(account, 0), at(account, 1)];
    const intent = { kind: 'revoke', device: mine.id } as const;
    unwrap(appendToAccount(suite, account, { type: 'announce', intent }, [signerOf(stolen)]));
    const state = unwrap(
      appendToAccount(suite, account, { type: 'revoke', device: stolen.id }, [signerOf(account.kit.keys)]),
    );
    expect(state.announcements.size).toBe(0);
  });
});

describe('replacing the kit', () => {
  test('needs the old kit, two devices, or seven days; and always the new kit', async () => {
    const account = await accountWith(2);
    const kit = createKit(suite).keys;
    const replace: AccountAction = { type: 'replaceKit', kit };
    const [one, two] = [signerOf(at(account, 0)), signerOf(at(account, 1))];
    const before = account.history;
    const attempt = (signers: readonly EntrySigner[], when = SAMPLE_TIME): boolean => {
      const result = appendToAccount(suite, account, replace, signers, when);
      account.history = before;
      return result.ok;
    };
    expect(attempt([one, signerOf(kit)])).toBe(false);
    expect(attempt([one, two])).toBe(false);
    expect(attempt([one, two, signerOf(kit)])).toBe(false);
    expect(attempt([one, two, signerOf(kit)], SAMPLE_TIME + ANNOUNCED_MS)).toBe(true);
    expect(attempt([signerOf(account.kit.keys), signerOf(kit)])).toBe(true);
    const intent = { kind: 'replaceKit', kit: kit.id } as const;
    unwrap(appendToAccount(suite, account, { type: 'announce', intent }, [one]));
    const after = appendToAccount(suite, account, replace, [one, signerOf(kit)], SAMPLE_TIME + ANNOUNCED_MS);
    expect(after).toMatchObject({ ok: true, value: { kit: kit.id, generationOwed: true } });
    // The old kit is worth nothing from here on.
    const add: AccountAction = { type: 'add', device: newDevice() };
    expect(appendToAccount(suite, account, add, [signerOf(account.kit.keys)]).ok).toBe(false);
  });
});

describe('a generation', () => {
  test('is numbered in order, carries the one before, and is sealed to every holder and nobody else', async () => {
    const account = await accountWith(2);
    const state = latest(account.history);
    const { action } = await prepareGeneration(suite, state, account.userKeys);
    const first = [signerOf(at(account, 0))];
    const [box] = action.boxes;
    if (box === undefined) throw new Error('no box');
    const refused: readonly AccountAction[] = [
      { ...action, generation: 3 },
      { ...action, generation: 1 },
      { ...action, previous: null },
      { ...action, boxes: action.boxes.slice(1) },
      { ...action, boxes: [...action.boxes, { ...box, recipient: newDevice().id }] },
      { ...action, boxes: action.boxes.toReversed() },
      { ...action, userPublic: new Uint8Array(32) },
    ];
    for (const bad of refused) expect(appendToAccount(suite, account, bad, first).ok).toBe(false);
    expect(appendToAccount(suite, account, action, first).ok).toBe(true);
  });
});

describe('an account log', () => {
  test('with any bit of any entry flipped is refused', async () => {
    const account = await accountWith(2);
    const bytes = account.history.entries.map((entry) => entry.bytes);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(100_000), (index, random) => {
        const altered = bytes.map((entry) => entry.slice());
        const entry = altered[index];
        if (entry === undefined) return;
        const bit = random % (entry.length * 8);
        entry[bit >> 3] = (entry[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const extended = extendAccount(sampleTools(suite), EMPTY_HISTORY, altered);
        expect(extended.ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('with an entry left out, repeated or moved is refused', async () => {
    const account = await accountWith(3);
    const [create, generation, second, third] = account.history.entries.map((entry) => entry.bytes);
    if (create === undefined || generation === undefined || second === undefined || third === undefined) {
      throw new Error('too short');
    }
    const orders = [
      [create, second, third],
      [create, generation, generation],
      [create, generation, third, second],
      [generation, create],
      [create, create],
    ];
    for (const order of orders) {
      const extended = extendAccount(sampleTools(suite), EMPTY_HISTORY, order);
      expect(extended).toMatchObject({ ok: false });
    }
    expect(extendAccount(sampleTools(suite), EMPTY_HISTORY, [create, generation, second, third]).ok).toBe(
      true,
    );
  });

  test('remembers what it was after each entry', async () => {
    const account = await accountWith(2);
    const [, generation] = account.history.entries;
    if (generation === undefined) throw new Error('too short');
    const earlier = stateAt(account.history, { index: 1, hash: generation.hash });
    expect(earlier?.devices.size).toBe(2);
    expect(latest(account.history).devices.size).toBe(3);
    expect(stateAt(account.history, { index: 2, hash: generation.hash })).toBeNull();
  });

  test('kept by newer rules asks for an update', async () => {
    const account = await createSampleAccount(suite);
    const first = [signerOf(at(account, 0))];
    expect(appendToAccount(suite, account, { type: 'rules', rules: 2 }, first)).toMatchObject({
      ok: false,
      problem: { code: 'newerRules' },
    });
    expect(appendToAccount(suite, account, { type: 'rules', rules: 1 }, first).ok).toBe(true);
  });
});
