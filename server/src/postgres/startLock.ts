// One starter at a time: a file that appears whole by link(), with the holder's pid, start time and boot inside. It goes
// stale when its holder does: empty (a power cut), dead, its pid given to another, or written before the machine started.
//
// It saves work, it is not the last line of defence: PostgreSQL itself never lets two servers into one directory.

import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import { bootId, lookAtProcess } from './processes.ts';

const RETRY_MS = 20;

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
  readonly boot: string;
}

/** Runs `work` while this process holds the lock; `locked` if another living one keeps it for `waitMs`. */
export async function withStartLock<T>(
  file: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<Result<T, Problem<'locked'>>> {
  const until = Date.now() + waitMs;
  while (!tryLock(file)) {
    if (Date.now() > until) {
      return fail('locked', `Another process has been starting PostgreSQL for ${waitMs / 1000} s (${file}).`);
    }
    await pause(RETRY_MS);
  }
  try {
    return succeed(await work());
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file: string): boolean {
  const mine = `${file}.${process.pid}.${randomUUID()}`;
  writeFileSync(mine, JSON.stringify(self()), { mode: 0o600, flush: true });
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    clearIfStale(file);
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

const self = (): Holder => ({
  pid: process.pid,
  startedAt: lookAtProcess(process.pid)?.startedAt ?? '',
  boot: bootId(),
});

/** Moves the stale lock away, and puts it back if in the meantime it had become somebody's. */
function clearIfStale(file: string): void {
  const seen = read(file);
  if (seen === null || !isStale(seen)) return;
  const aside = `${file}.stale.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (read(aside) !== seen) linkSync(aside, file);
  } catch {
    // Somebody else was quicker, with the one or the other.
  }
  rmSync(aside, { force: true });
}

function isStale(content: string): boolean {
  const holder = parseHolder(content);
  if (holder === null || holder.boot !== bootId()) return true;
  const facts = lookAtProcess(holder.pid);
  return facts === null || facts.isZombie || facts.startedAt !== holder.startedAt;
}

function parseHolder(content: string): Holder | null {
  try {
    const { pid, startedAt, boot } = JSON.parse(content) as Partial<Holder>;
    return typeof pid === 'number' && typeof startedAt === 'string' && typeof boot === 'string'
      ? { pid, startedAt, boot }
      : null;
  } catch {
    return null;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
