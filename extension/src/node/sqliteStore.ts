// The library's tables, typed. Stores bytes and ids; knows no keys and opens nothing. Writes happen inside `write`,
// which is durable when it returns and holds the lock that keeps other windows from writing in between.

import type { FeedHash, RecordId } from '@cuebook/shared/encoding/ids';
import type { FeedPosition } from '@cuebook/shared/record/header';
import type { PromptId, RunId } from '../library/api.ts';
import type { Database, Row } from './database.ts';
import { prepareSchema } from './storeSchema.ts';

export interface StoredRecord {
  readonly row: number;
  readonly id: RecordId;
  /** Of the record, or of the tombstone that a purge left of it. */
  readonly bytes: Uint8Array;
  /** Where the server placed it, if it has. */
  readonly feed?: FeedPosition;
}

export interface NewRecord {
  readonly id: string;
  readonly workspace: string;
  readonly group: string;
  readonly stream: string;
  readonly bytes: Uint8Array;
}

export interface StoredRun {
  readonly row: number;
  readonly id: RunId;
  readonly bytes: Uint8Array;
}

/**
 * Kinds of sealed local values. Of accounts and servers: account = how it is signed in; client = verified logs, pins and
 * boxes; keys = opened keys; server = an address and its trusted certificate; sync = what the connected window tells the
 * others; notes = marks of this user: verified members, allowed keys, prompts read.
 */
export type BlobKind =
  | 'snapshot'
  | 'draft'
  | 'memory'
  | 'sample'
  | 'unreadable'
  | 'account'
  | 'client'
  | 'keys'
  | 'server'
  | 'sync'
  | 'notes';
/**
 * What other windows learn of a change. The id is a prompt's for `text`, an account's for `client`, a workspace's for
 * `rebuild` (records were taken away: read it anew), empty for the others.
 */
export type TouchKind = 'text' | 'tree' | 'runs' | 'status' | 'teams' | 'client' | 'rebuild' | 'connection';

/**
 * Single values of the store.
 * - storeId: names the secret that opens this store; account, workspace: whose it is
 * - check: a sealed constant, which opens with the right store key only
 * - kitBox: the store's secret, sealed to the recovery kit
 * - kitCode: the kit's code, sealed, until the user has said that it is saved
 * - kitOfferClaimed: some window has offered the kit
 * - connectionWanted: a window that asks the connected one to hand the connection over
 * - setAside: another window has put this library aside, nothing may be written to it any more
 */
export type MetaKey =
  | 'storeId'
  | 'account'
  | 'workspace'
  | 'check'
  | 'kitBox'
  | 'kitCode'
  | 'kitOfferClaimed'
  | 'connectionWanted'
  | 'setAside';

export interface Touch {
  readonly kind: TouchKind;
  readonly id: string;
  readonly tick: number;
}

export interface SqliteStore {
  readonly path: string;
  write<T>(work: () => T): T;
  writeAsync<T>(work: () => Promise<T>): Promise<T>;
  version(): number;

  meta(key: MetaKey): Uint8Array | null;
  setMeta(key: MetaKey, value: Uint8Array): void;
  deleteMeta(key: MetaKey): void;

  /** Answers the row of the record. */
  addRecord(record: NewRecord): number;
  recordsAfter(workspace: string, row: number, limit: number): readonly StoredRecord[];
  /** Records up to a row that the server placed after `seq`, in the order of the feed. */
  placedAfter(
    workspace: string,
    after: { readonly row: number; readonly seq: number },
  ): readonly StoredRecord[];
  /** Row of the newest record, 0 if there is none. */
  lastRow(): number;
  record(id: string): Uint8Array | null;
  /** Puts the tombstone in the place of the record. */
  eraseRecord(id: string, tombstone: Uint8Array): void;
  deleteRecord(id: string): void;

  setPlace(workspace: string, record: string, place: FeedPosition): void;
  /** Null for a place that was not taken yet. */
  feedHash(workspace: string, seq: number): FeedHash | null;
  placeOf(workspace: string, record: string): number | null;
  /** Ids in order, from a place on. */
  feedFrom(workspace: string, seq: number, limit: number): readonly RecordId[];

  addLogEntry(log: string, position: number, bytes: Uint8Array): void;
  logEntries(log: string): readonly Uint8Array[];
  addBox(log: string, name: string, bytes: Uint8Array): void;
  boxes(log: string): readonly { readonly name: string; readonly bytes: Uint8Array }[];

  blob(kind: BlobKind, id: string): Uint8Array | null;
  blobIds(kind: BlobKind): readonly string[];
  countBlobs(kind: BlobKind): number;
  setBlob(kind: BlobKind, id: string, bytes: Uint8Array): void;
  /** Answers whether there was one. */
  deleteBlob(kind: BlobKind, id: string): boolean;

  addRun(run: { readonly id: RunId; readonly promptId: PromptId | null; readonly bytes: Uint8Array }): void;
  run(id: RunId): StoredRun | null;
  /** Newest first, those before `row`. */
  runsBefore(row: number, limit: number, promptId: PromptId | null): readonly StoredRun[];
  runTotals(): { readonly count: number; readonly bytes: number };
  deleteOldestRuns(count: number): void;
  deleteAllRuns(): void;

  favourites(): readonly PromptId[];
  setFavourite(id: PromptId, favourite: boolean): void;

  /** Marks a change at the next tick and answers that tick. Call it once for each thing that changed. */
  touch(kind: TouchKind, id: string): number;
  /** Tick of the last change of this, 0 if there was none. */
  touchedAt(kind: TouchKind, id: string): number;
  touchedAfter(tick: number): readonly Touch[];
  tick(): number;

  /** Gives space of deleted rows back to the disk. */
  shrink(): void;
  close(): void;
}

/** Takes the database over; makes the tables if it is new. */
export function createSqliteStore(database: Database): SqliteStore {
  prepareSchema(database);
  return {
    path: database.path,
    write: (work) => database.write(work),
    writeAsync: async (work) => database.writeAsync(work),
    version: () => database.version(),
    ...metaTable(database),
    ...recordTables(database),
    ...feedTable(database),
    ...blobTable(database),
    ...runTable(database),
    ...favouriteTable(database),
    ...touchedTable(database),
    shrink: () => database.execute('PRAGMA incremental_vacuum'),
    close: () => database.close(),
  };
}

type Tables<Names extends keyof SqliteStore> = Pick<SqliteStore, Names>;

function metaTable(database: Database): Tables<'meta' | 'setMeta' | 'deleteMeta'> {
  return {
    meta: (key) => bytesOrNull(database.first('SELECT value FROM meta WHERE key = ?', key), 'value'),
    setMeta: (key, value) => {
      database.run(
        'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        key,
        value,
      );
    },
    deleteMeta: (key) => {
      database.run('DELETE FROM meta WHERE key = ?', key);
    },
  };
}

function recordTables(
  database: Database,
): Tables<
  | 'addRecord'
  | 'recordsAfter'
  | 'lastRow'
  | 'record'
  | 'eraseRecord'
  | 'deleteRecord'
  | 'placedAfter'
  | 'addLogEntry'
  | 'logEntries'
  | 'addBox'
  | 'boxes'
> {
  return {
    addRecord({ id, workspace, group, stream, bytes }) {
      const row = database.first(
        'INSERT INTO records (id, workspace, grp, stream, bytes) VALUES (?, ?, ?, ?, ?) RETURNING row',
        id,
        workspace,
        group,
        stream,
        bytes,
      );
      return number(row, 'row');
    },
    recordsAfter: (workspace, row, limit) =>
      database
        .all(
          `SELECT r.row, r.id, r.bytes, f.seq, f.hash FROM records r
           LEFT JOIN feed f ON f.workspace = r.workspace AND f.record = r.id
           WHERE r.row > ? AND r.workspace = ? ORDER BY r.row LIMIT ?`,
          row,
          workspace,
          limit,
        )
        .map(storedRecord),
    placedAfter: (workspace, { row, seq }) =>
      database
        .all(
          `SELECT r.row, r.id, r.bytes, f.seq, f.hash FROM feed f JOIN records r ON r.id = f.record
           WHERE f.workspace = ? AND f.seq > ? AND r.row <= ? ORDER BY f.seq`,
          workspace,
          seq,
          row,
        )
        .map(storedRecord),
    lastRow: () => number(database.first('SELECT coalesce(max(row), 0) AS row FROM records'), 'row'),
    record: (id) => bytesOrNull(database.first('SELECT bytes FROM records WHERE id = ?', id), 'bytes'),
    eraseRecord: (id, tombstone) => {
      database.run('UPDATE records SET bytes = ? WHERE id = ?', tombstone, id);
    },
    deleteRecord: (id) => {
      database.run('DELETE FROM records WHERE id = ?', id);
    },
    addLogEntry: (log, position, entry) => {
      database.run('INSERT INTO logs (log, position, bytes) VALUES (?, ?, ?)', log, position, entry);
    },
    logEntries: (log) =>
      database
        .all('SELECT bytes FROM logs WHERE log = ? ORDER BY position', log)
        .map((row) => bytes(row, 'bytes')),
    addBox: (log, name, box) => {
      database.run('INSERT INTO boxes (log, name, bytes) VALUES (?, ?, ?)', log, name, box);
    },
    boxes: (log) =>
      database
        .all('SELECT name, bytes FROM boxes WHERE log = ? ORDER BY name', log)
        .map((row) => ({ name: text(row, 'name'), bytes: bytes(row, 'bytes') })),
  };
}

function storedRecord(row: Row): StoredRecord {
  const stored = { row: number(row, 'row'), id: text(row, 'id') as RecordId, bytes: bytes(row, 'bytes') };
  return row['seq'] === null ? stored : { ...stored, feed: positionOf(row) };
}

const positionOf = (row: Row): FeedPosition => ({
  seq: number(row, 'seq'),
  feedHash: text(row, 'hash') as FeedHash,
});

function feedTable(database: Database): Tables<'setPlace' | 'feedHash' | 'placeOf' | 'feedFrom'> {
  return {
    setPlace: (workspace, record, { seq, feedHash }) => {
      database.run(
        'INSERT INTO feed (workspace, seq, record, hash) VALUES (?, ?, ?, ?)',
        workspace,
        seq,
        record,
        feedHash,
      );
    },
    feedHash(workspace, seq) {
      const row = database.first('SELECT hash FROM feed WHERE workspace = ? AND seq = ?', workspace, seq);
      return row === null ? null : (text(row, 'hash') as FeedHash);
    },
    placeOf(workspace, record) {
      const row = database.first(
        'SELECT seq FROM feed WHERE workspace = ? AND record = ?',
        workspace,
        record,
      );
      return row === null ? null : number(row, 'seq');
    },
    feedFrom: (workspace, seq, limit) =>
      database
        .all(
          'SELECT record FROM feed WHERE workspace = ? AND seq >= ? ORDER BY seq LIMIT ?',
          workspace,
          seq,
          limit,
        )
        .map((row) => text(row, 'record') as RecordId),
  };
}

function blobTable(database: Database): Tables<'blob' | 'blobIds' | 'countBlobs' | 'setBlob' | 'deleteBlob'> {
  return {
    blob: (kind, id) =>
      bytesOrNull(database.first('SELECT bytes FROM blobs WHERE kind = ? AND id = ?', kind, id), 'bytes'),
    blobIds: (kind) =>
      database.all('SELECT id FROM blobs WHERE kind = ?', kind).map((row) => text(row, 'id')),
    countBlobs: (kind) => number(database.first('SELECT count(*) AS n FROM blobs WHERE kind = ?', kind), 'n'),
    setBlob: (kind, id, value) => {
      database.run(
        'INSERT INTO blobs (kind, id, bytes) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET bytes = excluded.bytes',
        kind,
        id,
        value,
      );
    },
    deleteBlob: (kind, id) => database.run('DELETE FROM blobs WHERE kind = ? AND id = ?', kind, id) > 0,
  };
}

function runTable(
  database: Database,
): Tables<'addRun' | 'run' | 'runsBefore' | 'runTotals' | 'deleteOldestRuns' | 'deleteAllRuns'> {
  const toRun = (row: Row): StoredRun => ({
    row: number(row, 'row'),
    id: text(row, 'id') as RunId,
    bytes: bytes(row, 'bytes'),
  });
  return {
    addRun: ({ id, promptId, bytes }) => {
      database.run('INSERT OR IGNORE INTO runs (id, prompt, bytes) VALUES (?, ?, ?)', id, promptId, bytes);
    },
    run: (id) => {
      const row = database.first('SELECT row, id, bytes FROM runs WHERE id = ?', id);
      return row === null ? null : toRun(row);
    },
    runsBefore: (row, limit, promptId) =>
      database
        .all(
          'SELECT row, id, bytes FROM runs WHERE row < ? AND (?2 IS NULL OR prompt = ?2) ORDER BY row DESC LIMIT ?3',
          row,
          promptId,
          limit,
        )
        .map(toRun),
    runTotals() {
      const totals = database.first('SELECT count(*) AS count, total(length(bytes)) AS size FROM runs');
      return { count: number(totals, 'count'), bytes: number(totals, 'size') };
    },
    deleteOldestRuns: (count) => {
      database.run('DELETE FROM runs WHERE row IN (SELECT row FROM runs ORDER BY row LIMIT ?)', count);
    },
    deleteAllRuns: () => {
      database.run('DELETE FROM runs');
    },
  };
}

function favouriteTable(database: Database): Tables<'favourites' | 'setFavourite'> {
  return {
    favourites: () => database.all('SELECT id FROM favourites').map((row) => text(row, 'id') as PromptId),
    setFavourite: (id, favourite) => {
      database.run(
        favourite
          ? 'INSERT OR IGNORE INTO favourites (id) VALUES (?)'
          : 'DELETE FROM favourites WHERE id = ?',
        id,
      );
    },
  };
}

function touchedTable(database: Database): Tables<'touch' | 'touchedAt' | 'touchedAfter' | 'tick'> {
  const tick = (): number => {
    const row = database.first('SELECT tick FROM touched ORDER BY tick DESC LIMIT 1');
    return row === null ? 0 : number(row, 'tick');
  };
  return {
    tick,
    touch(kind, id) {
      const next = tick() + 1;
      database.run(
        'INSERT INTO touched (kind, id, tick) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET tick = excluded.tick',
        kind,
        id,
        next,
      );
      return next;
    },
    touchedAt: (kind, id) => {
      const row = database.first('SELECT tick FROM touched WHERE kind = ? AND id = ?', kind, id);
      return row === null ? 0 : number(row, 'tick');
    },
    touchedAfter: (after) =>
      database.all('SELECT kind, id, tick FROM touched WHERE tick > ? ORDER BY tick', after).map((row) => ({
        kind: text(row, 'kind') as TouchKind,
        id: text(row, 'id'),
        tick: number(row, 'tick'),
      })),
  };
}

// The file lies outside the program: what comes out of a column is checked, whatever the schema says.

function number(row: Row | null, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`);
  return value;
}

function text(row: Row | null, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`);
  return value;
}

function bytes(row: Row | null, column: string): Uint8Array {
  const value = row?.[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} holds no bytes`);
  return value;
}

function bytesOrNull(row: Row | null, column: string): Uint8Array | null {
  return row === null || row[column] === null ? null : bytes(row, column);
}
