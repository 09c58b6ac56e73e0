// Libraries and accounts: what was there before a server, several servers, several windows, a second device.

import { expect, test } from 'vitest';
import type { PromptId } from '../../extension/src/library/api.ts';
import { copyAcross, originalsOf } from '../../extension/src/vscode/library/copyAcross.ts';
import { createGround, got, inviteNew, PASSWORD } from './people.ts';
import { startServerProcess } from './serverProcess.ts';

test('a personal library is brought to a server, and a new device has it by the kit', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const status = await ana.calls.status();
  const [personal] = status.kind === 'ready' ? status.workspaces : [];
  if (personal === undefined) throw new Error('a library begins with a workspace');
  const prompt = await ana.create(personal.id, 'before', 'Written before any server\n');
  const kit = got(await ana.calls.recoveryKit());
  const { account, kit: newKit } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  expect(newKit).toBeNull();
  expect(await ana.sync(personal.id)).toEqual({ kind: 'local' });
  got(await ana.teams.attachPersonal(personal.id, account));
  await ana.settled(personal.id);
  await ana.save(prompt, 'and after\n');
  await ana.settled(personal.id);

  const second = ground.computer('second');
  const own = await second.calls.status();
  const [offline] = own.kind === 'ready' ? own.workspaces : [];
  if (offline === undefined) throw new Error('a library begins with a workspace');
  const kept = await second.create(offline.id, 'kept', 'My own offline prompt\n');
  const given = {
    server: server.address,
    email: 'ana@example.com',
    password: PASSWORD,
    deviceName: 'second',
  };
  expect(got(await second.teams.signIn(given))).toMatchObject({ kind: 'signedIn', device: 'needed' });
  got(await second.teams.enrolWithKit(account, kit.code));
  await expect.poll(async () => second.text(prompt)).toBe('and after\n');
  // The library that was there stays as it was, beside it.
  expect(await second.text(kept)).toBe('My own offline prompt\n');
  expect(await second.sync(offline.id)).toEqual({ kind: 'local' });
  expect((await second.team(offline.id)).kind).toBe('personal');
  // Its log admits the account that the device came into, beside the one that the library began with.
  const members = got(await second.teams.members(offline.id));
  expect(members.map(({ role, state }) => [role, state])).toEqual([
    ['owner', 'member'],
    ['owner', 'member'],
  ]);
  expect(members.map(({ account: id }) => id)).toContain(account);
  await second.save(kept, 'and it goes on\n');
  expect(await second.text(kept)).toBe('and it goes on\n');
  expect(await second.teams.attachPersonal(offline.id, account)).toMatchObject({
    problem: { code: 'notAllowed' },
  });

  // What is wanted on the server is copied to the workspace that is there; folders come along.
  const folder = got(
    await second.calls.createFolder({ workspaceId: offline.id, parentId: null, name: 'review' }),
  );
  const more = [1, 2].map((n) => ({
    workspaceId: offline.id,
    folderId: folder.id,
    name: `p${n}`,
    path: ['deep'],
    text: `text ${n}\n`,
  }));
  const inside = got(await second.calls.createPrompts(more));
  const ids = [inside[0]?.id ?? kept, kept, folder.id];
  const originals = got(await originalsOf(second.calls, ids));
  expect(originals.map(({ prompt: { name }, path }) => [name, ...path])).toEqual([
    ['p1', 'review', 'deep'],
    ['p2', 'review', 'deep'],
    ['kept'],
  ]);
  const to = { workspaceId: personal.id, folderId: null };
  expect(got(await copyAcross(second.calls, originals, to)).map(({ path }) => path)).toEqual([
    'review/deep/p1',
    'review/deep/p2',
    'kept',
  ]);
  await second.settled(personal.id);
  await expect
    .poll(async () => ana.contents(personal.id))
    .toEqual({
      before: 'and after\n',
      kept: 'and it goes on\n',
      'review/deep/p1': 'text 1\n',
      'review/deep/p2': 'text 2\n',
    });
  expect(await second.text(kept)).toBe('and it goes on\n');
});

test('one library is on two servers at once, with an account and a team on each', async () => {
  await using one = await startServerProcess();
  await using other = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const first = await ana.signUp(one, { kind: 'link', text: one.ownerLink });
  const second = await ana.signUp(other, { kind: 'link', text: other.ownerLink });
  expect(second.kit?.code).toMatch(/^1/);
  expect(second.account).not.toBe(first.account);
  const teams = [
    got(await ana.teams.createTeam({ account: first.account, name: 'One' })),
    got(await ana.teams.createTeam({ account: second.account, name: 'Other' })),
  ] as const;
  const prompts: PromptId[] = [];
  for (const team of teams) {
    prompts.push(await ana.create(team, 'p', `${(await ana.team(team)).name}\n`));
    await ana.settled(team);
  }
  await inviteNew(other, ana, ben, teams[1]);
  await expect.poll(async () => ben.text(prompts[1] as PromptId)).toBe('Other\n');
  expect(await ben.text(prompts[0] as PromptId)).toBeNull();
  await one.kill();
  await ben.save(prompts[1] as PromptId, 'while the first is down\n');
  await expect.poll(async () => ana.text(prompts[1] as PromptId)).toBe('while the first is down\n');
  await expect.poll(async () => (await ana.sync(teams[0])).kind).toBe('offline');
});

test('two windows of one library share one session: both see both, either may act', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const window = ana.window();
  const [made] = got(
    await window.calls.createPrompts([
      { workspaceId: team, folderId: null, name: 'p', text: 'second window\n' },
    ]),
  );
  if (made === undefined) throw new Error('not made');
  await ana.settled(team);
  // The second window asks for what needs the server, and takes the connection over.
  const expiresAt = Date.now() + 3_600_000;
  const invite = got(await window.teams.invite({ workspace: team, role: 'editor', uses: 1, expiresAt }));
  await ben.signUp(server, { kind: 'invite', text: invite.link });
  await expect.poll(async () => ben.text(made.id)).toBe('second window\n');
  // And the first one takes it back.
  got(await ana.teams.setRole(team, await ben.account(), 'viewer'));
  await ben.calls.status();
  await expect.poll(async () => (await ben.team(team)).mayEdit).toBe(false);
  await expect
    .poll(async () => got(await window.teams.overview()).teams.find(({ id }) => id === team)?.sync)
    .toEqual({ kind: 'live', pending: 0 });
});

test('a device is approved from another one by a typed code', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'p', 'text\n');
  const second = ground.computer('second');
  const given = {
    server: server.address,
    email: 'ana@example.com',
    password: PASSWORD,
    deviceName: 'second',
  };
  expect(got(await second.teams.signIn(given))).toMatchObject({ device: 'needed' });
  got(await ana.teams.startApproval(account));
  got(await second.teams.askForApproval(account));
  const approvalOf = async (one: typeof ana) =>
    got(await one.teams.overview()).accounts.find(({ id }) => id === account)?.approval ?? null;
  await expect.poll(async () => approvalOf(second)).toMatchObject({ step: 'showCode' });
  await expect.poll(async () => approvalOf(ana)).toMatchObject({ step: 'typeCode' });
  const shown = await approvalOf(second);
  got(await ana.teams.typeApprovalCode(account, shown?.step === 'showCode' ? shown.code : ''));
  got(await second.teams.confirmApproval(account, true));
  await expect.poll(async () => second.text(prompt)).toBe('text\n');
  expect(got(await ana.teams.devices(account)).filter(({ kind }) => kind === 'device')).toHaveLength(2);
});
