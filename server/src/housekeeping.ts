// What has to be done from time to time by one process of all: purging what has been in the trash long enough, old audit
// rows, accounts that were deleted, sessions and secrets that have run out.

import * as nodeCrypto from 'node:crypto';
import { createNativePrimitives } from '@cuebook/shared/crypto/nativePrimitives';
import type { Accounts } from './accounts/api.ts';
import type { Log } from './log.ts';
import type { Database } from './store/database.ts';
import type { DeletionList } from './store/deletions.ts';
import { runIfDue } from './store/jobs.ts';
import { purge } from './store/purge.ts';

export interface HousekeepingDependencies {
  readonly database: Database;
  readonly accounts: Pick<Accounts, 'tidy'>;
  readonly deletions: DeletionList;
  readonly auditDays: number;
  readonly log: Log;
  readonly now: () => number;
  /** Between two looks whether something is due. */
  readonly everyMs?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const JOB = { name: 'purge', everyMs: HOUR_MS, leaseMs: 10 * MINUTE_MS };

/** Begins at once; the result ends it, after what is going on. */
export function startHousekeeping(deps: HousekeepingDependencies): () => Promise<void> {
  const sql = deps.database.connectAs('cuebook_purge');
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  const look = async (): Promise<void> => {
    try {
      await runIfDue(sql, { ...JOB, run: async () => keep(deps, sql) }, deps.now);
    } catch (error) {
      deps.log.error('Housekeeping failed; it is tried again.', error);
    }
    if (!isEnded) timer = setTimeout(again, deps.everyMs ?? MINUTE_MS);
  };
  let looking = look();
  const again = (): void => {
    looking = look();
  };
  return async () => {
    isEnded = true;
    clearTimeout(timer);
    await looking;
    await sql.end({ timeout: 5 });
  };
}

async function keep(deps: HousekeepingDependencies, sql: Parameters<typeof runIfDue>[0]): Promise<void> {
  const primitives = createNativePrimitives(nodeCrypto);
  const auditMs = deps.auditDays * DAY_MS;
  const counts = await purge({ ...deps, sql, primitives, auditMs });
  await deps.accounts.tidy();
  deps.log.info('Housekeeping is done.', { ...counts });
}
