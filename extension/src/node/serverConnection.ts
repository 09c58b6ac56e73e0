// The one connection of an account to its server: opened, kept, and opened again with growing, jittered pauses. Its state
// is a tagged union; whoever works over it gets calls for as long as one socket lives, and is told when it ended.
//
// Tokens are refreshed here, by one flight at a time, and kept in the store before they are used: only the window that
// holds the store's connection lock (connectionLock.ts) runs one, so a refresh token is never used twice.

import type { Grant } from '@cuebook/shared/protocol/session';
import type { ServerAddress, ServerCertificate } from '../library/teams.ts';
import type { SessionTokens } from './accounts.ts';
import { callsOver, type ServerCalls } from './serverCalls.ts';
import { ConnectionLost, openServerSocket, ServerRefusal, type ServerSocket } from './serverSocket.ts';
import { clientOptions, lookAtCertificate, type ServerWay, socketUrl, wayProblemOf } from './serverWay.ts';

export type ConnectionState =
  | { readonly kind: 'offline'; readonly since: number; readonly retryAt: number | null }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online'; readonly since: number; readonly calls: ServerCalls }
  | { readonly kind: 'signInNeeded' }
  | { readonly kind: 'problem'; readonly problem: ConnectionProblem };

/** What waiting does not mend. */
export type ConnectionProblem =
  | { readonly kind: 'certificate'; readonly certificate: ServerCertificate | null }
  | { readonly kind: 'notCuebook' }
  | { readonly kind: 'otherVersion' | 'serverTooOld' }
  | { readonly kind: 'notAllowed' };

export interface ConnectionDependencies {
  readonly address: ServerAddress;
  readonly way: () => Promise<ServerWay>;
  readonly tokens: () => SessionTokens | null;
  /** Durable when it returns. Null: the session is over. */
  readonly keepTokens: (tokens: SessionTokens | null) => void;
  readonly changed: (state: ConnectionState) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface ServerConnection {
  state(): ConnectionState;
  /** Begins, or tries again now. */
  connect(): void;
  /** Does not wait out the pause, if it is in one: there is reason to think that the server can be reached now. */
  hurry(): void;
  /** Ends the socket and begins again after a pause: something on this side went wrong with it. */
  restart(): void;
  close(): Promise<void>;
}

const firstPauseMs = 500;
/** A server that comes back is found within this, also by who has been waiting for hours. */
const longestPauseMs = 15_000;
/** A connection that held so long starts again with the first pause. */
const steadyMs = 30_000;
/** Access tokens are renewed so long before they run out. */
const renewBeforeMs = 2 * 60_000;

export function createServerConnection(dependencies: ConnectionDependencies): ServerConnection {
  const { now, random, changed } = dependencies;
  let state: ConnectionState = { kind: 'offline', since: now(), retryAt: null };
  let failures = 0;
  let isClosed = false;
  let retry: NodeJS.Timeout | null = null;
  let renewal: NodeJS.Timeout | null = null;
  let socket: ServerSocket | null = null;
  let running: Promise<void> | null = null;

  const become = (next: ConnectionState): void => {
    state = next;
    if (!isClosed) changed(next);
  };

  const wait = (): void => {
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (0.5 + random() / 2);
    failures += 1;
    become({ kind: 'offline', since: now(), retryAt: now() + pause });
    retry = setTimeout(start, pause);
  };

  const start = (): void => {
    if (retry !== null) clearTimeout(retry);
    retry = null;
    if (isClosed || running !== null) return;
    running = run().finally(() => {
      running = null;
    });
  };

  const run = async (): Promise<void> => {
    become({ kind: 'connecting' });
    try {
      socket = await open(dependencies);
      const calls = callsOver(socket);
      const tokens = await signedIn(dependencies, calls);
      if (tokens === null || isClosed) {
        socket.close();
        return become({ kind: 'signInNeeded' });
      }
      scheduleRenewal(calls, tokens);
      const since = now();
      become({ kind: 'online', since, calls });
      const end = await socket.ended;
      if (now() - since > steadyMs) failures = 0;
      ended(end.kind);
    } catch (error) {
      socket?.close();
      await failed(error);
    } finally {
      if (renewal !== null) clearTimeout(renewal);
      socket = null;
    }
  };

  const ended = (kind: ConnectionLost['end']['kind']): void => {
    if (isClosed) return;
    if (kind === 'otherVersion' || kind === 'serverTooOld' || kind === 'notAllowed')
      return become({ kind: 'problem', problem: { kind } });
    // With a refresh token that still counts this goes on at once; else it ends as `signInNeeded`.
    if (kind === 'sessionEnded') expireAccess(dependencies);
    wait();
  };

  const failed = async (error: unknown): Promise<void> => {
    if (isClosed) return;
    if (error instanceof ConnectionLost) return ended(error.end.kind);
    if (error instanceof ServerRefusal) return wait();
    const problem = wayProblemOf(error);
    if (problem === 'notCuebook') return become({ kind: 'problem', problem: { kind: 'notCuebook' } });
    if (problem !== 'certificate') return wait();
    const looked = await lookAtCertificate(await dependencies.way());
    become({ kind: 'problem', problem: { kind: 'certificate', certificate: looked?.shown ?? null } });
  };

  const scheduleRenewal = (calls: ServerCalls, tokens: SessionTokens): void => {
    const due = Math.max(1000, tokens.accessExpiresAt - now() - renewBeforeMs);
    renewal = setTimeout(() => void renew(calls), due);
  };

  const renew = async (calls: ServerCalls): Promise<void> => {
    try {
      const tokens = await refreshed(dependencies, calls);
      if (tokens === null) return socket?.close();
      await calls.ask('session.present', { accessToken: tokens.accessToken });
      scheduleRenewal(calls, tokens);
    } catch {
      // The socket ends with the token, and the next one begins with a refresh.
    }
  };

  return {
    state: () => state,
    connect() {
      if (state.kind === 'online' || state.kind === 'connecting') return;
      failures = 0;
      start();
    },
    hurry() {
      if (state.kind !== 'offline' || retry === null) return;
      failures = 0;
      start();
    },
    restart() {
      socket?.close();
    },
    async close() {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      socket?.close();
      await running;
    },
  };
}

async function open({ address, way }: ConnectionDependencies): Promise<ServerSocket> {
  return openServerSocket({ url: socketUrl(address), client: clientOptions(await way()), token: null });
}

/** Presents a token that counts on the socket, refreshed if need be. Null: there is no session any more. */
async function signedIn(
  dependencies: ConnectionDependencies,
  calls: ServerCalls,
): Promise<SessionTokens | null> {
  const stored = dependencies.tokens();
  if (stored === null) return null;
  const isFresh = stored.accessExpiresAt - dependencies.now() > renewBeforeMs;
  const tokens = isFresh ? stored : await refreshed(dependencies, calls);
  if (tokens === null) return null;
  try {
    await calls.ask('session.present', { accessToken: tokens.accessToken });
    return tokens;
  } catch (error) {
    if (!isSessionOver(error) || !isFresh) throw error;
  }
  const next = await refreshed(dependencies, calls);
  if (next !== null) await calls.ask('session.present', { accessToken: next.accessToken });
  return next;
}

/** Kept before it is used. Null: the server does not take the refresh token any more, so the session is over. */
async function refreshed(
  { tokens, keepTokens }: ConnectionDependencies,
  calls: ServerCalls,
): Promise<SessionTokens | null> {
  const stored = tokens();
  if (stored === null) return null;
  try {
    const next = tokensOf(await calls.ask('session.refresh', { refreshToken: stored.refreshToken }));
    keepTokens(next);
    return next;
  } catch (error) {
    if (!isSessionOver(error)) throw error;
    keepTokens(null);
    return null;
  }
}

const isSessionOver = (error: unknown): boolean =>
  error instanceof ServerRefusal && (error.code === 'unauthenticated' || error.code === 'wrongCredentials');

function expireAccess({ tokens, keepTokens }: ConnectionDependencies): void {
  const stored = tokens();
  if (stored !== null) keepTokens({ ...stored, accessExpiresAt: 0 });
}

export const tokensOf = (grant: Grant): SessionTokens => ({
  session: grant.session,
  grade: grant.grade,
  accessToken: grant.accessToken,
  accessExpiresAt: grant.accessExpiresAt,
  refreshToken: grant.refreshToken,
});
