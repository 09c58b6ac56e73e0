// The real server for tests, on a real port with a real PostgreSQL: `await using server = await startTestServer()`. A
// second one with `beside` shares the first one's database, as another process would.

import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createPasswords, type Passwords } from '@cuebook/server/accounts/passwords';
import { peppersFromFile } from '@cuebook/server/accounts/peppers';
import { compose, type Composition, type CompositionOptions } from '@cuebook/server/compose';
import { createLog } from '@cuebook/server/log';
import { appRouter, procedurePaths } from '@cuebook/server/router/index';
import { startServer, type RunningServer, type ServerOptions } from '@cuebook/server/server';
import type { Store } from '@cuebook/server/store/api';
import { createDeletionFile } from '@cuebook/server/store/deletions';
import { openDatabase, type Database, type DatabaseAddress } from '@cuebook/server/store/database';
import { createTestDatabase } from './ground.ts';

export const TEST_ORIGIN = 'https://cuebook.test';

export interface TestServerOptions extends Partial<ServerOptions> {
  /** Another process on the same database. */
  readonly beside?: TestServer;
  readonly hub?: CompositionOptions['hub'];
  readonly registration?: CompositionOptions['registration'];
  readonly oidc?: CompositionOptions['oidc'];
  readonly now?: () => number;
  /** For faults: what stands between the server and its store. */
  readonly wrapStore?: (store: Store) => Store;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly publicOrigin: string;
  readonly running: RunningServer;
  readonly composition: Composition;
  readonly database: Database;
  readonly address: DatabaseAddress;
  readonly pepperFile: string;
  readonly passwords: Passwords;
  readonly now: () => number;
  /** All lines, at level debug. */
  readonly logLines: readonly string[];
}

const GENEROUS = 1_000_000;

export const TEST_OPTIONS: ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  trustedProxies: [],
  publicOrigin: TEST_ORIGIN,
  metricsToken: null,
  limits: {
    callsPerMinute: { read: GENEROUS, write: GENEROUS, secret: GENEROUS },
    connections: GENEROUS,
    connectionsPerAddress: GENEROUS,
    connectionsPerCaller: GENEROUS,
  },
  unfinishedBytes: 256 * 1024 * 1024,
  waitingBytes: 512 * 1024 * 1024,
  // Engineers share the machine: only the tests about it take the real second.
  databaseMs: 10_000,
  drainMs: 2000,
};

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  await using made = new AsyncDisposableStack();
  const { beside, hub = { kind: 'postgres' }, registration = 'invitation', now = Date.now } = options;
  const ground = beside === undefined ? made.use(await createTestDatabase()) : null;
  const database = ground?.database ?? openDatabase({ address: besideOf(beside).address, connections: 4 });
  const address = ground?.address ?? besideOf(beside).address;
  const pepperFile = beside?.pepperFile ?? (await makePepperFile(made));
  const kept = peppersFromFile(pepperFile);
  if (!kept.ok) throw new Error(kept.problem.message);
  // As cheap as it gets: what is tested is not how long it takes.
  const passwords = beside?.passwords ?? (await createPasswords({ memoryCost: 1024, timeCost: 1 }));
  const logLines: string[] = [];
  const log = createLog('debug', collectInto(logLines));
  const composition = await compose({
    database,
    address,
    hub,
    log,
    now,
    passwords,
    registration,
    peppers: { current: kept.value, kept: kept.value },
    publicOrigin: TEST_ORIGIN,
    deletions: createDeletionFile(`${pepperFile}-deletions`),
    oidc: options.oidc ?? { providers: [], editorOrigins: [] },
  });
  made.defer(async () => composition.close());
  const store = options.wrapStore?.(composition.store) ?? composition.store;
  const running = await startServer({
    router: appRouter,
    procedurePaths,
    store,
    accounts: composition.accounts,
    watch: {
      ...composition.watch,
      store: options.wrapStore?.(composition.watch.store) ?? composition.watch.store,
    },
    hub: composition.hub,
    log,
    now,
    options: { ...TEST_OPTIONS, ...options },
  });
  made.defer(async () => running.stop());
  const owned = made.move();
  return {
    url: running.url,
    publicOrigin: TEST_ORIGIN,
    running,
    composition,
    database,
    address,
    pepperFile,
    passwords,
    now,
    logLines,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

function besideOf(beside: TestServer | undefined): TestServer {
  if (beside === undefined) throw new Error('a server without a database of its own stands beside another');
  return beside;
}

async function makePepperFile(made: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-pepper-'));
  made.defer(async () => rm(folder, { recursive: true, force: true }));
  return path.join(folder, `pepper-${randomBytes(4).toString('hex')}`);
}

const collectInto = (lines: string[]): Writable =>
  new Writable({
    write: (chunk: Buffer, _, done) => {
      lines.push(...chunk.toString().split('\n').filter(Boolean));
      done();
    },
  });
