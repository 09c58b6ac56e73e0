// Asks the database, again and again, what hints would have said: whose sessions and tokens have ended, and which followed
// workspaces have grown. So a hint that was lost, or a process that died before it sent one, costs less than a second,
// and nothing depends on luck. If the database does not answer within a second, whatever is live is closed: nobody can
// say any more who may go on.

import type { Accounts } from './accounts/api.ts';
import type { Caller } from './caller.ts';
import type { Feed } from './feed.ts';
import type { Hub } from './hub.ts';
import type { Sockets } from './http/sockets.ts';
import type { Hint, Store } from './store/api.ts';

export interface SweepDependencies {
  readonly store: Pick<Store, 'ping'> & { readonly workspaces: Pick<Store['workspaces'], 'heads'> };
  readonly accounts: { readonly authentication: Pick<Accounts['authentication'], 'stillValid'> };
  readonly feed: Pick<Feed, 'followed' | 'look'>;
  readonly sockets: Pick<Sockets, 'callers' | 'closeCallers' | 'closeAll' | 'concernedBy' | 'tick'>;
  readonly hub: Pick<Hub, 'listen'>;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** Between two looks, and how long one may take. */
  readonly everyMs?: number;
  readonly withinMs?: number;
}

export interface Sweep {
  /** Whether the database answered when last asked. */
  isReachable(): boolean;
  close(): void;
}

const EVERY_MS = 500;
const WITHIN_MS = 1000;

export function createSweep(deps: SweepDependencies): Sweep {
  const { everyMs = EVERY_MS, withinMs = WITHIN_MS } = deps;
  let isReachable = true;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    deps.sockets.tick(deps.now());
    try {
      await within(withinMs, look(deps));
      isReachable = true;
    } catch (error) {
      if (isReachable) deps.onError(error);
      isReachable = false;
      deps.sockets.closeAll('unavailable');
    }
    if (!isClosed) timer = setTimeout(() => void run(), everyMs);
  };
  const stopListening = deps.hub.listen('revoked', (message) => {
    if (message.kind === 'revoked') void lookAtOnce(deps, message);
  });
  timer = setTimeout(() => void run(), everyMs);
  return {
    isReachable: () => isReachable,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      stopListening();
    },
  };
}

async function look(deps: SweepDependencies): Promise<void> {
  const callers = deps.sockets.callers();
  const workspaces = deps.feed.followed();
  if (callers.length === 0 && workspaces.length === 0) return deps.store.ping();
  const [ended, heads] = await Promise.all([
    endedOf(deps, callers),
    workspaces.length === 0 ? [] : deps.store.workspaces.heads(workspaces),
  ]);
  deps.sockets.closeCallers(ended, 'sessionEnded');
  for (const { workspace, head, feed } of heads) {
    deps.feed.look({ workspace, seq: feed.seq, logIndex: head.index });
  }
}

async function lookAtOnce(deps: SweepDependencies, hint: Extract<Hint, { kind: 'revoked' }>): Promise<void> {
  const concerned = deps.sockets.concernedBy(hint);
  if (concerned.length === 0) return;
  try {
    deps.sockets.closeCallers(await endedOf(deps, concerned), 'sessionEnded');
  } catch (error) {
    // The next sweep asks again, and closes everything if it is not answered.
    deps.onError(error);
  }
}

async function endedOf(
  { accounts }: Pick<SweepDependencies, 'accounts'>,
  callers: readonly Caller[],
): Promise<readonly Caller[]> {
  if (callers.length === 0) return [];
  const valid = await accounts.authentication.stillValid(callers);
  return callers.filter((_, index) => valid[index] !== true);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const giveUp = (): void => late.reject(new Error('The database did not answer in time.'));
  // Where this process itself was held up, the answer may have come and only not been read yet.
  const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
