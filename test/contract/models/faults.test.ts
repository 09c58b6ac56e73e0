// What goes wrong between here and a provider, over real sockets: each with what the user is told.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { ModelEvent, RunFailureKind } from '../../../extension/src/models/api.ts';
import { answerLimit } from '../../../extension/src/providers/watchedFetch.ts';
import {
  answers,
  closesReusedConnections,
  closesWithoutAnswer,
  cutsAfter,
  endsEarly,
  fallsSilentAfter,
  neverAnswers,
  redirectsTo,
  startFaultServer,
  streams,
  writesForever,
} from '../../models/faultServer.ts';
import { endpointsAt } from '../../models/modelServer.ts';
import { streamedAnswer } from '../../models/wireFormats.ts';
import {
  collect,
  holdClock,
  kinds,
  neverStopped,
  requestTo,
  startModels,
  streamWith,
  testKey,
} from './setUp.ts';

// Loading five client libraries from source on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

const models = startModels();
afterAll(() => models[Symbol.dispose]());

function failureOf(event: ModelEvent | undefined): { kind: RunFailureKind; message: string; action: string } {
  if (event?.type !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(event)}`);
  return event.failure;
}

describe.each(kinds)('%s', (kind) => {
  const events = streamedAnswer(kind, ['Hello ', 'to ', 'all']);
  const untilFirstText = events.findIndex((event) => event.includes('Hello')) + 1;

  test('keeps what had arrived when the connection breaks in the middle, and does not ask again', async () => {
    const bytes = Buffer.byteLength(events.slice(0, untilFirstText + 1).join(''));
    await using server = await startFaultServer(cutsAfter(bytes + 5, events));
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    expect(run.text).toBe('Hello to ');
    expect(failureOf(run.last)).toMatchObject({ kind: 'cut', message: expect.stringContaining('kept') });
    expect(run.last).toMatchObject({ usage: { estimated: true, outputTokens: expect.any(Number) } });
    expect(server.requests.length).toBe(1);
  });

  test('an answer that ends politely but unfinished counts as cut', async () => {
    await using server = await startFaultServer(endsEarly(events.slice(0, untilFirstText)));
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    expect(run.text).toBe('Hello ');
    expect(failureOf(run.last).kind).toBe('cut');
  });

  test('garbage in the stream is called what it is', async () => {
    const broken = [
      ...events.slice(0, untilFirstText),
      'data: {"oops": \n\n',
      ...events.slice(untilFirstText),
    ];
    await using server = await startFaultServer(streams(broken));
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    expect(run.text).toBe('Hello ');
    expect(failureOf(run.last).kind).toBe('badAnswer');
  });

  test('a web page instead of a stream points at the address', async () => {
    await using server = await startFaultServer(answers(200, '<html><body>Please sign in</body></html>'));
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    expect(failureOf(run.last)).toMatchObject({
      kind: 'badAnswer',
      action: expect.stringContaining('address'),
    });
  });

  test('the key does not follow a redirect', async () => {
    await using elsewhere = await startFaultServer(streams(events));
    await using server = await startFaultServer(redirectsTo(`${elsewhere.url}/v1/stolen`));
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    const failure = failureOf(run.last);
    expect(failure.kind).toBe('badAnswer');
    expect(failure.message).toContain(elsewhere.url);
    const listed = await models.listModels(endpointsAt(server.url)[kind], neverStopped());
    expect(listed).toMatchObject({ ok: false, failure: { kind: 'badAnswer' } });
    expect(elsewhere.requests).toEqual([]);
  });

  test('a server that closes kept-alive connections is asked once more, and the run succeeds', async () => {
    await using server = await startFaultServer(closesReusedConnections(events));
    const request = requestTo(endpointsAt(server.url)[kind]);
    for (let nth = 1; nth <= 3; nth += 1) {
      const run = await collect(models.stream(request, neverStopped()));
      expect(run.text).toBe('Hello to all');
    }
  });

  test('a server that closes every connection is asked twice and no more', async () => {
    await using server = await startFaultServer(closesWithoutAnswer);
    const run = await collect(models.stream(requestTo(endpointsAt(server.url)[kind]), neverStopped()));
    expect(failureOf(run.last).kind).toBe('network');
    expect(server.requests.length).toBe(2);
  });
});

// ---- retries and time-outs, with the clock in hand ----

const answer = streamedAnswer('openai', ['Hello']);
const busy = { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } };

describe('a provider that asks to wait', () => {
  test('is asked again after exactly the time it names, and the user is told', async () => {
    await using server = await startFaultServer(answers(429, busy, { 'retry-after': '7' }), streams(answer));
    const clock = holdClock();
    const run = collect(streamWith(clock)(requestTo(endpointsAt(server.url).openai), neverStopped()));
    await clock.waitingFor(7000);
    expect(server.requests.length).toBe(1);
    clock.advance(6999);
    expect(clock.waits()).toContain(7000);
    clock.advance(1);
    const { events, text } = await run;
    expect(text).toBe('Hello');
    expect(events).toContainEqual({
      type: 'retry',
      afterMs: 7000,
      reason: expect.stringContaining('OpenAI'),
    });
  });

  test('may name a date or milliseconds', async () => {
    const clock = holdClock();
    const date = new Date(clock.now() + 9000).toUTCString();
    await using server = await startFaultServer(
      answers(503, {}, { 'retry-after': date }),
      answers(429, busy, { 'retry-after-ms': '250' }),
      streams(answer),
    );
    const run = collect(streamWith(clock)(requestTo(endpointsAt(server.url).openai), neverStopped()));
    await clock.waitingFor(9000);
    clock.advance(9000);
    await clock.waitingFor(250);
    clock.advance(250);
    expect((await run).text).toBe('Hello');
  });

  test('for longer than a minute is not waited for: the user is told how long', async () => {
    await using server = await startFaultServer(answers(429, busy, { 'retry-after': '600' }));
    const run = await collect(
      streamWith(holdClock())(requestTo(endpointsAt(server.url).openai), neverStopped()),
    );
    const failure = failureOf(run.last);
    expect(failure.kind).toBe('rateLimited');
    expect(failure.action).toContain('10 minutes');
    expect(server.requests.length).toBe(1);
  });

  test('is not waited for any longer once the user stops', async () => {
    await using server = await startFaultServer(answers(429, busy, { 'retry-after': '30' }));
    const clock = holdClock();
    const controller = new AbortController();
    const options = { key: testKey, signal: controller.signal };
    const run = collect(streamWith(clock)(requestTo(endpointsAt(server.url).openai), options));
    await clock.waitingFor(30_000);
    controller.abort();
    expect(failureOf((await run).last).kind).toBe('stopped');
    expect(server.requests.length).toBe(1);
  });

  test('without saying how long is asked three times more, each after twice as long', async () => {
    await using server = await startFaultServer(
      answers(529, { type: 'error', error: { type: 'overloaded_error' } }),
    );
    const clock = holdClock();
    const run = collect(streamWith(clock)(requestTo(endpointsAt(server.url).anthropic), neverStopped()));
    for (const ms of [1000, 2000, 4000]) {
      await clock.waitingFor(ms);
      clock.advance(ms);
    }
    expect(failureOf((await run).last).kind).toBe('serverError');
    expect(server.requests.length).toBe(4);
  });

  test('is not asked again when the account has no credit left', async () => {
    const empty = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } };
    await using server = await startFaultServer(answers(429, empty, { 'retry-after': '1' }));
    const run = await collect(
      streamWith(holdClock())(requestTo(endpointsAt(server.url).openai), neverStopped()),
    );
    expect(failureOf(run.last).kind).toBe('quota');
    expect(server.requests.length).toBe(1);
  });
});

describe('silence', () => {
  const timeouts = { firstByteMs: 5000, idleMs: 3000 };

  test('before the first byte ends the run and closes the connection', async () => {
    await using server = await startFaultServer(neverAnswers);
    const clock = holdClock();
    const request = requestTo(endpointsAt(server.url).openai, { timeouts });
    const run = collect(streamWith(clock)(request, neverStopped()));
    const { closedByClient } = await server.request(1);
    clock.advance(5000);
    expect(failureOf((await run).last)).toMatchObject({
      kind: 'timeout',
      message: expect.stringContaining('5 s'),
    });
    await closedByClient;
  });

  test('after headers but before the first byte is no different', async () => {
    await using server = await startFaultServer(fallsSilentAfter([]));
    const clock = holdClock();
    const request = requestTo(endpointsAt(server.url).openai, { timeouts });
    const run = collect(streamWith(clock)(request, neverStopped()));
    const { closedByClient } = await server.request(1);
    await clock.waitingFor(5000);
    clock.advance(5000);
    expect(failureOf((await run).last).kind).toBe('timeout');
    await closedByClient;
  });

  test('in the middle ends the run, keeps what had arrived and closes the connection', async () => {
    await using server = await startFaultServer(fallsSilentAfter(answer.slice(0, 1)));
    const clock = holdClock();
    const request = requestTo(endpointsAt(server.url).openai, { timeouts });
    const run = collect(streamWith(clock)(request, neverStopped()));
    await clock.waitingFor(3000);
    clock.advance(3000);
    const { text, last } = await run;
    expect(text).toBe('Hello');
    expect(failureOf(last)).toMatchObject({ kind: 'timeout', message: expect.stringContaining('kept') });
    await (
      await server.request(1)
    ).closedByClient;
  });
});

// ---- sizes, threads, networks ----

test('an answer without end is cut off at the limit instead of filling memory', async () => {
  const written = { bytes: 0 };
  const comment = `: ${'x'.repeat(65_000)}\n\n`;
  await using server = await startFaultServer(writesForever(comment, written));
  const run = await collect(models.stream(requestTo(endpointsAt(server.url).openai), neverStopped()));
  expect(failureOf(run.last)).toMatchObject({ kind: 'badAnswer', message: expect.stringContaining('32 MB') });
  await (
    await server.request(1)
  ).closedByClient;
  expect(written.bytes).toBeLessThan(2 * answerLimit);
});

test('a reader that is slow slows the provider down instead of filling memory', async () => {
  const event = Buffer.from(streamedAnswer('openai', ['word '.repeat(12_000)])[0] ?? '');
  const total = 300;
  const produced = { events: 0 };
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      produced.events += 1;
      controller.enqueue(event);
      if (produced.events === total) controller.close();
    },
  });
  using slow = startModels(
    async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  );
  let read = 0;
  let furthestAhead = 0;
  for await (const { type } of slow.stream(
    requestTo(endpointsAt('http://in.process').openai),
    neverStopped(),
  )) {
    if (type === 'text') read += 1;
    furthestAhead = Math.max(furthestAhead, produced.events - read);
  }
  expect(read).toBe(total);
  expect(furthestAhead * event.byteLength).toBeLessThan(2_000_000);
});

test('a reader that walks away closes the connection', async () => {
  await using server = await startFaultServer(fallsSilentAfter(answer.slice(0, 1)));
  for await (const event of models.stream(requestTo(endpointsAt(server.url).openai), neverStopped())) {
    if (event.type === 'text') break;
  }
  await (
    await server.request(1)
  ).closedByClient;
});

test('an address where nothing answers says so', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  const endpoint = endpointsAt(`http://127.0.0.1:${port}`)['openai-compatible'];
  const run = await collect(models.stream(requestTo(endpoint), neverStopped()));
  expect(failureOf(run.last)).toMatchObject({
    kind: 'network',
    message: expect.stringContaining('Nothing answers'),
  });
  expect(failureOf(run.last).action).toContain('Start Ollama');
});

test('a name that does not exist says so', async () => {
  const endpoint = { ...endpointsAt('http://x').openai, baseUrl: 'http://nothing.invalid/v1' };
  const run = await collect(models.stream(requestTo(endpoint), neverStopped()));
  expect(failureOf(run.last)).toMatchObject({
    kind: 'network',
    message: expect.stringContaining('nothing.invalid'),
  });
});

test("a model that speaks only OpenAI's newer protocol is reached by it", async () => {
  const onlyResponses = {
    error: {
      message: 'This model is only supported in v1/responses and not in v1/chat/completions.',
      code: null,
    },
  };
  const response = { id: 'resp_1', created_at: 1, model: 'o3-pro', service_tier: null };
  const item = { id: 'msg_1', type: 'message' };
  const events = [
    { type: 'response.created', response },
    { type: 'response.output_item.added', output_index: 0, item },
    {
      type: 'response.output_text.delta',
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta: 'Deep.',
    },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, usage: { input_tokens: 4, output_tokens: 2 } } },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  await using server = await startFaultServer(answers(404, onlyResponses), streams(events));
  const request = requestTo(endpointsAt(server.url).openai, { model: 'o3-pro' });
  const run = await collect(models.stream(request, neverStopped()));
  expect(run.text).toBe('Deep.');
  expect(run.last).toMatchObject({ type: 'done', usage: { inputTokens: 4, outputTokens: 2 } });
  expect(server.requests.map((sent) => sent.path)).toEqual(['/v1/chat/completions', '/v1/responses']);
});
