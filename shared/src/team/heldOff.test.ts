// What a thief with one device, a malicious member or somebody in the waiting room must not get by the logs' own means
// (docs/decisions/0015-stricter-folds.md).

import * as nodeCrypto from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { isSoundX25519Key } from '../crypto/x25519Rule.ts';
import { hexToBytes } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import type { AccountAction } from './accountEntry.ts';
import { ANNOUNCED_MS } from './accountFold.ts';
import { latest } from './history.ts';
import { prepareRotation } from './rotation.ts';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  SAMPLE_TIME,
  SampleTeam,
  signerOf,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import type { TeamAction } from './teamEntry.ts';
import { currentMember } from './teamState.ts';
import { openUserKeys, prepareGeneration } from './userKeys.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const suite = createSuite(nodeCrypto);
const make = (): Promise<SampleAccount> => createSampleAccount(suite);
const first = (account: SampleAccount): SampleAccount['devices'][number] => {
  const [device] = account.devices;
  if (device === undefined) throw new Error('an account has a device');
  return device;
};
const moved = (account: SampleAccount): TeamAction => ({
  type: 'device',
  accountHead: latest(account.history).head,
});

test('who steals one device cannot make a second and decide with both at once', async () => {
  const account = await make();
  const mine = await addSampleDevice(suite, account);
  const thief = [signerOf(first(account)), signerOf(await addSampleDevice(suite, account))];
  const revoke: AccountAction = { type: 'revoke', device: mine.id };
  expect(appendToAccount(suite, account, revoke, thief).ok).toBe(false);
  expect(appendToAccount(suite, account, revoke, thief, SAMPLE_TIME + ANNOUNCED_MS - 1).ok).toBe(false);
  expect(appendToAccount(suite, account, revoke, thief, SAMPLE_TIME + ANNOUNCED_MS).ok).toBe(true);
});

test('a device that the kit added counts at once', async () => {
  const account = await make();
  const byKit = await addSampleDevice(suite, account, account.kit.keys);
  const third = await addSampleDevice(suite, account);
  const revoke: AccountAction = { type: 'revoke', device: third.id };
  const two = [signerOf(first(account)), signerOf(byKit)];
  expect(appendToAccount(suite, account, revoke, two).ok).toBe(true);
});

test('a device that came and went between two heads that the team knows takes the epoch with it', async () => {
  const [owner, editor] = [await make(), await make()];
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, editor, 'editor');
  const passing = await addSampleDevice(suite, editor);
  await revokeSampleDevice(suite, editor, passing);
  const state = unwrap(team.append(editor, moved(editor)));
  expect(state.rotationOwed).toBe(true);
});

test('an invite that a stolen device made is closed when the device is revoked; the others stay', async () => {
  const [owner, admin] = [await make(), await make()];
  const stolen = await addSampleDevice(suite, admin);
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, admin, 'admin');
  const [byThief, byAdmin] = [await team.invite({ role: 'editor' }), await team.invite({ role: 'editor' })];
  unwrap(team.append(admin, byThief.action, [signerOf(stolen)]));
  unwrap(team.append(admin, byAdmin.action));
  await revokeSampleDevice(suite, admin, stolen);
  unwrap(team.append(admin, moved(admin)));
  expect([...team.state.invites.keys()]).toEqual([byAdmin.keys.id]);
  expect((await team.join(await make(), byThief)).ok).toBe(false);
});

test('where joins begin to be confirmed, open invites that carry the key are closed', async () => {
  const owner = await make();
  const team = await SampleTeam.create(suite, owner);
  const [withKey, without] = [
    await team.invite({ role: 'editor' }),
    await team.invite({ role: 'editor', withKey: false }),
  ];
  unwrap(team.append(owner, withKey.action));
  unwrap(team.append(owner, without.action));
  const policy = { confirmJoins: true, requireMfa: false, protectedLabels: [] };
  unwrap(team.append(owner, { type: 'policy', policy }));
  expect([...team.state.invites.keys()]).toEqual([without.keys.id]);
});

test('somebody who waits to be confirmed can go again, and costs the team nothing by it', async () => {
  const [owner, waiting] = [await make(), await make()];
  const team = await SampleTeam.create(suite, owner);
  const policy = { confirmJoins: true, requireMfa: false, protectedLabels: [] };
  unwrap(team.append(owner, { type: 'policy', policy }));
  const invite = await team.invite({ role: 'owner', withKey: false });
  unwrap(team.append(owner, invite.action));
  unwrap(await team.join(waiting, invite));
  const lost = await addSampleDevice(suite, waiting);
  await revokeSampleDevice(suite, waiting, lost);
  unwrap(team.append(waiting, moved(waiting)));
  expect(team.state.rotationOwed).toBe(false);
  // The one who waits is not the last owner: the other has not gone anywhere.
  unwrap(team.append(waiting, { type: 'leave' }));
  expect(team.state.rotationOwed).toBe(false);
  expect(team.append(owner, { type: 'leave' }).ok).toBe(false);
  expect(currentMember(team.state, owner.id)?.role).toBe('owner');
});

const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
].map(hexToBytes);
/** p, p + 1, p + 9 (another spelling of the base point), 2^255 − 1, and the base point with the bit that is masked. */
const NOT_CANONICAL = [
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  `f6${'ff'.repeat(30)}7f`,
  `${'ff'.repeat(31)}7f`,
  `09${'00'.repeat(30)}80`,
].map(hexToBytes);

test('an X25519 key of small order, or spelled otherwise than all others spell it, is no key', () => {
  for (const key of [...SMALL_ORDER, ...NOT_CANONICAL]) expect(isSoundX25519Key(key)).toBe(false);
  for (const key of [hexToBytes(`09${'00'.repeat(31)}`), hexToBytes(`eb${'ff'.repeat(30)}7f`)]) {
    expect(isSoundX25519Key(key)).toBe(true);
  }
  expect(isSoundX25519Key(new Uint8Array(31).fill(9))).toBe(false);
  expect(isSoundX25519Key(suite.hpke.publicKey(new Uint8Array(32).fill(1)))).toBe(true);
});

test('no log takes a key to which nobody can seal: else two members could not be removed any more', async () => {
  const owner = await make();
  const team = await SampleTeam.create(suite, owner);
  const device = first(await make());
  for (const boxPublic of [...SMALL_ORDER, ...NOT_CANONICAL]) {
    const account = latest(owner.history);
    const { action } = await prepareGeneration(suite, account, owner.userKeys);
    const added = { ...device, boxPublic };
    const by = [signerOf(first(owner)), signerOf(device)];
    const refusedByAccount: readonly AccountAction[] = [
      { ...action, userPublic: boxPublic },
      { type: 'add', device: added },
      { type: 'replaceKit', kit: added },
    ];
    for (const body of refusedByAccount) expect(appendToAccount(suite, owner, body, by).ok).toBe(false);
    const invite = await team.invite({ role: 'viewer' });
    expect(team.append(owner, { ...invite.action, boxPublic }).ok).toBe(false);
    const token = { type: 'token', change: 'add', boxPublic, expiresAt: 0, boxHash: null } as const;
    expect(team.append(owner, token).ok).toBe(false);
  }
});

test('who starts an epoch and seals rubbish locks nobody out: the older keys stay, and the next epoch works', async () => {
  const [owner, editor] = [await make(), await make()];
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, editor, 'editor');
  unwrap(await team.rotate(owner));
  // The editor's rotation: well formed, its boxes and its `previous` hold something else.
  const sound = await prepareRotation(suite, team.state, team.accountAt, { previous: team.epochKey(2) });
  const rotation = { ...sound.rotation, previous: suite.random(114), commitment: suite.random(32) };
  unwrap(team.append(editor, { type: 'rotate', rotation }));
  expect(await team.epochsFor(owner, first(owner))).toEqual([1, 2]);
  const next = await prepareRotation(suite, team.state, team.accountAt, { previous: null });
  unwrap(team.append(owner, { type: 'rotate', rotation: next.rotation }));
  team.boxes.push(...next.boxes);
  expect(await team.epochsFor(owner, first(owner))).toEqual([1, 2, 4]);
  expect(await team.epochsFor(editor, first(editor))).toEqual([1, 2, 4]);
});

test('a device that starts a user key and seals rubbish locks no other device out', async () => {
  const account = await make();
  const mine = first(account);
  const evil = await addSampleDevice(suite, account);
  const made = await prepareGeneration(suite, latest(account.history), account.userKeys);
  const action = { ...made.action, userPublic: suite.hpke.publicKey(suite.random(32)) };
  unwrap(appendToAccount(suite, account, action, [signerOf(evil)]));
  account.boxes.push(...made.boxes);
  const open = () => {
    const { history, boxes } = account;
    return openUserKeys(suite, mine, { state: latest(history), entries: history.entries }, boxes);
  };
  expect(await open()).toMatchObject({ ok: false, problem: { code: 'boxMissing' } });
  // Revoked with the kit; the next generation has no key before it that anybody knows.
  const kit = [signerOf(account.kit.keys)];
  unwrap(appendToAccount(suite, account, { type: 'revoke', device: evil.id }, kit));
  const next = await prepareGeneration(suite, latest(account.history), account.userKeys);
  unwrap(appendToAccount(suite, account, next.action, kit));
  account.boxes.push(...next.boxes);
  const keys = unwrap(await open());
  expect(new Set(keys.keys())).toEqual(new Set([1, 3]));
  const [before] = account.userKeys.values();
  expect(reveal(keys.get(1) ?? redact(new Uint8Array()))).toEqual(before && reveal(before));
});
