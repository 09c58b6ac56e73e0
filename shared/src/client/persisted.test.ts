// What the engine keeps on the disk: golden bytes of version 1.

import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createNativePrimitives } from '../crypto/nativePrimitives.ts';
import { createSeededSuite } from '../crypto/seededSuite.ts';
import { createSuite } from '../crypto/suite.ts';
import { createSampleAccount, SampleTeam, unwrap } from '../team/sampleTeam.ts';
import { bytesToHex } from '../util/bytes.ts';
import { decodeClient, encodeClient } from './persisted.ts';
import { newClient, newWorkspace, withWorkspace, type ClientState } from './state.ts';

const suite = createSuite(nodeCrypto);

async function sampleState(): Promise<ClientState> {
  const seeded = createSeededSuite(createNativePrimitives(nodeCrypto), 'client state');
  const [ana, ben] = [await createSampleAccount(seeded), await createSampleAccount(seeded)];
  const team = await SampleTeam.create(seeded, ana);
  await team.add(ana, ben, 'editor');
  const [device] = ana.devices;
  if (device === undefined) throw new Error('An account has a device.');
  const workspace = {
    ...newWorkspace(team.state.id, team.state.head),
    team: team.history,
    incarnation: 'first',
    isRestored: true,
    boxes: team.boxes.filter(({ recipient }) => recipient === ana.id),
  };
  const state = withWorkspace(newClient(ana.id, device.id), workspace);
  return {
    ...state,
    accounts: new Map([ana, ben].map(({ id, history }) => [id, history])),
    userBoxes: ana.boxes,
    alarms: [
      { code: 'feedFork', workspace: workspace.id, index: 2, seq: 7 },
      { code: 'logFork', account: ben.id, index: 1 },
      { code: 'logShorter', workspace: workspace.id, missing: 3 },
    ],
  };
}

test('golden bytes of version 1', async () => {
  await expect(`${bytesToHex(encodeClient(await sampleState()))}\n`).toMatchFileSnapshot('golden/v1.txt');
});

test('read back it is the same; of the alarms those stay that are for good', async () => {
  const state = await sampleState();
  const back = unwrap(decodeClient(suite, encodeClient(state)));
  expect(encodeClient(back)).toEqual(encodeClient(state));
  expect(back.alarms.map(({ code }) => code)).toEqual(['feedFork', 'logFork']);
  expect([...back.accounts.values()].map(({ entries }) => entries.length)).toEqual(
    [...state.accounts.values()].map(({ entries }) => entries.length),
  );
});

test('a log that does not hang together is not taken, nor what is cut off or newer', async () => {
  const state = await sampleState();
  const bytes = encodeClient(state);
  const [history] = state.accounts.values();
  const entry = history?.entries[0]?.bytes;
  if (entry === undefined) throw new Error('There is an entry.');
  const at = bytesToHex(bytes).indexOf(bytesToHex(entry)) / 2 + entry.length - 1;
  expect(decodeClient(suite, bytes.with(at, (bytes[at] ?? 0) ^ 1))).toMatchObject({
    problem: { code: 'brokenChain' },
  });
  expect(decodeClient(suite, bytes.subarray(0, -1)).ok).toBe(false);
  expect(decodeClient(suite, bytes.with(0, 2))).toMatchObject({ problem: { code: 'newerFormat' } });
});
