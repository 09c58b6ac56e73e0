// Shuts PostgreSQL down when the process that started it is gone, however it went: a shell reads a pipe from that process,
// and the pipe ends with it.

import { spawn } from 'node:child_process';
import { cleanEnvironment, type RunAs } from './runAs.ts';

export interface Watchdog {
  /** PostgreSQL has ended, or is somebody else's from now on. */
  dismiss(): void;
}

// $1: data directory, $2: pid. The pid counts only as long as the directory says that it is its server's.
const SCRIPT = `
read -r word
[ "$word" = dismissed ] && exit 0
is_ours() { [ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ] && kill -0 "$2" 2>/dev/null; }
is_ours "$1" "$2" || exit 0
kill -INT "$2"
tries=0
while is_ours "$1" "$2" && [ "$tries" -lt 30 ]; do sleep 1; tries=$((tries + 1)); done
is_ours "$1" "$2" && kill -QUIT "$2"
exit 0
`;

export function startWatchdog(runAs: RunAs, dataDirectory: string, pid: number): Watchdog {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'cuebook-watchdog', dataDirectory, String(pid)], {
    ...runAs,
    cwd: '/',
    env: cleanEnvironment(),
    // A group of its own: an interrupt from the terminal is for the server, which stops PostgreSQL in good order.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.unref();
  unreference(child.stdin);
  return { dismiss: () => child.stdin.end('dismissed\n') };
}

function unreference(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}
