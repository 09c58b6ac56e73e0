// Finds Debian's PostgreSQL 15, the oldest that the server supports, for the tests that need a second one beside the
// embedded. On a Debian-like system as root it is installed; elsewhere one line says what to do.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export type PostgresPrograms =
  | { readonly ok: true; readonly directory: string }
  /** `problem` is one line that says what to install. */
  | { readonly ok: false; readonly problem: string };

const DIRECTORY = '/usr/lib/postgresql/15/bin';

const howToInstall =
  'The tests with another PostgreSQL need version 15: install it (Debian: apt-get install postgresql-15).';

/** Looks only; installs nothing. `CUEBOOK_POSTGRES_15` names another folder with `initdb` and `postgres`. */
export function findPostgres(): PostgresPrograms {
  const directory = process.env['CUEBOOK_POSTGRES_15'] ?? DIRECTORY;
  return existsSync(`${directory}/initdb`) ? { ok: true, directory } : { ok: false, problem: howToInstall };
}

/** Like `findPostgres`, and installs Debian's where that can be done without asking. Starts no cluster. */
export function installPostgres(log: (line: string) => void = () => {}): PostgresPrograms {
  const found = findPostgres();
  if (found.ok || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found;
  log('installing PostgreSQL 15 (apt-get install postgresql-15)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
  const install = spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'postgresql-15'], {
    env,
  });
  const installed = findPostgres();
  if (!installed.ok) log(install.stderr.toString().trim().split('\n').at(-1) ?? '');
  return installed;
}

if (import.meta.main) {
  const programs = installPostgres(console.log);
  console.log(programs.ok ? programs.directory : programs.problem);
  process.exitCode = programs.ok ? 0 : 1;
}
