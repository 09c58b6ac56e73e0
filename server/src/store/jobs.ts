// Work that runs in one process at a time, however many there are: whoever gets the lease runs it, and a lease that is
// not given back runs out, so that a killed process holds up nothing.

import { randomUUID } from 'node:crypto';
import type { Sql } from './database.ts';

export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** Longer than a run takes: after it, another process may begin. */
  readonly leaseMs: number;
  run(): Promise<void>;
}

/** True if the job was due, free, and has now been run by this process. `sql`: as `cuebook_purge`. */
export async function runIfDue(sql: Sql, job: Job, now: () => number): Promise<boolean> {
  const holder = randomUUID();
  const at = now();
  const claimed = await sql`
    insert into jobs (name, next_at, leased_until, holder)
    values (${job.name}, ${at}, ${at + job.leaseMs}, ${holder})
    on conflict (name) do update set leased_until = excluded.leased_until, holder = excluded.holder
    where jobs.next_at <= ${at} and jobs.leased_until <= ${at}
    returning name`;
  if (claimed.length === 0) return false;
  const finish = (nextAt: number): Promise<unknown> => sql`
    update jobs set leased_until = 0, next_at = ${nextAt} where name = ${job.name} and holder = ${holder}`;
  try {
    await job.run();
  } catch (error) {
    await finish(at);
    throw error;
  }
  await finish(at + job.everyMs);
  return true;
}
