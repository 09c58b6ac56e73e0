// A database for one test: `await using database = await createTestDatabase()`. Migrated, empty, gone afterwards.

import { randomBytes } from 'node:crypto';
import {
  openDatabase,
  type Database,
  type DatabaseAddress,
  type DatabaseOptions,
} from '@cuebook/server/store/database';
import { inject } from 'vitest';
import { addressOf } from './globalSetup.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  /** To open it again, as another process would. */
  readonly address: DatabaseAddress;
}

export async function createTestDatabase(
  options: Omit<DatabaseOptions, 'address'> & {
    /** Without any table, instead of migrated. */
    readonly empty?: boolean;
  } = {},
): Promise<TestDatabase> {
  const facts = inject('cluster');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const admin = openDatabase({ address: addressOf(facts, 'postgres') }).connectAs('owner');
  const { empty = false, ...rest } = options;
  await admin`create database ${admin(name)} template ${admin(empty ? 'template0' : facts.template)}`;
  const address = addressOf(facts, name);
  const database = openDatabase({ connections: 4, ...rest, address });
  return {
    database,
    address,
    async [Symbol.asyncDispose]() {
      await database.close();
      await admin`drop database ${admin(name)} with (force)`;
      await admin.end();
    },
  };
}
