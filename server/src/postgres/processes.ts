// What this machine says about a process: whether it runs, what it is, and since when. A pid alone says little: it may
// belong to somebody else by now, or to a process that has ended and that nobody has waited for (a zombie).

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessFacts {
  /** The command line, arguments separated by spaces; empty where the system does not tell. */
  readonly command: string;
  /** Tells two processes with one pid apart; comparable only with itself. Empty where the system does not tell. */
  readonly startedAt: string;
  readonly isZombie: boolean;
}

/** Null if there is no process with this pid. */
export function lookAtProcess(pid: number): ProcessFacts | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  if (process.platform === 'linux') return lookInProc(pid);
  return process.platform === 'win32' ? lookBySignal(pid) : lookWithPs(pid);
}

/** Differs from one start of the machine to the next; empty where start times are absolute anyway. */
export function bootId(): string {
  return process.platform === 'linux' ? (readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '') : '';
}

const PROC_STATE = 0;
const PROC_START_TIME = 19;

/** See proc(5): what follows the name in parentheses, which may contain anything. */
function lookInProc(pid: number): ProcessFacts | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const command = (readText(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  return { command, startedAt: fields[PROC_START_TIME] ?? '', isZombie: fields[PROC_STATE] === 'Z' };
}

function lookWithPs(pid: number): ProcessFacts | null {
  const asked = spawnSync('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], { encoding: 'utf8' });
  const found = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(asked.stdout.trim());
  if (asked.status !== 0 || found === null) return null;
  const [, state = '', startedAt = '', command = ''] = found;
  return { command, startedAt, isZombie: state.startsWith('Z') };
}

function lookBySignal(pid: number): ProcessFacts | null {
  try {
    process.kill(pid, 0);
    return { command: '', startedAt: '', isZombie: false };
  } catch {
    return null;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
