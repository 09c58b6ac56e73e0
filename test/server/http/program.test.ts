// The program as a person starts it: with nothing set up.

import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

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
