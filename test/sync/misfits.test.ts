// Two sides that do not fit: a clock that is wrong, another version of the protocol, somebody who is no member any more.

import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { CLOSE_CODES } from '@cuebook/shared/protocol/errors';
import { PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { createGround, got, inviteNew, type Computer } from './people.ts';
import { startServerProcess, type ServerProcess } from './serverProcess.ts';

const year = 365 * 86_400_000;

test('a computer whose clock is a year behind edits with the others, and what was saved last counts', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'p', 'one\n');
  await inviteNew(server, ana, ben, team);
  await expect.poll(async () => ben.text(prompt)).toBe('one\n');
  await ben.restart(-year);
  await ben.save(prompt, 'by Ben, a year ago by his clock\n');
  await expect.poll(async () => ana.text(prompt)).toBe('by Ben, a year ago by his clock\n');
  await ana.save(prompt, 'by Ana\n');
  await expect.poll(async () => ben.text(prompt)).toBe('by Ana\n');
  await ben.save(prompt, 'by Ben again\n');
  await expect.poll(async () => ana.text(prompt)).toBe('by Ben again\n');
  for (const one of [ana, ben]) {
    await one.settled(team);
    const versions = got(await one.calls.versions(prompt, { limit: 10 }));
    expect(versions.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
  }
});

test('a server that speaks another version says who is too old, and local work goes on', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'p', 'one\n');
  await ana.settled(team);
  await server.stop();
  for (const [version, code] of [
    [PROTOCOL_VERSION + 1, 'updateCuebook'],
    [PROTOCOL_VERSION - 1, 'updateServer'],
  ] as const) {
    await using _ = await serverOfVersion(server, version);
    got(await ana.teams.reconnect());
    await expect.poll(async () => problemShown(ana)).toBe(code);
    await ana.save(prompt, `saved while it said ${code}\n`);
    expect(await ana.text(prompt)).toBe(`saved while it said ${code}\n`);
  }
  await server.start();
  got(await ana.teams.reconnect());
  await ana.settled(team);
});

/** What a server does that does not speak the client's version, and nothing else. */
async function serverOfVersion({ port }: ServerProcess, version: number): Promise<AsyncDisposable> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  server.on('connection', (socket) => {
    socket.on('message', () => socket.close(CLOSE_CODES.otherVersion, `otherVersion ${version}`));
  });
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function problemShown(one: Computer): Promise<string> {
  const connection = got(await one.teams.overview())
    .accounts.map((account) => account.connection)
    .find(({ kind }) => kind !== 'none');
  return connection?.kind === 'problem' ? connection.problem.code : (connection?.kind ?? '');
}

test('somebody who is removed while offline is told, and keeps and can export what was not sent', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'p', 'one\n');
  await inviteNew(server, ana, ben, team);
  await expect.poll(async () => ben.text(prompt)).toBe('one\n');
  await ben.settled(team);
  const benAccount = await ben.account();
  // Ben's computer is away while he is removed; what he writes there waits.
  await server.stop();
  await ben.save(prompt, 'what Ben wrote on the train\n');
  await expect.poll(async () => (await ben.sync(team)).kind).toBe('offline');
  await ben.shutDown();
  await server.start();
  got(await ana.teams.reconnect());
  await ana.settled(team);
  got(await ana.teams.removeMember(team, benAccount));
  await ana.settled(team);
  await ben.restart();
  await expect.poll(async () => ben.sync(team)).toMatchObject({ kind: 'ended', why: 'removed', pending: 1 });
  // A server that tells him nothing more has withheld nothing: it is accused of nothing.
  const codes = got(await ben.teams.syncLog(1_000)).map(({ code }) => code);
  expect(codes).not.toContain('alarm');
  expect(await ben.text(prompt)).toBe('what Ben wrote on the train\n');
  const { exportId } = got(await ben.calls.exportStart({ kind: 'everything' }));
  const files = got(await ben.calls.exportNext(exportId));
  const texts = files.map(({ bytes }) => new TextDecoder().decode(bytes));
  expect(texts.join('\n')).toContain('what Ben wrote on the train');
  expect(await ana.text(prompt)).toBe('one\n');
});
