// A provider key that a team shares, over a real server: sealed on the way, used by members only where they agreed to.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createGround, got, inviteNew, problemOf } from './people.ts';
import { startServerProcess } from './serverProcess.ts';

const KEY = 'sk-team-0123456789abcdefghij';
const address = 'https://api.openai.com/v1';
const openai = { provider: 'openai', api: 'openai', label: 'OpenAI', address } as const;

test('an admin shares a key, members get it after they agreed to its address, and it is replaced and withdrawn', async () => {
  await using server = await startServerProcess();
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const ben = ground.computer('ben');
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  await inviteNew(server, ana, ben, team, 'viewer');
  await expect.poll(async () => (await ben.team(team)).role).toBe('viewer');
  const shared = async () => got(await ben.teams.sharedKeys(team));
  const asked = { workspace: team, provider: 'openai', address };

  got(await ana.teams.shareKey({ workspace: team, ...openai, key: KEY }));
  await expect.poll(async () => shared()).toHaveLength(1);
  expect(await shared()).toMatchObject([{ ...openai, agreed: false, mask: 'sk-team-012…ghij' }]);
  // Not before the user of this computer has agreed; then for this address and no other.
  expect(problemOf(await ben.teams.openSharedKey(asked))).toBe('notAllowed');
  got(await ben.teams.agreeToSharedKey(asked));
  expect(got(await ben.teams.openSharedKey(asked))).toBe(KEY);
  expect(problemOf(await ben.teams.openSharedKey({ ...asked, address: 'https://other.example/v1' }))).toBe(
    'notAllowed',
  );
  // It lasts over a restart, sealed.
  await ben.restart();
  expect(await shared()).toMatchObject([{ agreed: true }]);

  // A viewer shares none.
  expect(problemOf(await ben.teams.shareKey({ workspace: team, ...openai, key: 'sk-bens' }))).toBe(
    'notAllowed',
  );

  const moved = { ...openai, address: 'https://proxy.example/v1' };
  got(await ana.teams.shareKey({ workspace: team, ...moved, key: 'sk-second-0123456789abcdef' }));
  await expect.poll(async () => (await shared())[0]?.address).toBe(moved.address);
  expect(await shared()).toMatchObject([{ agreed: false }]);
  expect(problemOf(await ben.teams.openSharedKey(asked))).toBe('notAllowed');

  got(await ana.teams.withdrawKey(team, 'openai'));
  await expect.poll(async () => shared()).toEqual([]);

  for (const computer of [ana, ben]) {
    await computer.shutDown();
    for (const text of [KEY, 'sk-second-0123456789abcdef']) {
      expect(await filesWith(computer.folder, text)).toEqual([]);
      expect(computer.log.join('\n')).not.toContain(text);
    }
  }
});

async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(0);
  const found = await Promise.all(
    files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])),
  );
  return found.flat();
}
