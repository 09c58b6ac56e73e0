// Debian's PostgreSQL 15 on a directory of its own, with a port of the loopback interface and a password.

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chooseUser, cleanEnvironment } from '@cuebook/server/postgres/runAs';
import { readPostmaster } from '@cuebook/server/postgres/postmaster';

export interface Postgres15 extends AsyncDisposable {
  /** Of a database by name. */
  url(name: string, password?: string): string;
}

const PASSWORD = 'of-the-tests';

export async function startPostgres15(programs: string): Promise<Postgres15> {
  const user = chooseUser();
  if (!user.ok) throw new Error(user.problem.message);
  const { uid, gid } = user.value;
  const directory = mkdtempSync(path.join(os.tmpdir(), 'cuebook-pg15-'));
  const passwordFile = path.join(directory, 'password');
  writeFileSync(passwordFile, PASSWORD);
  if (uid !== undefined && gid !== undefined) {
    for (const file of [directory, passwordFile]) chownSync(file, uid, gid);
  }
  const data = path.join(directory, 'data');
  const runAs = { ...user.value, cwd: directory, env: cleanEnvironment() };
  const made = spawnSync(
    path.join(programs, 'initdb'),
    [
      `--pgdata=${data}`,
      '--username=cuebook',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
    ],
    { ...runAs, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const port = await freePort();
  const child = spawn(
    path.join(programs, 'postgres'),
    ['-D', data, '-c', 'fsync=off', '-c', `port=${port}`, '-c', 'unix_socket_directories='],
    { ...runAs, stdio: 'ignore' },
  );
  while (readPostmaster(data)?.status !== 'ready') {
    if (child.exitCode !== null) throw new Error('PostgreSQL 15 did not start.');
    await pause(20);
  }
  return {
    url: (name, password = PASSWORD) => `postgres://cuebook:${password}@127.0.0.1:${port}/${name}`,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
