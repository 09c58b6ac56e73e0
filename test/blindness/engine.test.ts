// The engine with an honest server: everybody ends with the same, nobody sees an alarm, and what is owed is done.

import * as nodeCrypto from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { dutiesOf } from '@cuebook/shared/client/duties';
import { connect } from '@cuebook/shared/client/engine';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { idToBytes } from '@cuebook/shared/encoding/ids';
import { labels } from '@cuebook/shared/replica/history';
import { moveLabel } from '@cuebook/shared/replica/labelling';
import { createInviteSecret, deriveInviteKeys } from '@cuebook/shared/team/invite';
import { addSampleDevice, revokeSampleDevice } from '@cuebook/shared/team/sampleTeam';
import { TestClient } from './client.ts';
import { entryOn, firstDevice, headOfAccount, signerOf } from './lies/forging.ts';
import { copyOf, createWorld, type World } from './world.ts';

// Accounts and boxes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const suite = createSuite(nodeCrypto);
let made: World;
beforeAll(async () => {
  made = await createWorld(suite);
});

const open = (): World => copyOf(made);

test('everybody has what the others wrote, and no alarm', async () => {
  const { server, ana, ben, cleo, prompt } = open();
  ben.save(prompt, 'two\n');
  for (const client of [ben, ana, cleo]) await client.sync(server);
  for (const client of [ana, ben, cleo]) {
    expect(client.textOf(prompt)).toBe('two\n');
    expect(client.seen).toEqual([]);
    expect(client.standing).toBe('writes');
  }
});

test('a new device asks for each log once, and has everything', async () => {
  const { server, people, prompt, fresh } = open();
  const asked: string[] = [];
  server.lie = (message) => {
    asked.push(message.kind === 'accountLog' ? `accountLog ${message.account}` : message.kind);
    return message;
  };
  const client = fresh(people.ben);
  await client.sync(server);
  expect(client.textOf(prompt)).toBe('one\n');
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.filter((kind) => kind.startsWith('accountLog'))).toHaveLength(3);
});

test('nothing is asked twice on one connection before it is answered', () => {
  const { ana } = open();
  const first = connect(ana.state, [ana.workspace]);
  expect(first.requests.map(({ kind }) => kind)).toEqual(['readEnds', 'readAccountLog', 'readUserBoxes']);
});

test('texts under an ended epoch are sealed anew, and arrive once', async () => {
  const { server, people, ana, cleo, prompt } = open();
  cleo.save(prompt, 'written before the rotation\n');
  await ana.remove(server, people.ben);
  await cleo.sync(server);
  await ana.sync(server);
  expect(ana.textOf(prompt)).toBe('written before the rotation\n');
  expect(cleo.pending).toEqual([]);
  expect(ana.seen).toEqual([]);
});

test('a removed member is told, keeps the unsent text, and sends nothing more', async () => {
  const { server, people, ana, ben, prompt } = open();
  ben.save(prompt, 'not sent\n');
  await ana.remove(server, people.ben);
  await ben.sync(server);
  expect(ben.standing).toBe('notMember');
  expect(ben.textOf(prompt)).toBe('not sent\n');
  expect(ben.pending).toHaveLength(1);
  expect(server.items).toHaveLength(2);
});

test('a new device writes after the team was told of it', async () => {
  const { server, people, ana, ben, prompt } = open();
  const device = await addSampleDevice(suite, people.ben);
  server.learn(people.ben);
  const second = new TestClient(suite, people.ben, { workspace: ben.workspace, device });
  await second.sync(server);
  expect(second.standing).toBe('deviceNotAnnounced');
  second.save(prompt, 'from the new device\n');
  await second.doDuties(server);
  expect(second.standing).toBe('writes');
  await second.sync(server);
  await ana.sync(server);
  expect(ana.textOf(prompt)).toBe('from the new device\n');
});

test('when a device was revoked, its account tells the team, somebody rotates, and work goes on', async () => {
  const { server, people, ana, ben, cleo, prompt } = open();
  const device = await addSampleDevice(suite, people.ben);
  await revokeSampleDevice(suite, people.ben, firstDevice(people.ben));
  people.ben.devices.shift();
  server.learn(people.ben);
  const kept = new TestClient(suite, people.ben, { workspace: ben.workspace, device });
  await kept.sync(server);
  await kept.doDuties(server);
  await ben.sync(server);
  expect(ben.standing).toBe('deviceRevoked');
  await cleo.sync(server);
  expect(cleo.standing).toBe('rotationOwed');
  await cleo.doDuties(server);
  await kept.sync(server);
  kept.save(prompt, 'from the device that is left\n');
  await kept.sync(server);
  await ana.sync(server);
  expect(ana.textOf(prompt)).toBe('from the device that is left\n');
});

test('of those online the one who joined first does what anybody could do', async () => {
  const { server, people, ana, ben, cleo } = open();
  await ben.append(server, { type: 'leave' });
  await ana.sync(server);
  await cleo.sync(server);
  const dutiesIf = (client: TestClient, online: readonly TestClient[]): readonly string[] =>
    dutiesOf(client.state, client.workspace, {
      now: client.now,
      online: new Set(online.map(({ account }) => account.id)),
      keys: client.keys,
      wanted: [],
    }).map(({ kind }) => kind);
  expect(dutiesIf(ana, [ana, cleo])).toEqual(['rotate']);
  expect(dutiesIf(cleo, [ana, cleo])).toEqual([]);
  expect(dutiesIf(cleo, [cleo])).toEqual(['rotate']);
  expect(dutiesIf(ben, [ben])).toEqual([]);
  expect(people.ben.id).toBe(ben.account.id);
});

test('an admin’s client closes invites that have expired; an editor’s does not', async () => {
  const { server, ana, ben } = open();
  await ana.append(server, inviteTo(ana, deriveInviteKeys(suite, createInviteSecret(suite)), 1));
  await ben.sync(server);
  ana.now += 1_000_000;
  ben.now += 1_000_000;
  await ben.doDuties(server);
  expect(server.log).toHaveLength(6);
  await ana.doDuties(server);
  expect(server.log).toHaveLength(7);
  expect(ana.state.workspaces.get(ana.workspace)?.team.states.at(-1)?.invites.size).toBe(0);
});

test('who joins with an invite for several waits for a key, and any member who has it gives it', async () => {
  const { server, people, ana, ben, prompt, fresh } = open();
  const keys = deriveInviteKeys(suite, createInviteSecret(suite));
  await ana.append(server, inviteTo(ana, keys, 5));
  const join = {
    type: 'join',
    invite: keys.id,
    workspace: idToBytes(ana.workspace),
    accountHead: headOfAccount(people.mallory),
    box: null,
  } as const;
  const signers = [signerOf(firstDevice(people.mallory)), keys.signer];
  server.log = [...server.log, entryOn(suite, server, people.mallory, join, signers)];
  const joiner = fresh(people.mallory);
  await joiner.sync(server);
  expect(joiner.standing).toBe('waitsForKey');
  expect(joiner.seen).toEqual(['boxMissing']);
  await ben.sync(server);
  await ben.doDuties(server);
  await joiner.sync(server);
  expect(joiner.textOf(prompt)).toBe('one\n');
  expect(joiner.standing).toBe('writes');
});

test('a restored server has everything again, account logs too, with the help of whoever has most', async () => {
  const { server, people, ana, ben, cleo, prompt } = open();
  const backup = server.copy();
  await addSampleDevice(suite, people.ana);
  server.learn(people.ana);
  await ana.sync(server);
  await ana.doDuties(server);
  for (const text of ['two\n', 'three\n']) {
    ana.save(prompt, text);
    await ana.sync(server);
  }
  await ben.sync(server);
  await cleo.sync(server);
  backup.restore(backup.log.length, backup.items.length);
  await cleo.sync(backup);
  await cleo.sync(backup);
  expect(backup.ends).toEqual({ ...server.ends, incarnation: backup.incarnation });
  expect(backup.accountLogs.get(people.ana.id)).toEqual(server.accountLogs.get(people.ana.id));
  ben.save(prompt, 'four\n');
  for (const client of [ben, ana, cleo]) await client.sync(backup);
  expect(cleo.textOf(prompt)).toBe('four\n');
  expect(ana.seen).toEqual(['serverRestored']);
});

test('a device whose box was lost in a restore before it was read gets another one', async () => {
  const { server, people, ana, prompt } = open();
  const device = await addSampleDevice(suite, people.ana);
  server.learn(people.ana);
  const boxes = server.userBoxes.get(people.ana.id) ?? [];
  server.userBoxes.set(
    people.ana.id,
    boxes.filter(({ recipient }) => recipient !== device.id),
  );
  await ana.sync(server);
  await ana.doDuties(server);
  const second = new TestClient(suite, people.ana, { workspace: ana.workspace, device });
  await second.sync(server);
  expect(second.standing).toBe('waitsForKey');
  await ana.sealUserKeys(server);
  await second.sync(server);
  expect(second.textOf(prompt)).toBe('one\n');
});

test('a restored server that takes nothing back is not talked to in circles', async () => {
  const { server, people, ana, prompt } = open();
  const backup = server.copy();
  await addSampleDevice(suite, people.ana);
  server.learn(people.ana);
  await ana.sync(server);
  ana.save(prompt, 'two\n');
  await ana.sync(server);
  backup.restore(backup.log.length, backup.items.length);
  backup.takesBack = false;
  await ana.sync(backup);
  expect(ana.seen).toEqual(['serverRestored']);
  expect(ana.standing).toBe('healing');
  expect(ana.textOf(prompt)).toBe('two\n');
});

test('a log kept by newer rules is not followed: read-only, until an update', async () => {
  const { server, people, ana, ben } = open();
  server.log = [...server.log, entryOn(suite, server, people.ana, { type: 'rules', rules: 2 })];
  await ben.sync(server);
  expect(ben.seen).toEqual(['newerRules']);
  expect(ben.standing).toBe('alarmed');
  expect(ana.standing).toBe('writes');
});

test('until its signature is checked a record has no verdict, is not merged and gets no label; then all that is done', async () => {
  const { server, ana, ben, prompt } = open();
  ana.save(prompt, 'two\nsame\n');
  await ana.sync(server);
  ben.save(prompt, 'one\nmine\n');
  ben.verify = 'later';
  await ben.sync(server);
  expect(ben.replica.groups.get(prompt)?.verified).toBe(false);
  const revisionId = ben.replica.groups.get(prompt)?.content?.revisionId ?? null;
  const move = { id: prompt, label: 'production', revisionId };
  expect(() => ben.run((state, ports) => moveLabel(state, ports, move))).toThrow(/check/i);
  expect(server.items).toHaveLength(3);
  ben.check();
  expect(ben.replica.groups.get(prompt)?.verified).toBe(true);
  await ben.sync(server);
  expect(labels(ben.replica, prompt)).toEqual([]);
});

test('a forged record that was taken unchecked is set aside when it is checked, and nothing was merged with it', async () => {
  const { server, ana, ben, prompt } = open();
  ana.save(prompt, 'two\n');
  await ana.sync(server);
  const last = server.items.at(-1);
  if (last === undefined) throw new Error('There is a record.');
  server.items = server.items.slice(0, -1);
  const at = last.bytes.length - 1;
  server.insert(last.bytes.with(at, (last.bytes[at] ?? 0) ^ 1));
  ben.verify = 'later';
  await ben.sync(server);
  expect(ben.seen).toEqual([]);
  expect(ben.replica.groups.get(prompt)?.verified).toBe(false);
  ben.check();
  expect(ben.seen).toEqual(['badSignature']);
  expect(ben.textOf(prompt)).toBe('one\n');
});

function inviteTo(client: TestClient, keys: ReturnType<typeof deriveInviteKeys>, uses: number) {
  const team = client.state.workspaces.get(client.workspace)?.team.states.at(-1);
  if (team === undefined) throw new Error('The team log is here.');
  const { signPublic, boxPublic } = keys;
  const { epoch, commitment } = team;
  const expiresAt = 1_750_000_001_000;
  return {
    type: 'invite',
    signPublic,
    boxPublic,
    role: 'editor',
    expiresAt,
    uses,
    epoch,
    commitment,
    boxHash: null,
  } as const;
}
