// Budgets: how often somebody may call, and how many connections somebody may hold. Kept in each process's memory, so
// several processes allow as many times as much; guessing of secrets is counted in the database besides (accounts/).
// Each refusal says when to come again.

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller, Origin } from './caller.ts';
import { Refusal } from './problems.ts';

export type Budget = 'read' | 'write' | 'secret';

export interface LimitOptions {
  /** Calls a minute: of one account or machine token, or of one address while nobody is signed in. */
  readonly callsPerMinute: Readonly<Record<Budget, number>>;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly connectionsPerCaller: number;
}

export interface Limits {
  /** Refuses with `tooMany`. Secrets are counted by address whoever asks. */
  take(budget: Budget, caller: Caller, origin: Origin): Promise<void>;
  /** Takes a connection, or refuses; what is given back ends it, once. */
  connect(address: string): () => void;
  /** The same for who has been recognised on it. */
  attach(caller: Caller): () => void;
}

export function createLimits(options: LimitOptions): Limits {
  const limiters = {
    read: createLimiter(options.callsPerMinute.read),
    write: createLimiter(options.callsPerMinute.write),
    secret: createLimiter(options.callsPerMinute.secret),
  };
  const all = createCounter(options.connections);
  const byAddress = createCounter(options.connectionsPerAddress);
  const byCaller = createCounter(options.connectionsPerCaller);
  return {
    take: async (budget, caller, origin) => {
      const key = budget === 'secret' ? networkOf(origin.address) : callerKey(caller, origin);
      await consume(limiters[budget], key);
    },
    connect: (address) => {
      const leave = all('');
      try {
        const leaveAddress = byAddress(networkOf(address));
        return () => {
          leaveAddress();
          leave();
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
    attach: (caller) => (caller.kind === 'nobody' ? () => {} : byCaller(callerName(caller))),
  };
}

const createLimiter = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: 60 });

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw tooMany(Math.max(1, Math.ceil(error.msBeforeNext / 1000)));
  }
}

const tooMany = (retryAfterSeconds: number): Refusal =>
  new Refusal('tooMany', 'The budget for this is used up.', { retryAfterSeconds });

const callerName = (caller: Exclude<Caller, { kind: 'nobody' }>): string =>
  caller.kind === 'session' ? caller.account : caller.token;

const callerKey = (caller: Caller, origin: Origin): string =>
  caller.kind === 'nobody' ? networkOf(origin.address) : callerName(caller);

/** Of IPv6 the first 64 bits: one customer has them all. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = '', right] = address.split('%', 1)[0]?.split('::') ?? [];
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** At most so many of one name at a time. */
function createCounter(limit: number): (name: string) => () => void {
  const counts = new Map<string, number>();
  return (name) => {
    const count = counts.get(name) ?? 0;
    if (count >= limit) throw tooMany(RETRY_CONNECTING_SECONDS);
    counts.set(name, count + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (counts.get(name) ?? 1) - 1;
      if (left === 0) counts.delete(name);
      else counts.set(name, left);
    };
  };
}

const RETRY_CONNECTING_SECONDS = 10;
