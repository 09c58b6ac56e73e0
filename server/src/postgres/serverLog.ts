// PostgreSQL's own log: one file that the server appends to, cut when it is large. Contains no values: see the settings
// in embedded.ts.

import { copyFileSync, readFileSync, renameSync, statSync, truncateSync } from 'node:fs';

export const MAX_LOG_BYTES = 10 * 1024 * 1024;
const KEPT = 3;

/**
 * The writer keeps its file open for appending, so the file is copied and cut, not renamed. What is written between the
 * two is lost, which for a log of errors is accepted.
 */
export function rotateLog(file: string, limit = MAX_LOG_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < limit) return;
  for (let number = KEPT - 1; number >= 1; number -= 1)
    moveIfThere(`${file}.${number}`, `${file}.${number + 1}`);
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

function moveIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

const TAIL_LINES = 5;

/** The last few lines; empty if there is no log. */
export function logTail(file: string): string {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
