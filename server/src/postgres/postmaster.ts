// `postmaster.pid`, the file by which a running PostgreSQL says what it is. Owns reading it, and telling a living server
// of this directory from what only looks like one.
//
// Lines: pid, data directory, start time, port, socket directory, listen address, shared memory, status.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lookAtProcess } from './processes.ts';

export type PostmasterStatus = 'starting' | 'ready' | 'stopping';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Empty if it has none. */
  readonly socketDirectory: string;
  readonly status: PostmasterStatus;
}

/** Above the largest pid that a system gives: surely nobody's. */
const NOBODYS_PID = 99_999_999;

/** Null if there is no file, or one that is not complete. */
export function readPostmaster(dataDirectory: string): Postmaster | null {
  const lines = readLines(dataDirectory);
  const pid = Number(lines?.[0]);
  if (lines === null || !Number.isSafeInteger(pid)) return null;
  return {
    pid,
    port: Number(lines[3] ?? 0),
    socketDirectory: lines[4] ?? '',
    status: statusOf(lines[7]),
  };
}

function statusOf(line: string | undefined): PostmasterStatus {
  const word = line?.trim();
  return word === 'ready' || word === 'stopping' ? word : 'starting';
}

/** True if the process is there, has not ended, and is the server of this directory. */
export function isAlive(dataDirectory: string, { pid }: Pick<Postmaster, 'pid'>): boolean {
  const facts = lookAtProcess(pid);
  if (facts === null || facts.isZombie) return false;
  if (facts.command === '') return true;
  return facts.command.includes('postgres') && facts.command.includes(dataDirectory);
}

/**
 * Where the pid in the file belongs to a foreign process or to a zombie, PostgreSQL would refuse to start. The pid is
 * made nobody's, and the rest stays: from it PostgreSQL sees whether children of the dead server still use its memory.
 */
export function disownForeignPid(dataDirectory: string): void {
  const lines = readLines(dataDirectory);
  const pid = Number(lines?.[0]);
  if (lines === null || lookAtProcess(pid) === null || isAlive(dataDirectory, { pid })) return;
  writeFileSync(fileOf(dataDirectory), [String(NOBODYS_PID), ...lines.slice(1)].join('\n'));
}

const fileOf = (dataDirectory: string): string => path.join(dataDirectory, 'postmaster.pid');

function readLines(dataDirectory: string): readonly string[] | null {
  try {
    return readFileSync(fileOf(dataDirectory), 'utf8').split('\n');
  } catch {
    return null;
  }
}
