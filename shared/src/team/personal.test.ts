import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { accountFingerprint, teamStateCode } from '../crypto/fingerprint.ts';
import { createDeviceSeed, deriveDeviceKeys } from '../crypto/deviceKeys.ts';
import { parseKit } from '../crypto/recoveryKit.ts';
import { createSuite } from '../crypto/suite.ts';
import { reveal } from '../util/redacted.ts';
import { latest } from './history.ts';
import { createPersonalWorkspace, openPersonalWorkspace } from './personal.ts';
import { SAMPLE_TIME } from './sampleTeam.ts';

const suite = createSuite(nodeCrypto);
const made = await createPersonalWorkspace(suite, { now: SAMPLE_TIME });
const { accountLog, userBoxes, teamLog, epochBoxes } = made;
const stored = { accountLog, userBoxes, teamLog, epochBoxes };

test('a personal workspace is made offline and opened again with the device seed that was kept', async () => {
  const opened = await openPersonalWorkspace(suite, deriveDeviceKeys(suite, made.seed), stored);
  if (!opened.ok) throw new Error(opened.problem.message);
  const { value } = opened;
  expect(value).toMatchObject({ account: made.account, workspace: made.workspace, teamHead: made.teamHead });
  expect(value.epochKeys.get(1)).toBeDefined();
  const [key, original] = [value.epochKeys.get(1), made.epochKeys.get(1)];
  if (key === undefined || original === undefined) throw new Error('no key');
  expect(reveal(key)).toEqual(reveal(original));
  expect(latest(value.teamHistory).kind).toBe('personal');
});

test('paper plus what a server may store is everything: the kit opens it without the device', async () => {
  const kit = parseKit(suite, reveal(made.kit.code));
  if (!kit.ok) throw new Error(kit.problem.message);
  const opened = await openPersonalWorkspace(suite, kit.value.keys, stored);
  expect(opened.ok && opened.value.workspace).toBe(made.workspace);
});

test('keys of somebody else open nothing', async () => {
  const stranger = deriveDeviceKeys(suite, createDeviceSeed(suite));
  expect(await openPersonalWorkspace(suite, stranger, stored)).toMatchObject({
    ok: false,
    problem: { code: 'notThisAccount' },
  });
});

test('a log or box that is missing or not the right one is said to be so', async () => {
  const other = await createPersonalWorkspace(suite, { now: SAMPLE_TIME });
  const open = async (change: Partial<typeof stored>): Promise<string> => {
    const result = await openPersonalWorkspace(suite, made.device, { ...stored, ...change });
    return result.ok ? 'opened' : result.problem.code;
  };
  expect(await open({ userBoxes: [] })).toBe('boxMissing');
  expect(await open({ epochBoxes: [] })).toBe('boxMissing');
  expect(await open({ userBoxes: other.userBoxes })).toBe('boxMissing');
  expect(await open({ epochBoxes: other.epochBoxes })).toBe('boxMissing');
  expect(await open({ accountLog: other.accountLog })).toBe('notThisAccount');
  expect(await open({ accountLog: accountLog.slice(0, 1) })).toBe('boxMissing');
  expect(await open({ teamLog: other.teamLog })).toBe('missingAccount');
  expect(await open({})).toBe('opened');
});

test('nothing that is stored contains a secret in any form', () => {
  const text = [
    ...accountLog,
    ...teamLog,
    ...userBoxes.map((box) => box.bytes),
    ...epochBoxes.map((box) => box.bytes),
  ]
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .join('|');
  const [epochKey, userKey] = [made.epochKeys.get(1), made.userKeys.get(1)];
  if (epochKey === undefined || userKey === undefined) throw new Error('no key');
  for (const secret of [made.seed, epochKey, userKey, made.device.boxSecret, made.kit.keys.boxSecret]) {
    expect(text).not.toContain(Buffer.from(reveal(secret)).toString('hex'));
  }
  const printed = `${JSON.stringify(made)}${String(made.kit.code)}`;
  expect(printed).not.toContain(reveal(made.kit.code));
});

test('a fingerprint is sixty digits that differ from account to account; a team state code follows the log', async () => {
  const other = await createPersonalWorkspace(suite, { now: SAMPLE_TIME });
  const fingerprint = accountFingerprint(suite, made.account);
  expect(fingerprint).toMatch(/^(?:\d{5} ){11}\d{5}$/);
  expect(fingerprint).not.toBe(accountFingerprint(suite, other.account));
  const code = teamStateCode(suite, made.workspace, made.teamHead.hash);
  expect(code).toMatch(/^(?:\d{5} ){11}\d{5}$/);
  expect(code).not.toBe(teamStateCode(suite, made.workspace, other.teamHead.hash));
});
