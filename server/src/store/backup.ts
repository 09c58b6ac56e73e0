// A backup is one file, written through the driver in one snapshot of the database; a restore begins another life of it.
//
// The file is compressed (gzip). Inside: one line of JSON that says what it is; for each table a line of JSON with its name
// and columns, then its rows as COPY writes them, ended by a line `\.`; a last line of JSON with the number of rows and the
// SHA-256 of everything before it. Restoring reads it once to its end before the database is given anything.

import { createHash, randomBytes, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { AccountId, GroupId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import { eraseAccount } from './accountsRows.ts';
import { eraseGroup } from './appendRecords.ts';
import type { Sql, Transaction } from './database.ts';
import type { Deletion } from './deletions.ts';
import { toColumn } from './ids.ts';
import { eraseRowsOf } from './purge.ts';

export type BackupProblem = Problem<'notABackup' | 'otherVersion' | 'damaged' | 'notEmpty'>;

const FORMAT = 'cuebook-backup';
const VERSION = 1;
const END_OF_TABLE = '\\.';
const COPY_LINE = 64 * 1024;

interface Opening {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** The last migration that the database had. */
  readonly migration: number;
  readonly at: number;
}

interface TableLine {
  readonly table: string;
  readonly columns: readonly string[];
}

interface Closing {
  readonly rows: number;
  readonly sha256: string;
}

// Counts of guesses and leases of jobs are of the moment; what migrations were applied is the new database's own.
const LEFT_OUT: ReadonlySet<string> = new Set(['migrations', 'guesses', 'jobs']);

// ——— writing

/** `sql`: as `cuebook_backup`. The file appears under its name only when it is whole. Answers the number of rows. */
export async function backup(sql: Sql, file: string, now: number): Promise<number> {
  const unfinished = `${file}.unfinished`;
  try {
    const rows = await sql.begin('isolation level repeatable read read only', async (transaction) =>
      writeFile(transaction, unfinished, now),
    );
    await rename(unfinished, file);
    return rows;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeFile(sql: Transaction, file: string, now: number): Promise<number> {
  const digest = createHash('sha256');
  let rows = 0;
  async function* content(): AsyncGenerator<Buffer> {
    const hashed = (text: string | Buffer): Buffer => {
      const bytes = Buffer.from(text);
      digest.update(bytes);
      return bytes;
    };
    const opening: Opening = {
      format: FORMAT,
      version: VERSION,
      migration: await lastMigration(sql),
      at: now,
    };
    yield hashed(`${JSON.stringify(opening)}\n`);
    for (const table of await readTables(sql)) {
      yield hashed(`${JSON.stringify(table)}\n`);
      const columns = table.columns.map((column) => `"${column}"`).join(', ');
      const copied: Readable = await sql
        .unsafe(`copy (select ${columns} from "${table.table}") to stdout`)
        .readable();
      for await (const chunk of copied as AsyncIterable<Buffer>) {
        for (const byte of chunk) if (byte === NEW_LINE) rows += 1;
        yield hashed(chunk);
      }
      yield hashed(`${END_OF_TABLE}\n`);
    }
    const closing: Closing = { rows, sha256: digest.digest('hex') };
    yield Buffer.from(`${JSON.stringify(closing)}\n`);
  }
  await pipeline(
    Readable.from(content()),
    createGzip({ level: 1 }),
    createWriteStream(file, { mode: 0o600, flush: true }),
  );
  return rows;
}

const NEW_LINE = 10;

async function lastMigration(sql: Transaction): Promise<number> {
  const [row] = await sql<{ id: number }[]>`select max(id) as id from migrations`;
  return row?.id ?? 0;
}

/** In the order of their names; columns that the database fills in by itself are written like any other. */
async function readTables(sql: Transaction): Promise<readonly TableLine[]> {
  const rows = await sql<{ name: string; columns: string[] }[]>`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    group by c.relname order by c.relname`;
  return rows
    .filter(({ name }) => !LEFT_OUT.has(name))
    .map(({ name, columns }) => ({ table: name, columns }));
}

// ——— reading

export interface RestoreOptions {
  /** As `cuebook_backup`, on a database that is migrated and empty. */
  readonly sql: Sql;
  readonly file: string;
  /** What was deleted for good since, from wherever the server kept its lists. */
  readonly deletions: readonly Deletion[];
  readonly primitives: VerifyPrimitives;
  readonly now: number;
}

/**
 * All or nothing. The database begins another life: cursors of the old one are worth nothing, all sessions and machine
 * tokens have ended, and every workspace waits for what its members have more than the backup.
 */
export async function restore(
  options: RestoreOptions,
): Promise<Result<{ readonly rows: number }, BackupProblem>> {
  try {
    await requireWhole(options.file);
    const rows = await options.sql.begin((sql) =>
      restoreInTransaction(sql as unknown as Transaction, options),
    );
    return succeed({ rows });
  } catch (error) {
    if (error instanceof NotRestored) return { ok: false, problem: error.problem };
    if (isUnreadable(error)) return fail('damaged', `${options.file} is damaged: nothing was restored.`);
    throw error;
  }
}

class NotRestored extends Error {
  readonly problem: BackupProblem;

  constructor(code: BackupProblem['code'], message: string) {
    super(message);
    this.problem = { code, message };
  }
}

/** What zlib says of a file that is cut off, altered or none of its own; and the database, of rows that cannot be. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(?:Z_|22|23)/.test(String(error.code));

async function restoreInTransaction(sql: Transaction, options: RestoreOptions): Promise<number> {
  await requireEmpty(sql);
  const rows = await copyIn(sql, options.file);
  await beginAnotherLife(sql, options.now);
  for (const deletion of options.deletions) await deleteAgain(options, sql, deletion);
  return rows;
}

/** Reads it once to its end, so that the database is given nothing that is damaged. */
async function requireWhole(file: string): Promise<void> {
  let sha256 = '';
  let last = '';
  for await (const line of readLines(file)) {
    if (line.text === END_OF_TABLE) sha256 = line.sha256;
    last = line.text;
  }
  if (parseJson<Closing>(last).sha256 !== sha256) {
    throw new NotRestored('damaged', 'The backup is damaged: its checksum does not fit.');
  }
}

async function requireEmpty(sql: Transaction): Promise<void> {
  const [row] = await sql<{ count: number }[]>`
    select (select count(*) from workspaces) + (select count(*) from account_heads) as count`;
  if (row?.count !== 0) {
    throw new NotRestored('notEmpty', 'The database is not empty: restore into a new one.');
  }
  await sql`delete from server`;
}

async function copyIn(sql: Transaction, file: string): Promise<number> {
  const lines = readLines(file);
  const opening = await nextLine(lines);
  checkOpening(parseJson<Opening>(opening.text), await lastMigration(sql));
  let rows = 0;
  let last = opening;
  for (;;) {
    const line = await nextLine(lines);
    const header = parseJson<Partial<TableLine & Closing>>(line.text);
    if (header.table === undefined || header.columns === undefined) {
      if (header.rows !== rows || header.sha256 !== last.sha256) {
        throw new NotRestored('damaged', 'The backup is damaged: its checksum does not fit.');
      }
      return rows;
    }
    const copied = await copyTable(sql, { table: header.table, columns: header.columns }, lines);
    rows += copied.rows;
    last = copied.end;
  }
}

function checkOpening(opening: Partial<Opening>, migration: number): void {
  if (opening.format !== FORMAT) throw new NotRestored('notABackup', 'The file is no backup of Cuebook.');
  if (opening.version !== VERSION || opening.migration !== migration) {
    throw new NotRestored(
      'otherVersion',
      'The backup was made by another version of the server: restore it with that one, then update.',
    );
  }
}

interface Line {
  readonly text: string;
  /** Of everything up to and with this line. */
  readonly sha256: string;
}

/** Lines of the file, decompressed; memory holds one line and what one chunk brings. */
async function* readLines(file: string): AsyncGenerator<Line> {
  const digest: Hash = createHash('sha256');
  let rest: Buffer = Buffer.alloc(0);
  const source = createReadStream(file);
  const plain = createGunzip();
  source.on('error', (error) => plain.destroy(error));
  for await (const chunk of source.pipe(plain) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(NEW_LINE, from); end !== -1; end = rest.indexOf(NEW_LINE, from)) {
      const line = rest.subarray(from, end + 1);
      digest.update(line);
      const text = line.subarray(0, -1).toString('utf8');
      yield { text, sha256: text === END_OF_TABLE ? digest.copy().digest('hex') : '' };
      from = end + 1;
    }
    rest = rest.subarray(from);
  }
}

async function nextLine(lines: AsyncGenerator<Line>): Promise<Line> {
  const next = await lines.next();
  if (next.done === true) throw new NotRestored('damaged', 'The backup ends too early.');
  return next.value;
}

function parseJson<T>(text: string): Partial<T> {
  try {
    return JSON.parse(text) as Partial<T>;
  } catch {
    throw new NotRestored('notABackup', 'The file is no backup of Cuebook, or is damaged.');
  }
}

const NAME = /^[a-z_]+$/;

async function copyTable(
  sql: Transaction,
  { table, columns }: TableLine,
  lines: AsyncGenerator<Line>,
): Promise<{ readonly rows: number; readonly end: Line }> {
  if (![table, ...columns].every((name) => NAME.test(name))) {
    throw new NotRestored('notABackup', 'The backup names a table that cannot be one.');
  }
  const names = columns.map((column) => `"${column}"`).join(', ');
  // COPY does not write where row-level security holds, so it goes through a table of this transaction.
  await sql.unsafe(`create temporary table restoring (like "${table}") on commit drop`);
  const target: Writable = await sql.unsafe(`copy restoring (${names}) from stdin`).writable();
  const seen: { rows: number; end: Line } = { rows: 0, end: { text: '', sha256: '' } };
  async function* content(): AsyncGenerator<string> {
    for (;;) {
      seen.end = await nextLine(lines);
      if (seen.end.text === END_OF_TABLE) return;
      seen.rows += 1;
      yield `${seen.end.text}\n`;
    }
  }
  await pipeline(Readable.from(content()), gathered(), target);
  await sql.unsafe(
    `insert into "${table}" (${names}) overriding system value select ${names} from restoring`,
  );
  await sql`drop table restoring`;
  return seen;
}

/** A journey to the database for each row would take most of the time. */
function gathered(): Transform {
  let waiting: Buffer[] = [];
  let size = 0;
  return new Transform({
    writableObjectMode: true,
    transform(line: string, _, done) {
      const bytes = Buffer.from(line);
      waiting.push(bytes);
      size += bytes.length;
      if (size < COPY_LINE) return done();
      const whole = Buffer.concat(waiting);
      waiting = [];
      size = 0;
      done(null, whole);
    },
    flush(done) {
      done(null, Buffer.concat(waiting));
    },
  });
}

async function beginAnotherLife(sql: Transaction, now: number): Promise<void> {
  await sql`update server set incarnation = ${randomBytes(16)}, restored_at = ${now}`;
  await sql`update workspaces set healing_since = ${now}`;
  await sql`delete from sessions`;
  await sql`delete from session_tokens`;
  await sql`delete from session_token_directory`;
  await sql`delete from machine_tokens`;
  await sql`delete from machine_token_directory`;
  await sql`delete from one_time_secrets`;
  await sql`delete from oidc_attempts`;
  await sql`delete from approvals`;
  await sql`select setval(pg_get_serial_sequence('audit', 'number'), (select coalesce(max(number), 0) + 1 from audit))`;
}

async function deleteAgain(
  { primitives }: Pick<RestoreOptions, 'primitives'>,
  sql: Transaction,
  deletion: Deletion,
): Promise<void> {
  switch (deletion.kind) {
    case 'account':
      return eraseAccount(sql, deletion.account as AccountId, deletion.at);
    case 'workspace': {
      const workspace = deletion.workspace as WorkspaceId;
      await sql`delete from workspaces where workspace = ${toColumn(workspace)}`;
      return eraseRowsOf(sql, workspace);
    }
    case 'group': {
      const place = { workspace: deletion.workspace as WorkspaceId, group: deletion.group as GroupId };
      await sql`
        update groups set purged_at = ${deletion.at}, trashed_at = null
        where workspace = ${toColumn(place.workspace)} and group_id = ${toColumn(place.group)}`;
      await eraseGroup({ primitives }, sql, { ...place, before: Number.MAX_SAFE_INTEGER });
    }
  }
}
