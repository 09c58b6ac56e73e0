// The library as the extension host sees it: forwards every call to the library's worker thread, which starts with the
// first call. If the worker ends by itself, calls that wait are answered with the problem `stopped`, the next call
// starts another one, and views are told to refresh.

import { Worker } from 'node:worker_threads';
import type {
  Library,
  LibraryCalls,
  LibraryChange,
  LibraryHostCalls,
  LibraryProblem,
} from '../library/api.ts';
import type { NetworkWay, Teams, TeamsCalls, TeamsChange, TeamsHostCalls } from '../library/teams.ts';
import { forwardCalls } from './libraryCallNames.ts';
import { placeOf, problem } from './libraryProblem.ts';
import { forwardTeams } from './teamsCallNames.ts';
import type { TranslatedWorkerData, Translations } from './translations.ts';
import { openWorkerChannel, type WorkerChannel } from './workerChannel.ts';

/** What the worker answers: the library, and its own end. */
export interface LibraryWorkerCalls extends LibraryCalls, TeamsCalls {
  /** Writes what is worth keeping, closes the file, and ends the worker. */
  close(): Promise<void>;
}

/** `workerData` of the library's worker. */
export interface LibraryWorkerData extends TranslatedWorkerData {
  /** Folder of the library; made if it is not there. */
  readonly folder: string;
}

export interface LibraryLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface LibraryDependencies {
  readonly folder: string;
  /** `vscode.l10n.bundle` */
  readonly translations?: Translations;
  /** VS Code's secret storage. */
  readonly secrets: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };
  readonly log: LibraryLog;
  /** How VS Code reaches a server: its proxy and authorities. */
  networkWay(address: string): Promise<NetworkWay>;
  /** Where the bundled `libraryWorker` lies. */
  readonly workerUrl: URL;
}

interface RunningWorker {
  readonly worker: Worker;
  readonly channel: WorkerChannel<LibraryWorkerCalls, LibraryHostCalls & TeamsHostCalls>;
}

/** No call throws for an expected failure. `dispose` may be called at any time, and resolves when the worker has ended. */
export function createLibrary(
  dependencies: LibraryDependencies,
): Library & { readonly teams: Teams; dispose(): Promise<void> } {
  const listeners = new Set<(change: LibraryChange) => void>();
  const notify = (change: LibraryChange): void => {
    for (const listener of listeners) listener(change);
  };
  const teamsListeners = new Set<(change: TeamsChange) => void>();
  const notifyTeams = (change: TeamsChange): void => {
    for (const listener of teamsListeners) listener(change);
  };
  const host = hostCalls(dependencies, notify, notifyTeams);
  let running: RunningWorker | null = null;
  let disposed = false;
  let unexpectedEnds = 0;

  const start = (): RunningWorker => {
    const started = startWorker(dependencies, host);
    started.worker.once('exit', () => {
      started.channel.$close(new Error('the library worker ended'));
      if (running?.worker !== started.worker) return;
      running = null;
      if (disposed) return;
      unexpectedEnds += 1;
      dependencies.log.error('The library worker ended by itself.');
      notify(everything);
      notifyTeams(everythingOfTeams);
    });
    return started;
  };

  const call = async (
    name: keyof LibraryCalls | keyof TeamsCalls,
    values: readonly unknown[],
  ): Promise<unknown> => {
    if (disposed || unexpectedEnds >= mostUnexpectedEnds) return stopped(name);
    running ??= start();
    const { channel } = running;
    try {
      return await channel.$callRaw({ method: name, args: [...values] });
    } catch (error) {
      dependencies.log.error(`The library did not answer ${name}: ${placeOf(error)}`);
      return stopped(name);
    }
  };

  return {
    ...forwardCalls(call),
    teams: {
      ...forwardTeams(call),
      onDidChange(listener) {
        teamsListeners.add(listener);
        return () => teamsListeners.delete(listener);
      },
    },
    onDidChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async dispose() {
      disposed = true;
      listeners.clear();
      teamsListeners.clear();
      const ending = running;
      running = null;
      if (ending !== null) await end(ending);
    },
  };
}

/** After so many, it is not chance: reloading the window starts afresh. */
const mostUnexpectedEnds = 5;
const everything: LibraryChange = { origin: 'elsewhere', texts: [], tree: true, runs: true, status: true };
const everythingOfTeams: TeamsChange = {
  overview: true,
  members: [],
  syncLog: true,
  presence: true,
};

function startWorker(
  dependencies: LibraryDependencies,
  host: LibraryHostCalls & TeamsHostCalls,
): RunningWorker {
  const { folder, translations } = dependencies;
  const workerData: LibraryWorkerData = { folder, translations };
  const worker = new Worker(dependencies.workerUrl, { name: 'cuebook library', workerData, execArgv: [] });
  worker.on('error', (error) => dependencies.log.error(`The library worker failed: ${placeOf(error)}`));
  return {
    worker,
    channel: openWorkerChannel<LibraryWorkerCalls, LibraryHostCalls & TeamsHostCalls>(worker, host),
  };
}

async function end({ worker, channel }: RunningWorker): Promise<void> {
  try {
    await channel.close();
  } catch {
    // It ended before it could answer, which is what was asked for.
  }
  channel.$close(new Error('the library was disposed'));
  await worker.terminate();
}

function hostCalls(
  dependencies: LibraryDependencies,
  notify: (change: LibraryChange) => void,
  notifyTeams: (change: TeamsChange) => void,
): LibraryHostCalls & TeamsHostCalls {
  const { secrets, log } = dependencies;
  return {
    getSecret: async (name) => secrets.get(name),
    setSecret: async (name, value) => secrets.set(name, value),
    changed: notify,
    networkWay: async (address) => dependencies.networkWay(address),
    teamsChanged: notifyTeams,
    log: (level, message) => log[level](message),
  };
}

function stopped(name: keyof LibraryCalls | keyof TeamsCalls): unknown {
  const value: LibraryProblem = problem('stopped');
  return name === 'status' || name === 'retryKey'
    ? { kind: 'unavailable', problem: value }
    : { ok: false, problem: value };
}
