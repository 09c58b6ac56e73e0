import { expect, test } from 'vitest';
import type { ModelEvent, RunFailure } from '../models/api.ts';
import { answerLimit } from './panelProtocol.ts';
import { advance, beginRun, isOver, type RunProgress } from './runProgress.ts';

const usage = { inputTokens: 3, outputTokens: 2, cost: 0.01, estimated: false };

function run(events: readonly ModelEvent[], stepMs = 10): RunProgress {
  return events.reduce(
    (progress, event, index) => advance(progress, event, 1000 + (index + 1) * stepMs),
    beginRun(1000),
  );
}

function failure(kind: RunFailure['kind']): ModelEvent {
  return { type: 'failed', failure: { kind, message: 'What.', action: 'Do.', status: null }, usage };
}

test('a run that answers ends with its text, its times and what it used', () => {
  const done = run([
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
    { type: 'done', finish: 'stop', usage },
  ]);
  expect(done).toMatchObject({
    phase: 'done',
    answer: 'Hello',
    reasoning: 'hm',
    firstTokenMs: 20,
    totalMs: 40,
    usage,
    failure: null,
  });
});

test('a stream that is cut keeps what arrived', () => {
  const cut = run([{ type: 'text', text: 'Half an ans' }, failure('cut')]);
  expect(cut).toMatchObject({ phase: 'failed', answer: 'Half an ans', failure: { kind: 'cut' } });
});

test('a run that the user stopped is no failure', () => {
  expect(run([{ type: 'text', text: 'a' }, failure('stopped')])).toMatchObject({
    phase: 'stopped',
    answer: 'a',
    failure: null,
  });
});

test('what comes after the end changes nothing but the count of what was used', () => {
  const long = run([{ type: 'text', text: 'x'.repeat(answerLimit + 5) }]);
  expect(long).toMatchObject({ phase: 'failed', usage: null, failure: { kind: 'badAnswer' } });
  expect(long.answer).toHaveLength(answerLimit);
  const late = advance(advance(long, { type: 'text', text: 'more' }, 5000), failure('stopped'), 6000);
  expect(late).toEqual({ ...long, usage });
});

test('waiting for another try says why, once', () => {
  const retry: ModelEvent = { type: 'retry', afterMs: 10, reason: 'Too many requests.' };
  const waiting = run([retry, retry]);
  expect(waiting.phase).toBe('retrying');
  expect(waiting.notices).toEqual(['Too many requests.']);
  expect(isOver(waiting)).toBe(false);
  expect(advance(waiting, { type: 'text', text: 'now' }, 2000).phase).toBe('streaming');
});

test('an answer that reached its maximum of tokens says so', () => {
  const short = run([
    { type: 'text', text: 'a' },
    { type: 'done', finish: 'length', usage },
  ]);
  expect(short.phase).toBe('done');
  expect(short.notices.join()).toContain('maximum of output tokens');
});

test('a filtered answer is a failure that keeps its text', () => {
  expect(
    run([
      { type: 'text', text: 'a' },
      { type: 'done', finish: 'filtered', usage },
    ]),
  ).toMatchObject({
    phase: 'failed',
    answer: 'a',
    failure: { kind: 'filtered' },
  });
});
