// The directory of a database cluster: made whole or not at all, one for each major version.
//
//     <base>/<major>/data       what PostgreSQL calls its data directory
//     <base>/<major>/password   of its superuser, random, 0600

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import { redact, type Redacted } from '@cuebook/shared/util/redacted';
import type { Binaries } from './binaries.ts';
import { cleanEnvironment, giveTo, makePrivateDirectory, type RunAs } from './runAs.ts';

export const SUPERUSER = 'cuebook';

export interface Cluster {
  readonly dataDirectory: string;
  readonly password: Redacted<string>;
}

export type ClusterProblem = Problem<'initdbFailed' | 'otherVersion'>;

export interface ClusterPlace {
  readonly baseDirectory: string;
  readonly runAs: RunAs;
  readonly binaries: Binaries;
}

/** Opens the cluster, or makes it. The caller holds the start lock. */
export async function openCluster(place: ClusterPlace): Promise<Result<Cluster, ClusterProblem>> {
  const home = path.join(place.baseDirectory, String(place.binaries.major));
  removeUnfinished(place.baseDirectory);
  if (!existsSync(home)) {
    const other = otherVersion(place.baseDirectory);
    if (other !== null) return fail('otherVersion', otherVersionMessage(place, other));
    const problem = await createCluster(place, home);
    if (problem !== null) return { ok: false, problem };
  }
  const password = readFileSync(path.join(home, 'password'), 'utf8').trim();
  return succeed({ dataDirectory: path.join(home, 'data'), password: redact(password) });
}

const UNFINISHED = /^\d+\.new-/;

/** Of a start that was killed in the middle. */
function removeUnfinished(baseDirectory: string): void {
  for (const name of readdirSync(baseDirectory)) {
    if (UNFINISHED.test(name)) rmSync(path.join(baseDirectory, name), { recursive: true, force: true });
  }
}

const otherVersion = (baseDirectory: string): string | null =>
  readdirSync(baseDirectory).find((name) => /^\d+$/.test(name)) ?? null;

const otherVersionMessage = ({ baseDirectory, binaries }: ClusterPlace, other: string): string =>
  `${baseDirectory} holds a database of PostgreSQL ${other}, and this version brings ${binaries.major}: ` +
  'make a backup with the version that wrote it, and restore that into a new directory.';

async function createCluster(place: ClusterPlace, home: string): Promise<ClusterProblem | null> {
  const unfinished = `${home}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  makePrivateDirectory(place.runAs, unfinished);
  const passwordFile = path.join(unfinished, 'password');
  writePrivateFile(place.runAs, passwordFile, `${randomBytes(32).toString('base64url')}\n`);
  const problem = await runInitdb(place, path.join(unfinished, 'data'), passwordFile);
  if (problem !== null) {
    rmSync(unfinished, { recursive: true, force: true });
    return problem;
  }
  syncDirectory(unfinished);
  renameSync(unfinished, home);
  syncDirectory(place.baseDirectory);
  return null;
}

function writePrivateFile(runAs: RunAs, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(file, 0o600);
  giveTo(runAs, file);
}

async function runInitdb(
  { binaries, baseDirectory, runAs }: ClusterPlace,
  dataDirectory: string,
  passwordFile: string,
): Promise<ClusterProblem | null> {
  const child = spawn(
    binaries.initdb,
    [
      `--pgdata=${dataDirectory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-instructions',
    ],
    { ...runAs, cwd: baseDirectory, env: cleanEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = await new Promise<number | Error | null>((resolve) => {
    child.once('error', resolve).once('close', resolve);
  });
  if (ended === 0) return null;
  const why = ended instanceof Error ? ended.message : lastLine(said);
  return { code: 'initdbFailed', message: `A new database could not be made in ${baseDirectory}: ${why}` };
}

const lastLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .findLast((line) => /error|fatal|could not/i.test(line)) ?? 'initdb failed without saying why';

/** A new name is durable only once its directory is. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(directory, 'r');
  fsyncSync(file);
  closeSync(file);
}
