// The program as a person starts it: with nothing set up.

import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { connect, Person, refusalOf } from '../client.ts';
import type { TestServer } from '../testServer.ts';

const ORIGIN = 'http://localhost:4810';

const program = path.join(import.meta.dirname, '..', '..', '..', 'server', 'src', 'main.ts');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `during`: sees what was printed so far after each piece; true: it is told to stop. */
async function run(
  args: readonly string[],
  environment: Record<string, string>,
  during: (out: string, stop: () => void) => void = () => {},
): Promise<Run> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { PATH, ...environment } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
    during(out, () => child.kill('SIGTERM'));
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, out, err };
}

test('starts with nothing set up, prints the owner’s link once, answers, and stops in good order', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-program-'));
  // PostgreSQL does not run as root, and must get through to its own folder.
  await chmod(folder, 0o755);
  const environment = {
    CUEBOOK_DATA: path.join(folder, 'data'),
    CUEBOOK_PORT: '0',
    CUEBOOK_ORIGIN: 'http://localhost:4810',
  };
  try {
    const asked: Promise<number>[] = [];
    const first = await run(['serve'], environment, (out, stop) => {
      const url = /listens on (\S+);/.exec(out)?.[1];
      if (url === undefined || !out.includes('good once') || asked.length > 0) return;
      asked.push(
        fetch(`${url}/readyz`).then((answer) => {
          stop();
          return answer.status;
        }),
      );
    });
    expect(first).toMatchObject({ code: 0 });
    expect(await Promise.all(asked)).toEqual([200]);
    const secret = /cb_link_\S+/.exec(first.out)?.[0] ?? 'none';
    expect(first.out).toContain('link  http://localhost:4810/account');
    expect(first.err).not.toContain(secret);
    const again = await run(['owner-link'], environment);
    expect(again.code).toBe(0);
    expect(again.out).toMatch(/cb_link_/);
    expect(again.out).not.toContain(secret);
    const backup = path.join(folder, 'backup.gz');
    expect(await run(['backup', backup], environment)).toMatchObject({ code: 0 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test('a backup is restored into an empty database only, and a reset link sets a new password', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-program-'));
  await chmod(folder, 0o755);
  const data = path.join(folder, 'data');
  const backup = path.join(folder, 'backup.gz');
  const environment = {
    CUEBOOK_DATA: data,
    CUEBOOK_PORT: '0',
    CUEBOOK_ORIGIN: ORIGIN,
    CUEBOOK_DRAIN_SECONDS: '1',
  };
  try {
    let email = '';
    await serving(environment, 'good once', async (url, out) => {
      const secret = /cb_link_\S+/.exec(out)?.[0] ?? 'none';
      const server = { url, publicOrigin: ORIGIN } as unknown as TestServer;
      await using owner = await Person.signUp(server, { kind: 'link', secret });
      ({ email } = owner);
    });
    expect(await run(['reset-link', 'nobody@example.com'], environment)).toEqual({
      code: 1,
      out: '',
      err: 'cuebook-server: There is no account with this e-mail address.\n',
    });
    expect(await run(['backup', backup], environment)).toMatchObject({ code: 0 });
    expect(await run(['restore', backup], environment)).toMatchObject({ code: 1, out: '' });

    await rm(path.join(data, 'postgres'), { recursive: true });
    const restored = await run(['restore', backup], environment);
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(restored.out).toMatch(/^\d+ rows restored\. Everybody signs in again/);

    const reset = await run(['reset-link', email], environment);
    expect(reset.code).toBe(0);
    const secret = /cb_link_\S+/.exec(reset.out)?.[0] ?? 'none';
    expect(reset.err).not.toContain(secret);
    const password = 'another long enough password';
    await serving(environment, 'listens on', async (url) => {
      await using somebody = connect(url);
      const { session, account } = somebody.api;
      const known = { email, password: 'correct horse battery staple 4810' };
      expect(await session.signIn.mutate(known)).toMatchObject({ kind: 'granted' });
      await account.resetPassword.mutate({ secret, newPassword: password });
      expect(await refusalOf(session.signIn.mutate(known))).toMatchObject({ code: 'wrongCredentials' });
      expect(await session.signIn.mutate({ email, password })).toMatchObject({ kind: 'granted' });
      expect(await refusalOf(account.resetPassword.mutate({ secret, newPassword: password }))).toBeDefined();
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);

/** Runs the server for as long as `work` takes, from when it has printed `said`; `out` is all that it printed. */
async function serving(
  environment: Record<string, string>,
  said: string,
  work: (url: string, out: string) => Promise<void>,
): Promise<void> {
  const worked: Promise<void>[] = [];
  const { code } = await run(['serve'], environment, (out, stop) => {
    const url = /listens on (\S+);/.exec(out)?.[1];
    if (url === undefined || !out.includes(said) || worked.length > 0) return;
    worked.push(work(url, out).finally(stop));
  });
  await Promise.all(worked);
  expect(code).toBe(0);
}

test('what is asked wrongly is one line on standard error', async () => {
  expect(await run(['bakcup'], {})).toEqual({
    code: 2,
    out: '',
    err: 'cuebook-server: there is no command bakcup; see --help.\n',
  });
  const gone = {
    DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
    CUEBOOK_DATA: path.join(os.tmpdir(), 'cuebook-gone'),
  };
  expect(await run([], gone)).toMatchObject({
    code: 1,
    err: 'cuebook-server: Nothing answers at the address in DATABASE_URL.\n',
  });
});

test('--help names every command', async () => {
  const { code, out } = await run(['--help'], {});
  expect(code).toBe(0);
  for (const name of [
    'serve',
    'backup FILE',
    'restore FILE',
    'owner-link',
    'reset-link EMAIL',
    'rotate-pepper',
    'migrate',
  ]) {
    expect(out).toContain(name);
  }
});
