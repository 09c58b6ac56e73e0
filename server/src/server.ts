// The server between its port and its store: who may connect, what is followed, what is closed when. Everything that it
// works with is given to it, so that tests and benchmarks start the same server that main.ts does.

import type { AnyTRPCRouter } from '@trpc/server';
import type { WebSocket } from 'ws';
import type { Redacted } from '@cuebook/shared/util/redacted';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Accounts } from './accounts/api.ts';
import type { Caller, Origin } from './caller.ts';
import { createFeed } from './feed.ts';
import { createApp, type Readiness } from './http/app.ts';
import { createAddressSet, createFindClient } from './http/clientAddress.ts';
import {
  Connection,
  CONNECTION_LIMITS,
  type ConnectionLimits,
  type ConnectionServices,
} from './http/connection.ts';
import { listen, type Listener, type Peer, type TlsFiles } from './http/listener.ts';
import { createSharedBodies, type CallOutcome } from './http/socketCalls.ts';
import { createSockets, type Sockets } from './http/sockets.ts';
import type { Hub } from './hub.ts';
import { createLimits, type LimitOptions, type Limits } from './limits.ts';
import { Personal, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Refusal } from './problems.ts';
import { refusalOf } from './router/formatError.ts';
import { createRounds } from './rounds.ts';
import type { Services } from './services.ts';
import type { Store } from './store/api.ts';
import { createSweep, type Sweep } from './sweep.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: TlsFiles | null;
  /** Addresses or CIDR blocks. */
  readonly trustedProxies: readonly string[];
  /** As clients name this server, such as `https://cuebook.example.com`. */
  readonly publicOrigin: string;
  readonly metricsToken: Redacted<string> | null;
  readonly limits: LimitOptions;
  readonly connectionLimits?: ConnectionLimits;
  /** Of messages that have not arrived whole, all sockets together. */
  readonly unfinishedBytes: number;
  /** Of what waits to be read by clients, all sockets together. */
  readonly waitingBytes: number;
  /** Within which the database must answer, or no socket stays open. A second, but for tests on a busy machine. */
  readonly databaseMs?: number;
  /** How long a stopping server waits for what is going on. */
  readonly drainMs: number;
}

export interface ServerDependencies {
  readonly router: AnyTRPCRouter;
  readonly procedurePaths: ReadonlySet<string>;
  readonly store: Store;
  readonly accounts: Accounts;
  /** The same, for the sweep alone (compose.ts). */
  readonly watch: { readonly store: Store; readonly accounts: Accounts };
  readonly hub: Hub;
  readonly log: Log;
  readonly now: () => number;
  readonly options: ServerOptions;
}

export interface RunningServer {
  readonly url: string;
  readonly sockets: Pick<Sockets, 'count' | 'subscriptions'>;
  reloadTls(files: TlsFiles): void;
  /** Takes nothing new, answers what is going on, closes the sockets. Store and hub stay open: they are the caller's. */
  stop(): Promise<void>;
}

/** Rejects if the port is taken. */
export async function startServer(deps: ServerDependencies): Promise<RunningServer> {
  const parts = createParts(deps);
  const listener = await listenWith(deps, parts);
  return {
    url: listener.url,
    sockets: parts.sockets,
    reloadTls: (files) => listener.reloadTls(files),
    stop: async () => {
      parts.state.isDraining = true;
      const stopped = listener.stop();
      await parts.sockets.drain(deps.options.drainMs);
      await listener.close();
      await stopped;
      parts.sweep.close();
      parts.feed.close();
    },
  };
}

interface Parts {
  readonly limits: Limits;
  readonly services: Services;
  readonly feed: Services['feed'];
  readonly sockets: Sockets;
  readonly sweep: Sweep;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  readonly state: { isDraining: boolean };
}

function createParts(deps: ServerDependencies): Parts {
  const { store, accounts, hub, log, now, options } = deps;
  const limits = createLimits(options.limits);
  const feed = createFeed({
    store,
    hub,
    onError: (error) => log.error('Following failed; it is tried again.', error),
  });
  const sockets = createSockets(options);
  const sweep = createSweep({
    ...deps.watch,
    hub,
    ...(options.databaseMs === undefined ? {} : { withinMs: options.databaseMs }),
    now,
    feed,
    sockets,
    onError: (error) => log.error('The database does not answer: no socket stays open.', error),
  });
  const state = { isDraining: false };
  return {
    limits,
    feed,
    sockets,
    sweep,
    state,
    services: { store: withRounds(store), accounts, limits, feed, hub, now },
    metrics: createMetrics(
      {
        sockets: () => sockets.count,
        subscriptions: () => sockets.subscriptions(),
        workspaces: () => feed.followed().length,
        isDatabaseReachable: () => sweep.isReachable(),
        isHubConnected: () => hub.isConnected(),
      },
      deps.procedurePaths,
    ),
    readiness: () => {
      if (state.isDraining) return 'draining';
      return sweep.isReachable() ? 'ready' : 'databaseUnreachable';
    },
  };
}

async function listenWith(deps: ServerDependencies, parts: Parts): Promise<Listener> {
  const { options, log } = deps;
  const isProxy = createAddressSet(options.trustedProxies);
  const findClient = createFindClient(isProxy);
  const onCall = createOnCall(deps, parts.metrics);
  const authenticate = createAuthenticate(deps);
  const app = createApp({
    ...parts,
    router: deps.router,
    accounts: deps.accounts,
    authenticate,
    findClient,
    publicOrigin: options.publicOrigin,
    metricsToken: options.metricsToken,
    onCall: (path, error, requestId, milliseconds) => onCall({ path, error, requestId, milliseconds }),
    log,
  });
  return listen({
    ...options,
    isProxy,
    findClient,
    fetch: app.fetch,
    connect: (address) => parts.limits.connect(address),
    whyNot: () => whyNoSocket(parts.readiness()),
    onSocket: createOnSocket(deps, parts, { authenticate, onCall }),
  });
}

function whyNoSocket(readiness: Readiness): Refusal | null {
  return readiness === 'ready'
    ? null
    : new Refusal('unavailable', `The server is not ready: ${readiness}.`, { retryAfterSeconds: 2 });
}

type Authenticate = (token: string | null, origin: Origin) => Promise<Caller>;

/** Browsers say from which page they come. Only this server's own may, and those that a machine token names. */
function createAuthenticate({ accounts, options }: ServerDependencies): Authenticate {
  return async (token, origin) => {
    const caller = await accounts.authentication.authenticate(token, origin);
    const isForeign = origin.browserOrigin !== null && origin.browserOrigin !== options.publicOrigin;
    if (isForeign && caller.kind !== 'token') {
      throw new Refusal('originNotAllowed', 'Pages of another origin may not ask here.');
    }
    return caller;
  };
}

type OnCall = (outcome: Omit<CallOutcome, 'kind'>) => void;

function createOnSocket(
  { router, accounts, log, options }: ServerDependencies,
  { sockets, services, limits, metrics }: Parts,
  { authenticate, onCall }: { readonly authenticate: Authenticate; readonly onCall: OnCall },
): (socket: WebSocket, peer: Peer) => void {
  const connectionLimits = options.connectionLimits ?? CONNECTION_LIMITS;
  const shared: ConnectionServices = {
    limits: connectionLimits,
    calls: { router, onCall, bodies: createSharedBodies(), limits: connectionLimits },
    createContext: (call) => ({ ...call, services }),
    authenticate,
    recheck: createRecheck(accounts),
    attach: (caller) => limits.attach(caller),
    takeBytes: sockets.takeBytes,
    onClosed: (connection, reason) => {
      sockets.remove(connection);
      metrics.closed(reason ?? 'client');
      const level = reason === 'tooSlow' ? 'info' : 'debug';
      log[level]('A socket was closed.', { socket: connection.id, reason: reason ?? 'client' });
    },
  };
  return (socket, peer) => {
    const connection = new Connection(socket, peer, shared);
    sockets.add(connection);
    log.debug('A socket was opened.', { socket: connection.id, address: new Personal(peer.client.address) });
  };
}

/** Calls that come together ask together who is a member. */
function withRounds(store: Store): Store {
  const membership = createRounds(
    async (asked: readonly { readonly workspace: WorkspaceId; readonly account: AccountId }[]) => {
      const byWorkspace = new Map<WorkspaceId, Set<AccountId>>();
      for (const { workspace, account } of asked) {
        byWorkspace.set(workspace, (byWorkspace.get(workspace) ?? new Set()).add(account));
      }
      const found = new Map(
        await Promise.all(
          [...byWorkspace].map(async ([workspace, accounts]) => {
            const members = [...accounts];
            const answers = await store.workspaces.memberships(workspace, members);
            return [workspace, new Map(members.map((account, index) => [account, answers[index]]))] as const;
          }),
        ),
      );
      return asked.map(({ workspace, account }) => found.get(workspace)?.get(account) ?? null);
    },
  );
  return {
    ...store,
    workspaces: {
      ...store.workspaces,
      membership: async (workspace, account) => membership({ workspace, account }),
    },
  };
}

/** A socket's caller at each call: nobody any more, once it has ended. What else it is changes by a new token only. */
function createRecheck({ authentication }: Accounts): (caller: Caller) => Promise<Caller> {
  const holds = createRounds(async (callers: readonly Caller[]) => authentication.stillValid(callers));
  return async (caller) => (caller.kind === 'nobody' || (await holds(caller)) ? caller : { kind: 'nobody' });
}

function createOnCall({ log, procedurePaths }: ServerDependencies, metrics: Metrics): OnCall {
  return ({ path, error, milliseconds, requestId }) => {
    const code = error === undefined ? 'ok' : (refusalOf(error)?.code ?? 'internal');
    metrics.call(path, code, milliseconds);
    // What is not a procedure's name was written by a client.
    const fields = { requestId, path: procedurePaths.has(path) ? path : 'unknown', code };
    if (code === 'internal') log.error('A call failed.', error?.cause ?? error, fields);
    else log.debug('A call was answered.', { ...fields, milliseconds: Math.round(milliseconds * 10) / 10 });
  };
}
