// What leaves this repository: the .vsix and the server's package, as somebody gets them who has nothing of it.

import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { buildServer } from '../../server/build.ts';
import { mustRun } from '../../tools/command.ts';
import { spawnOnLeash } from '../../tools/leash.ts';
import { packageExtension } from '../../tools/package.ts';
import { shellBlocks } from '../house/shellBlocks.ts';

test('the .vsix is the same byte by byte when it is made again, is small, and brings licences and both languages', async () => {
  const file = await packageExtension();
  const first = await readFile(file);
  const again = await readFile(await packageExtension());
  expect(again.equals(first)).toBe(true);
  expect((await stat(file)).size).toBeLessThan(4 * 1024 * 1024);
  // The names of a zip's files stand in it as they are.
  const text = first.toString('latin1');
  for (const name of [
    'LICENSE.txt',
    'ThirdPartyNotices.txt',
    'package.nls.de.json',
    'l10n/bundle.l10n.de.json',
  ])
    expect(text).toContain(`extension/${name}`);
  expect(text).not.toMatch(/extension\/(src|node_modules|tsconfig)/);
});

test('the server’s package installs in an empty folder and starts with one command', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-package-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  // PostgreSQL does not run as root, and must get through to its own folder.
  await chmod(folder, 0o755);
  await buildServer();
  const packed = await mustRun('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: path.resolve(import.meta.dirname, '..', '..', 'server', 'dist'),
  });
  const home = path.join(folder, 'home');
  await mkdir(home);
  await writeFile(path.join(home, 'package.json'), '{ "private": true }');
  // Without install scripts: the package needs none.
  await mustRun(
    'npm',
    ['install', '--ignore-scripts', '--prefer-offline', path.join(folder, packed.trim())],
    {
      cwd: home,
    },
  );
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    CUEBOOK_DATA: path.join(folder, 'data'),
    CUEBOOK_PORT: '0',
    CUEBOOK_ORIGIN: 'http://localhost:4810',
  };
  const server = stack.use(
    spawnOnLeash('sh', ['-e', '-c', (await shellBlocks('docs/guides/server.md')).join('\n')], {
      cwd: home,
      env,
    }),
  );
  const { stdout, stderr } = server.process;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const said: string[] = [];
  createInterface(stderr).on('line', (line) => said.push(line));
  const address = new Promise<string>((resolve) => {
    createInterface(stdout).on('line', (line) => {
      said.push(line);
      const url = /listens on (\S+);/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  const url = await Promise.race([address, once(server.process, 'exit').then(() => null)]);
  if (url === null) throw new Error(`the server ended:\n${said.join('\n')}`);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  // What the guides for operators tell to type, as they say it, beside the running server.
  for (const guide of ['upgrade', 'backup'])
    for (const command of await shellBlocks(`docs/guides/${guide}.md`))
      await mustRun('sh', ['-e', '-c', command], { cwd: home, env });
});
