// A library that is open: the session, what keeps it up to date, and every call that works on it.

import { randomBytes } from 'node:crypto';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import { factsOfText, mergeTexts } from '@cuebook/shared/replica/promptText';
import type { LibraryCalls, LibraryChange, LibraryHostCalls, LibraryStatus } from '../library/api.ts';
import { createDocumentCalls } from './libraryDocuments.ts';
import { createExportCalls } from './libraryExportCalls.ts';
import type { IdentityTools } from './libraryIdentity.ts';
import { createKitCalls, kitStatus } from './libraryKit.ts';
import { createMemoryCalls } from './libraryMemory.ts';
import type { UnlockedLibrary } from './libraryOpening.ts';
import { placeOf, toProblem } from './libraryProblem.ts';
import { createRunCalls } from './libraryRuns.ts';
import { createSearchCalls } from './librarySearch.ts';
import { type LibrarySession, openSession } from './librarySession.ts';
import { createTreeCalls } from './libraryTree.ts';
import { watchStore } from './storeWatch.ts';

export interface ReadyDependencies {
  readonly host: LibraryHostCalls;
  readonly tools: IdentityTools;
  readonly now: () => number;
  readonly pollMs: number;
}

/** Calls that need an open library. */
export type ReadyCalls = Omit<LibraryCalls, 'status' | 'retryKey' | 'unlockWithKit' | 'setAside'>;

export interface ReadyLibrary {
  readonly calls: ReadyCalls;
  status(): LibraryStatus;
  close(): void;
}

/** Takes the store over: closing the library closes it. */
export function openReadyLibrary(dependencies: ReadyDependencies, library: UnlockedLibrary): ReadyLibrary {
  const { host, now, pollMs } = dependencies;
  const { store, identity } = library;
  const quietly = unattended(host);
  // Before the session: the first look at it may already find what another window wrote, and tell of it.
  let wasDue = false;
  const session = openSession({
    store,
    seals: identity.seals,
    ports: portsOf(dependencies, library),
    changed: (change) => host.changed(withKitNews(change)),
    log: (level, message) => host.log(level, message),
    announce: () => watching.announce(),
    whenIdle: (work, delayMs) => {
      const timer = setTimeout(() => quietly(work), delayMs);
      return () => clearTimeout(timer);
    },
  });
  wasDue = kitStatus({ session, now }).due;
  const watching = watchStore({
    databasePath: store.path,
    onHint: () => quietly(() => session.catchUp()),
    pollMs,
  });
  /** That the kit became due is a change of the status as well. */
  function withKitNews(change: LibraryChange): LibraryChange {
    const { due } = kitStatus({ session, now });
    const turned = due !== wasDue;
    wasDue = due;
    return turned ? { ...change, status: true } : change;
  }
  return {
    calls: callsOf(dependencies, session, library),
    status: () => statusOf(dependencies, session),
    close() {
      watching.close();
      session.close();
      store.close();
    },
  };
}

/** For work that nobody waits for: what goes wrong is logged, and tried again the next time. */
function unattended(host: LibraryHostCalls): (work: () => void) => void {
  return (work) => {
    try {
      work();
    } catch (error) {
      host.log('warn', `The library could not do its own work: ${toProblem(error).code} ${placeOf(error)}`);
    }
  };
}

function portsOf({ now }: ReadyDependencies, { store, identity }: UnlockedLibrary): ReplicaPorts {
  return {
    records: identity.records,
    now,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    factsOf: factsOfText,
    merge: mergeTexts,
    readRecord: (id) => store.record(id),
  };
}

function callsOf(
  dependencies: ReadyDependencies,
  session: LibrarySession,
  library: UnlockedLibrary,
): ReadyCalls {
  const { now } = dependencies;
  return {
    ...createTreeCalls(session),
    ...createDocumentCalls(session),
    ...createSearchCalls(session),
    ...createExportCalls(session, now),
    ...createRunCalls(session),
    ...createMemoryCalls(session),
    ...createKitCalls({ session, account: library.identity.account, now }),
  };
}

function statusOf({ now }: ReadyDependencies, session: LibrarySession): LibraryStatus {
  const view = session.view();
  const personal = {
    id: session.state().workspace,
    kind: 'personal',
    name: session.state().workspaceName === '' ? 'Personal' : session.state().workspaceName,
    promptCount: view.prompts().length,
  } as const;
  return {
    kind: 'ready',
    workspaces: [personal],
    kit: kitStatus({ session, now }),
  };
}
