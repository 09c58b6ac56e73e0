// The command `serve`: starts the server and runs it until it is told to stop.

import { readFileSync } from 'node:fs';
import { redact } from '@cuebook/shared/util/redacted';
import type { Composition } from './compose.ts';
import type { Config } from './config.ts';
import { CommandProblem, composeFrom, deletionListOf, openGround } from './ground.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { TlsFiles } from './http/listener.ts';
import type { Log } from './log.ts';
import { appRouter, procedurePaths } from './router/index.ts';
import { startServer, type RunningServer, type ServerOptions } from './server.ts';
import { writeLink } from './links.ts';

const MEBIBYTE = 1024 * 1024;

/** Resolves when it has stopped. `print` is for people: it is not the log. */
export async function serve(config: Config, log: Log, print: (line: string) => void): Promise<void> {
  await using running = new AsyncDisposableStack();
  const ground = await openGround(config, log);
  running.defer(async () => ground.stop());
  const composition = await composeFrom(config, ground, log);
  running.defer(async () => composition.close());
  const deletions = deletionListOf(config);
  running.defer(startHousekeeping({ ...config, ...ground, ...composition, deletions, log, now: Date.now }));
  const server = await listenOrExplain(config, composition, log);
  running.defer(async () => server.stop());
  print(`cuebook-server listens on ${server.url}; clients connect to ${config.publicOrigin}`);
  await printOwnerLink(composition, print);
  await untilStopped(config, server, log);
  log.info('The server stops.');
}

async function listenOrExplain(config: Config, composition: Composition, log: Log): Promise<RunningServer> {
  try {
    return await startServer({
      ...composition,
      router: appRouter,
      procedurePaths,
      log,
      now: Date.now,
      options: serverOptions(config),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE') throw new CommandProblem(`CUEBOOK_PORT: ${config.port} is taken.`);
    if (code === 'EADDRNOTAVAIL')
      throw new CommandProblem(`CUEBOOK_HOST: ${config.host} is not of this machine.`);
    if (code === 'EACCES') throw new CommandProblem(`CUEBOOK_PORT: ${config.port} needs more rights.`);
    throw error;
  }
}

function serverOptions(config: Config): ServerOptions {
  return {
    host: config.host,
    port: config.port,
    tls: config.tlsFiles === null ? null : readTls(config.tlsFiles),
    trustedProxies: config.trustedProxies,
    publicOrigin: config.publicOrigin,
    metricsToken: config.metricsToken,
    limits: {
      callsPerMinute: {
        read: config.readsPerMinute,
        write: config.writesPerMinute,
        secret: config.secretsPerMinute,
      },
      connections: config.connections,
      connectionsPerAddress: config.connectionsPerAddress,
      connectionsPerCaller: config.connectionsPerAccount,
    },
    unfinishedBytes: 256 * MEBIBYTE,
    waitingBytes: 512 * MEBIBYTE,
    drainMs: config.drainSeconds * 1000,
  };
}

function readTls({ certificate, key }: NonNullable<Config['tlsFiles']>): TlsFiles {
  const read = (name: string, file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      throw new CommandProblem(`${name}: ${file} cannot be read.`);
    }
  };
  return {
    certificate: read('CUEBOOK_TLS_CERT', certificate),
    key: redact(read('CUEBOOK_TLS_KEY', key)),
  };
}

async function printOwnerLink({ accounts }: Composition, print: (line: string) => void): Promise<void> {
  if (await accounts.administration.hasOwner()) return;
  const link = await accounts.administration.makeOwnerLink();
  if (link !== null) writeLink(print, 'This server has no owner yet. Whoever uses this becomes it:', link);
}

async function untilStopped(config: Config, server: RunningServer, log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reload = (): void => reloadTls(config, server, log);
  process.on('SIGHUP', reload);
  process.once('SIGINT', () => resolve());
  process.once('SIGTERM', () => resolve());
  await promise;
  process.off('SIGHUP', reload);
}

/** A mistake in the new files leaves the old ones in use. */
function reloadTls({ tlsFiles }: Config, server: RunningServer, log: Log): void {
  if (tlsFiles === null) return;
  try {
    server.reloadTls(readTls(tlsFiles));
    log.info('The TLS certificate was read again.');
  } catch (error) {
    log.error('The new TLS certificate cannot be used; the old one stays.', error);
  }
}
