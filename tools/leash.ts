// A process that ends with the one that started it, however that one ends, together with everything it started itself.
//
// The command runs below this script in a process group of its own. This script holds the reading end of a pipe to the
// starter; when the pipe closes (a clean end, a crash, `kill -9`) it ends the group.

import { spawn, type ChildProcess } from 'node:child_process';

const graceMs = 5_000;

export interface Leashed extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Resolves when the command and all that it started are gone. */
  readonly ended: Promise<void>;
}

/** Standard output and error are pipes of `process`; the exit code is the command's. */
export function spawnOnLeash(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string },
): Leashed {
  const child = spawn(process.execPath, [import.meta.filename, command, ...args], {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const ended = new Promise<void>((resolve) => {
    // "close" comes when the last process that inherited the pipes is gone, not only this script.
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    process: child,
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin.destroy();
      child.stdout.resume();
      child.stderr.resume();
      await ended;
    },
  };
}

function hold(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const signalGroup = (signal: NodeJS.Signals) => {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-process.pid, signal);
  };
  const end = () => {
    setTimeout(() => signalGroup('SIGKILL'), graceMs);
    signalGroup('SIGTERM');
  };
  process.on('SIGTERM', () => {});
  process.on('SIGINT', () => {});
  process.stdin.once('close', end).resume();
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.once('exit', (code) => {
    signalGroup('SIGTERM');
    process.exit(code ?? 1);
  });
}

if (import.meta.main) {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) throw new Error('leash: no command given');
  hold(command, args);
}
