// Tables of the local store, and how a database gets them. Everything in them is sealed, or an id that says nothing.
// `user_version` is the format of the whole file: a store of a higher one is not touched.

import { t } from '@vscode/l10n';
import type { Database } from './database.ts';
import { fail } from './libraryProblem.ts';

export const storeFormat = 2;

/**
 * - meta: single values; `storeId`, counters, sealed check value, kit box, sealed kit code
 * - records: sealed records of the replica in the order of their arrival, or the tombstones that purges left
 * - logs: entries of account and team logs, verbatim
 * - boxes: keys sealed to somebody, verbatim
 * - blobs: sealed local values by kind: snapshot, draft, memory; unreadable = damaged ones that were
 *   in the way; sample = empty, the prompt came with the extension
 * - runs: sealed run history, oldest first
 * - feed (format 2): where a server placed records, and the hash of its feed there
 * - touched: what changed last at which tick, so that another window learns what to refresh; `tick` of a text is its
 *   `mtime`
 */
const format1 = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE records (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL,
  grp TEXT NOT NULL,
  stream TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE logs (
  log TEXT NOT NULL,
  position INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log, position)
) STRICT;
CREATE TABLE boxes (
  log TEXT NOT NULL,
  name TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (log, name)
) STRICT;
CREATE TABLE blobs (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE TABLE runs (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  prompt TEXT,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE favourites (id TEXT PRIMARY KEY) STRICT;
CREATE TABLE touched (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  tick INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX touched_by_tick ON touched (tick);
PRAGMA user_version = 1;
`;

const format2 = `
CREATE TABLE feed (
  workspace TEXT NOT NULL,
  seq INTEGER NOT NULL,
  record TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (workspace, seq)
) STRICT;
CREATE UNIQUE INDEX feed_by_record ON feed (workspace, record);
PRAGMA user_version = 2;
`;

/** Each brings a file of the format before to the next one; none ever changes what is there. */
const steps: readonly string[] = [format1, format2];

/** Makes the tables in a new file, adds those that are missing to an older one; fails as `newerFormat` or `corrupt` on a file that this version cannot use. */
export function prepareSchema(database: Database): void {
  if (currentFormat(database) === storeFormat) return;
  database.write(() => {
    // Asked again under the lock: another window may have been first.
    const format = currentFormat(database);
    if (format === 0) refuseForeign(database);
    for (const step of steps.slice(format)) database.execute(step);
  });
}

function refuseForeign(database: Database): void {
  const tables = database.first('SELECT count(*) AS n FROM sqlite_schema');
  if (tables?.['n'] === 0) return;
  fail('corrupt', {
    message: t("The library's file is a database that is not Cuebook's; it was left as it is."),
  });
}

function currentFormat(database: Database): number {
  const format = Number(database.first('PRAGMA user_version')?.['user_version']);
  if (format > storeFormat) fail('newerFormat');
  return format;
}
