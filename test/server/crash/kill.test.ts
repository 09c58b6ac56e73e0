// Two server processes on one embedded database, clients that append through both, readers that follow the feed. The
// processes and PostgreSQL are killed at random moments. What was acknowledged has to be there once, at the place that was
// named; places have no gap and no second order; every reader sees every place once.
//
// KILLS=500 runs as many rounds (npm run soak), SEED=… repeats a run's choices.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Tail } from '@cuebook/server/store/api';
import { readPostmaster } from '@cuebook/server/postgres/postmaster';
import type { RecordId } from '@cuebook/shared/encoding/ids';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import { createSampleAccount, SampleTeam } from '@cuebook/shared/team/sampleTeam';
import { createRandom } from '../../store/random.ts';
import { authorOf, newAccountOf, newGroup, newStream, suite, TeamOnServer } from '../store/world.ts';
import { ServerInProcess, type Outcome } from './serverInProcess.ts';
import type { StoreCall } from './storeProcess.ts';

const kills = Number(process.env['KILLS'] ?? 20);
const seed = Number(process.env['SEED'] ?? 20_261_122);
const WRITERS = 6;
const READERS = 2;
const SECONDS_PER_KILL = 20;
/** After a call whose outcome is not known, before it is asked again. */
const AGAIN_MS = 20;

interface Reader {
  readonly ids: RecordId[];
}

class Run {
  readonly servers: readonly ServerInProcess[];
  readonly directory: string;
  readonly random = createRandom(seed);
  readonly acknowledged = new Map<RecordId, number>();
  readonly sent = new Set<RecordId>();
  readonly signal = new AbortController();

  constructor(directory: string) {
    this.directory = directory;
    this.servers = [new ServerInProcess(directory), new ServerInProcess(directory)];
  }

  get isOver(): boolean {
    return this.signal.signal.aborted;
  }

  /** Asked of either, again and again, until there is an answer. */
  async insist(call: StoreCall): Promise<unknown> {
    for (;;) {
      const outcome = await this.pick()
        .call(call)
        .catch((): Outcome => ({ kind: 'unknown' }));
      if (outcome.kind === 'answer') return outcome.value;
      if (outcome.kind === 'refused' && outcome.code !== 'unavailable')
        throw new Error(`Refused: ${outcome.code}`);
      if (this.servers.some(({ hasCrashed }) => hasCrashed)) throw new Error('A server process has crashed.');
      await pause(AGAIN_MS);
    }
  }

  pick(): ServerInProcess {
    const server = this.servers[Math.floor(this.random() * this.servers.length)];
    if (server === undefined) throw new Error('no server');
    return server;
  }
}

test(
  'nothing acknowledged is lost, and everybody reads the same feed, however the server and its database are killed',
  { timeout: 120_000 + kills * SECONDS_PER_KILL * 1000 },
  async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'cuebook-kill-'));
    const run = new Run(directory);
    await Promise.all(run.servers.map(({ ready }) => ready));
    const team = await makeTeam(run);
    const writers = Array.from({ length: WRITERS }, () => write(run, team));
    const readers = Array.from({ length: READERS }, (): Reader => ({ ids: [] }));
    const reading = readers.map((reader) => follow(run, team, reader));
    for (let count = 0; count < kills; count += 1) await killOnce(run);
    const enough = run.acknowledged.size + WRITERS;
    while (run.acknowledged.size < enough) await pause(AGAIN_MS);
    run.signal.abort();
    await Promise.all(writers);
    await Promise.all(reading);
    const ids = await readAll(run, team);
    for (const server of run.servers) await server.end();
    await rm(directory, { recursive: true, force: true });
    expectWhole(run, ids);
    for (const reader of readers) expect(ids.slice(0, reader.ids.length)).toEqual(reader.ids);
  },
);

async function makeTeam(run: Run): Promise<TeamOnServer> {
  const owner = await createSampleAccount(suite);
  await run.insist({ do: 'createAccount', account: newAccountOf(owner), author: authorOf(owner) });
  const sample = await SampleTeam.create(suite, owner);
  const entries = sample.history.entries.map(({ bytes }) => bytes);
  const boxes = sample.boxes.map(({ epoch, generation, bytes }) => ({
    epoch,
    recipient: { kind: 'member', account: owner.id, generation } as const,
    box: bytes,
  }));
  const append = { workspace: sample.state.id, expectedHead: null, entries, boxes };
  await run.insist({ do: 'appendLog', author: authorOf(owner), append });
  return new TeamOnServer(null, sample, owner);
}

/** One stream, record after record; each is sent until it is acknowledged. */
async function write(run: Run, team: TeamOnServer): Promise<void> {
  const place = { group: newGroup(), stream: newStream() };
  let head: RecordId | null = null;
  while (!run.isOver) {
    const record = team.seal(team.owner, { ...place, parents: head === null ? [] : [head] });
    run.sent.add(record.id);
    const input = { workspace: team.id, ...place, expectedHead: head, records: [record.bytes] };
    const answer = (await run.insist({ do: 'append', author: authorOf(team.owner), input })) as AppendAnswer;
    if (answer.kind !== 'stored')
      throw new Error(`A record of the only writer was not stored: ${answer.kind}`);
    for (const { id, seq } of answer.places) run.acknowledged.set(id, seq);
    head = record.id;
  }
}

async function follow(run: Run, team: TeamOnServer, reader: Reader): Promise<void> {
  while (!run.isOver) {
    const tail = await readTail(run, team, reader.ids.length);
    take(reader, tail);
    if (tail.items.length === 0) await pause(AGAIN_MS);
  }
}

async function readTail(run: Run, team: TeamOnServer, seq: number): Promise<Tail> {
  const incarnation = await run.servers[0]?.ready.catch(() => '');
  const from = { incarnation: incarnation ?? '', seq, logFrom: 1 };
  return (await run.insist({ do: 'tail', workspace: team.id, from })) as Tail;
}

/** Whatever comes begins where the reader is, and has no gap. */
function take(reader: Reader, { items }: Tail): void {
  for (const { seq, id } of items) {
    if (seq !== reader.ids.length + 1) throw new Error(`A reader at ${reader.ids.length} was given ${seq}.`);
    reader.ids.push(id);
  }
}

async function readAll(run: Run, team: TeamOnServer): Promise<readonly RecordId[]> {
  const reader: Reader = { ids: [] };
  let position = FEED_START;
  for (;;) {
    const tail = await readTail(run, team, reader.ids.length);
    take(reader, tail);
    position = tail.items.reduce((last, { id }) => nextPosition(suite, last, id), position);
    if (tail.end.seq === reader.ids.length) {
      expect(tail.end).toEqual(position);
      return reader.ids;
    }
  }
}

function expectWhole(run: Run, ids: readonly RecordId[]): void {
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !run.sent.has(id))).toEqual([]);
  const lost = [...run.acknowledged].filter(([id, seq]) => ids[seq - 1] !== id);
  expect(lost).toEqual([]);
  expect(run.acknowledged.size).toBeGreaterThan(kills);
}

/** After a few more acknowledgements, so that it falls into the middle of something. */
async function killOnce(run: Run): Promise<void> {
  const after = run.acknowledged.size + 1 + Math.floor(run.random() * 40);
  while (run.acknowledged.size < after) await pause(1);
  await pause(run.random() * 20);
  const choice = Math.floor(run.random() * 3);
  const server = run.servers[choice];
  if (server !== undefined) return server.killAndRestart();
  const postmaster = readPostmaster(path.join(run.directory, '18', 'data'));
  if (postmaster !== null) killIfThere(postmaster.pid);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is just being started again after the last kill.
  }
}
