// What goes wrong between a computer and its server, and leaves nothing lost and nothing twice.

import { expect, test } from 'vitest';
import { createGround, got, inviteNew } from './people.ts';
import { openLine } from './line.ts';
import { startServerProcess } from './serverProcess.ts';

test('a connection that dies after the server has stored, before it answers, makes no duplicate and loses nothing', async () => {
  await using line = await openLine();
  await using server = await startServerProcess({ line });
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  await inviteNew(server, ana, ben, team);
  await ben.settled(team);
  await ben.shutDown();
  line.loseAnswers();
  const prompt = await ana.create(team, 'greeting', 'Hello\n');
  await ben.restart();
  await expect.poll(async () => ben.text(prompt)).toBe('Hello\n');
  line.cut();
  await ana.settled(team);
  for (const one of [ana, ben]) {
    expect(got(await one.calls.versions(prompt, { limit: 10 }))).toHaveLength(1);
    expect(Object.keys(await one.contents(team))).toEqual(['greeting']);
  }
});

test('a server that is killed again and again while prompts are pushed has them all in the end, each once', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  await inviteNew(server, ana, ben, team);
  const count = 60;
  const writing = (async () => {
    for (let number = 0; number < count; number += 1)
      await ana.create(team, `p${number}`, `text ${number}\n`);
  })();
  for (let round = 0; round < 3; round += 1) {
    await expect
      .poll(async () => Object.keys(await ben.contents(team)).length)
      .toBeGreaterThan((round * count) / 6);
    await server.kill();
    await server.start();
    got(await ana.teams.reconnect());
    got(await ben.teams.reconnect());
  }
  await writing;
  await ana.settled(team);
  await expect.poll(async () => Object.keys(await ben.contents(team)).length).toBe(count);
  expect(await ben.contents(team)).toEqual(await ana.contents(team));
});

test('a window that is killed in the middle of pushing goes on where it was', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  await inviteNew(server, ana, ben, team);
  for (let round = 0; round < 3; round += 1) {
    for (let number = 0; number < 8; number += 1) await ana.create(team, `p${round}.${number}`, 'text\n');
    await ana.restart();
  }
  await ana.settled(team);
  await expect.poll(async () => Object.keys(await ben.contents(team)).length).toBe(24);
  expect(await ben.contents(team)).toEqual(await ana.contents(team));
});
