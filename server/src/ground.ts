// What every command of the server stands on: its database, found or started, and the keys beside it.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createPasswords } from './accounts/passwords.ts';
import { peppersFromFile, peppersFromText } from './accounts/peppers.ts';
import type { AccountsDependencies } from './accounts/create.ts';
import { compose, type Composition } from './compose.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { createDeletionFile, type DeletionList } from './store/deletions.ts';
import { startDatabase, type StartedDatabase } from './store/start.ts';

/** One line for whoever runs the command. */
export class CommandProblem extends Error {}

/** Migrated. The caller stops it. */
export async function openGround(config: Config, log: Log): Promise<StartedDatabase> {
  // PostgreSQL does not run as root: the user that it runs as must get through. What is secret has rights of its own.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  mkdirSync(config.dataFolder, { recursive: true, mode });
  const started = await startDatabase({
    source:
      config.databaseUrl === null
        ? { kind: 'embedded', directory: path.join(config.dataFolder, 'postgres') }
        : { kind: 'url', url: config.databaseUrl },
    connections: config.databaseConnections,
    now: Date.now,
    log: (line) => log.warn('The embedded database says something.', { line }),
  });
  if (!started.ok) throw new CommandProblem(started.problem.message);
  return started.value;
}

/** What was deleted for good, kept outside the database and its backups. */
export const deletionListOf = (config: Config): DeletionList =>
  createDeletionFile(path.join(config.dataFolder, 'deletions.jsonl'));

/** Hub, store and accounts on a database. */
export async function composeFrom(
  config: Config,
  { database, address }: StartedDatabase,
  log: Log,
): Promise<Composition> {
  return compose({
    database,
    address,
    log,
    now: Date.now,
    hub: config.natsServers === null ? { kind: 'postgres' } : { kind: 'nats', servers: config.natsServers },
    peppers: readPeppers(config),
    passwords: await createPasswords(),
    publicOrigin: config.publicOrigin,
    registration: config.registration,
    oidc: { providers: config.oidcProviders, editorOrigins: config.editorOrigins },
    deletions: deletionListOf(config),
    healingMs: config.healingMinutes * 60_000,
  });
}

function readPeppers(config: Config): AccountsDependencies['peppers'] {
  if (config.peppers !== null) {
    const given = peppersFromText(config.peppers);
    if (!given.ok) throw new CommandProblem(`CUEBOOK_PEPPERS: ${given.problem.message}`);
    return { current: given.value, kept: null };
  }
  const kept = peppersFromFile(path.join(config.dataFolder, 'peppers'));
  if (!kept.ok) throw new CommandProblem(kept.problem.message);
  return { current: kept.value, kept: kept.value };
}
