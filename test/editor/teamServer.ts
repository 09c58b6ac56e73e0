// The real server as a program, with its own embedded PostgreSQL: `await using server = await startTeamServer()`.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const program = path.join(import.meta.dirname, '..', '..', 'server', 'src', 'main.ts');

export interface TeamServer extends AsyncDisposable {
  /** As people type it. */
  readonly address: string;
  /** What makes the first account, its owner. */
  readonly ownerCode: string;
  /** Everything that it printed. */
  readonly output: () => string;
  stop(): Promise<void>;
  /** At the same address, with the same data. */
  start(): Promise<void>;
}

export async function startTeamServer(): Promise<TeamServer> {
  await using made = new AsyncDisposableStack();
  const data = await mkdtemp(path.join(os.tmpdir(), 'cuebook-server-'));
  made.defer(async () => rm(data, { recursive: true, force: true, maxRetries: 5 }));
  // Run by root, PostgreSQL is another user, who has to get in.
  await chmod(data, 0o755);
  const port = await freePort();
  const lines: string[] = [];
  let running: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    running = spawn(process.execPath, [program, 'serve'], {
      env: { PATH: process.env['PATH'], HOME: data, CUEBOOK_DATA: data, CUEBOOK_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await untilListening(running, lines);
  };
  const stop = async (): Promise<void> => {
    const ending = running;
    running = null;
    if (ending === null || ending.exitCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill('SIGTERM');
    await ended;
  };
  await start();
  made.defer(stop);
  const ownerCode = /^\s*code\s+(\S+)/m.exec(lines.join('\n'))?.[1];
  if (ownerCode === undefined)
    throw new Error(`the server printed no code for its owner:\n${lines.join('\n')}`);
  const owned = made.move();
  return {
    address: `http://127.0.0.1:${port}`,
    ownerCode,
    output: () => lines.join('\n'),
    start,
    stop,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

/** The server must know its port before it starts: clients sign how they reach it. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function untilListening(server: ChildProcess, lines: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  for (const stream of [server.stdout, server.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      // What comes after the address is the owner's link, which ends with how long it is good.
      if (/good once|clients connect to/.test(line))
        setTimeout(resolve, line.includes('good once') ? 0 : 500);
    });
  }
  server.once('exit', (code) => reject(new Error(`the server ended (${code}):\n${lines.join('\n')}`)));
  await promise;
}
