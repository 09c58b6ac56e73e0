// Syncing through the real server, each figure beside the least that the same machine could do in the same run: bare `ws`
// and PostgreSQL. Records are sealed and signed before the clock starts, and the server verifies each signature within
// it; clients open and verify only in the figures of the first sync.

import * as nodeCrypto from 'node:crypto';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { openDatabase } from '@cuebook/server/store/database';
import { createGroupKeys } from '@cuebook/shared/crypto/groupKeys';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { FollowMessage } from '@cuebook/shared/protocol/record';
import { parseRecord } from '@cuebook/shared/record/header';
import { openRecord } from '@cuebook/shared/record/open';
import { signedIn, verifyRecord } from '@cuebook/shared/record/verify';
import { redact } from '@cuebook/shared/util/redacted';
import type { SealedRecord } from '@cuebook/shared/record/seal';
import type { WebSocket } from 'ws';
import type { Figure } from '../../tools/figure.ts';
import { Person, WireTeam } from '../server/client.ts';
import { newGroup, newStream } from '../server/store/world.ts';
import type { TestServer } from '../server/testServer.ts';
import {
  startBenchDatabase,
  startProcess,
  type BenchDatabase,
  type ServerProcess,
} from './sync/processes.ts';
import { bareVerification } from './sync/bareVerification.ts';
import { openSocket, RawClient } from './sync/rawClient.ts';

export const prefix = 'sync';

const RUNS = 7;
const PAYLOAD_BYTES = 1000;
const suite = createSuite(nodeCrypto);

interface Bench {
  readonly database: BenchDatabase;
  readonly server: ServerProcess;
  readonly second: ServerProcess;
  readonly floor: ServerProcess;
  readonly owner: Person;
  readonly team: WireTeam;
  readonly incarnation: string;
}

export async function figures(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await startBenchDatabase());
  const server = stack.use(await startProcess('serverProcess.ts', database));
  const second = stack.use(await startProcess('serverProcess.ts', database));
  const floor = stack.use(await startProcess('floorProcess.ts', database));
  const owner = stack.use(await signUp(server));
  const team = await WireTeam.create(asTestServer(server), owner);
  const { incarnation } = await owner.api.server.info.query();
  const bench = { database, server, second, floor, owner, team, incarnation };
  return [
    ...(await saveToMate(bench)),
    await saves(bench, 'sync.saves.ratio', [server]),
    await saves(bench, 'sync.saves.twoProcesses.ratio', [server, second]),
    await fanout(bench),
    await idleMemory(bench),
    await catchUp(bench),
    ...(await firstSync(bench)),
  ];
}

/** A new socket for the owner: an old one may have been cut while this process was busy with thousands of others. */
function refresh({ owner, server }: Bench): void {
  void owner.client.close();
  owner.client = owner.connect(asTestServer(server));
}

// What a person needs of a server here is where it is.
const asTestServer = (server: ServerProcess): TestServer =>
  ({ ...server, composition: { store: null } }) as unknown as TestServer;

const signUp = async (server: ServerProcess): Promise<Person> =>
  Person.signUp(asTestServer(server), { kind: 'open' });

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

const sealMany = ({ team, owner }: Pick<Bench, 'team' | 'owner'>, count: number): readonly SealedRecord[] =>
  Array.from({ length: count }, () =>
    team.seal(owner.account, {
      group: newGroup(),
      stream: newStream(),
      payload: nodeCrypto.randomBytes(PAYLOAD_BYTES),
    }),
  );

const appendInput = ({ team }: Pick<Bench, 'team'>, { header, bytes }: SealedRecord) => ({
  workspace: team.id,
  group: header.group,
  stream: header.stream,
  expectedHead: null,
  records: [bytes],
});

const openRaw = async ({ owner }: Bench, server: ServerProcess): Promise<RawClient> =>
  RawClient.open(server.url, owner.grant.accessToken);

async function append(bench: Bench, client: RawClient, record: SealedRecord): Promise<void> {
  const answer = (await client.call('mutation', 'record.append', appendInput(bench, record))) as {
    readonly kind: string;
  };
  if (answer.kind !== 'stored') throw new Error(`not stored: ${answer.kind}`);
}

/** Follows from where the feed ends, and is up to date. */
async function followNow(bench: Bench, client: RawClient): Promise<void> {
  const head = (await client.call('query', 'workspace.head', { workspace: bench.team.id })) as {
    readonly feed: { readonly seq: number };
    readonly head: { readonly index: number };
  };
  await followFrom(bench, client, { seq: head.feed.seq, logFrom: head.head.index + 1 });
}

async function followFrom(
  { team, incarnation }: Bench,
  client: RawClient,
  { seq, logFrom }: { readonly seq: number; readonly logFrom: number },
  take: (message: FollowMessage) => void = () => {},
): Promise<void> {
  return new Promise((resolve) => {
    client.onData = (data) => {
      const message = data as FollowMessage;
      take(message);
      if (message.kind === 'upToDate') resolve();
    };
    client.subscribe('record.follow', { workspace: team.id, after: { incarnation, seq }, logFrom });
  });
}

// ——— one save

/** Push → durable → at the other client, ÷ one hop of `ws` between two clients + one commit. */
async function saveToMate(bench: Bench): Promise<readonly Figure[]> {
  const mate = await openRaw(bench, bench.server);
  await followNow(bench, mate);
  const writer = await openRaw(bench, bench.server);
  const [here, there] = await Promise.all([openSocket(bench.floor.url), openSocket(bench.floor.url)]);
  const sql = floorSql(bench);
  const body = nodeCrypto.randomBytes(1300).fill(1, 0, 1);
  const records = sealMany(bench, 40 * (RUNS + 1)).values();
  const [hops, commits, arrivals]: [number[], number[], number[]] = [[], [], []];
  for (let run = -1; run < RUNS; run += 1) {
    const times = {
      hop: await repeat(40, async () => hop(here, there, body)),
      commit: await repeat(40, async () => sql`insert into floor (body) values (${body})`),
      arrival: await repeat(40, async () => arrive(bench, { writer, mate }, take(records))),
    };
    // The first run warms up.
    if (run < 0) continue;
    hops.push(median(times.hop));
    commits.push(median(times.commit));
    arrivals.push(median(times.arrival));
  }
  const git = await gitRoundTrip();
  for (const client of [mate, writer]) client.close();
  for (const socket of [here, there]) socket.terminate();
  await sql.end();
  const floor = median(hops) + median(commits);
  const measured = median(arrivals);
  return [
    { figure: 'sync.saveToMate.p50.ratio', value: measured / floor, unit: 'x', floor, measured, runs: RUNS },
    {
      figure: 'sync.git.ratio',
      value: git / measured,
      unit: 'x',
      floor: measured,
      measured: git,
      runs: RUNS,
    },
  ];
}

function take<T>(values: Iterator<T>): T {
  const { value, done } = values.next();
  if (done === true) throw new Error('too few were made');
  return value;
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const all: number[] = [];
  for (let time = 0; time < times; time += 1) all.push(await timed(work));
  return all;
}

async function hop(from: WebSocket, to: WebSocket, body: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    to.once('message', () => resolve());
    from.send(body);
  });
}

async function arrive(
  bench: Bench,
  { writer, mate }: { readonly writer: RawClient; readonly mate: RawClient },
  record: SealedRecord,
): Promise<void> {
  const arrived = new Promise<void>((resolve) => {
    mate.onData = () => resolve();
  });
  const appended = append(bench, writer, record);
  await arrived;
  await appended;
}

function floorSql({ database: { facts } }: Bench) {
  const { password, ...rest } = facts;
  return openDatabase({ address: { kind: 'embedded', ...rest, password: redact(password) } }).connectAs(
    'owner',
  );
}

// ——— git

const run = promisify(execFile);

/** `git commit && git push`, then `git pull`, over HTTP to a server on this machine; milliseconds. */
async function gitRoundTrip(): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-git-'));
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://git');
    const child = spawn('git', ['http-backend'], {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'bench',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...(request.headers['content-encoding'] === undefined
          ? {}
          : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
      },
    });
    request.pipe(child.stdin);
    let head = Buffer.alloc(0);
    let isBody = false;
    child.stdout.on('data', (chunk: Buffer) => {
      if (isBody) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      isBody = true;
      for (const line of head.subarray(0, end).toString().split('\r\n')) {
        const [name = '', ...value] = line.split(': ');
        if (name === 'Status') response.statusCode = Number(value.join('').split(' ')[0]);
        else response.setHeader(name, value.join(': '));
      }
      response.write(head.subarray(end + 4));
    });
    child.stdout.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/team.git`;
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' };
  const git = async (cwd: string, ...args: readonly string[]): Promise<unknown> =>
    run('git', ['-c', 'user.name=b', '-c', 'user.email=b@b', ...args], { cwd, env });
  const [here, there] = [path.join(folder, 'here'), path.join(folder, 'there')];
  await git(folder, 'init', '-q', '--bare', '-b', 'main', 'team.git');
  await git(folder, '--git-dir=team.git', 'config', 'http.receivepack', 'true');
  await git(folder, 'clone', '-q', url, here);
  const times: number[] = [];
  for (let round = 0; round <= RUNS; round += 1) {
    await writeFile(path.join(here, 'prompt.md'), nodeCrypto.randomBytes(PAYLOAD_BYTES / 2).toString('hex'));
    await git(here, 'add', '.');
    const pushed = await timed(async () => {
      await git(here, 'commit', '-q', '-m', 'save');
      await git(here, 'push', '-q', 'origin', 'HEAD:main');
    });
    if (round === 0) await git(folder, 'clone', '-q', '-b', 'main', url, there);
    else times.push(pushed + (await timed(async () => git(there, 'pull', '-q'))));
  }
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
  return median(times);
}

// ——— many saves

const CLIENTS = 50;
const SAVING_MS = 1500;
const SAVING_RUNS = 5;

/** Durable saves a second of 50 clients, ÷ the same over bare `ws` with group commit. */
async function saves(bench: Bench, figure: string, servers: readonly ServerProcess[]): Promise<Figure> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) =>
      openRaw(bench, servers[index % servers.length] ?? bench.server),
    ),
  );
  const bare = await Promise.all(Array.from({ length: CLIENTS }, async () => openSocket(bench.floor.url)));
  const body = nodeCrypto.randomBytes(1300).fill(2, 0, 1);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= SAVING_RUNS; round += 1) {
    const records = sealMany(bench, 9000).values();
    const measured = await saturate(clients, async (client) => append(bench, client, take(records)));
    const floor = await saturate(bare, async (socket) => echo(socket, body));
    if (round === 0) continue;
    ours.push(measured);
    theirs.push(floor);
  }
  for (const client of clients) client.close();
  for (const socket of bare) socket.terminate();
  const [measured, floor] = [median(ours), median(theirs)];
  return { figure, value: measured / floor, unit: 'x', floor, measured, runs: SAVING_RUNS };
}

/** Each client saves again as soon as its save is answered. Saves a second; fails if one in a hundred takes 250 ms. */
async function saturate<Client>(
  clients: readonly Client[],
  save: (client: Client) => Promise<void>,
): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + SAVING_MS;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) times.push(await timed(async () => save(client)));
    }),
  );
  const p99 = times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.99)] ?? 0;
  if (p99 > 250) console.error(`p99 of a save is ${Math.round(p99)} ms`);
  return (times.length / SAVING_MS) * 1000;
}

async function echo(socket: WebSocket, body: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('message', () => resolve());
    socket.send(body);
  });
}

// ——— many readers

const READERS = 1000;

/** One save until the last of 1,000 subscribers has it, ÷ the same over bare `ws`. */
async function fanout(bench: Bench): Promise<Figure> {
  const readers = await inGroups(READERS, async () => {
    const reader = await openRaw(bench, bench.server);
    await followNow(bench, reader);
    return reader;
  });
  const bare = await inGroups(READERS, async () => openSocket(bench.floor.url));
  const [writer, bareWriter] = [await openRaw(bench, bench.server), await openSocket(bench.floor.url)];
  const records = sealMany(bench, 5 * (RUNS + 1)).values();
  const body = nodeCrypto.randomBytes(1300).fill(3, 0, 1);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = -1; round < RUNS; round += 1) {
    const measured = await repeat(5, async () => {
      const all = untilAll(READERS, (got) => {
        for (const reader of readers) {
          reader.onMessage = () => {
            got();
            return true;
          };
        }
      });
      await append(bench, writer, take(records));
      await all;
    });
    const floor = await repeat(5, async () => {
      const all = untilAll(READERS, (got) => {
        for (const socket of bare) socket.once('message', got);
      });
      bareWriter.send(body);
      await all;
    });
    if (round < 0) continue;
    ours.push(median(measured));
    theirs.push(median(floor));
  }
  for (const client of [writer, ...readers]) client.close();
  for (const socket of [bareWriter, ...bare]) socket.terminate();
  const [measured, floor] = [median(ours), median(theirs)];
  return { figure: 'sync.fanout1000.ratio', value: measured / floor, unit: 'x', floor, measured, runs: RUNS };
}

async function untilAll(count: number, listen: (got: () => void) => void): Promise<void> {
  let left = count;
  await new Promise<void>((resolve) => {
    listen(() => {
      left -= 1;
      if (left === 0) resolve();
    });
  });
}

async function inGroups<T>(count: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const group = Math.min(100, count - made.length);
    made.push(...(await Promise.all(Array.from({ length: group }, make))));
  }
  return made;
}

/** Server memory of an idle authenticated subscription, ÷ of an idle bare connection: slope from 1,000 to 5,000. */
async function idleMemory(bench: Bench): Promise<Figure> {
  const slope = async (server: ServerProcess, open: () => Promise<{ end(): void }>): Promise<number> => {
    const first = await inGroups(1000, open);
    await pause(1500);
    const before = await server.memory();
    const rest = await inGroups(4000, open);
    await pause(1500);
    const after = await server.memory();
    for (const each of [...first, ...rest]) each.end();
    await pause(500);
    return (after - before) / 4000;
  };
  const measured = await slope(bench.server, async () => {
    const client = await openRaw(bench, bench.server);
    await followNow(bench, client);
    return { end: () => client.close() };
  });
  const floor = await slope(bench.floor, async () => {
    const socket = await openSocket(bench.floor.url);
    return { end: () => socket.terminate() };
  });
  return { figure: 'sync.idleMemory.ratio', value: measured / floor, unit: 'x', floor, measured, runs: 1 };
}

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

// ——— coming back, and coming for the first time

/** A new socket until 100 missed records are there; milliseconds. */
async function catchUp(bench: Bench): Promise<Figure> {
  refresh(bench);
  const writer = await openRaw(bench, bench.server);
  await Promise.all(sealMany(bench, 100).map(async (record) => append(bench, writer, record)));
  const { feed, head } = await bench.owner.api.workspace.head.query({ workspace: bench.team.id });
  const times: number[] = [];
  for (let round = 0; round < 2 * RUNS; round += 1) {
    times.push(
      await timed(async () => {
        const client = await openRaw(bench, bench.server);
        let items = 0;
        await followFrom(bench, client, { seq: feed.seq - 100, logFrom: head.index + 1 }, (message) => {
          if (message.kind === 'items') items += message.items.length;
        });
        if (items !== 100) throw new Error(`${items} of 100 records came.`);
        client.close();
      }),
    );
  }
  writer.close();
  return { figure: 'sync.catchUp100', value: median(times), unit: 'ms', runs: times.length };
}

const FIRST = 10_000;

/** A workspace of 10,000 prompts that a new client reads, opens and lists; and then verifies. */
async function firstSync(bench: Bench): Promise<readonly Figure[]> {
  refresh(bench);
  const library = { ...bench, team: await WireTeam.create(asTestServer(bench.server), bench.owner) };
  const writer = await openRaw(bench, bench.server);
  const records = sealMany(library, FIRST);
  for (let from = 0; from < FIRST; from += 200) {
    await Promise.all(records.slice(from, from + 200).map(async (each) => append(library, writer, each)));
  }
  writer.close();
  const [ours, floors, verified, verifyFloors]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < 5; round += 1) {
    const floor = await bareTransfer(library, records);
    const decrypting = bareDecryption(records);
    const { reading, parsed } = await readAndOpen(library);
    const started = performance.now();
    await verifyAll(library, parsed);
    const verifying = performance.now() - started;
    const bare = bareVerification(records.length);
    ours.push(reading);
    floors.push(floor + decrypting);
    verified.push(reading + verifying);
    verifyFloors.push(bare);
  }
  const ratio = (figure: string, measured: number, floor: number): Figure => ({
    figure,
    value: measured / floor,
    unit: 'x',
    floor,
    measured,
    runs: 5,
  });
  return [
    ratio('sync.first10k.ratio', median(ours), median(floors)),
    ratio('sync.first10kVerified.ratio', median(verified), median(verifyFloors)),
  ];
}

type Parsed = Extract<ReturnType<typeof parseRecord>, { ok: true }>['value'];

/** From a new socket until all are opened and listed: each page when it has come, as a client does (accountSync.ts). */
async function readAndOpen(
  bench: Bench,
): Promise<{ readonly reading: number; readonly parsed: readonly Parsed[] }> {
  const parsed: Parsed[] = [];
  const reading = await timed(async () => {
    const client = await openRaw(bench, bench.server);
    const keys = createGroupKeys(suite, bench.team.id, bench.team.sample.epochKeys);
    const names: string[] = [];
    await followFrom(bench, client, { seq: 0, logFrom: 0 }, (message) => {
      if (message.kind !== 'items') return;
      for (const { bytes } of message.items) {
        const record = parseRecord(bytes);
        if (!record.ok) throw new Error('Does not parse.');
        const key = keys.keyOf(record.value.groupBytes, record.value.epoch);
        const opened = key === null ? null : openRecord(suite, key, record.value);
        if (opened?.ok !== true) throw new Error('Does not open.');
        names.push(record.value.header.stream);
        parsed.push(record.value);
      }
    });
    names.sort();
    if (names.length !== FIRST) throw new Error(`${names.length} of ${FIRST} came.`);
    client.close();
  });
  return { reading, parsed };
}

/** As many as the library's worker has under way beside it (librarySession.ts). */
const AHEAD = 300;

async function verifyAll({ owner }: Bench, parsed: readonly Parsed[]): Promise<void> {
  const key = owner.account.devices[0]?.signPublic;
  const verifier = key === undefined ? null : suite.verifiers.of(key);
  if (key === undefined || verifier === null) throw new Error('A device has a key.');
  for (let from = 0; from < parsed.length; from += AHEAD) {
    const some = parsed.slice(from, from + AHEAD);
    await Promise.all(some.map(async (record) => suite.verifiers.ahead(key, signedIn(suite, record))));
    for (const record of some)
      if (!verifyRecord(suite, record, verifier)) throw new Error('Does not verify.');
  }
}

/** As many bytes as the records have, over a bare socket. */
async function bareTransfer(bench: Bench, records: readonly SealedRecord[]): Promise<number> {
  const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
  return timed(async () => {
    const socket = await openSocket(bench.floor.url);
    const request = Buffer.alloc(5, 4);
    request.writeUInt32BE(bytes, 1);
    await new Promise<void>((resolve) => {
      let left = bytes;
      socket.on('message', (chunk: Buffer) => {
        left -= chunk.length;
        if (left <= 0) resolve();
      });
      socket.send(request);
    });
    socket.terminate();
  });
}

function bareDecryption(records: readonly SealedRecord[]): number {
  const messages = records.map(({ bytes }) => {
    const [key, nonce] = [nodeCrypto.randomBytes(32), nodeCrypto.randomBytes(12)];
    const cipher = nodeCrypto.createCipheriv('aes-256-gcm', key, nonce);
    const text = Buffer.concat([cipher.update(bytes.subarray(0, 1024)), cipher.final()]);
    return { key, nonce, text, tag: cipher.getAuthTag() };
  });
  const started = performance.now();
  for (const { key, nonce, text, tag } of messages) {
    const decipher = nodeCrypto.createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAuthTag(tag);
    decipher.update(text);
    decipher.final();
  }
  return performance.now() - started;
}
