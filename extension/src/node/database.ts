// One SQLite database file, opened so that an acknowledged write survives a power cut and several processes may use it.
//
// Owns how SQLite is opened, locked, and closed; knows nothing of what is stored. Errors of SQLite are thrown as they
// come; `toProblem` puts them into words.

import { existsSync, statSync } from 'node:fs';
import type * as Sqlite from 'node:sqlite';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { fail, sqliteCode } from './libraryProblem.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Database {
  readonly path: string;
  /** Rows of a query. Statements are prepared once and kept. */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[];
  /** First row, or null. */
  first(sql: string, ...values: readonly SQLInputValue[]): Row | null;
  /** Runs a write; answers how many rows it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number;
  /** Runs statements without values: schema and pragmas. */
  execute(sql: string): void;
  /**
   * Runs `work` as one durable transaction that holds the write lock from its start, so that what `work` reads cannot
   * change before it writes. Rolled back if `work` throws.
   */
  write<T>(work: () => T): T;
  /** The same for the few places that ask the editor something while holding the lock. */
  writeAsync<T>(work: () => Promise<T>): Promise<T>;
  /** Changes whenever another connection has committed; the same value says that nothing happened. */
  version(): number;
  close(): void;
}

export interface DatabaseOptions {
  /** How long a write waits for another process before it fails as `busy`. */
  readonly busyMs: number;
  /** Ends growth at this many pages of 4 KB; absent = only the disk ends it. */
  readonly maxPages?: number;
}

/** Opens the file, or makes an empty one. Throws what SQLite throws, and `corrupt` for a log without its database. */
export function openDatabase(path: string, options: DatabaseOptions): Database {
  refuseOrphanedLog(path);
  const connection = new (loadSqlite().DatabaseSync)(path);
  try {
    configure(connection, options);
    return wrap(path, connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Node below 24.15 warns about `node:sqlite` once; the editor would show it as an error of the extension. */
function loadSqlite(): typeof Sqlite {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * SQLite deletes a write-ahead log that it finds beside a missing or empty database. That log may be all that is left
 * of a library, so such a folder is not opened.
 */
function refuseOrphanedLog(path: string): void {
  if (sizeOf(path) === 0 && sizeOf(`${path}-wal`) > 0) fail('corrupt');
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function configure(connection: DatabaseSync, options: DatabaseOptions): void {
  connection.exec(`PRAGMA busy_timeout = ${options.busyMs}`);
  // A file that has content keeps its ways: nothing may be written to what may be somebody's locked library.
  if (connection.prepare('PRAGMA page_count').get()?.['page_count'] === 0) beginFile(connection);
  // FULL: each commit is on the disk before it is acknowledged, in either journal mode.
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA secure_delete = ON');
  connection.exec('PRAGMA cell_size_check = ON');
  connection.exec('PRAGMA trusted_schema = OFF');
  connection.exec('PRAGMA temp_store = MEMORY');
  if (options.maxPages !== undefined) connection.exec(`PRAGMA max_page_count = ${options.maxPages}`);
}

function beginFile(connection: DatabaseSync): void {
  // Only possible before the first table: clearing the run history then gives its space back.
  connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
  try {
    // Readers and a writer at once, one flush per commit. Where processes cannot share memory (network drives), this
    // fails, and the rollback journal stays.
    connection.prepare('PRAGMA journal_mode = WAL').get();
  } catch (error) {
    if (![cannotOpen, ioError].includes(sqliteCode(error))) throw error;
    connection.exec('PRAGMA journal_mode = DELETE');
  }
}

const ioError = 10;
const cannotOpen = 14;

function wrap(path: string, connection: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = connection.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const rollback = (): void => {
    try {
      connection.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself (full disk, disk error): there is no transaction left to end.
    }
  };
  return {
    path,
    all: (sql, ...values) => prepared(sql).all(...values),
    first: (sql, ...values) => prepared(sql).get(...values) ?? null,
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    execute: (sql) => connection.exec(sql),
    write(work) {
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        rollback();
        throw error;
      }
    },
    async writeAsync(work) {
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = await work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        rollback();
        throw error;
      }
    },
    version: () => Number(prepared('PRAGMA data_version').get()?.['data_version']),
    close() {
      statements.clear();
      connection.close();
    },
  };
}
