// Which failures of the database pass by themselves: the connection or the server went away, or it was too busy. Whoever
// asked is told to come again; whether a write was made is then not known, so it has to be one that may be sent twice.

import { Refusal } from '../problems.ts';

// PostgreSQL's classes: connection, resources, operator intervention; and single codes: serialization, deadlock, no lock.
const PASSING_STATES = /^(?:08|53|57|40001|40P01|55P03)/;
const PASSING_CODES: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
const RETRY_SECONDS = 1;

/** What to throw for it: a `Refusal` if it passes, the error itself if not. */
export function explainFailure(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof Refusal || !(PASSING_CODES.has(code) || PASSING_STATES.test(code))) return error;
  const refusal = new Refusal('unavailable', `The database cannot be asked just now (${code}).`, {
    retryAfterSeconds: RETRY_SECONDS,
  });
  refusal.cause = error;
  return refusal;
}
