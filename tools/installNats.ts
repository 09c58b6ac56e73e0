// Finds Debian's `nats-server` for the tests of the hub over NATS; on a Debian-like system as root it is installed.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Looks only; null if there is none. */
export function findNatsServer(): string | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).concat('/usr/sbin', '/usr/bin');
  return folders.map((folder) => path.join(folder, 'nats-server')).find((file) => existsSync(file)) ?? null;
}

/** Like `findNatsServer`, and installs Debian's package where that can be done without asking. */
export function installNatsServer(): string | null {
  const found = findNatsServer();
  if (found !== null || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'nats-server'], {
    stdio: 'ignore',
    env,
  });
  return findNatsServer();
}

if (import.meta.main) console.log(installNatsServer() ?? 'nats-server is not installed.');
