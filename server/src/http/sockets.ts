// All live sockets of this process: counted, ticked, and closed when what they stand on is gone.

import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../caller.ts';
import type { Hint } from '../store/api.ts';
import type { CloseReason, Connection } from './connection.ts';

export interface Sockets {
  readonly add: (connection: Connection) => void;
  readonly remove: (connection: Connection) => void;
  readonly count: number;
  subscriptions(): number;
  /** Who is recognised on a socket at this moment, each session and token once. */
  callers(): readonly Exclude<Caller, { kind: 'nobody' }>[];
  /** Of these callers; compared by session or token. */
  closeCallers(callers: readonly Caller[], reason: CloseReason): void;
  closeAll(reason: CloseReason): void;
  /** Takes no more calls, answers those that are going on, then closes; resolves when all are closed or time is up. */
  drain(milliseconds: number): Promise<void>;
  /** Who a revocation may concern: to be looked at again. */
  concernedBy(hint: Extract<Hint, { kind: 'revoked' }>): readonly Caller[];
  /** For the budget of unfinished messages of all sockets; negative gives back. */
  readonly takeBytes: (bytes: number) => boolean;
  /** `time` in epoch milliseconds. */
  tick(time: number): void;
}

export interface SocketsOptions {
  /** Of messages that have not arrived whole, all sockets together. */
  readonly unfinishedBytes: number;
  /** Of what waits to be read by clients, all sockets together: beyond it those with the most are cut. */
  readonly waitingBytes: number;
}

export function createSockets(options: SocketsOptions): Sockets {
  const connections = new Set<Connection>();
  let unfinished = 0;
  const closeWhere = (isMeant: (connection: Connection) => boolean, reason: CloseReason): void => {
    for (const connection of connections) if (isMeant(connection)) connection.close(reason);
  };
  return {
    add: (connection) => connections.add(connection),
    remove: (connection) => connections.delete(connection),
    get count() {
      return connections.size;
    },
    subscriptions: () => [...connections].reduce((sum, { subscriptions }) => sum + subscriptions, 0),
    callers: () => distinct(connections),
    closeCallers: (callers, reason) => {
      const names = new Set(callers.map(callerName));
      names.delete(null);
      closeWhere(({ caller }) => names.has(callerName(caller)), reason);
    },
    closeAll: (reason) => closeWhere(() => true, reason),
    drain: async (milliseconds) => {
      const deadline = performance.now() + milliseconds;
      for (const connection of connections) connection.holdBack();
      while (connections.size > 0 && performance.now() < deadline) {
        closeWhere(({ isWorking }) => !isWorking, 'unavailable');
        await delay(DRAIN_STEP_MS);
      }
      closeWhere(() => true, 'unavailable');
    },
    concernedBy: (hint) => distinct(connections).filter((caller) => isConcerned(caller, hint)),
    takeBytes: (bytes) => {
      unfinished += bytes;
      return unfinished <= options.unfinishedBytes;
    },
    tick: (time) => {
      for (const connection of connections) connection.tick(time);
      cutLargest(connections, options.waitingBytes);
    },
  };
}

const DRAIN_STEP_MS = 20;

type Known = Exclude<Caller, { kind: 'nobody' }>;

const callerName = (caller: Caller): string | null => {
  switch (caller.kind) {
    case 'nobody':
      return null;
    case 'session':
      return caller.session;
    case 'token':
      return caller.token;
  }
};

function distinct(connections: ReadonlySet<Connection>): readonly Known[] {
  const callers = new Map<string | null, Known>();
  for (const { caller } of connections) if (caller.kind !== 'nobody') callers.set(callerName(caller), caller);
  return [...callers.values()];
}

/** A hint without an account is about the workspace's machine tokens. */
function isConcerned(caller: Known, { account, workspace }: Extract<Hint, { kind: 'revoked' }>): boolean {
  if (account === null && workspace === null) return true;
  if (caller.kind === 'session') return caller.account === account;
  return caller.workspace === workspace;
}

function cutLargest(connections: ReadonlySet<Connection>, limit: number): void {
  let total = 0;
  for (const { waitingBytes } of connections) total += waitingBytes;
  if (total <= limit) return;
  for (const connection of [...connections].sort((a, b) => b.waitingBytes - a.waitingBytes)) {
    if (total <= limit) return;
    total -= connection.waitingBytes;
    connection.close('tooSlow');
  }
}
