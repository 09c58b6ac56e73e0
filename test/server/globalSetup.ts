// One PostgreSQL for a run of the server's tests, and in it a template that every test's database is copied from.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEmbedded, type EmbeddedAddress } from '@cuebook/server/postgres/embedded';
import { openDatabase, type DatabaseAddress } from '@cuebook/server/store/database';
import { migrate, readMigrations } from '@cuebook/server/store/migrate';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import type { TestProject } from 'vitest/node';

export interface ClusterFacts {
  readonly at: EmbeddedAddress;
  readonly user: string;
  readonly password: string;
  readonly template: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterFacts;
  }
}

const TEMPLATE = 'cuebook_template';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'cuebook-pg-'));
  // Nobody cuts the power of this one, and a test makes hundreds of small databases.
  const started = await startEmbedded({ directory, settings: { fsync: 'off', max_connections: '300' } });
  if (!started.ok) throw new Error(started.problem.message);
  const { address: at, user, password } = started.value;
  await makeTemplate({ kind: 'embedded', at, user, password, name: 'postgres' });
  project.provide('cluster', { at, user, password: reveal(password), template: TEMPLATE });
  return async () => {
    await started.value.stop();
    await rm(directory, { recursive: true, force: true });
  };
}

async function makeTemplate(address: Extract<DatabaseAddress, { kind: 'embedded' }>): Promise<void> {
  const admin = openDatabase({ address }).connectAs('owner');
  await admin`create database ${admin(TEMPLATE)}`;
  await admin.end();
  const owner = openDatabase({ address: { ...address, name: TEMPLATE } }).connectAs('owner');
  const migrated = await migrate(owner, await readMigrations(), { incarnation: new Uint8Array(16), now: 0 });
  await owner.end();
  if (!migrated.ok) throw new Error(migrated.problem.message);
}

/** The same cluster, as a test knows it. */
export const addressOf = (facts: ClusterFacts, name: string): DatabaseAddress => ({
  kind: 'embedded',
  at: facts.at,
  user: facts.user,
  password: redact(facts.password),
  name,
});
