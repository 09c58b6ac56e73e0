// Whom PostgreSQL runs as. It refuses to run as root, so there a user of the system is borrowed.

import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, chmodSync, readFileSync } from 'node:fs';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';

/** As arguments for a child process; empty: as this process itself. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  /** Of a borrowed user. */
  readonly name?: string;
}

const BORROWED = ['postgres', 'nobody'] as const;

export function chooseUser(
  uid = process.getuid?.(),
  passwd: () => string = () => readFileSync('/etc/passwd', 'utf8'),
): Result<RunAs, Problem<'noUser'>> {
  if (uid !== 0) return succeed({});
  const entries = passwd()
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of BORROWED) {
    const entry = entries.find(([candidate]) => candidate === name);
    const [user, group] = [Number(entry?.[2]), Number(entry?.[3])];
    if (Number.isSafeInteger(user) && Number.isSafeInteger(group) && user !== 0) {
      return succeed({ uid: user, gid: group, name });
    }
  }
  return fail(
    'noUser',
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody": start as another user, or set DATABASE_URL.',
  );
}

export function giveTo(runAs: RunAs, file: string): void {
  if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(file, runAs.uid, runAs.gid);
}

/** A directory that only `runAs` can read; whatever the umask is. */
export function makePrivateDirectory(runAs: RunAs, directory: string): void {
  mkdirSync(directory, { recursive: true });
  giveTo(runAs, directory);
  chmodSync(directory, 0o700);
}

/** False for a directory below one that is closed to that user, like another's home. */
export function canReach(runAs: RunAs, directory: string): boolean {
  if (process.platform === 'win32') return true;
  const tried = spawnSync('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', directory], {
    ...runAs,
    cwd: '/',
    stdio: 'ignore',
  });
  return tried.status === 0;
}

/** The environment without what would change what PostgreSQL does. */
export function cleanEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(from).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('LC_') && !name.startsWith('LANG'),
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
