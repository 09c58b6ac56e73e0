// A real NATS server on a port of its own choosing, with a password.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

export interface NatsServer {
  /** With user and password. */
  readonly url: string;
  stop(): Promise<void>;
}

/** `program`: tools/installNats.ts. */
export async function startNats(program: string): Promise<NatsServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-nats-'));
  const args = [
    '-a',
    '127.0.0.1',
    '-p',
    '-1',
    '--user',
    'cuebook',
    '--pass',
    'secret',
    '--ports_file_dir',
    folder,
  ];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ports = path.join(folder, `nats-server_${child.pid}.ports`);
  const port = await expect
    .poll(async () => portIn(await readFile(ports, 'utf8').catch(() => '')), {
      timeout: 10_000,
      interval: 20,
    })
    .toBeGreaterThan(0)
    .then(async () => portIn(await readFile(ports, 'utf8')));
  return {
    url: `nats://cuebook:secret@127.0.0.1:${port}`,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const portIn = (text: string): number => Number(/nats:\/\/[^:]+:(\d+)/.exec(text)?.[1] ?? 0);
