// What the engine keeps on the disk: golden bytes of version 1, and nothing on the disk is believed.

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
const tools = { primitives: suite, verifiers: suite.verifiers };

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
  const back = unwrap(decodeClient(tools, encodeClient(state)));
  expect(encodeClient(back)).toEqual(encodeClient(state));
  expect(back.alarms.map(({ code }) => code)).toEqual(['feedFork', 'logFork']);
  expect([...back.accounts.values()].map(({ entries }) => entries.length)).toEqual(
    [...state.accounts.values()].map(({ entries }) => entries.length),
  );
});

test('a log that was changed on the disk is not believed', async () => {
  const state = await sampleState();
  const bytes = encodeClient(state);
  const [history] = state.accounts.values();
  const entry = history?.entries[0]?.bytes;
  if (entry === undefined) throw new Error('There is an entry.');
  const hex = bytesToHex(bytes);
  const at = hex.indexOf(bytesToHex(entry)) / 2 + entry.length - 1;
  expect(decodeClient(tools, bytes.with(at, (bytes[at] ?? 0) ^ 1)).ok).toBe(false);
  expect(decodeClient(tools, bytes.subarray(0, -1)).ok).toBe(false);
  expect(decodeClient(tools, bytes.with(0, 2))).toMatchObject({ problem: { code: 'newerFormat' } });
});
