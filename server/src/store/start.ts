// From nothing, or from an address, to a database of this version: the embedded PostgreSQL where none is named, its one
// database made, the server looked at, and everything migrated. Several processes may do this at the same time.

import { randomBytes } from 'node:crypto';
import { succeed, type Result } from '@cuebook/shared/util/result';
import type { Redacted } from '@cuebook/shared/util/redacted';
import { startEmbedded, type EmbeddedPostgres, type EmbeddedProblem } from '../postgres/embedded.ts';
import {
  checkServer,
  openDatabase,
  type Database,
  type DatabaseAddress,
  type DatabaseOptions,
  type DatabaseProblem,
} from './database.ts';
import { migrate, readMigrations, type MigrationProblem } from './migrate.ts';

export interface StartOptions extends Omit<DatabaseOptions, 'address'> {
  readonly source: DatabaseSource;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What the person who runs the server should know. */
  readonly log?: (line: string) => void;
}

export type DatabaseSource =
  | { readonly kind: 'url'; readonly url: Redacted<string> }
  | { readonly kind: 'embedded'; readonly directory: string };

export interface StartedDatabase {
  readonly database: Database;
  readonly address: DatabaseAddress;
  /** Closes the connections, then stops the database if this process has started it. */
  stop(): Promise<void>;
}

export type StartProblem = EmbeddedProblem | DatabaseProblem | MigrationProblem;

const NAME = 'cuebook';
const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';
const INCARNATION_BYTES = 16;

/** `message` of a problem is one line for whoever starts the server. */
export async function startDatabase(options: StartOptions): Promise<Result<StartedDatabase, StartProblem>> {
  const { source, log } = options;
  if (source.kind === 'url') return openMigrated(options, source, null);
  const embedded = await startEmbedded({
    directory: source.directory,
    ...(log === undefined ? {} : { log }),
  });
  if (!embedded.ok) return embedded;
  const opened = await openMigrated(options, await makeDatabase(embedded.value), embedded.value);
  if (!opened.ok) await embedded.value.stop();
  return opened;
}

async function makeDatabase({ address: at, user, password }: EmbeddedPostgres): Promise<DatabaseAddress> {
  const admin = openDatabase({
    address: { kind: 'embedded', at, user, password, name: 'postgres' },
  }).connectAs('owner');
  try {
    const there = await admin`select from pg_database where datname = ${NAME}`;
    if (there.length === 0) await admin`create database ${admin(NAME)}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    // Another process was quicker.
    if (code !== DUPLICATE_DATABASE && code !== UNIQUE_VIOLATION) throw error;
  } finally {
    await admin.end();
  }
  return { kind: 'embedded', at, user, password, name: NAME };
}

async function openMigrated(
  options: StartOptions,
  address: DatabaseAddress,
  embedded: EmbeddedPostgres | null,
): Promise<Result<StartedDatabase, StartProblem>> {
  const { source: _, now, log: _log, ...rest } = options;
  const checked = await checkServer({ ...rest, address });
  if (!checked.ok) return checked;
  const database = openDatabase({ ...rest, address });
  const migrated = await migrateAs(database, now());
  if (!migrated.ok) {
    await database.close();
    return migrated;
  }
  return succeed({
    database,
    address,
    async stop() {
      await database.close();
      await embedded?.stop();
    },
  });
}

async function migrateAs(database: Database, now: number): Promise<Result<number, MigrationProblem>> {
  const owner = database.connectAs('owner');
  try {
    return await migrate(owner, await readMigrations(), { incarnation: randomBytes(INCARNATION_BYTES), now });
  } finally {
    await owner.end();
  }
}
