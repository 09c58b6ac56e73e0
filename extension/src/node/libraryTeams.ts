// Accounts, teams and sync of an open library: puts the calls together, and answers each with a value.

import { X509Certificate } from 'node:crypto';
import { accountFingerprint } from '@cuebook/shared/crypto/fingerprint';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { mayEdit, standingOf } from '@cuebook/shared/client/standing';
import { teamOf, workspaceOf } from '@cuebook/shared/client/state';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import { currentMember, membersNow } from '@cuebook/shared/team/teamState';
import type { LibraryHostCalls } from '../library/api.ts';
import type {
  AccountSummary,
  ServerAddress,
  ServerSummary,
  TeamsCalls,
  TeamsHostCalls,
  TeamsOverview,
  TeamsResult,
  TeamSummary,
} from '../library/teams.ts';
import type { LocalAccount } from './accounts.ts';
import { admitToLibrary } from './libraryAdmission.ts';
import type { LibraryAccounts } from './libraryAccounts.ts';
import { placeOf } from './libraryProblem.ts';
import type { LibrarySessions } from './librarySession.ts';
import type { Touch } from './sqliteStore.ts';
import { beginUnread, readUnread } from './unread.ts';
import { createSyncHub } from './syncHub.ts';
import { lookAtCertificate } from './serverWay.ts';
import { addressOf, createAccountCalls, revocationOf } from './teamsAccounts.ts';
import { createApprovals } from './teamsApprovals.ts';
import { shownAccount, shownWorkspace, type TeamsContext } from './teamsContext.ts';
import { createCredentialCalls } from './teamsCredentials.ts';
import { createInviteCalls } from './teamsInvites.ts';
import { createKeyCalls } from './teamsKeys.ts';
import { done, failTeams, toTeamsProblem } from './teamsProblem.ts';
import { createPresence } from './teamsPresence.ts';
import { createTeamCalls, introduce } from './teamsTeams.ts';

export interface LibraryTeamsDependencies {
  readonly suite: Suite;
  readonly accounts: LibraryAccounts;
  readonly sessions: LibrarySessions;
  readonly ports: Omit<ReplicaPorts, 'records'>;
  readonly host: Pick<LibraryHostCalls, 'log'> & TeamsHostCalls;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export interface LibraryTeams {
  readonly calls: TeamsCalls;
  /** What a commit has marked, of this window or another. */
  touched(origin: 'here' | 'elsewhere', touches: readonly Touch[]): void;
  /** Connects what is signed in. */
  start(): void;
  close(): Promise<void>;
}

const announcedMs = 7 * 86_400_000;

export function createLibraryTeams(dependencies: LibraryTeamsDependencies): LibraryTeams {
  const { suite, accounts, sessions, host, now, wait } = dependencies;
  const servers = new Map<ServerAddress, ServerSummary>();
  const hub = createSyncHub({
    suite,
    accounts,
    sessions,
    ports: dependencies.ports,
    networkWay: (address) => host.networkWay(address),
    now,
    random: Math.random,
    wait,
    log: (level, message) => host.log(level, message),
    presence: (workspace, message) => presence.received(workspace, message),
    caughtUp: (workspace) => {
      introduce(context, workspace);
      beginUnread(sessions, accounts.tools.seals, workspace);
    },
  });
  const context: TeamsContext = { suite, accounts, sessions, hub, now };
  const approvals = createApprovals(context, () =>
    host.teamsChanged({ overview: true, members: [], syncLog: false, presence: false }),
  );
  const presence = createPresence(context, () =>
    host.teamsChanged({ overview: false, members: [], syncLog: false, presence: true }),
  );
  const calls: TeamsCalls = {
    ...createAccountCalls(context),
    ...createCredentialCalls(context),
    ...createInviteCalls(context),
    ...createTeamCalls(context),
    ...createKeyCalls(context),
    ...approvals.calls,
    ...presence.calls,
    ...serverCalls(context, servers),
    overview: async () => done(overview(context, { servers, approvals })),
    reconnect: async (which) => {
      if (which === 'waiting') hub.hurry();
      else hub.reconnect();
      return done(null);
    },
    syncLog: async (limit) => done(hub.lines(limit)),
  };
  return {
    calls: guarded(calls, host),
    touched(origin, touches) {
      // Not at once: this may be told in the middle of a transaction.
      if (touches.some(({ kind }) => kind === 'connection') && origin === 'elsewhere') {
        setTimeout(() => hub.handOver(), 0);
      }
      if (touches.some(({ kind }) => kind === 'text' || kind === 'tree')) hub.push();
      const members = touches
        .filter(({ kind }) => kind === 'client')
        .flatMap(({ id }) => [...(accounts.get(id as never)?.client.workspaces.keys() ?? [])]);
      if (!touches.some(({ kind }) => kind === 'teams' || kind === 'client')) return;
      host.teamsChanged({
        overview: true,
        members: [...new Set(members)].map(shownWorkspace),
        syncLog: true,
        presence: false,
      });
    },
    start() {
      // What a crash may have left undone.
      for (const { settings } of accounts.all()) void admitToLibrary(context, settings.id);
      hub.refresh();
    },
    async close() {
      approvals.close();
      presence.close();
      await hub.close();
    },
  };
}

/** Every expected failure becomes a value here; one that is not expected says where, without content. */
function guarded(calls: TeamsCalls, host: Pick<LibraryHostCalls, 'log'>): TeamsCalls {
  const entries = Object.entries(calls).map(([name, call]) => [
    name,
    async (...values: readonly unknown[]): Promise<TeamsResult<unknown>> => {
      try {
        return await (call as (...given: readonly unknown[]) => Promise<TeamsResult<unknown>>)(...values);
      } catch (error) {
        const problem = toTeamsProblem(error);
        if (problem.code === 'internal') host.log('error', `Teams failed (${name}): ${placeOf(error)}`);
        return { ok: false, problem };
      }
    },
  ]);
  return Object.fromEntries(entries) as TeamsCalls;
}

function serverCalls(
  { hub, accounts, sessions }: TeamsContext,
  servers: Map<ServerAddress, ServerSummary>,
): Pick<TeamsCalls, 'inspectServer' | 'trustCertificate'> {
  const { seals } = accounts.tools;
  return {
    inspectServer: async (typed) => {
      const address = addressOf(typed);
      const info = await hub.asStranger(address, async (calls) => calls.ask('server.info'));
      const { pinned } = await hub.way(address);
      const summary: ServerSummary = {
        address,
        version: info.version,
        registration: info.registration,
        passwords: info.passwords,
        providers: info.providers,
        trustedFingerprint: pinned === null ? null : new X509Certificate(pinned.pem).fingerprint256,
      };
      servers.set(address, summary);
      return done(summary);
    },

    trustCertificate: async ({ server, fingerprint }) => {
      const looked = await lookAtCertificate(await hub.way(server));
      if (looked === null) return failTeams('offline');
      // What the user compared must be what is kept.
      if (looked.shown.fingerprint !== fingerprint) {
        return failTeams('certificateChanged', { certificate: looked.shown });
      }
      const row = seals.nameOf(server);
      sessions.write((touch) => {
        sessions.store.setBlob(
          'server',
          row,
          seals.sealJson({ purpose: 'server', row }, { pem: looked.pem }),
        );
        touch('teams');
      });
      hub.reconnect();
      return done(null);
    },
  };
}

interface Seen {
  readonly servers: ReadonlyMap<ServerAddress, ServerSummary>;
  readonly approvals: ReturnType<typeof createApprovals>;
}

function overview(context: TeamsContext, seen: Seen): TeamsOverview {
  const { accounts } = context;
  return {
    accounts: accounts.all().map((account) => accountSummary(context, account, seen)),
    servers: [...seen.servers.values()],
    teams: teamsOf(context),
  };
}

function accountSummary(context: TeamsContext, account: LocalAccount, seen: Seen): AccountSummary {
  const { id, server, email, displayName, deviceName, session } = account.settings;
  const state = account.client.accounts.get(id)?.states.at(-1);
  return {
    id: shownAccount(id),
    server: server as ServerAddress | null,
    email,
    displayName,
    deviceName,
    device: account.device.id,
    session,
    connection: context.hub.connection(id),
    fingerprint: accountFingerprint(context.suite, id),
    approval: seen.approvals.of(id),
    revocation: revocationOf(account),
    announcements: [...(state?.announcements ?? [])].map(([index, { at, by, intent }]) => ({
      index,
      what: intent.kind,
      device: intent.kind === 'revoke' ? intent.device : by,
      dueAt: at + announcedMs,
    })),
  };
}

function teamsOf(context: TeamsContext): readonly TeamSummary[] {
  const { accounts } = context;
  const seen = new Set<WorkspaceId>();
  const found: TeamSummary[] = [];
  for (const account of accounts.all()) {
    for (const id of account.client.workspaces.keys()) {
      if (seen.has(id)) continue;
      seen.add(id);
      found.push(teamSummary(context, accounts.holderOf(id) ?? account, id));
    }
  }
  return found;
}

function teamSummary(context: TeamsContext, account: LocalAccount, id: WorkspaceId): TeamSummary {
  const { client, settings, workspaceKeys } = account;
  const team = teamOf(workspaceOf(client, id));
  const session = context.sessions.of(id);
  const name = session?.state().workspaceName ?? '';
  const kind = team?.kind ?? 'team';
  return {
    id: shownWorkspace(id),
    kind,
    name: name === '' ? (kind === 'team' ? 'Team' : 'Personal') : name,
    account: shownAccount(settings.id),
    server: settings.server as ServerAddress | null,
    role: team === null ? null : (currentMember(team, settings.id)?.role ?? null),
    mayEdit: mayEdit(standingOf(client, id, workspaceKeys.get(id) ?? null)),
    memberCount: team === null ? 0 : membersNow(team).length,
    sync: context.hub.sync(id),
    unread: (readUnread(context.sessions.store, context.accounts.tools.seals, id) ?? []).length,
    deletedAt: team?.deletedAt ?? null,
  };
}
