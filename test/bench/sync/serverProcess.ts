// The real server as a process of its own, for benchmarks: told its database, and asked for its memory, over IPC.

import { createPasswords } from '@cuebook/server/accounts/passwords';
import { peppersFromFile } from '@cuebook/server/accounts/peppers';
import { compose } from '@cuebook/server/compose';
import { createLog } from '@cuebook/server/log';
import { appRouter, procedurePaths } from '@cuebook/server/router/index';
import { startServer } from '@cuebook/server/server';
import { openDatabase } from '@cuebook/server/store/database';
import { createDeletionFile } from '@cuebook/server/store/deletions';
import { redact } from '@cuebook/shared/util/redacted';
import type { Asked, DatabaseFacts, Told } from './processes.ts';

const ORIGIN = 'https://bench.test';
const MANY = 10_000_000;

async function start(facts: DatabaseFacts, pepperFile: string): Promise<void> {
  const { at, user, password, name } = facts;
  const address = { kind: 'embedded', at, user, password: redact(password), name } as const;
  const database = openDatabase({ address, connections: 10 });
  const peppers = peppersFromFile(pepperFile);
  if (!peppers.ok) throw new Error(peppers.problem.message);
  const log = createLog('warn', process.stderr);
  const composition = await compose({
    database,
    address,
    hub: { kind: 'postgres' },
    log,
    now: Date.now,
    peppers: { current: peppers.value, kept: peppers.value },
    passwords: await createPasswords({ memoryCost: 1024, timeCost: 1 }),
    publicOrigin: ORIGIN,
    registration: 'open',
    oidc: { providers: [], editorOrigins: [] },
    deletions: createDeletionFile(`${pepperFile}.deletions`),
  });
  const server = await startServer({
    ...composition,
    router: appRouter,
    procedurePaths,
    log,
    now: Date.now,
    options: {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      trustedProxies: [],
      publicOrigin: ORIGIN,
      metricsToken: null,
      limits: {
        callsPerMinute: { read: MANY, write: MANY, secret: MANY },
        connections: MANY,
        connectionsPerAddress: MANY,
        connectionsPerCaller: MANY,
      },
      unfinishedBytes: 256 * 1024 * 1024,
      waitingBytes: 512 * 1024 * 1024,
      // What is measured is not how busy the machine is with something else.
      databaseMs: 10_000,
      drainMs: 1000,
    },
  });
  tell({ kind: 'ready', url: server.url, origin: ORIGIN });
}

const tell = (message: Told): void => void process.send?.(message);

process.on('message', (message: Asked) => {
  if (message.kind === 'start') void start(message.database, message.pepperFile);
  else {
    for (let round = 0; round < 4; round += 1) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    tell({ kind: 'memory', bytes: heapUsed + external });
  }
});
