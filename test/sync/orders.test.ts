// Orders of answers and subscriptions that are rare, each forced: what was said is not forgotten in any of them.

import { expect, test } from 'vitest';
import type { AccountId } from '../../extension/src/library/teams.ts';
import { createGround, got, inviteNew, PASSWORD, type Computer } from './people.ts';
import { openPost } from './post.ts';
import { startServerProcess, type ServerProcess } from './serverProcess.ts';

test('records that come while an older page is on its way, by a device that was just learned of, are not forgotten', async () => {
  await using post = await openPost();
  await using server = await startServerProcess({ line: post });
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const { account, team, code } = await withTeam(ana, server);
  await ana.create(team, 'p', 'text\n');
  await ana.settled(team);

  // The team's log names a device, and the account's log, by which that is judged, does not come yet.
  const logs = post.hold({ path: 'account.readLog', side: 'answers', of: 'connected' });
  const second = await enrolled(ground.computer('second'), { server, account, code });
  await second.create(team, 'early', 'early\n');
  await second.settled(team);
  await expect.poll(() => logs.held).toBeGreaterThan(0);
  await expect.poll(() => logs.toldSeq === post.toldSeq).toBe(true);

  // It comes, and the records that had to wait for it are read; before they are here, another one is told of.
  const heads = post.hold({ path: 'workspace.head', side: 'answers', of: 'connected' });
  logs.release();
  await expect.poll(() => heads.held).toBeGreaterThan(0);
  const before = logs.toldSeq;
  await second.create(team, 'late', 'late\n');
  await second.settled(team);
  await expect.poll(() => logs.toldSeq > before && logs.toldSeq === post.toldSeq).toBe(true);
  heads.release();

  await expect
    .poll(async () => ana.contents(team))
    .toEqual({ p: 'text\n', early: 'early\n', late: 'late\n' });
  await ana.settled(team);
  expect(await alarmsOf(ana)).toEqual([]);
});

test('a log that grew between the question where it ends and the one for its entries stops nothing', async () => {
  await using post = await openPost();
  await using server = await startServerProcess({ line: post });
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { team } = await withTeam(ana, server);
  await inviteNew(server, ana, ben, team);
  await ben.settled(team);
  await ben.shutDown();
  const grow = async () =>
    got(
      await ana.teams.invite({ workspace: team, role: 'viewer', uses: 1, expiresAt: Date.now() + 3_600_000 }),
    );
  await grow();
  const logs = post.hold({ path: 'workspace.readLog', side: 'questions', of: 'coming' });
  await ben.restart();
  await expect.poll(() => logs.held).toBeGreaterThan(0);
  await grow();
  logs.release();
  await ben.settled(team);
  const prompt = await ana.create(team, 'p', 'text\n');
  await expect.poll(async () => ben.text(prompt)).toBe('text\n');
  expect(await alarmsOf(ben)).toEqual([]);
});

test('a log of devices that was answered before a team named more of it accuses nobody', async () => {
  await using post = await openPost();
  await using server = await startServerProcess({ line: post });
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const { account, team, code } = await withTeam(ana, server);
  await ana.create(team, 'p', 'text\n');
  await ana.settled(team);
  const log = post.hold({ path: 'account.readLog', side: 'answers', of: 'coming', most: 1 });
  await ana.restart();
  await expect.poll(() => log.held).toBe(1);
  await ana.settled(team);
  const second = await enrolled(ground.computer('second'), { server, account, code });
  await second.create(team, 'early', 'early\n');
  await second.settled(team);
  await expect.poll(async () => (await ana.sync(team)).kind).toBe('catchingUp');
  log.release();
  await expect.poll(async () => ana.contents(team)).toEqual({ p: 'text\n', early: 'early\n' });
  await ana.settled(team);
  expect(await alarmsOf(ana)).toEqual([]);
});

/** Who owns the server has a team on it; `code`: of their recovery kit. */
async function withTeam(one: Computer, server: ServerProcess) {
  const { account } = await one.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await one.teams.createTeam({ account, name: 'Stage' }));
  return { account, team, code: got(await one.calls.recoveryKit()).code };
}

async function enrolled(
  one: Computer,
  {
    server,
    account,
    code,
  }: { readonly server: ServerProcess; readonly account: AccountId; readonly code: string },
): Promise<Computer> {
  const { address } = server;
  const given = { server: address, email: 'ana@example.com', password: PASSWORD, deviceName: one.name };
  expect(got(await one.teams.signIn(given))).toMatchObject({ kind: 'signedIn', device: 'needed' });
  got(await one.teams.enrolWithKit(account, code));
  await expect.poll(async () => one.text(await promptOf(one, 'p'))).toBe('text\n');
  return one;
}

async function promptOf(one: Computer, path: string) {
  const prompts = got(await one.calls.list({ limit: 5000 }));
  const found = prompts.find((prompt) => prompt.path === path);
  // Asked again until it is there.
  return found?.id ?? ('' as Parameters<Computer['text']>[0]);
}

async function alarmsOf(one: Computer) {
  return got(await one.teams.syncLog(1000)).filter(({ code }) => code === 'alarm');
}
