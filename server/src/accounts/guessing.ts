// Against guessing: 20 failures a minute from one address, and for one account a pause that doubles with every failure.
// Counted in the database, so that it holds over all processes. What is counted under is a keyed hash: people type
// passwords into the wrong field.
//
// A try is counted before it is made and taken back if it did not fail: many at once are not more than one after another.

import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import type { ErrorCode } from '@cuebook/shared/protocol/errors';
import { Refusal } from '../problems.ts';
import type { Sql } from '../store/database.ts';
import type { Peppers } from './peppers.ts';

export interface Tried {
  /** Address of the client. */
  readonly source: string;
  /** Whose secret it is about, as far as the client says; null: about nobody's. */
  readonly subject: string | null;
}

export interface Guessing {
  /**
   * Makes the try unless there were too many. It failed if it throws one of FAILURES. `isWhole` tells of the answer
   * whether everything was given: only then are earlier failures forgotten.
   */
  attempt<T>(tried: Tried, work: () => Promise<T>, isWhole?: (answer: T) => boolean): Promise<T>;
}

export const SOURCE_FAILURES = 20;
const SOURCE_SECONDS = 60;
/** Failures of one account that cost nothing yet. */
export const FREE_FAILURES = 5;
const FIRST_PAUSE_SECONDS = 60;
const LONGEST_PAUSE_SECONDS = 60 * 60;
/** After a day without a failure all is forgotten. */
const REMEMBERED_SECONDS = 24 * 60 * 60;

const FAILURES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'wrongCredentials',
  'wrongCode',
  'ended',
  'unauthenticated',
  'notFound',
]);

export function createGuessing(sql: Sql, peppers: Peppers): Guessing {
  const limiter = (keyPrefix: string, points: number, duration: number): RateLimiterPostgres =>
    new RateLimiterPostgres({
      storeClient: clientOf(sql),
      storeType: 'client',
      tableName: 'guesses',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix,
      points,
      duration,
    });
  const bySource = limiter('source', SOURCE_FAILURES, SOURCE_SECONDS);
  const bySubject = limiter('subject', Number.MAX_SAFE_INTEGER, REMEMBERED_SECONDS);
  const pause = limiter('pause', 1, FIRST_PAUSE_SECONDS);
  const keyOf = (kind: string, text: string): string => bytesToBase32(peppers.derive(`guess/${kind}`, text));

  /** One try for each pause, once the free ones are used up. */
  const admit = async (subject: string): Promise<void> => {
    const { consumedPoints } = await bySubject.consume(subject);
    const over = consumedPoints - FREE_FAILURES;
    if (over <= 0) return;
    const seconds = Math.min(FIRST_PAUSE_SECONDS * 2 ** (over - 1), LONGEST_PAUSE_SECONDS);
    try {
      await pause.consume(subject, 1, { customDuration: seconds });
    } catch (rejected) {
      await bySubject.reward(subject);
      throw tooMany(rejected);
    }
  };

  return {
    async attempt(tried, work, isWhole = () => true) {
      const source = keyOf('source', tried.source);
      const subject = tried.subject === null ? null : keyOf('subject', tried.subject);
      await bySource.consume(source).catch((rejected: unknown) => {
        throw tooMany(rejected);
      });
      try {
        if (subject !== null) await admit(subject);
        const answer = await work();
        await bySource.reward(source);
        if (subject !== null) await (isWhole(answer) ? forget(subject) : bySubject.reward(subject));
        return answer;
      } catch (error) {
        if (!isFailure(error)) await takeBack(error);
        throw error;
      }
      async function forget(key: string): Promise<void> {
        await bySubject.delete(key);
        await pause.delete(key);
      }
      async function takeBack(error: unknown): Promise<void> {
        const wasRefused = error instanceof Refusal && error.code === 'tooMany';
        await bySource.reward(source);
        if (subject !== null && !wasRefused) await bySubject.reward(subject);
      }
    },
  };
}

const isFailure = (error: unknown): boolean => error instanceof Refusal && FAILURES.has(error.code);

function tooMany(rejected: unknown): unknown {
  if (!(rejected instanceof RateLimiterRes)) return rejected;
  return new Refusal('tooMany', 'Too many failures.', {
    retryAfterSeconds: Math.max(1, Math.ceil(rejected.msBeforeNext / 1000)),
  });
}

/** As the limiter knows clients. */
const clientOf = (sql: Sql) => ({
  async query({ text, values }: { readonly text: string; readonly values: (string | number | null)[] }) {
    const rows = await sql.unsafe(text, values, { prepare: true });
    return { rows: [...rows], rowCount: rows.count };
  },
});
