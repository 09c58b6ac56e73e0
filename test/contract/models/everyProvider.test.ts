// One suite for every provider, through the worker thread, against a real HTTP endpoint that speaks its format.

import { afterAll, describe, expect, test, vi } from 'vitest';
import { fallsSilentAfter, startFaultServer } from '../../models/faultServer.ts';
import { endpointsAt, startModelServer } from '../../models/modelServer.ts';
import { streamedAnswer } from '../../models/wireFormats.ts';
import { collect, kinds, modelNames, neverStopped, requestTo, startModels, testKey } from './setUp.ts';

// Loading five client libraries from source on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** What went out, as the editor's `fetch` was asked to send it. */
const sent: { readonly url: string; readonly method: string; readonly body: string | null }[] = [];
const models = startModels((url, init) => {
  sent.push({ url, method: init.method, body: init.body });
  return fetch(url, init);
});
afterAll(() => models[Symbol.dispose]());

describe.each(kinds)('%s', (kind) => {
  test('streams the text in pieces and says how many tokens there were', async () => {
    await using server = await startModelServer();
    server.answer({ text: 'Grüße an alle, und bis bald!', inputTokens: 21, outputTokens: 9 });
    const run = await collect(models.stream(requestTo(server.endpoints[kind]), neverStopped()));
    expect(run.text).toBe('Grüße an alle, und bis bald!');
    expect(run.events.filter((event) => event.type === 'text').length).toBeGreaterThan(2);
    expect(run.last).toMatchObject({
      type: 'done',
      finish: 'stop',
      usage: { inputTokens: 21, outputTokens: 9, estimated: false },
    });
  });

  test('sends the messages, the parameters and the key, and the key in a header only', async () => {
    await using server = await startModelServer();
    const parameters = { maxOutputTokens: 77, temperature: 0.5 };
    await collect(models.stream(requestTo(server.endpoints[kind], { parameters }), neverStopped()));
    const [request] = server.requests();
    const sent = JSON.stringify(request?.body);
    expect(sent).toContain('You are short.');
    expect(sent).toContain('Say hello.');
    expect(sent).toContain('77');
    expect(sent).toContain('0.5');
    expect(`${request?.path} ${sent}`).not.toContain(testKey);
    expect(JSON.stringify(request?.headers)).not.toContain('Bearer none');
  });

  test('closes the connection when the run is stopped, and keeps what had arrived', async () => {
    const [first = '', second = ''] = pieceEvents(kind);
    await using server = await startFaultServer(fallsSilentAfter([first, second]));
    const controller = new AbortController();
    const request = requestTo(endpointsAt(server.url)[kind]);
    const events = [];
    for await (const event of models.stream(request, { key: testKey, signal: controller.signal })) {
      events.push(event);
      if (event.type === 'text') controller.abort();
    }
    expect(events.at(-1)).toMatchObject({ type: 'failed', failure: { kind: 'stopped' } });
    expect(events.some((event) => event.type === 'text')).toBe(true);
    await (
      await server.request(1)
    ).closedByClient;
  });

  test('lists its models without sending a prompt', async () => {
    await using server = await startModelServer();
    const listed = await models.listModels(server.endpoints[kind], neverStopped());
    if (!listed.ok) throw new Error(listed.failure.message);
    expect(listed.models.length).toBeGreaterThan(0);
    expect(listed.models.every((model) => model.id.startsWith(`${server.endpoints[kind].id}/`))).toBe(true);
    const asked = sent.filter(({ url }) => url.startsWith(server.url));
    expect(asked.length).toBeGreaterThan(0);
    for (const { url, method, body } of asked) {
      expect([method, body]).toEqual(['GET', null]);
      expect(url).not.toContain(testKey);
    }
  });

  test('says that there is no key, without asking anybody, where one is needed', async () => {
    await using server = await startModelServer();
    const endpoint = { ...server.endpoints[kind], needsKey: true };
    const signal = new AbortController().signal;
    const run = await collect(models.stream(requestTo(endpoint), { key: null, signal }));
    expect(run.last).toMatchObject({ type: 'failed', failure: { kind: 'noKey' } });
    const listed = await models.listModels(endpoint, { key: null, signal });
    expect(listed).toMatchObject({ ok: false, failure: { kind: 'noKey' } });
    expect(sent.filter(({ url }) => url.startsWith(server.url))).toEqual([]);
  });
});

/** Up to and with the first piece of text. */
function pieceEvents(kind: (typeof kinds)[number]): readonly string[] {
  const events = streamedAnswer(kind, ['Hello ', 'there']);
  const until = events.findIndex((event) => event.includes('Hello'));
  return [events.slice(0, until).join(''), events[until] ?? ''];
}

test('an endpoint without a key gets no key header, not even a placeholder', async () => {
  await using server = await startFaultServer(({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(streamedAnswer('openai-compatible', ['Hi']).join(''));
  });
  const endpoint = endpointsAt(server.url)['openai-compatible'];
  const signal = new AbortController().signal;
  const run = await collect(models.stream(requestTo(endpoint), { key: null, signal }));
  expect(run.text).toBe('Hi');
  const { headers } = await server.request(1);
  expect(headers).not.toHaveProperty('authorization');
});

test("reasoning arrives apart from the answer's text", async () => {
  await using server = await startModelServer();
  server.answer({ text: 'Four.', reasoning: 'Two and two.' });
  const request = requestTo(server.endpoints.anthropic);
  const run = await collect(models.stream(request, neverStopped()));
  const thoughts = run.events.flatMap((event) => (event.type === 'reasoning' ? [event.text] : []));
  expect(thoughts.join('')).toBe('Two and two.');
  expect(run.text).toBe('Four.');
});

test('an answer that was cut at the token limit says so', async () => {
  await using server = await startModelServer();
  server.answer({ text: 'Once upon', finish: 'length' });
  const run = await collect(models.stream(requestTo(server.endpoints.openai), neverStopped()));
  expect(run.last).toMatchObject({ type: 'done', finish: 'length' });
});

test('a parameter that the model does not take is a warning, not a failure', async () => {
  await using server = await startModelServer();
  const request = requestTo(server.endpoints.openai, { model: 'gpt-5', parameters: { temperature: 0.3 } });
  const run = await collect(models.stream(request, neverStopped()));
  expect(run.events[0]).toMatchObject({ type: 'warning', message: expect.stringContaining('temperature') });
  expect(run.last).toMatchObject({ type: 'done' });
});

test('what a run costs comes from the price table, and is unknown for own addresses', async () => {
  await using server = await startModelServer();
  server.answer({ text: 'Hi', inputTokens: 1_000_000, outputTokens: 0 });
  const known = await collect(
    models.stream(requestTo(server.endpoints.openai, { model: 'gpt-4.1' }), neverStopped()),
  );
  expect(known.last).toMatchObject({ type: 'done', usage: { cost: 2 } });
  const own = await collect(models.stream(requestTo(server.endpoints['openai-compatible']), neverStopped()));
  expect(own.last).toMatchObject({ type: 'done', usage: { cost: null } });
});

test('twenty runs at once do not mix their answers', async () => {
  await using server = await startModelServer();
  server.answer((question) => ({ text: `answer to ${question}` }));
  const runs = await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      const endpoint = server.endpoints[kinds[index % kinds.length] ?? 'openai'];
      const messages = [{ role: 'user' as const, content: `question ${index}` }];
      return collect(models.stream(requestTo(endpoint, { messages }), neverStopped()));
    }),
  );
  expect(runs.map((run) => run.text)).toEqual(runs.map((_, index) => `answer to question ${index}`));
});

test('tokens are counted with the tokenizer of OpenAI, and called an estimate for everybody else', async () => {
  const messages = [{ role: 'user' as const, content: 'tokenization <|endoftext|>' }];
  const own = await models.countTokens('openai/gpt-4.1', messages);
  expect(own).toEqual({ tokens: 16, messages: [13], estimated: false });
  expect(await models.countTokens('anthropic/claude-sonnet-4-5', messages)).toMatchObject({
    estimated: true,
  });
});

test('the models of the price table are known offline', async () => {
  const known = await models.knownModels();
  const claude = known.find((model) => model.id === 'anthropic/claude-sonnet-4-5');
  expect(claude).toMatchObject({ inputPrice: 3, outputPrice: 15 });
  expect(known.filter((model) => model.provider === 'google').every((model) => /gem/.test(model.id))).toBe(
    true,
  );
  expect(await models.cost(`openai/${modelNames.openai}`, { inputTokens: 1e6, outputTokens: 1e6 })).toBe(10);
  expect(await models.cost('nobody/knows', { inputTokens: 1, outputTokens: 1 })).toBeNull();
});
