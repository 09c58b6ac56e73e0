// All connections of this library, in the one window that holds them, and what every window is told of them.
//
// One window holds the connection lock; the others look whether it became free, and read from the store what the holder
// says (state of connections and workspaces, the sync log). A window in which somebody asks for something that needs a
// server takes the connections over.

import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { ALARMS, type Alarm, effectOf } from '@cuebook/shared/client/alarms';
import { standingOf } from '@cuebook/shared/client/standing';
import { alarmsOf, teamOf, workspaceOf } from '@cuebook/shared/client/state';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import type {
  Connection,
  NetworkWay,
  ServerAddress,
  SyncAlarm,
  SyncLogCode,
  SyncLogLine,
  WorkspaceSync,
} from '../library/teams.ts';
import { type AccountSync, pendingCount, sendingCounts, startAccountSync } from './accountSync.ts';
import { type SessionTokens, writeSettings } from './accounts.ts';
import { createConnectionLock } from './connectionLock.ts';
import type { LibraryAccounts } from './libraryAccounts.ts';
import type { LibrarySession, LibrarySessions } from './librarySession.ts';
import { placeOf } from './libraryProblem.ts';
import { callsOver, type ServerCalls } from './serverCalls.ts';
import { type ConnectionState, createServerConnection, type ServerConnection } from './serverConnection.ts';
import { openServerSocket, ServerRefusal } from './serverSocket.ts';
import {
  clientOptions,
  lookAtCertificate,
  type PinnedCertificate,
  type ServerWay,
  socketUrl,
  wayProblemOf,
} from './serverWay.ts';
import { failTeams, teamsProblem } from './teamsProblem.ts';

export interface HubDependencies {
  readonly suite: Suite;
  readonly accounts: LibraryAccounts;
  readonly sessions: LibrarySessions;
  readonly ports: Omit<ReplicaPorts, 'records'>;
  readonly networkWay: (address: string) => Promise<NetworkWay>;
  readonly now: () => number;
  readonly random: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly log: (level: 'debug' | 'info' | 'warn', message: string) => void;
  readonly presence: (workspace: WorkspaceId, message: Uint8Array) => void;
  /** All of a workspace is here: what this account has to say there can be written. */
  readonly caughtUp: (workspace: WorkspaceId) => void;
}

export interface SyncHub {
  /** Looks at the accounts again: connects those that are signed in, ends the others. */
  refresh(): void;
  /** Something was written: sends it soon. */
  push(): void;
  /** Another window asks for the connections. */
  handOver(): void;
  reconnect(): void;
  /** Those that wait for their next attempt make it now. */
  hurry(): void;
  connection(account: AccountId): Connection;
  sync(workspace: WorkspaceId): WorkspaceSync;
  lines(limit: number): readonly SyncLogLine[];
  note(code: SyncLogCode, more?: Partial<SyncLogLine>): void;
  /** A socket of its own without an account, for as long as `work` runs. Fails with a `TeamsProblemError`. */
  asStranger<T>(server: ServerAddress, work: (calls: ServerCalls) => Promise<T>): Promise<T>;
  /** Calls of an account that is signed in, in this window. Takes the connections over where needed. */
  callsOf(account: AccountId): Promise<ServerCalls>;
  /** The same with the lanes running: the device is in the account. */
  syncOf(account: AccountId): Promise<AccountSync>;
  way(server: ServerAddress): Promise<ServerWay>;
  close(): Promise<void>;
}

interface Held {
  readonly connection: ServerConnection;
  sync: AccountSync | null;
  starting: boolean;
  /** Null while it is connected. */
  offlineSince: number | null;
}

/** What the window with the connections tells the others. */
interface Told {
  readonly connections: Readonly<Record<string, Connection>>;
  readonly workspaces: Readonly<Record<string, WorkspaceSync>>;
  readonly lines: readonly SyncLogLine[];
}

const lookForLockMs = 2000;
const takeOverMs = 8000;
const onlineMs = 40_000;
const patienceMs = 5000;
const tellAfterMs = 250;
const mostLines = 200;
const statePlace = { purpose: 'sync', row: 'state' } as const;

export function createSyncHub(dependencies: HubDependencies): SyncHub {
  const { accounts, sessions, now } = dependencies;
  const { seals } = accounts.tools;
  const { store } = sessions;
  const lock = createConnectionLock(store.path);
  const held = new Map<AccountId, Held>();
  const unproven = new Set<WorkspaceId>();
  let lines: readonly SyncLogLine[] = told()?.lines ?? [];
  let isClosed = false;
  let notBefore = 0;
  let telling: NodeJS.Timeout | null = null;
  let lastTold = '';
  const waiters = new Set<() => void>();

  function told(): Told | null {
    return seals.openJson<Told>(statePlace, store.blob('sync', 'state'));
  }

  const moved = (): void => {
    for (const wake of waiters) wake();
    if (telling !== null || isClosed) return;
    telling = setTimeout(() => {
      telling = null;
      if (!isClosed && lock.isHeld) tell();
    }, tellAfterMs);
  };

  const tell = (): void => {
    const next: Told = {
      connections: Object.fromEntries(
        accounts.all().map(({ settings }) => [settings.id, connectionHere(settings.id)]),
      ),
      workspaces: Object.fromEntries(workspaceIds().map((id) => [id, syncHere(id)])),
      lines,
    };
    const text = JSON.stringify(next);
    if (text === lastTold) return;
    try {
      sessions.write((touch) => {
        store.setBlob('sync', 'state', seals.sealJson(statePlace, next));
        touch('teams');
      });
      lastTold = text;
    } catch (error) {
      dependencies.log('debug', `The state of the sync was not kept: ${placeOf(error)}`);
    }
  };

  const workspaceIds = (): readonly WorkspaceId[] => [
    ...new Set(accounts.all().flatMap(({ client }) => [...client.workspaces.keys()])),
  ];

  const note = (code: SyncLogCode, more: Partial<SyncLogLine> = {}): void => {
    const line = { at: now(), code, server: null, workspace: null, count: null, detail: null, ...more };
    lines = [line, ...lines].slice(0, mostLines);
    moved();
  };

  const lead = (): boolean => {
    if (isClosed || now() < notBefore || !lock.take()) return lock.isHeld;
    return true;
  };

  /** Connections for exactly the accounts that are signed in to a server. */
  const refresh = (): void => {
    if (!accounts.all().some(isSignedIn) || !lead()) return;
    for (const [id, { connection }] of held) {
      const account = accounts.get(id);
      if (account !== null && isSignedIn(account)) continue;
      held.delete(id);
      void connection.close();
    }
    for (const account of accounts.all()) {
      const { id, server } = account.settings;
      if (!isSignedIn(account) || server === null) continue;
      const known = held.get(id);
      if (known === undefined) hold(id, server as ServerAddress);
      else startSync(id, known);
    }
    moved();
  };

  const hold = (id: AccountId, server: ServerAddress): void => {
    const connection = createServerConnection({
      address: server,
      way: async () => way(server),
      tokens: () => accounts.get(id)?.settings.tokens ?? null,
      keepTokens: (tokens) => keepTokens(id, tokens),
      changed: (state) => changed(id, server, state),
      now,
      random: dependencies.random,
    });
    held.set(id, { connection, sync: null, starting: false, offlineSince: null });
    connection.connect();
  };

  const keepTokens = (id: AccountId, tokens: SessionTokens | null): void => {
    const account = accounts.get(id);
    if (account === null) return;
    const settings = {
      ...account.settings,
      tokens,
      session: tokens === null ? ('signedOut' as const) : account.settings.session,
    };
    sessions.write((touch) => {
      writeSettings(accounts.tools, store, settings);
      touch('client', id);
    });
    accounts.adopt({ ...account, settings });
  };

  const changed = (id: AccountId, server: ServerAddress, state: ConnectionState): void => {
    const known = held.get(id);
    if (known === undefined) return;
    known.offlineSince = state.kind === 'online' ? null : (known.offlineSince ?? now());
    if (state.kind === 'online') {
      note('connected', { server });
      startSync(id, known);
      return;
    }
    if (known.sync !== null) note('disconnected', { server });
    known.sync?.stop();
    known.sync = null;
    if (state.kind === 'signInNeeded') note('signInNeeded', { server });
    if (state.kind === 'problem') note('connectFailed', { server, detail: state.problem.kind });
    moved();
  };

  const startSync = (id: AccountId, known: Held): void => {
    const state = known.connection.state();
    const isReady = accounts.get(id)?.settings.session === 'signedIn';
    if (state.kind !== 'online' || !isReady || known.sync !== null || known.starting) return moved();
    known.starting = true;
    const starting = startAccountSync({
      suite: dependencies.suite,
      accounts,
      sessions,
      ports: dependencies.ports,
      account: id,
      calls: state.calls,
      now,
      told: listenerOf(id, known),
    });
    void begun(known, state.calls, starting);
  };

  const begun = async (known: Held, calls: ServerCalls, starting: Promise<AccountSync>): Promise<void> => {
    try {
      const sync = await starting;
      const current = known.connection.state();
      if (current.kind !== 'online' || current.calls !== calls || isClosed) return sync.stop();
      known.sync = sync;
      moved();
    } catch (error) {
      dependencies.log('warn', `Syncing could not begin: ${placeOf(error)}`);
      // A refusal, since a lost connection ends by itself: the next connection tries again.
      if (error instanceof ServerRefusal) known.connection.restart();
    } finally {
      known.starting = false;
    }
  };

  const listenerOf = (id: AccountId, known: Held) => ({
    alarm: (alarm: Alarm) => noteAlarm(alarm),
    received: (workspace: WorkspaceId, count: number) => note('received', { workspace, count }),
    sent: (workspace: WorkspaceId, count: number) => note('sent', { workspace, count }),
    refused: (workspace: WorkspaceId, detail: string) => note('refused', { workspace, detail }),
    resealed: (workspace: WorkspaceId) => note('resealed', { workspace }),
    caughtUp(workspace: WorkspaceId) {
      unproven.delete(workspace);
      note('caughtUp', { workspace });
      dependencies.caughtUp(workspace);
    },
    presence: dependencies.presence,
    ended: (workspace: WorkspaceId) => note('removed', { workspace }),
    healed: (workspace: WorkspaceId) => note('healed', { workspace }),
    moved,
    failed(error: unknown) {
      dependencies.log('warn', `Syncing stopped: ${placeOf(error)}`);
      known.sync = null;
      if (held.get(id) === known) known.connection.restart();
    },
  });

  const noteAlarm = (alarm: Alarm): void => {
    const { workspace = null, missing = null, code } = alarm;
    if (code === 'accessRefused' && workspace !== null) unproven.add(workspace);
    if (code === 'serverRestored' || code === 'accessRefused') note(code, { workspace });
    else note('alarm', { workspace, count: missing, detail: code });
  };

  const connectionHere = (id: AccountId): Connection => {
    const account = accounts.get(id);
    if (account === null || account.settings.server === null) return { kind: 'none' };
    if (account.settings.session === 'signedOut') return { kind: 'signInNeeded' };
    const state = held.get(id)?.connection.state();
    if (state === undefined) return { kind: 'none' };
    switch (state.kind) {
      case 'online':
        return { kind: 'online', since: state.since };
      case 'problem':
        return { kind: 'problem', problem: problemOf(state.problem) };
      default:
        return state;
    }
  };

  const syncHere = (workspace: WorkspaceId): WorkspaceSync => {
    const holder = accounts
      .all()
      .find(({ client }) => client.workspaces.has(workspace) && isOnServer(client, workspace));
    const session = sessions.of(workspace);
    const pending = session === null ? 0 : pendingCount(session);
    if (holder === undefined) return { kind: 'local' };
    const { id } = holder.settings;
    const keys = holder.workspaceKeys.get(workspace) ?? null;
    const alarms = alarmsOf(holder.client, workspace);
    const standing = standingOf(holder.client, workspace, keys);
    if (standing === 'deleted') return { kind: 'ended', why: 'deleted', pending };
    if (standing === 'deviceRevoked') return { kind: 'ended', why: 'deviceRevoked', pending };
    if (standing === 'notMember') return { kind: 'ended', why: endOf(holder.client, workspace), pending };
    const lasting = alarms.filter((alarm) => effectOf(alarm) !== 'told');
    if (lasting.some(({ code }) => code === 'accessRefused'))
      return { kind: 'ended', why: 'removed', pending };
    if (lasting.length > 0) return { kind: 'problem', alarms: lasting.map(shownAlarm), pending };
    const known = held.get(id);
    const state = known?.connection.state();
    if (state?.kind === 'connecting') return { kind: 'connecting', pending };
    if (known?.sync == null) {
      return state?.kind === 'online' ? { kind: 'connecting', pending } : { kind: 'offline', pending };
    }
    if (standing === 'waitsForConfirmation') return { kind: 'waiting', for: 'confirmation', pending };
    if (known.sync.phase(workspace) === 'catchingUp') {
      return { kind: 'catchingUp', ...known.sync.progress(workspace), pending };
    }
    if (standing === 'waitsForKey') return { kind: 'waiting', for: 'key', pending };
    if (standing === 'rotationOwed') return { kind: 'waiting', for: 'newKey', pending };
    if (standing === 'healing') return { kind: 'waiting', for: 'healing', pending };
    return session === null ? { kind: 'live', pending } : liveOf(session);
  };

  const way = async (server: ServerAddress): Promise<ServerWay> => ({
    address: server,
    network: await dependencies.networkWay(server),
    pinned: readPin(server),
  });

  const readPin = (server: ServerAddress): PinnedCertificate | null => {
    const row = seals.nameOf(server);
    return seals.openJson<PinnedCertificate>({ purpose: 'server', row }, store.blob('server', row));
  };

  const takeOver = async (): Promise<void> => {
    if (lead()) return;
    sessions.write((touch) => touch('connection'));
    const deadline = now() + takeOverMs;
    notBefore = 0;
    while (!lead()) {
      if (now() > deadline || isClosed) failTeams('serverFailed');
      await dependencies.wait(40);
    }
  };

  /** Waits for what a change of the connections brings. */
  const until = async <T>(look: () => T | null): Promise<T> => {
    const deadline = now() + onlineMs;
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (now() > deadline || isClosed) failTeams('offline');
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiters.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, 500);
        waiters.add(wake);
      });
    }
  };

  const onlineCalls = (id: AccountId): ServerCalls | null => {
    const state = held.get(id)?.connection.state();
    switch (state?.kind) {
      case undefined:
      case 'connecting':
        return null;
      case 'online':
        return state.calls;
      case 'signInNeeded':
        return failTeams('signInNeeded');
      case 'problem': {
        const problem = problemOf(state.problem);
        return failTeams('offline', problem);
      }
      case 'offline':
        // One attempt may fail for a passing reason; after some seconds the caller is told.
        return now() - offlineSince(id) > patienceMs ? failTeams('offline') : null;
    }
  };

  /** Since when no connection was there, over all attempts. */
  const offlineSince = (id: AccountId): number => {
    const known = held.get(id);
    return known === undefined ? now() : (known.offlineSince ?? now());
  };

  const ready = async (id: AccountId): Promise<void> => {
    const account = accounts.get(id);
    if (account === null || account.settings.server === null) failTeams('signInNeeded');
    if (!isSignedIn(account)) failTeams('signInNeeded');
    await takeOver();
    refresh();
    const known = held.get(id);
    if (known?.connection.state().kind !== 'offline') return;
    known.offlineSince = now();
    known.connection.connect();
  };

  const looking = setInterval(() => {
    if (!lock.isHeld) refresh();
  }, lookForLockMs);
  looking.unref();

  return {
    refresh,
    push() {
      for (const { sync } of held.values()) sync?.push();
    },
    handOver() {
      if (!lock.isHeld) return;
      tell();
      notBefore = now() + takeOverMs;
      const connections = [...held.values()];
      held.clear();
      for (const { sync } of connections) sync?.stop();
      void Promise.all(connections.map(async ({ connection }) => connection.close())).then(() =>
        lock.release(),
      );
    },
    hurry() {
      for (const { connection } of held.values()) connection.hurry();
    },
    reconnect() {
      refresh();
      for (const { connection } of held.values()) connection.connect();
    },
    connection: (id) => (lock.isHeld ? connectionHere(id) : (told()?.connections[id] ?? connectionHere(id))),
    sync: (id) => (lock.isHeld ? syncHere(id) : (told()?.workspaces[id] ?? syncHere(id))),
    lines: (limit) => (lock.isHeld ? lines : (told()?.lines ?? lines)).slice(0, limit),
    note,
    way,
    async asStranger(server, work) {
      const socket = await open(server);
      try {
        return await work(callsOver(socket));
      } finally {
        socket.close();
      }
    },
    async callsOf(id) {
      await ready(id);
      return until(() => onlineCalls(id));
    },
    async syncOf(id) {
      await ready(id);
      if (accounts.get(id)?.settings.session === 'deviceNeeded') failTeams('deviceNeeded');
      return until(() => (onlineCalls(id) === null ? null : (held.get(id)?.sync ?? null)));
    },
    async close() {
      isClosed = true;
      clearInterval(looking);
      if (telling !== null) clearTimeout(telling);
      for (const wake of waiters) wake();
      for (const { sync } of held.values()) sync?.stop();
      await Promise.all([...held.values()].map(async ({ connection }) => connection.close()));
      lock.release();
    },
  };

  async function open(server: ServerAddress) {
    const found = await way(server);
    try {
      return await openServerSocket({ url: socketUrl(server), client: clientOptions(found), token: null });
    } catch (error) {
      switch (wayProblemOf(error)) {
        case 'certificate': {
          const looked = await lookAtCertificate(found);
          if (looked === null) return failTeams('offline');
          const code = found.pinned === null ? 'certificateUnknown' : 'certificateChanged';
          return failTeams(code, { certificate: looked.shown });
        }
        case 'proxy':
          return failTeams('proxyFailed');
        case 'notCuebook':
          return failTeams('notCuebook');
        case 'unreachable':
          return failTeams('offline');
      }
    }
  }
}

type Account = ReturnType<LibraryAccounts['all']>[number];

const isSignedIn = ({ settings }: Account): boolean =>
  settings.server !== null && settings.tokens !== null && settings.session !== 'none';

const isOnServer = (client: Account['client'], workspace: WorkspaceId): boolean =>
  workspaceOf(client, workspace).incarnation !== null;

function endOf(client: Account['client'], workspace: WorkspaceId): 'removed' | 'left' {
  const { team } = workspaceOf(client, workspace);
  const member = teamOf(workspaceOf(client, workspace))?.members.get(client.account);
  const ending = member?.endedAt == null ? undefined : team.entries[member.endedAt];
  return ending?.body.action.type === 'leave' ? 'left' : 'removed';
}

const shownAlarm = (alarm: Alarm): SyncAlarm => ({
  code: alarm.code,
  effect: ALARMS[alarm.code],
  account: (alarm.account as SyncAlarm['account'] | undefined) ?? null,
  missing: alarm.missing ?? null,
});

function problemOf(problem: Extract<ConnectionState, { readonly kind: 'problem' }>['problem']) {
  switch (problem.kind) {
    case 'certificate': {
      const { certificate } = problem;
      if (certificate === null) return teamsProblem('certificateUnknown');
      const code = certificate.trustedFingerprint === null ? 'certificateUnknown' : 'certificateChanged';
      return teamsProblem(code, { certificate });
    }
    case 'notCuebook':
      return teamsProblem('notCuebook');
    case 'otherVersion':
      return teamsProblem('updateCuebook');
    case 'serverTooOld':
      return teamsProblem('updateServer');
    case 'notAllowed':
      return teamsProblem('serverFailed');
  }
}

function liveOf(session: LibrarySession): WorkspaceSync {
  const { pending, toMerge } = sendingCounts(session);
  return { kind: 'live', pending, ...(toMerge > 0 && { toMerge }) };
}
