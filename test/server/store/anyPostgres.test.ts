// Another PostgreSQL than the embedded one, by address: the oldest version that is supported.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup, restore } from '@cuebook/server/store/backup';
import { checkServer } from '@cuebook/server/store/database';
import { startDatabase, type StartedDatabase } from '@cuebook/server/store/start';
import { redact } from '@cuebook/shared/util/redacted';
import { findPostgres } from '../../../tools/installPostgres.ts';
import { createTestDatabase } from '../ground.ts';
import { startPostgres15, type Postgres15 } from './postgres15.ts';
import { createWorld, newGroup, newStream, suite } from './world.ts';

const programs = findPostgres();
if (!programs.ok) console.log(programs.problem);

const byUrl = (url: string): Parameters<typeof checkServer>[0] => ({
  address: { kind: 'url', url: redact(url) },
});

describe('an address that does not lead to a database is answered with one line that says why', () => {
  test.each([
    ['nothing that listens', 'postgres://a:b@127.0.0.1:1/x', /^Nothing answers/],
    ['an unknown host', 'postgres://a:b@nowhere.invalid/x', /^The host in DATABASE_URL is not known/],
  ])('%s', async (_, url, message) => {
    const checked = await checkServer(byUrl(url));
    expect(checked).toMatchObject({ ok: false, problem: { code: 'unreachable' } });
    expect(!checked.ok && checked.problem.message).toMatch(message);
  });
});

describe.runIf(programs.ok)('PostgreSQL 15', () => {
  let server: Postgres15;
  let started: StartedDatabase;
  beforeAll(async () => {
    server = await startPostgres15(programs.ok ? programs.directory : '');
    started = await open('postgres');
  });
  afterAll(async () => {
    await started.stop();
    await server[Symbol.asyncDispose]();
  });

  async function open(name: string): Promise<StartedDatabase> {
    const source = { kind: 'url', url: redact(server.url(name)) } as const;
    const result = await startDatabase({ source, now: Date.now });
    if (!result.ok) throw new Error(result.problem.message);
    return result.value;
  }

  test('with a wrong password or database is said to refuse', async () => {
    expect(await checkServer(byUrl(server.url('postgres', 'wrong')))).toMatchObject({
      problem: { code: 'refused', message: expect.stringContaining('password') as string },
    });
    expect(await checkServer(byUrl(server.url('absent')))).toMatchObject({
      problem: { code: 'refused', message: expect.stringContaining('does not exist') as string },
    });
  });

  test('is migrated and used like the embedded one', async () => {
    const world = await createWorld(started.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const record = team.seal(editor, { group: newGroup(), stream: newStream() });
    expect(await team.append(editor, [record])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
    const tail = await world.store.records.readTail(team.id, { ...team.cursor, logFrom: 0 });
    expect(tail).toMatchObject({ items: [{ id: record.id }], end: { seq: 1 } });
  });

  test('takes the backup of an embedded one', async () => {
    await using embedded = await createTestDatabase();
    const world = await createWorld(embedded.database);
    const team = await world.team();
    await team.append(team.owner, [team.seal(team.owner, { group: newGroup(), stream: newStream() })]);
    await world.store.audit.write({
      workspace: team.id,
      what: 'a\tb\\c\nd',
      account: null,
      address: null,
      details: { 'ü\\': '"' },
      requestId: null,
    });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-backup-'));
    const file = path.join(folder, 'backup');
    const source = embedded.database.connectAs('cuebook_backup');
    await backup(source, file, 1);
    await source.end();
    const owner = started.database.connectAs('owner');
    await owner`create database restored`;
    await owner.end();
    const other = await open('restored');
    const target = other.database.connectAs('cuebook_backup');
    expect(await restore({ sql: target, file, deletions: [], primitives: suite, now: 2 })).toMatchObject({
      ok: true,
    });
    await target.end();
    const restored = (await createWorld(other.database)).store;
    const before = await team.store.records.readFeed(team.id, team.cursor, 10);
    const after = await restored.records.readFeed(team.id, { incarnation: restored.incarnation, seq: 0 }, 10);
    expect(after).toEqual(before);
    expect(await restored.audit.read(team.id, null, 1)).toMatchObject([
      { what: 'a\tb\\c\nd', details: { 'ü\\': '"' } },
    ]);
    await other.stop();
    await rm(folder, { recursive: true });
  });
});
