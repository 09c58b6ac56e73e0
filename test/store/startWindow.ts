// Starts windows as processes of their own. The worker and the window are bundled once per test file: a process that is
// started twenty times should not compile a hundred files each time.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { LibraryCalls, LibraryChange } from '../../extension/src/library/api.ts';
import type { NetworkWay, TeamsCalls } from '../../extension/src/library/teams.ts';
import { forwardTeams } from '../../extension/src/node/teamsCallNames.ts';
import { forwardCalls } from '../../extension/src/node/libraryCallNames.ts';
import type { WindowMessage, WindowRequest } from './windowProcess.ts';

export interface WindowBundle {
  readonly window: string;
  readonly worker: string;
}

/** Into `folder`, which has to outlive the windows. */
export async function bundleWindow(folder: string): Promise<WindowBundle> {
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const common = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'warning',
    // What CommonJS packages inside the bundle ask for.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  } as const;
  const [window, worker] = [join(folder, 'window.mjs'), join(folder, 'worker.mjs')];
  await build({ ...common, entryPoints: [source('windowProcess.ts')], outfile: window });
  await build({
    ...common,
    entryPoints: [source('../../extension/src/node/libraryWorker.ts')],
    outfile: worker,
  });
  return { window, worker };
}

const shiftedClock = new URL('../sync/shiftedClock.mjs', import.meta.url).href;

export interface TestWindow extends AsyncDisposable {
  readonly calls: LibraryCalls;
  readonly teams: TeamsCalls;
  readonly changes: readonly LibraryChange[];
  readonly log: readonly string[];
  readonly acknowledged: readonly { readonly text: string; readonly revisionId: string }[];
  saveForever(promptId: string, writer: string): void;
  /** Resolves with the first message, from now on, that `wanted` accepts. */
  next(wanted: (message: WindowMessage) => boolean): Promise<WindowMessage>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface WindowOptions {
  readonly bundle: WindowBundle;
  readonly folder: string;
  readonly secretsFile: string;
  /** User and group to run as; only root may say this. */
  readonly user?: number;
  /** Absent: directly. */
  readonly way?: NetworkWay;
  /** PEM file of an authority that this computer trusts. */
  readonly authority?: string;
  /** Milliseconds by which this computer's clock is wrong. */
  readonly clockOffset?: number;
}

export function startWindow({
  bundle,
  folder,
  secretsFile,
  user,
  way,
  authority,
  clockOffset,
}: WindowOptions): TestWindow {
  const clock = clockOffset === undefined ? [] : ['--import', shiftedClock];
  const env = {
    ...process.env,
    ...(authority !== undefined && { NODE_EXTRA_CA_CERTS: authority }),
    ...(clockOffset !== undefined && { CLOCK_OFFSET_MS: String(clockOffset) }),
  };
  const child = fork(
    bundle.window,
    [folder, secretsFile, bundle.worker, way === undefined ? '' : JSON.stringify(way)],
    {
      serialization: 'advanced',
      execArgv: clock,
      env,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    },
  );
  return connect(child);
}

function connect(child: ChildProcess): TestWindow {
  const changes: LibraryChange[] = [];
  const log: string[] = [];
  const acknowledged: { text: string; revisionId: string }[] = [];
  const answers = new Map<number, (value: unknown) => void>();
  const watchers = new Set<(message: WindowMessage) => void>();
  const gone = once(child, 'exit');
  let calls = 0;

  child.on('message', (message: WindowMessage) => {
    switch (message.kind) {
      case 'answer':
        answers.get(message.id)?.(message.value);
        answers.delete(message.id);
        break;
      case 'changed':
        changes.push(message.change);
        break;
      case 'teamsChanged':
        break;
      case 'log':
        log.push(`${message.level} ${message.message}`);
        break;
      case 'acknowledged':
        acknowledged.push(message);
        break;
    }
    for (const watcher of watchers) watcher(message);
  });

  const request = (message: WindowRequest): void => {
    child.send(message);
  };
  const call = async (
    name: keyof LibraryCalls | keyof TeamsCalls,
    values: readonly unknown[],
  ): Promise<unknown> => {
    calls += 1;
    const id = calls;
    const answer = new Promise((resolve) => answers.set(id, resolve));
    request({ kind: 'call', id, name, values });
    return Promise.race([
      answer,
      gone.then(() => Promise.reject(new Error(`the window ended during ${name}`))),
    ]);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  return {
    calls: forwardCalls(call),
    teams: forwardTeams(call),
    changes,
    log,
    acknowledged,
    saveForever: (promptId, writer) => request({ kind: 'saveForever', promptId, writer }),
    next: async (wanted) => {
      const found = new Promise<WindowMessage>((resolve) => {
        const watcher = (message: WindowMessage): void => {
          if (!wanted(message)) return;
          watchers.delete(watcher);
          resolve(message);
        };
        watchers.add(watcher);
      });
      return Promise.race([found, gone.then(() => Promise.reject(new Error('the window ended by itself')))]);
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
