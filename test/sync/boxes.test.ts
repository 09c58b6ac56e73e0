// A member whose sealed key is missing, or opens to something else, gets it from whoever comes online.

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createGround, got } from './people.ts';
import { startServerProcess } from './serverProcess.ts';

test('a box that opens to nothing is reported, and whoever comes online seals the key anew', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const [ana, ben, cleo] = [ground.computer('ana'), ground.computer('ben'), ground.computer('cleo')];
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  const prompt = await ana.create(team, 'greeting', 'Hello\n');
  await ana.settled(team);
  const expiresAt = Date.now() + 3_600_000;
  const { link } = got(await ana.teams.invite({ workspace: team, role: 'editor', uses: 5, expiresAt }));
  await ana.shutDown();

  // The invite carries no key, and nobody is there who has it: no box at all.
  await ben.signUp(server, { kind: 'invite', text: link });
  await ana.restart();
  await expect.poll(async () => ben.text(prompt)).toBe('Hello\n');
  await ana.shutDown();
  await ben.shutDown();

  // A box, but of nothing; and what was reported so far is gone.
  await cleo.signUp(server, { kind: 'invite', text: link });
  await server.stop();
  await server.change(async (sql) => {
    await sql`
      insert into epoch_boxes (workspace, source, kind, recipient, epoch, generation, box)
      select workspace, account, 'member', (select account from accounts where email = 'cleo@example.com'), 1, 1,
        ${randomBytes(82)}::bytea
      from members where role = 'owner' and workspace in (select workspace from workspaces where kind = 'team')`;
    await sql`delete from box_reports`;
  });
  await server.start();
  expect(await cleo.text(prompt)).toBe(null);
  await ben.restart();
  await expect.poll(async () => cleo.text(prompt)).toBe('Hello\n');
  await cleo.save(prompt, 'Hello from Cleo\n');
  await expect.poll(async () => ben.text(prompt)).toBe('Hello from Cleo\n');
});
