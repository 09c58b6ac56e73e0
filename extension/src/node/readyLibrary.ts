// A library that is open: the session, what keeps it up to date, and every call that works on it.

import { randomBytes } from 'node:crypto';
import { teamOf, workspaceOf } from '@cuebook/shared/client/state';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import { factsOfText, mergeTexts } from '@cuebook/shared/replica/promptText';
import type {
  LibraryCalls,
  LibraryChange,
  LibraryHostCalls,
  LibraryStatus,
  WorkspaceSummary,
} from '../library/api.ts';
import type { TeamsCalls, TeamsHostCalls } from '../library/teams.ts';
import { createDocumentCalls } from './libraryDocuments.ts';
import { createHistoryCalls } from './libraryHistory.ts';
import { createExportCalls } from './libraryExportCalls.ts';
import type { IdentityTools } from './libraryIdentity.ts';
import { createKitCalls, kitStatus } from './libraryKit.ts';
import { createMemoryCalls } from './libraryMemory.ts';
import { createLibraryTeams } from './libraryTeams.ts';
import type { UnlockedLibrary } from './libraryOpening.ts';
import { placeOf, toProblem } from './libraryProblem.ts';
import { createUnreadCalls } from './libraryUnread.ts';
import { createPeopleOf } from './people.ts';
import { readVerified } from './teamsNotes.ts';
import { createRunCalls } from './libraryRuns.ts';
import { createSearchCalls } from './librarySearch.ts';
import { createLibraryAccounts, type LibraryAccounts } from './libraryAccounts.ts';
import { routeCalls } from './libraryRouting.ts';
import { type LibrarySession, type LibrarySessions, openSessions } from './librarySession.ts';
import { createTreeCalls } from './libraryTree.ts';
import { watchStore } from './storeWatch.ts';

export interface ReadyDependencies {
  readonly host: LibraryHostCalls & TeamsHostCalls;
  readonly tools: IdentityTools;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly pollMs: number;
}

/** Calls that need an open library. */
export type ReadyCalls = Omit<LibraryCalls, 'status' | 'retryKey' | 'unlockWithKit' | 'setAside'>;

export interface ReadyLibrary {
  readonly calls: ReadyCalls;
  readonly teams: TeamsCalls;
  status(): LibraryStatus;
  close(): Promise<void>;
}

/** Takes the store over: closing the library closes it. */
export function openReadyLibrary(dependencies: ReadyDependencies, library: UnlockedLibrary): ReadyLibrary {
  const { host, now, pollMs } = dependencies;
  const { store, identity } = library;
  const accounts = createLibraryAccounts(store, identity);
  const quietly = unattended(host);
  // Before the session: the first look at it may already find what another window wrote, and tell of it.
  let wasDue = false;
  const sessions = openSessions({
    store,
    seals: identity.seals,
    ports: portsOf(dependencies, library),
    grounds: () => accounts.grounds(),
    reload: (touches) => accounts.reload(touches),
    changed: (change) => host.changed(withKitNews(change)),
    touched: (origin, touches) => teams.touched(origin, touches),
    log: (level, message) => host.log(level, message),
    announce: () => watching.announce(),
    whenIdle: (work, delayMs) => {
      const timer = setTimeout(() => quietly(work), delayMs);
      return () => clearTimeout(timer);
    },
  });
  const session = sessions.home();
  const teams = createLibraryTeams({
    suite: dependencies.tools.suite,
    accounts,
    sessions,
    ports: portsOf(dependencies, library),
    host,
    now,
    wait: dependencies.wait,
  });
  wasDue = kitStatus({ session, now }).due;
  const watching = watchStore({
    databasePath: store.path,
    onHint: () => quietly(() => sessions.catchUp()),
    pollMs,
  });
  /** That the kit became due is a change of the status as well. */
  function withKitNews(change: LibraryChange): LibraryChange {
    const { due } = kitStatus({ session, now });
    const turned = due !== wasDue;
    wasDue = due;
    return turned ? { ...change, status: true } : change;
  }
  // After the first answer: whoever opens the library waits for no network.
  const starting = setTimeout(() => quietly(() => teams.start()), 0);
  return {
    calls: callsOf({ ...dependencies, accounts }, sessions, library),
    teams: teams.calls,
    status: () => statusOf(dependencies, sessions, accounts),
    async close() {
      clearTimeout(starting);
      await teams.close();
      watching.close();
      sessions.close();
      store.close();
    },
  };
}

/** For work that nobody waits for: what goes wrong is logged, and tried again the next time. */
function unattended(host: LibraryHostCalls): (work: () => void | Promise<void>) => void {
  return (work) => {
    const attempt = async (): Promise<void> => work();
    attempt().catch((error: unknown) => {
      host.log('warn', `The library could not do its own work: ${toProblem(error).code} ${placeOf(error)}`);
    });
  };
}

function portsOf({ now }: ReadyDependencies, { store }: UnlockedLibrary): Omit<ReplicaPorts, 'records'> {
  return {
    now,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    factsOf: factsOfText,
    merge: mergeTexts,
    readRecord: (id) => store.record(id),
  };
}

function callsOf(
  { now, accounts }: ReadyDependencies & { readonly accounts: LibraryAccounts },
  sessions: LibrarySessions,
  library: UnlockedLibrary,
): ReadyCalls {
  const { store } = sessions;
  const { seals } = library.identity;
  const peopleOf = createPeopleOf(accounts, () => readVerified(store, seals));
  const session = sessions.home();
  return {
    ...routeCalls(sessions, (workspace) => ({
      ...createTreeCalls(workspace),
      ...createDocumentCalls(workspace),
      ...createHistoryCalls(workspace, peopleOf),
      ...createSearchCalls(workspace),
    })),
    ...createExportCalls(sessions, peopleOf, now),
    ...createUnreadCalls(sessions, seals),
    ...createRunCalls(session),
    ...createMemoryCalls(session),
    ...createKitCalls({ session, account: library.identity.account, now }),
  };
}

function statusOf(
  { now }: ReadyDependencies,
  sessions: LibrarySessions,
  accounts: LibraryAccounts,
): LibraryStatus {
  return {
    kind: 'ready',
    workspaces: sessions.all().map((session) => summaryOf(session, accounts)),
    kit: kitStatus({ session: sessions.home(), now }),
  };
}

function summaryOf(session: LibrarySession, accounts: LibraryAccounts): WorkspaceSummary {
  const { workspaceName } = session.state();
  const holder = accounts.holderOf(session.workspace);
  const known = holder === null ? null : workspaceOf(holder.client, session.workspace);
  const team = known === null ? null : teamOf(known);
  const kind = team?.kind ?? 'personal';
  return {
    id: session.workspace,
    kind,
    name: workspaceName === '' ? (kind === 'team' ? 'Team' : 'Personal') : workspaceName,
    // Without an incarnation no server has it yet.
    server: known === null || known.incarnation === null ? null : (holder?.settings.server ?? null),
    promptCount: session.view().prompts().length,
  };
}
