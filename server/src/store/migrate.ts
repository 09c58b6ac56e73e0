// Brings a database to this version, forwards only: all of it or none, one process at a time. What was applied is known by
// number and hash: a file that was edited afterwards is refused, and so is a database that a newer version has changed.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeed, type Problem, type Result } from '@cuebook/shared/util/result';
import type { Sql, Transaction } from './database.ts';

export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

export type MigrationProblem = Problem<'editedMigration' | 'newerDatabase' | 'mayNotMakeRoles'>;

/** Any number, the same for every version: it names the lock. */
const LOCK = 4_810_001;
const ROLES = ['cuebook_app', 'cuebook_purge', 'cuebook_backup'] as const;
const FILE_NAME = /^(\d{4})_[a-z_]+\.sql$/;
const directory = fileURLToPath(new URL('./migrations/', import.meta.url));

/** In order; the packaged server has the folder beside its program. */
export async function readMigrations(from = directory): Promise<readonly Migration[]> {
  const names = (await readdir(from)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(from, name), 'utf8');
      const sha256 = createHash('sha256').update(text).digest('hex');
      return { id: Number(FILE_NAME.exec(name)?.[1]), name, text, sha256 };
    }),
  );
}

/** `owner`: a connection as the owner of the tables. Answers how many were applied. */
export async function migrate(
  owner: Sql,
  migrations: readonly Migration[],
  start: { readonly incarnation: Uint8Array; readonly now: number },
): Promise<Result<number, MigrationProblem>> {
  try {
    return await owner.begin((sql) => migrateInTransaction(sql as unknown as Transaction, migrations, start));
  } catch (error) {
    if (error instanceof RolesRefused) return { ok: false, problem: error.problem };
    throw error;
  }
}

async function migrateInTransaction(
  sql: Transaction,
  migrations: readonly Migration[],
  start: { readonly incarnation: Uint8Array; readonly now: number },
): Promise<Result<number, MigrationProblem>> {
  await sql`select pg_advisory_xact_lock(${LOCK}::bigint)`;
  await sql`
    create table if not exists migrations (
      id integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now()
    )`;
  const applied = await sql<{ id: number; name: string; sha256: string }[]>`
    select id, name, sha256 from migrations order by id`;
  const problem = historyProblem(applied, migrations);
  if (problem !== null) return { ok: false, problem };
  const pending = migrations.slice(applied.length);
  if (pending.length > 0) await makeRoles(sql);
  for (const migration of pending) {
    await sql.unsafe(migration.text);
    await sql`
      insert into migrations (id, name, sha256) values (${migration.id}, ${migration.name}, ${migration.sha256})`;
  }
  await sql`
    insert into server (incarnation, created_at) values (${start.incarnation}, ${start.now})
    on conflict do nothing`;
  return succeed(pending.length);
}

function historyProblem(
  applied: readonly Pick<Migration, 'id' | 'name' | 'sha256'>[],
  known: readonly Migration[],
): MigrationProblem | null {
  for (const [index, row] of applied.entries()) {
    const migration = known[index];
    if (migration === undefined) {
      return problemOf(
        'newerDatabase',
        `The database was changed by a newer version (${row.name}): update the server.`,
      );
    }
    if (migration.id !== row.id || migration.sha256 !== row.sha256) {
      return problemOf(
        'editedMigration',
        `${migration.name} is not the file that was applied to this database.`,
      );
    }
  }
  return null;
}

const problemOf = (code: MigrationProblem['code'], message: string): MigrationProblem => ({ code, message });

/** Roles belong to the whole cluster, so they may be there already, made for another database. */
async function makeRoles(sql: Transaction): Promise<void> {
  try {
    for (const role of ROLES) {
      await sql.unsafe(`
        do $$ begin
          if not exists (select from pg_roles where rolname = '${role}') then
            create role ${role} nologin;
          end if;
          if not pg_has_role(current_user, '${role}', 'usage') then
            grant ${role} to current_user;
          end if;
        end $$`);
    }
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === '42501';
    throw denied ? new RolesRefused() : error;
  }
}

class RolesRefused extends Error {
  readonly problem: MigrationProblem = problemOf(
    'mayNotMakeRoles',
    `The database user may not make roles. As an administrator: ${ROLES.map((role) => `create role ${role} nologin; grant ${role} to <user>;`).join(' ')}`,
  );
}
