// A team of two and its third device, over real processes: what one writes the others have.

import { expect, test } from 'vitest';
import { createGround, got, inviteNew, PASSWORD } from './people.ts';
import { startServerProcess } from './serverProcess.ts';

test('a team is made, somebody joins by an invite, and edits go both ways', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'greeting', 'Hello\n');
  await ana.settled(team);
  await inviteNew(server, ana, ben, team);
  await expect.poll(async () => ben.text(prompt)).toBe('Hello\n');
  expect((await ben.team(team)).name).toBe('Stage');
  await ben.save(prompt, 'Hello from Ben\n');
  await expect.poll(async () => ana.text(prompt)).toBe('Hello from Ben\n');
  await ana.save(prompt, 'Hello from Ana\n');
  await expect.poll(async () => ben.text(prompt)).toBe('Hello from Ana\n');
  await expect
    .poll(async () => {
      const members = got(await ana.teams.members(team));
      return members.map(({ displayName, role }) => `${displayName} ${role}`).sort();
    })
    .toEqual(['ana owner', 'ben editor']);
});

test('offline edits merge, a conflict is settled, a removed member reads nothing new, a kit brings a third device', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const kit = got(await ana.calls.recoveryKit());
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'greeting', 'one\n\ntwo\n\nthree\n');
  await inviteNew(server, ana, ben, team);
  await expect.poll(async () => ben.text(prompt)).toBe('one\n\ntwo\n\nthree\n');

  // Nobody reaches anybody: both edit, on different lines.
  await server.kill();
  await ana.save(prompt, 'one, by Ana\n\ntwo\n\nthree\n');
  await ben.save(prompt, 'one\n\ntwo\n\nthree, by Ben\n');
  await expect.poll(async () => (await ana.sync(team)).kind).toBe('offline');
  await server.start();
  for (const one of [ana, ben]) {
    await expect.poll(async () => one.text(prompt)).toBe('one, by Ana\n\ntwo\n\nthree, by Ben\n');
  }
  for (const one of [ana, ben]) await one.settled(team);

  // The same line.
  await server.kill();
  await ana.save(prompt, 'one, by Ana\n\ntwo, by Ana\n\nthree, by Ben\n');
  await ben.save(prompt, 'one, by Ana\n\ntwo, by Ben\n\nthree, by Ben\n');
  await server.start();
  await expect
    .poll(async () => [got(await ana.calls.conflict(prompt)), got(await ben.calls.conflict(prompt))])
    .toContainEqual(expect.objectContaining({ promptId: prompt }));
  for (const one of [ana, ben]) {
    const conflict = got(await one.calls.conflict(prompt));
    if (conflict === null) continue;
    // Both sides are shown where the conflict is, and no side is lost out of sight.
    expect(await one.text(prompt)).toBe(conflict.merged);
    expect(conflict.merged).toContain('two, by Ana');
    expect(conflict.merged).toContain('two, by Ben');
    expect(await one.sync(team)).toEqual({ kind: 'live', pending: 0, toMerge: 1 });
    got(await one.calls.resolveConflict(prompt, 'one, by Ana\n\ntwo, by both\n\nthree, by Ben\n'));
  }
  for (const one of [ana, ben]) {
    await expect.poll(async () => one.text(prompt)).toBe('one, by Ana\n\ntwo, by both\n\nthree, by Ben\n');
    await one.settled(team);
  }

  // Ben is removed. What he has stays, what is written next he does not get.
  const benAccount = await ben.account();
  expect(got(await ana.teams.removalNotice(team, benAccount)).prompts).toBe(1);
  got(await ana.teams.removeMember(team, benAccount));
  await ana.save(prompt, 'after Ben\n');
  await ana.settled(team);
  await expect.poll(async () => ben.sync(team)).toMatchObject({ kind: 'ended', why: 'removed' });
  expect(await ben.text(prompt)).toBe('one, by Ana\n\ntwo, by both\n\nthree, by Ben\n');
  expect((await ben.team(team)).mayEdit).toBe(false);
  const exported = got(await ben.calls.exportStart({ kind: 'everything' }));
  expect(exported.fileCount).toBeGreaterThan(1);

  // A third device, by the kit, has everything.
  const third = ground.computer('third');
  const step = got(
    await third.teams.signIn({
      server: server.address,
      email: 'ana@example.com',
      password: PASSWORD,
      deviceName: 'third',
    }),
  );
  expect(step).toEqual({ kind: 'signedIn', account, device: 'needed' });
  got(await third.teams.enrolWithKit(account, kit.code));
  await expect.poll(async () => third.text(prompt)).toBe('after Ben\n');
  await third.save(prompt, 'from the third device\n');
  await expect.poll(async () => ana.text(prompt)).toBe('from the third device\n');

  // Everything is killed and started again: all have the same.
  await server.kill();
  for (const one of [ana, third]) await one.restart();
  await server.start();
  for (const one of [ana, third]) await one.settled(team);
  expect(await ana.contents(team)).toEqual(await third.contents(team));
});
