// The library of one folder: answers every call of the contract, whatever state the folder and its key are in.
//
// Opens with the first call. A library whose key is missing, or which cannot be opened, answers each call with that
// problem and changes nothing on the disk; `unlockWithKit`, `retryKey` and `setAside` are the ways out.

import { t } from '@vscode/l10n';
import type {
  LibraryCalls,
  LibraryHostCalls,
  LibraryProblem,
  LibraryResult,
  LibraryStatus,
} from '../library/api.ts';
import type { DatabaseOptions } from './database.ts';
import type { TeamsCalls, TeamsHostCalls } from '../library/teams.ts';
import { forwardCalls } from './libraryCallNames.ts';
import type { IdentityTools } from './libraryIdentity.ts';
import { secretFromKit } from './libraryKit.ts';
import { type Opened, openStore, type OpeningDependencies, unlockWith } from './libraryOpening.ts';
import { fail, placeOf, problem, success, toProblem } from './libraryProblem.ts';
import { openReadyLibrary, type ReadyLibrary } from './readyLibrary.ts';
import { markSetAside, renameStore } from './setAside.ts';
import { forwardTeams } from './teamsCallNames.ts';

export interface LocalLibraryDependencies {
  readonly folder: string;
  readonly host: LibraryHostCalls & TeamsHostCalls;
  readonly tools: IdentityTools;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  /** How often to look for other windows' writes where watching the folder does not tell. */
  readonly pollMs: number;
  /** Limits of the database other than usual: what tests do to it. */
  readonly database?: Partial<DatabaseOptions>;
}

export interface LocalLibrary {
  readonly calls: LibraryCalls;
  readonly teams: TeamsCalls;
  /** Keeps what makes the next opening fast and closes the file. */
  close(): Promise<void>;
}

type Standing =
  | { readonly kind: 'ready'; readonly library: ReadyLibrary }
  | Exclude<Opened, { readonly kind: 'unlocked' }>;

/** Calls that work without an open library. */
type StandingCalls = Pick<LibraryCalls, 'status' | 'retryKey' | 'unlockWithKit' | 'setAside'>;

export function createLocalLibrary(dependencies: LocalLibraryDependencies): LocalLibrary {
  const standing = createStanding(dependencies);
  return {
    calls: { ...forwardedCalls(dependencies, standing), ...standingCalls(dependencies, standing) },
    teams: forwardedTeams(dependencies, standing),
    close: async () => standing.close(),
  };
}

/** Whether the library is open, and the steps between. One of them at a time. */
interface StandingHolder {
  now(): Promise<Standing>;
  /** Closes what is open; the next `now` opens again. */
  close(): Promise<void>;
  replace(next: Opened): void;
}

function createStanding(dependencies: LocalLibraryDependencies): StandingHolder {
  let current: Promise<Standing> | null = null;
  const toStanding = (opened: Opened): Standing =>
    opened.kind === 'unlocked'
      ? { kind: 'ready', library: openReadyLibrary(dependencies, opened.library) }
      : opened;
  const open = async (): Promise<Standing> => {
    const opened = await openStore(openingOf(dependencies));
    try {
      return toStanding(opened);
    } catch (error) {
      if (opened.kind === 'unlocked') opened.library.store.close();
      return { kind: 'unavailable', problem: reported(dependencies.host, error) };
    }
  };
  return {
    async now() {
      const opening = (current ??= open());
      const standing = await opening;
      // Somebody else was writing for too long: not a state of this library, so the next call tries again.
      if (isBusy(standing) && current === opening) current = null;
      return standing;
    },
    async close() {
      const before = current;
      current = null;
      if (before !== null) await closeStanding(await before);
    },
    replace(next) {
      current = Promise.resolve(toStanding(next));
    },
  };
}

const isBusy = (standing: Standing): boolean =>
  standing.kind === 'unavailable' && standing.problem.code === 'busy';

function openingOf({
  folder,
  host,
  tools,
  wait,
  database = {},
}: LocalLibraryDependencies): OpeningDependencies {
  return { folder, host, tools, wait, database };
}

async function closeStanding(standing: Standing): Promise<void> {
  if (standing.kind === 'ready') await standing.library.close();
  if (standing.kind === 'keyMissing') standing.library.store.close();
}

function standingCalls(dependencies: LocalLibraryDependencies, standing: StandingHolder): StandingCalls {
  const { host, folder } = dependencies;
  const guarded = async <T>(work: () => Promise<LibraryResult<T>>): Promise<LibraryResult<T>> => {
    try {
      return await work();
    } catch (error) {
      return { ok: false, problem: reported(host, error) };
    }
  };
  const status = async (): Promise<LibraryStatus> => statusOf(await standing.now(), folder);
  const statusChanged = (): void =>
    host.changed({ origin: 'here', texts: [], tree: true, runs: true, status: true });
  return {
    status,
    async retryKey() {
      if ((await standing.now()).kind === 'ready') return status();
      await standing.close();
      const found = await status();
      statusChanged();
      return found;
    },
    unlockWithKit: async (code) =>
      guarded(async () => {
        const now = await standing.now();
        if (now.kind === 'ready') return success(null);
        if (now.kind === 'unavailable') return { ok: false, problem: now.problem };
        const secret = await secretFromKit(dependencies.tools.suite, now.library, code);
        const library = (await unlockWith(openingOf(dependencies), now.library, secret)) ?? fail('kitWrong');
        standing.replace({ kind: 'unlocked', library });
        statusChanged();
        return success(null);
      }),
    setAside: async () =>
      guarded(async () => {
        const now = await standing.now();
        if (now.kind === 'ready') fail('busy', onlyClosed());
        if (now.kind === 'keyMissing') markSetAside(now.library.store);
        await standing.close();
        const aside = renameStore(folder, dependencies.now());
        statusChanged();
        return success({ folder: aside });
      }),
  };
}

const onlyClosed = () => ({
  message: t('This library is open; only one that cannot be opened is set aside.'),
  action: t('Use Export to take a copy of it.'),
});

function statusOf(standing: Standing, folder: string): LibraryStatus {
  switch (standing.kind) {
    case 'ready':
      return standing.library.status();
    case 'keyMissing':
      return { kind: 'keyMissing', storeId: standing.library.storeId, folder };
    case 'unavailable':
      return { kind: 'unavailable', problem: standing.problem };
  }
}

function forwardedCalls({ host }: LocalLibraryDependencies, standing: StandingHolder): LibraryCalls {
  return forwardCalls(async (name, values) => {
    try {
      const now = await standing.now();
      if (now.kind !== 'ready') return { ok: false, problem: whyClosed(now) };
      const calls: Partial<LibraryCalls> = now.library.calls;
      return await (calls[name] as (...given: readonly unknown[]) => Promise<unknown>)(...values);
    } catch (error) {
      return { ok: false, problem: reported(host, error) };
    }
  });
}

function forwardedTeams({ host }: LocalLibraryDependencies, standing: StandingHolder): TeamsCalls {
  return forwardTeams(async (name, values) => {
    try {
      const now = await standing.now();
      if (now.kind !== 'ready') return { ok: false, problem: whyClosed(now) };
      return await (now.library.teams[name] as (...given: readonly unknown[]) => Promise<unknown>)(...values);
    } catch (error) {
      return { ok: false, problem: reported(host, error) };
    }
  });
}

function whyClosed(standing: Exclude<Standing, { readonly kind: 'ready' }>): LibraryProblem {
  return standing.kind === 'unavailable' ? standing.problem : problem('keyMissing');
}

function reported(host: LibraryHostCalls, error: unknown): LibraryProblem {
  const found = toProblem(error);
  if (found.code === 'internal') host.log('error', `The library failed: ${placeOf(error)}`);
  return found;
}
