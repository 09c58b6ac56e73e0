// The database that needs nothing set up: starts the PostgreSQL that came from the package registry on a directory, keeps
// it running, and stops it. One directory has one server: whoever comes second uses it, and leaves stopping it to the
// first; if the first dies, its watchdog stops the server, and the second starts it again.
//
//     <base>/<major>/…       the cluster (cluster.ts)
//     <base>/run/            its socket, for this user only
//     <base>/postgres.log    what it has to say; no values of anybody's
//     <base>/start.lock      while one is being started

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import type { Redacted } from '@cuebook/shared/util/redacted';
import { prepareBinaries, type Binaries } from './binaries.ts';
import { openCluster, SUPERUSER, type Cluster } from './cluster.ts';
import { disownForeignPid, isAlive, readPostmaster, type Postmaster } from './postmaster.ts';
import { canReach, chooseUser, cleanEnvironment, giveTo, makePrivateDirectory, type RunAs } from './runAs.ts';
import { logTail, rotateLog } from './serverLog.ts';
import { withStartLock } from './startLock.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export interface EmbeddedOptions {
  /** Made if it is not there. */
  readonly directory: string;
  /** What the person who runs the server should know: that the database ended by itself, and is up again. */
  readonly log?: (line: string) => void;
  /** More of PostgreSQL's settings, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For tests: where PostgreSQL's files are. */
  readonly nativeDirectory?: string;
  /** How long stopping in good order may take before it is done by force; 30 s. */
  readonly stopMs?: number;
}

/** How to reach it: by socket, or by a port of the loopback interface. */
export type EmbeddedAddress =
  | { readonly path: string }
  | { readonly host: '127.0.0.1'; readonly port: number };

export interface EmbeddedPostgres {
  /** Stays the same when the server has to be started again. */
  readonly address: EmbeddedAddress;
  readonly user: string;
  readonly password: Redacted<string>;
  /** False if it was running already: then `stop` leaves it running. */
  readonly startedHere: boolean;
  /** Of the newest start. */
  readonly pid: number;
  /** First in good order, after 30 s by force. */
  stop(): Promise<void>;
}

export type EmbeddedProblem = Problem<
  'noUser' | 'notReachable' | 'noBinaries' | 'initdbFailed' | 'otherVersion' | 'locked' | 'startFailed'
>;

const SOCKET_NAME = '.s.PGSQL.5432';
/** A socket's path may have 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH = 100;
const LOCK_WAIT_MS = 60_000;
/** After a crash it reads its log first. */
const START_WAIT_MS = 60_000;
const STOP_WAIT_MS = 30_000;
const POLL_MS = 10;
const WATCH_MS = 250;
const ROTATE_MS = 60 * 60 * 1000;
const MOST_RETRY_MS = 5000;

// Values never reach the log: statements, parameters and the DETAIL of errors (which quotes keys) stay out.
const SETTINGS: Readonly<Record<string, string>> = {
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '100',
  shared_buffers: '64MB',
  huge_pages: 'off',
  io_method: 'sync',
  jit: 'off',
  cluster_name: 'cuebook',
};

const logFileOf = (baseDirectory: string): string => path.join(baseDirectory, 'postgres.log');

/** What a start needs to know; found out once. */
interface Ground {
  readonly options: EmbeddedOptions;
  readonly baseDirectory: string;
  readonly runAs: RunAs;
  readonly binaries: Binaries;
}

interface Running {
  readonly cluster: Cluster;
  readonly postmaster: Postmaster;
  readonly address: EmbeddedAddress;
  /** Null if somebody else started it. */
  readonly own: { readonly child: ChildProcess | null; readonly watchdog: Watchdog | null } | null;
}

/** Ready to take connections when it resolves. */
export async function startEmbedded(
  options: EmbeddedOptions,
): Promise<Result<EmbeddedPostgres, EmbeddedProblem>> {
  const ground = prepareGround(options);
  if (!ground.ok) return ground;
  const running = await bringUp(ground.value, null);
  return running.ok ? succeed(keepRunning(ground.value, running.value)) : running;
}

function prepareGround(options: EmbeddedOptions): Result<Ground, EmbeddedProblem> {
  const baseDirectory = path.resolve(options.directory);
  const runAs = chooseUser();
  if (!runAs.ok) return runAs;
  try {
    makePrivateDirectory(runAs.value, baseDirectory);
    makePrivateDirectory(runAs.value, path.join(baseDirectory, 'run'));
  } catch (error) {
    return fail('notReachable', `The database directory cannot be made: ${(error as Error).message}`);
  }
  if (!canReach(runAs.value, baseDirectory)) {
    const who = runAs.value.name === undefined ? 'this user' : `the user "${runAs.value.name}"`;
    const message = `${baseDirectory} is not open to ${who}, as whom PostgreSQL runs: choose another directory.`;
    return fail('notReachable', message);
  }
  const { nativeDirectory } = options;
  const binaries = prepareBinaries({
    runAs: runAs.value,
    baseDirectory,
    ...(nativeDirectory === undefined ? {} : { nativeDirectory }),
  });
  return binaries.ok
    ? succeed({ options, baseDirectory, runAs: runAs.value, binaries: binaries.value })
    : binaries;
}

/** `before`: the address that clients know already. */
async function bringUp(
  ground: Ground,
  before: EmbeddedAddress | null,
): Promise<Result<Running, EmbeddedProblem>> {
  const locked = await withStartLock(
    path.join(ground.baseDirectory, 'start.lock'),
    LOCK_WAIT_MS,
    async () => {
      const cluster = await openCluster(ground);
      return cluster.ok ? useOrLaunch(ground, cluster.value, before) : cluster;
    },
  );
  return locked.ok ? locked.value : locked;
}

async function useOrLaunch(
  ground: Ground,
  cluster: Cluster,
  before: EmbeddedAddress | null,
): Promise<Result<Running, EmbeddedProblem>> {
  const until = Date.now() + START_WAIT_MS;
  let retryMs = POLL_MS;
  for (;;) {
    const there = await settled(cluster.dataDirectory, until);
    if (there !== null) return succeed({ cluster, postmaster: there, address: addressOf(there), own: null });
    disownForeignPid(cluster.dataDirectory);
    const launched = await launch(ground, cluster, before);
    if (launched.ok || Date.now() > until || !isPassing(ground.baseDirectory)) return launched;
    await pause(retryMs);
    retryMs = Math.min(retryMs * 2, MOST_RETRY_MS);
  }
}

/** Children of a killed server may still be ending, and until then PostgreSQL refuses to start beside them. */
const isPassing = (baseDirectory: string): boolean =>
  /pre-existing shared memory block|lock file .* already exists/.test(logTail(logFileOf(baseDirectory)));

/** A living server that is ready, or null once there is none: one that is starting or stopping is waited for. */
async function settled(dataDirectory: string, until: number): Promise<Postmaster | null> {
  for (;;) {
    const there = readPostmaster(dataDirectory);
    if (there === null || !isAlive(dataDirectory, there)) return null;
    if (there.status === 'ready' || Date.now() > until) return there;
    await pause(POLL_MS);
  }
}

const addressOf = ({ socketDirectory, port }: Postmaster): EmbeddedAddress =>
  socketDirectory === ''
    ? { host: '127.0.0.1', port }
    : { path: path.join(socketDirectory, `.s.PGSQL.${port}`) };

async function launch(
  ground: Ground,
  cluster: Cluster,
  before: EmbeddedAddress | null,
): Promise<Result<Running, EmbeddedProblem>> {
  const address = before ?? (await chooseAddress(ground.baseDirectory));
  const logFile = logFileOf(ground.baseDirectory);
  rotateLog(logFile);
  const settings = { ...SETTINGS, ...listenSettings(ground, address), ...ground.options.settings };
  if (process.platform === 'win32') return launchWithPgCtl(ground, cluster, address, { settings, logFile });
  const log = openSync(logFile, 'a', 0o600);
  giveTo(ground.runAs, logFile);
  const child = spawn(ground.binaries.postgres, ['-D', cluster.dataDirectory, ...asArguments(settings)], {
    ...ground.runAs,
    cwd: ground.baseDirectory,
    env: cleanEnvironment(),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const postmaster = await becomesReady(child, cluster.dataDirectory);
  if (postmaster === null) return fail('startFailed', `PostgreSQL did not start: see ${logFile}.`);
  child.unref();
  const watchdog = startWatchdog(ground.runAs, cluster.dataDirectory, postmaster.pid);
  return succeed({ cluster, postmaster, address, own: { child, watchdog } });
}

async function chooseAddress(baseDirectory: string): Promise<EmbeddedAddress> {
  const socket = path.join(baseDirectory, 'run', SOCKET_NAME);
  if (process.platform !== 'win32' && Buffer.byteLength(socket) <= MAX_SOCKET_PATH) return { path: socket };
  return { host: '127.0.0.1', port: await freePort() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listenSettings = (ground: Ground, address: EmbeddedAddress): Readonly<Record<string, string>> =>
  'path' in address
    ? {
        listen_addresses: '',
        port: '5432',
        unix_socket_directories: quoted(path.join(ground.baseDirectory, 'run')),
        unix_socket_permissions: '0700',
      }
    : { listen_addresses: address.host, port: String(address.port), unix_socket_directories: '' };

/** The setting is a list: what is in quotes may contain commas and spaces. */
const quoted = (directory: string): string => `"${directory.replaceAll('"', '""')}"`;

const asArguments = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Null if it ended, or did not get there in time. */
async function becomesReady(child: ChildProcess, dataDirectory: string): Promise<Postmaster | null> {
  const ended = new AbortController();
  child.once('exit', () => ended.abort()).once('error', () => ended.abort());
  const until = Date.now() + START_WAIT_MS;
  while (!ended.signal.aborted && Date.now() < until) {
    const there = readPostmaster(dataDirectory);
    if (there !== null && there.pid === child.pid && there.status === 'ready') return there;
    await pause(POLL_MS);
  }
  if (!ended.signal.aborted) child.kill('SIGQUIT');
  return null;
}

/** On Windows a server is started and stopped through pg_ctl, which gives up the rights of an administrator. */
async function launchWithPgCtl(
  { binaries, baseDirectory }: Ground,
  cluster: Cluster,
  address: EmbeddedAddress,
  { settings, logFile }: { readonly settings: Readonly<Record<string, string>>; readonly logFile: string },
): Promise<Result<Running, EmbeddedProblem>> {
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}="${value}"`);
  const started = spawnSync(
    binaries.pgCtl,
    ['start', '-w', '-D', cluster.dataDirectory, '-l', logFile, '-o', options.join(' ')],
    { cwd: baseDirectory, env: cleanEnvironment(), stdio: 'ignore' },
  );
  const postmaster = readPostmaster(cluster.dataDirectory);
  if (started.status !== 0 || postmaster === null) {
    return fail('startFailed', `PostgreSQL did not start: see ${logFile}.`);
  }
  return succeed({ cluster, postmaster, address, own: { child: null, watchdog: null } });
}

function keepRunning(ground: Ground, first: Running): EmbeddedPostgres {
  const log = ground.options.log ?? (() => {});
  const stopping = new AbortController();
  let running = first;
  let ending: Promise<void> | null = null;
  let restarting: Promise<void> | null = null;

  const restart = async (): Promise<void> => {
    log('PostgreSQL has ended; starting it again.');
    running.own?.watchdog?.dismiss();
    for (let retryMs = WATCH_MS; !stopping.signal.aborted; retryMs = Math.min(retryMs * 2, MOST_RETRY_MS)) {
      const next = await bringUp(ground, first.address);
      if (next.ok) {
        running = next.value;
        log('PostgreSQL is up again.');
        return;
      }
      log(next.problem.message);
      await pause(retryMs);
    }
  };
  const watch = setInterval(() => {
    if (stopping.signal.aborted || restarting !== null) return;
    if (isAlive(running.cluster.dataDirectory, running.postmaster)) return;
    restarting = restart().finally(() => (restarting = null));
  }, WATCH_MS).unref();
  const rotation = setInterval(() => rotateLog(logFileOf(ground.baseDirectory)), ROTATE_MS).unref();

  const stop = async (): Promise<void> => {
    stopping.abort();
    clearInterval(watch);
    clearInterval(rotation);
    await restarting;
    if (running.own !== null) await stopPostmaster(ground, running);
    running.own?.watchdog?.dismiss();
  };
  return {
    address: first.address,
    user: SUPERUSER,
    password: first.cluster.password,
    get startedHere() {
      return running.own !== null;
    },
    get pid() {
      return running.postmaster.pid;
    },
    stop: () => (ending ??= stop()),
  };
}

/** Fast shutdown; immediate shutdown, which a start repairs, if that takes too long. */
async function stopPostmaster(
  { binaries, options }: Ground,
  { cluster, postmaster }: Running,
): Promise<void> {
  if (process.platform === 'win32') {
    spawnSync(binaries.pgCtl, ['stop', '-m', 'fast', '-w', '-D', cluster.dataDirectory], { stdio: 'ignore' });
    return;
  }
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!isAlive(cluster.dataDirectory, postmaster)) return;
    process.kill(postmaster.pid, signal);
    const until = Date.now() + (signal === 'SIGINT' ? (options.stopMs ?? STOP_WAIT_MS) : STOP_WAIT_MS);
    while (isAlive(cluster.dataDirectory, postmaster) && Date.now() < until) await pause(POLL_MS);
  }
}

/** For tests and the doctor: whether anything of the directory is running. */
export function isEmbeddedRunning(directory: string): boolean {
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => path.join(path.resolve(directory), name, 'data'))
    .some((dataDirectory) => {
      const there = readPostmaster(dataDirectory);
      return there !== null && isAlive(dataDirectory, there);
    });
}
