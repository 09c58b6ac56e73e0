// Servers as processes of their own, and the PostgreSQL that they share.

import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEmbedded, type EmbeddedAddress } from '@cuebook/server/postgres/embedded';
import { openDatabase } from '@cuebook/server/store/database';
import { migrate, readMigrations } from '@cuebook/server/store/migrate';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';

export interface DatabaseFacts {
  readonly at: EmbeddedAddress;
  readonly user: string;
  readonly password: string;
  readonly name: string;
}

export type Asked =
  | { readonly kind: 'start'; readonly database: DatabaseFacts; readonly pepperFile: string }
  | { readonly kind: 'memory' };
export type Told =
  | { readonly kind: 'ready'; readonly url: string; readonly origin: string }
  | { readonly kind: 'memory'; readonly bytes: number };

export interface BenchDatabase extends AsyncDisposable {
  readonly facts: DatabaseFacts;
  readonly pepperFile: string;
}

const NAME = 'bench';

/** As durable as it comes: fsync is on. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'cuebook-bench-'));
  const started = await startEmbedded({ directory });
  if (!started.ok) throw new Error(started.problem.message);
  const { address: at, user, password } = started.value;
  await createDatabase(at, user, password);
  return {
    facts: { at, user, password: reveal(password), name: NAME },
    pepperFile: path.join(directory, 'peppers'),
    [Symbol.asyncDispose]: async () => {
      await started.value.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function createDatabase(at: EmbeddedAddress, user: string, password: Redacted<string>): Promise<void> {
  const address = { kind: 'embedded', at, user, password } as const;
  const admin = openDatabase({ address: { ...address, name: 'postgres' } }).connectAs('owner');
  await admin`create database ${admin(NAME)}`;
  await admin.end();
  const owner = openDatabase({ address: { ...address, name: NAME } }).connectAs('owner');
  const start = { incarnation: randomBytes(16), now: Date.now() };
  const migrated = await migrate(owner, await readMigrations(), start);
  if (!migrated.ok) throw new Error(migrated.problem.message);
  await owner`create table floor (id bigint generated always as identity primary key, body bytea not null)`;
  await owner.end();
}

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly publicOrigin: string;
  /** Heap and what hangs on it, after collecting; bytes. */
  memory(): Promise<number>;
}

export async function startProcess(
  file: 'serverProcess.ts' | 'floorProcess.ts',
  { facts, pepperFile }: BenchDatabase,
): Promise<ServerProcess> {
  const child = fork(path.join(import.meta.dirname, file), { execArgv: ['--expose-gc'] });
  const ready = await ask(child, { kind: 'start', database: facts, pepperFile });
  if (ready.kind !== 'ready') throw new Error('The server did not start.');
  return {
    url: ready.url,
    publicOrigin: ready.origin,
    memory: async () => {
      const told = await ask(child, { kind: 'memory' });
      return told.kind === 'memory' ? told.bytes : Number.NaN;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function ask(child: ChildProcess, message: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    child.once('message', (told: Told) => resolve(told));
    child.once('exit', (code) => reject(new Error(`The process ended with ${code}.`)));
    child.send(message);
  });
}
