// Three servers as processes of the operating system, each the program that people run, on one PostgreSQL.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Sql } from '@cuebook/server/store/database';
import { readMigrations } from '@cuebook/server/store/migrate';
import { CLOSE_CODES } from '@cuebook/shared/protocol/errors';
import { PRESENCE_BYTES } from '@cuebook/shared/protocol/limits';
import { redact } from '@cuebook/shared/util/redacted';
import { findNatsServer } from '../../../tools/installNats.ts';
import { findPostgres } from '../../../tools/installPostgres.ts';
import { follow, Person, seqsOf, WireTeam } from '../client.ts';
import { startNats } from '../hub/natsServer.ts';
import { startPostgres15, type Postgres15 } from '../store/postgres15.ts';
import { newGroup, newStream } from '../store/world.ts';
import type { TestServer } from '../testServer.ts';

const program = path.join(import.meta.dirname, '..', '..', '..', 'server', 'src', 'main.ts');
const programs = findPostgres();
if (!programs.ok) console.log(programs.problem);
const natsServer = findNatsServer();
const ORIGIN = 'http://localhost:4810';
const MANY = '1000000';

interface Process {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Resolves when it listens; rejects with what it said if it ends before. */
async function startProgram(environment: Readonly<Record<string, string>>): Promise<Process> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [program, 'serve'], { env: { PATH, ...environment } });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
      const found = /listens on (\S+);/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${said}`)));
  });
  return { url, child };
}

async function stopProgram({ child }: Process): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

// What a person needs of a server here is where it is.
const asServer = ({ url }: Process): TestServer =>
  ({ url, publicOrigin: ORIGIN, composition: { store: null } }) as unknown as TestServer;

describe.runIf(programs.ok)('three processes on one PostgreSQL', () => {
  let database: Postgres15;
  beforeAll(async () => {
    database = await startPostgres15(programs.ok ? programs.directory : '');
  });
  afterAll(async () => database[Symbol.asyncDispose]());

  test.each([
    ['by NOTIFY', null],
    ...(natsServer === null ? [] : [['through NATS', natsServer] as const]),
  ] as const)(
    'that start at once migrate once, tell each other %s what is new, and close the sockets of who is revoked',
    async (_, nats) => {
      await using stack = new AsyncDisposableStack();
      const name = nats === null ? 'notify' : 'nats';
      const admin = asOwner(database.url('postgres'));
      await admin`create database ${admin(name)}`;
      await admin.end();
      const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-processes-'));
      stack.defer(async () => rm(folder, { recursive: true, force: true }));
      const broker = nats === null ? null : await startNats(nats);
      if (broker !== null) stack.defer(async () => broker.stop());
      const environment = {
        DATABASE_URL: database.url(name),
        CUEBOOK_ORIGIN: ORIGIN,
        CUEBOOK_PORT: '0',
        CUEBOOK_PEPPERS: `1:${Buffer.alloc(32, 7).toString('base64')}`,
        CUEBOOK_REGISTRATION: 'open',
        CUEBOOK_SECRETS_PER_MINUTE: MANY,
        CUEBOOK_DRAIN_SECONDS: '1',
        ...(broker === null ? {} : { CUEBOOK_NATS: broker.url }),
      };
      const started = await Promise.all(
        ['a', 'b', 'c'].map(async (data) => {
          const one = await startProgram({ ...environment, CUEBOOK_DATA: path.join(folder, data) });
          stack.defer(async () => stopProgram(one));
          return one;
        }),
      );
      const [first, second, third] = started.map(asServer);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('three are started');
      await expectMigratedOnce(database.url(name));

      await using owner = await Person.signUp(first, { kind: 'open' });
      const team = await WireTeam.create(first, owner);
      const group = { group: newGroup(), stream: newStream() };
      await using beside = owner.connect(second);
      await using following = await follow(beside, team);
      await following.until((messages) => messages.some(({ kind }) => kind === 'upToDate'));

      // Presence is stored nowhere: only a hub between the processes can have brought it.
      await using sender = owner.connect(first);
      await using own = await follow(sender, team);
      await own.until((messages) => messages.some(({ kind }) => kind === 'upToDate'));
      const message = new Uint8Array(PRESENCE_BYTES).fill(9);
      await sender.api.record.presence.mutate({ workspace: team.id, message });
      await following.until((messages) => messages.some(({ kind }) => kind === 'presence'));
      expect(await team.append(owner, [team.seal(owner.account, group)])).toMatchObject({ kind: 'stored' });
      await following.until((messages) => seqsOf(messages).includes(1));

      await using other = await owner.another(0, third);
      await other.api.account.about.query();
      const late = await latenessDuring(third, async () => {
        const began = performance.now();
        await owner.api.session.revoke.mutate({ session: other.grant.session });
        expect(await other.client.closed).toBe(CLOSE_CODES.sessionEnded);
        return performance.now() - began;
      });
      expect(late.took).toBeLessThan(1000 + late.allowance);
      const answer = await fetch(`${second.url}/trpc/account.about`, {
        headers: { authorization: `Bearer ${other.grant.accessToken}`, 'x-cuebook-protocol': '1' },
      });
      expect(answer.status).toBe(401);
    },
    180_000,
  );
});

const asOwner = (url: string): Sql =>
  openDatabase({ address: { kind: 'url', url: redact(url) } }).connectAs('owner');

async function expectMigratedOnce(url: string): Promise<void> {
  const sql = asOwner(url);
  const rows = await sql<{ name: string }[]>`select name from migrations order by id`;
  const [servers] = await sql<{ count: number }[]>`select count(*) from server`;
  await sql.end();
  expect(rows.map(({ name }) => name)).toEqual((await readMigrations()).map(({ name }) => name));
  expect(servers).toEqual({ count: 1 });
}

/** How late the machine itself makes this process and that one meanwhile: not the server's doing. */
async function latenessDuring(
  { url }: Pick<TestServer, 'url'>,
  work: () => Promise<number>,
): Promise<{ readonly took: number; readonly allowance: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let slowest = 0;
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const asked = performance.now();
      await (await fetch(`${url}/healthz`)).arrayBuffer();
      slowest = Math.max(slowest, performance.now() - asked);
    }
  })();
  const took = await work();
  over.abort();
  await asking;
  delay.disable();
  return { took, allowance: 2 * (delay.max / 1e6 + slowest) };
}
