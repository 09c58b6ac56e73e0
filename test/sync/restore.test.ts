// A server that comes back from yesterday's backup, and a device that brings a library of its own: nobody loses anything.

import { expect, test } from 'vitest';
import type { WorkspaceId } from '../../extension/src/library/api.ts';
import { createGround, got, inviteNew, PASSWORD, type Computer } from './people.ts';
import { startServerProcess, type ServerProcess } from './serverProcess.ts';

test(
  'a server that was restored from a backup of yesterday gets back what its members have, and the log says so',
  { timeout: 300_000 },
  async () => {
    await using server = await startServerProcess();
    await using ground = await createGround();
    const ana = ground.computer('ana');
    const ben = ground.computer('ben');
    const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
    const kit = got(await ana.calls.recoveryKit());
    const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
    await inviteNew(server, ana, ben, team);
    const early = await ana.create(team, 'early', 'in the backup\n');
    await expect.poll(async () => ben.text(early)).toBe('in the backup\n');
    await server.backup();

    // Of today: by Ana, by Ben, and a change of who may what.
    const late = await ana.create(team, 'late', 'not in the backup\n');
    await expect.poll(async () => ben.text(late)).toBe('not in the backup\n');
    await ben.save(early, 'changed today\n');
    got(await ana.teams.setRole(team, await ben.account(), 'admin'));
    await expect.poll(async () => ana.text(early)).toBe('changed today\n');
    await expect.poll(async () => (await ben.team(team)).role).toBe('admin');
    for (const one of [ana, ben]) await one.settled(team);

    await server.stop();
    await ben.save(late, 'written while it was away\n');
    await server.restore();
    await server.start();
    await untilSignInIsNeeded(ana);
    await untilSignInIsNeeded(ben);
    for (const one of [ana, ben]) await signInAgain(one, server);

    for (const one of [ana, ben]) await one.settled(team);
    const codes = got(await ana.teams.syncLog(1_000)).map(({ code }) => code);
    expect(codes).toContain('serverRestored');
    expect(codes).toContain('healed');
    // A device that knows nothing has it all from the server, so it is there again.
    const third = ground.computer('third');
    got(await third.teams.signIn(credentialsOf('ana', server)));
    got(await third.teams.enrolWithKit(account, kit.code));
    const all = { early: 'changed today\n', late: 'written while it was away\n' };
    for (const one of [third, ana, ben]) await expect.poll(async () => one.contents(team)).toEqual(all);
    expect(await rolesSeenBy(third, team)).toEqual(['ana owner', 'ben admin']);
  },
);

async function untilSignInIsNeeded(one: Computer): Promise<void> {
  const sessions = async () =>
    got(await one.teams.overview()).accounts.map(
      ({ session, connection }) => `${session} ${connection.kind}`,
    );
  await expect.poll(async () => (await sessions()).join()).toMatch(/signedOut|signInNeeded/);
}

const credentialsOf = (name: string, server: ServerProcess) => ({
  server: server.address,
  email: `${name}@example.com`,
  password: PASSWORD,
  deviceName: name,
});

async function signInAgain(one: Computer, server: ServerProcess): Promise<void> {
  expect(got(await one.teams.signIn(credentialsOf(one.name, server)))).toMatchObject({ device: 'ready' });
}

async function rolesSeenBy(one: Computer, team: WorkspaceId): Promise<readonly string[]> {
  const members = got(await one.teams.members(team));
  return members.map(({ displayName, role }) => `${displayName} ${role}`).sort();
}
