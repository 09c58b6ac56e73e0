// The table of who × what × epoch: everybody is given everything that is stored anywhere (all logs, all boxes, all
// records, as if they colluded with the server) and the keys that they ever held.

import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import { createGroupKeys, type EpochKey } from '../crypto/groupKeys.ts';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, idToBytes, type GroupId, type StreamId } from '../encoding/ids.ts';
import { ascii } from '../encoding/utf8.ts';
import { FEED_START } from '../record/feed.ts';
import { parseRecord } from '../record/header.ts';
import { openRecord } from '../record/open.ts';
import { sealRecord } from '../record/seal.ts';
import { redact } from '../util/redacted.ts';
import { openEpochKeys } from './epochKeys.ts';
import { latest } from './history.ts';
import { openInviteBox } from './invite.ts';
import {
  addSampleDevice,
  createSampleAccount,
  revokeSampleDevice,
  SampleTeam,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import { openUserKeys, type UserKeys } from './userKeys.ts';

const suite = createSuite(nodeCrypto);
const make = (): Promise<SampleAccount> => createSampleAccount(suite);

const [owner, editor, viewer, removed, leaver, stranger] = [
  await make(),
  await make(),
  await make(),
  await make(),
  await make(),
  await make(),
];
const first = (account: SampleAccount): DeviceKeys => {
  const [device] = account.devices;
  if (device === undefined) throw new Error('an account has a device');
  return device;
};

// Epoch 1: owner, editor (two devices), viewer, one who is removed, one who leaves.
const lost = await addSampleDevice(suite, editor);
const team = await SampleTeam.create(suite, owner);
for (const [account, role] of [
  [editor, 'editor'],
  [viewer, 'viewer'],
  [removed, 'editor'],
  [leaver, 'admin'],
] as const) {
  await team.add(owner, account, role);
}
// Epoch 2 begins with a removal. In it an invite with the key is made, withdrawn and never used.
unwrap(await team.remove(owner, removed.id));
const invite = await team.invite({ role: 'editor' });
unwrap(team.append(owner, invite.action));
unwrap(team.append(owner, { type: 'close', invite: invite.keys.id, reason: 'withdrawn' }));
// Epoch 3 after somebody left, epoch 4 after a device was revoked; then somebody joins.
unwrap(team.append(leaver, { type: 'leave' }));
unwrap(await team.rotate(editor));
await revokeSampleDevice(suite, editor, lost);
unwrap(team.append(editor, { type: 'device', accountHead: latest(editor.history).head }));
unwrap(await team.rotate(owner));
const newcomer = await make();
await team.add(owner, newcomer, 'viewer');

/** The user keys that the lost device held when it was lost. */
const keysOfLost: UserKeys = new Map([...editor.userKeys].filter(([generation]) => generation === 1));

const group = idFromBytes<GroupId>(new Uint8Array(16).fill(5));
const records = [1, 2, 3, 4].map((epoch) => {
  const draft = {
    flag: 'none',
    workspace: team.state.id,
    group,
    stream: idFromBytes<StreamId>(new Uint8Array(16)),
    parents: [],
    epoch,
    author: owner.id,
    device: first(owner).id,
    counter: epoch,
    teamLog: team.state.head,
    seen: FEED_START,
  } as const;
  const keys = createGroupKeys(suite, team.state.id, team.epochKeys);
  const key = keys.keyOf(idToBytes(group), epoch);
  if (key === null) throw new Error('the team has all keys');
  return sealRecord(suite, { group: key, sign: first(owner).sign }, draft, ascii(`text of epoch ${epoch}`))
    .bytes;
});

async function keysWith(account: SampleAccount, userKeys: UserKeys): Promise<ReadonlyMap<number, EpochKey>> {
  const source = { workspace: team.state.id, account: account.id, userKeys };
  const opened = await openEpochKeys(suite, { ...source, entries: team.history.entries, boxes: team.boxes });
  return opened.ok ? opened.value : new Map();
}

async function keysOf(account: SampleAccount, device: DeviceKeys): Promise<ReadonlyMap<number, EpochKey>> {
  const { history, boxes } = account;
  const state = latest(history);
  const userKeys = await openUserKeys(suite, device, { state, entries: history.entries }, boxes);
  return userKeys.ok ? keysWith(account, userKeys.value) : new Map();
}

async function keysOfInvited(): Promise<ReadonlyMap<number, EpochKey>> {
  const { commitment } = invite.action;
  if (invite.box === null) throw new Error('the invite carries the key');
  const opened = await openInviteBox(
    suite,
    invite.keys,
    team.state.id,
    { number: 2, commitment },
    invite.box,
  );
  return new Map([[2, unwrap(opened)]]);
}

describe('with everything that is stored anywhere', () => {
  const rows: readonly (readonly [
    who: string,
    epochs: readonly number[],
    () => Promise<ReadonlyMap<number, EpochKey>>,
  ])[] = [
    ['the owner', [1, 2, 3, 4], () => keysOf(owner, first(owner))],
    ['an editor', [1, 2, 3, 4], () => keysOf(editor, first(editor))],
    ["the editor's recovery kit", [1, 2, 3, 4], () => keysOf(editor, editor.kit.keys)],
    ['a viewer', [1, 2, 3, 4], () => keysOf(viewer, first(viewer))],
    ['who joined last', [1, 2, 3, 4], () => keysOf(newcomer, first(newcomer))],
    ['who was removed', [1], () => keysOf(removed, first(removed))],
    ['who left', [1, 2], () => keysOf(leaver, first(leaver))],
    ['the revoked device, by its own keys', [], () => keysOf(editor, lost)],
    ['the revoked device, with the user key it held', [1, 2, 3], () => keysWith(editor, keysOfLost)],
    ['who was invited and not let in', [2], keysOfInvited],
    ['a stranger', [], () => keysOf(stranger, first(stranger))],
    ["a stranger who says to be the owner's account", [], () => keysWith(owner, stranger.userKeys)],
    ['the server', [], () => keysWith(owner, new Map())],
    [
      'the server, with a key of its own making',
      [],
      () => keysWith(owner, new Map([[1, redact(new Uint8Array(32))]])),
    ],
  ];

  test.each(rows)('%s opens the records of epochs %j and no others', async (_, epochs, keysFor) => {
    const keys = await keysFor();
    const groupKeys = createGroupKeys(suite, team.state.id, keys);
    const opened = records.flatMap((bytes, index) => {
      const parsed = unwrap(parseRecord(bytes));
      // Whatever keys there are, in whatever place they are tried.
      const tried = [...keys.keys()].map((epoch) => groupKeys.keyOf(idToBytes(group), epoch));
      return tried.some((key) => key !== null && openRecord(suite, key, parsed).ok) ? [index + 1] : [];
    });
    expect(opened).toEqual(epochs);
  });

  test('whoever has all keys has the same ones', async () => {
    const all = await Promise.all([keysOf(viewer, first(viewer)), keysOf(newcomer, first(newcomer))]);
    for (const keys of all) expect(new Set(keys.keys())).toEqual(new Set([1, 2, 3, 4]));
  });
});

describe('a box', () => {
  test('that is missing or holds another key is noticed, and what is sealed anew is taken', async () => {
    const kept = [...team.boxes];
    const mine = team.boxes.find((box) => box.recipient === newcomer.id);
    team.boxes.splice(0, team.boxes.length, ...kept.filter((box) => box.recipient !== newcomer.id));
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([]);
    // A server that hands out the box of another epoch or person instead.
    const theirs = kept.find((box) => box.recipient === viewer.id && box.epoch === 4);
    if (mine === undefined || theirs === undefined) throw new Error('no box');
    team.boxes.push({ ...theirs, recipient: newcomer.id }, { ...mine, epoch: 3 });
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([]);
    await team.sealTo(newcomer);
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([1, 2, 3, 4]);
    team.boxes.splice(0, team.boxes.length, ...kept);
  });
});
