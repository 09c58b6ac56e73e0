// The connection to PostgreSQL: which server, as which role, and the two ways in: about one workspace, or about one account.
// Owns the rule that the application never runs as the tables' owner, and that every transaction says what it is about.

import postgres from 'postgres';
import { bytesToHex } from '@cuebook/shared/util/bytes';
import { idToBytes, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { invariant } from '@cuebook/shared/util/invariant';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';
import { explainFailure } from './unavailable.ts';

// `int8` is a number here: what is counted stays below 2^53 everywhere (shared/src/encoding/writer.ts).
type Types = { readonly bigint: number };
/** Bytes come as plain `Uint8Array`s, and go as such. */
export type Sql = postgres.Sql<Types>;
export type Transaction = postgres.TransactionSql<Types>;
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** Where the database is: by URL, or the embedded one (postgres/embedded.ts). */
export type DatabaseAddress =
  | { readonly kind: 'url'; readonly url: Redacted<string> }
  | {
      readonly kind: 'embedded';
      readonly at: { readonly path: string } | { readonly host: string; readonly port: number };
      readonly user: string;
      readonly password: Redacted<string>;
      readonly name: string;
    };

export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** Connections of this process, at most. */
  readonly connections?: number;
  /** A statement that takes longer is ended. */
  readonly statementMs?: number;
  /** For tests: sees each statement before it is sent. */
  readonly onStatement?: (text: string) => void;
}

/** `owner`: whoever the address names; has the tables, and migrates. */
export type DatabaseRole = 'owner' | 'cuebook_app' | 'cuebook_purge' | 'cuebook_backup';

export interface About {
  readonly workspace?: WorkspaceId;
  readonly account?: AccountId;
  /** Workspaces whose rows, and nothing else, are read. */
  readonly heads?: readonly WorkspaceId[];
  /** One snapshot for all statements; writes nothing. */
  readonly snapshot?: boolean;
}

export interface Database {
  /** As `cuebook_app`. For tables that belong to no workspace, and for single statements about them. */
  readonly app: Sql;
  /**
   * All or nothing, as `cuebook_app`; the database itself shows no other workspace or account than this. Rejects with the
   * `Refusal` `unavailable` if the database is away: then it is not known whether it was committed.
   */
  transact<T>(about: About, work: (sql: Transaction) => Promise<T>): Promise<T>;
  /** One statement, as `cuebook_app`, that says itself what it is about. */
  ask<T>(work: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** A pool of its own for a task that needs another role; the caller ends it. */
  connectAs(role: DatabaseRole, connections?: number): Sql;
  /** Rejects within a second if the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type DatabaseProblem = Problem<'unreachable' | 'refused' | 'tooOld'>;

/** Of PostgreSQL, as it counts its versions. */
const OLDEST_SERVER = 15;
const PING_MS = 1000;
const CLOSE_SECONDS = 5;
const MOST_BACKOFF_SECONDS = 1;

/** Looks whether the server is there and new enough; creates nothing. */
export async function checkServer(options: DatabaseOptions): Promise<Result<void, DatabaseProblem>> {
  const sql = connect(options, 'owner', 1);
  try {
    const [row] = await sql<{ version: string }[]>`show server_version_num`.then((rows) =>
      rows.map((each) => ({ version: String(Object.values(each)[0]) })),
    );
    const major = Math.floor(Number(row?.version) / 10_000);
    return major >= OLDEST_SERVER ? succeed(undefined) : tooOld(major);
  } catch (error) {
    return { ok: false, problem: explain(error) };
  } finally {
    await sql.end({ timeout: CLOSE_SECONDS });
  }
}

const tooOld = (major: number): Result<never, DatabaseProblem> =>
  fail('tooOld', `The database is PostgreSQL ${major}; Cuebook needs ${OLDEST_SERVER} or newer.`);

/** One line for whoever set DATABASE_URL; never the URL itself, which holds a password. */
function explain(error: unknown): DatabaseProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    '28P01': 'The database refuses the password in DATABASE_URL.',
    '28000': 'The database refuses the user in DATABASE_URL.',
    '3D000': 'The database named in DATABASE_URL does not exist: create it first.',
    ECONNREFUSED: 'Nothing answers at the address in DATABASE_URL.',
    ENOENT: 'There is no database at the socket that is named.',
    ENOTFOUND: 'The host in DATABASE_URL is not known.',
    CONNECT_TIMEOUT: 'The host in DATABASE_URL does not answer in time.',
    ERR_INVALID_URL: 'DATABASE_URL is not an address: postgres://user:password@host:5432/name.',
  };
  const refused = code.startsWith('28') || code === '3D000';
  return {
    code: refused ? 'refused' : 'unreachable',
    message: known[code] ?? `The database cannot be reached (${code || 'unknown error'}).`,
  };
}

export function openDatabase(options: DatabaseOptions): Database {
  const app = connect(options, 'cuebook_app', options.connections ?? 10);
  return {
    app,
    transact: (about, work) => explained(transact(app, about, work)),
    ask: (work) => explained(work(app)),
    connectAs: (role, connections = 1) => connect(options, role, connections),
    ping: () => withinOneSecond(app`select 1`),
    close: () => app.end({ timeout: CLOSE_SECONDS }),
  };
}

async function explained<T>(answer: PromiseLike<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw explainFailure(error);
  }
}

async function transact<T>(pool: Sql, about: About, work: (sql: Transaction) => Promise<T>): Promise<T> {
  // The driver's own type unwraps arrays of queries, which is not done here.
  const mode = about.snapshot === true ? 'isolation level repeatable read read only' : '';
  const result = await pool.begin(mode, async (sql) => {
    // Sent at once but not waited for: it travels with the first statement of the work, and ahead of it.
    const said = sql`
      select set_config('cuebook.workspace', ${hexOrEmpty(about.workspace)}, true),
             set_config('cuebook.account', ${hexOrEmpty(about.account)}, true),
             set_config('cuebook.heads', ${(about.heads ?? []).map(hexOrEmpty).join(',')}, true)`.execute();
    const [, value] = await Promise.all([said, work(sql)]);
    return { value };
  });
  return (result as { value: T }).value;
}

const hexOrEmpty = (id: WorkspaceId | AccountId | undefined): string =>
  id === undefined ? '' : bytesToHex(idToBytes(id));

function connect(options: DatabaseOptions, role: DatabaseRole, connections: number): Sql {
  const { address } = options;
  const settings = { ...commonSettings(options, role), max: connections };
  if (address.kind === 'url') return postgres(reveal(address.url), settings) as unknown as Sql;
  return postgres({
    ...settings,
    ...address.at,
    user: address.user,
    password: reveal(address.password),
    database: address.name,
  }) as unknown as Sql;
}

function commonSettings(
  options: DatabaseOptions,
  role: DatabaseRole,
): postgres.Options<Record<string, postgres.PostgresType>> {
  const unlimited = role === 'owner' || role === 'cuebook_backup';
  const { onStatement } = options;
  return {
    types: TYPES,
    onnotice: () => {},
    connect_timeout: 5,
    backoff: (retries) => Math.min(0.01 * 2 ** retries, MOST_BACKOFF_SECONDS),
    connection: {
      application_name: 'cuebook',
      statement_timeout: unlimited ? 0 : (options.statementMs ?? 15_000),
      idle_in_transaction_session_timeout: unlimited ? 0 : 30_000,
      jit: false,
      ...(role === 'owner' ? {} : { role }),
    },
    ...(onStatement === undefined ? {} : { debug: (_: number, text: string) => onStatement(text) }),
  };
}

const INT8 = 20;
const BYTEA = 17;

const TYPES: Readonly<Record<string, postgres.PostgresType>> = {
  bigint: {
    to: INT8,
    from: [INT8],
    serialize: String,
    parse: (text: string) => {
      const value = Number(text);
      invariant(Number.isSafeInteger(value), 'a number in the database is below 2^53');
      return value;
    },
  },
  bytea: {
    to: BYTEA,
    from: [BYTEA],
    serialize: (bytes: Uint8Array) =>
      `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`,
    parse: (text: string) => {
      const bytes = Buffer.from(text.slice(2), 'hex');
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  },
};

async function withinOneSecond(answer: PromiseLike<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error('The database does not answer within a second.')),
    PING_MS,
  );
  try {
    await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
