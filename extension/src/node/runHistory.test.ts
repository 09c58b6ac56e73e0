import * as nodeCrypto from 'node:crypto';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunId, RunRecord } from '../library/api.ts';
import { openDatabase } from './database.ts';
import { ProblemError } from './libraryProblem.ts';
import { createLocalSeals, type LocalSeals } from './localValues.ts';
import { addRun, listRuns, readRun, type RunLimits } from './runHistory.ts';
import { createSqliteStore, type SqliteStore } from './sqliteStore.ts';

let store: SqliteStore;
let seals: LocalSeals;
beforeEach(() => {
  store = createSqliteStore(openDatabase(':memory:', { busyMs: 0 }));
  const suite = createSuite(nodeCrypto);
  seals = createLocalSeals(suite, suite.random(32));
});
afterEach(() => store.close());

const idOf = (n: number): RunId => `run${n}` as RunId;
const runOf = (n: number, output = `answer ${n}`): RunRecord => ({
  id: idOf(n),
  promptId: null,
  promptName: 'Review',
  revisionId: null,
  model: 'openai/gpt-5',
  parameters: {},
  inputs: {},
  messages: [],
  output,
  status: 'done',
  failure: null,
  startedAt: n,
  firstTokenMs: null,
  totalMs: 1,
  usage: { inputTokens: null, outputTokens: null, cost: null, estimated: false },
});
const add = (run: RunRecord, limits: RunLimits): void => store.write(() => addRun(store, seals, run, limits));
const kept = (): readonly RunId[] => listRuns(store, seals, { limit: 99 }).map((run) => run.id);

test('beyond the limit of runs the oldest go', () => {
  const limits = { runs: 3, bytes: 1e9, runBytes: 1e6 };
  for (let n = 0; n < 5; n += 1) add(runOf(n), limits);
  expect(kept()).toEqual([4, 3, 2].map(idOf));
});

test('beyond the limit of bytes the oldest go', () => {
  const limits = { runs: 99, bytes: 10_000, runBytes: 1e6 };
  for (let n = 0; n < 20; n += 1) add(runOf(n, 'x'.repeat(1500)), limits);
  expect(store.runTotals().bytes).toBeLessThanOrEqual(10_000);
  expect(kept()[0]).toBe(idOf(19));
});

test('a run that is too large is refused, and the others stay', () => {
  const limits = { runs: 9, bytes: 1e9, runBytes: 5000 };
  add(runOf(1), limits);
  expect(() => add(runOf(2, 'x'.repeat(6000)), limits)).toThrow(ProblemError);
  expect(kept()).toEqual([idOf(1)]);
});

test('a damaged run is left out of the list and says so when it is asked for', () => {
  const limits = { runs: 9, bytes: 1e9, runBytes: 5000 };
  add(runOf(1), limits);
  store.write(() => store.addRun({ id: idOf(2), promptId: null, bytes: new Uint8Array(200) }));
  expect(kept()).toEqual([idOf(1)]);
  expect(readRun(store, seals, idOf(2))).toMatchObject({ ok: false, problem: { code: 'corrupt' } });
  expect(readRun(store, seals, idOf(3))).toMatchObject({ ok: false, problem: { code: 'notFound' } });
});

test('the excerpt is one line of at most 120 characters', () => {
  add(runOf(1, `first\n\n  second ${'long '.repeat(100)}`), { runs: 9, bytes: 1e9, runBytes: 5000 });
  const [summary] = listRuns(store, seals, { limit: 1 });
  expect(summary?.excerpt).toMatch(/^first second long/);
  expect(summary?.excerpt.length).toBeLessThanOrEqual(120);
});
