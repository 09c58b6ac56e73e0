// The thread between the editor and the providers: what happens when it dies, and what it must not know.

import { afterAll, expect, test, vi } from 'vitest';
import { createModels } from '../../../extension/src/node/modelClient.ts';
import { fallsSilentAfter, startFaultServer, streams } from '../../models/faultServer.ts';
import { endpointsAt } from '../../models/modelServer.ts';
import { streamedAnswer } from '../../models/wireFormats.ts';
import { collect, neverStopped, requestTo, startModels, testKey } from './setUp.ts';

vi.setConfig({ testTimeout: 60_000 });

const logged: string[] = [];
const log = { debug: (line: string) => logged.push(line), warn: (line: string) => logged.push(line) };
const events = streamedAnswer('openai-compatible', ['Hello ', 'again']);

const mortal = createModels({
  fetch: (url, init) => globalThis.fetch(url, init),
  workerUrl: new URL('./mortalWorker.ts', import.meta.url),
  log,
});
afterAll(() => mortal.dispose());

test('when the thread dies, the run keeps what had arrived, its connection closes, and the next run works', async () => {
  await using server = await startFaultServer(fallsSilentAfter(events.slice(0, 1)), streams(events));
  const endpoint = endpointsAt(server.url)['openai-compatible'];
  const seen = [];
  for await (const event of mortal.stream(requestTo(endpoint), neverStopped())) {
    seen.push(event);
    // The stand-in for a crash: this model name makes the thread throw outside of any call.
    if (event.type === 'text') void mortal.countTokens('die', []).catch(() => undefined);
  }
  expect(seen).toMatchObject([
    { type: 'text', text: 'Hello ' },
    { type: 'failed', failure: { kind: 'cut', message: expect.stringContaining('kept') } },
  ]);
  await (
    await server.request(1)
  ).closedByClient;
  const next = await collect(mortal.stream(requestTo(endpoint), neverStopped()));
  expect(next.text).toBe('Hello again');
});

test('the log of all this holds no key, no text and no address', () => {
  expect(logged.length).toBeGreaterThan(0);
  for (const word of [testKey, 'Say hello', 'Hello', '127.0.0.1'])
    expect(logged.join('\n')).not.toContain(word);
});

test('a run that was stopped before it began starts no thread and no connection', async () => {
  const quiet: string[] = [];
  const models = createModels({
    fetch: () => Promise.reject(new Error('must not be called')),
    workerUrl: new URL('./mortalWorker.ts', import.meta.url),
    log: { debug: (line) => quiet.push(line), warn: (line) => quiet.push(line) },
  });
  const run = await collect(
    models.stream(requestTo(endpointsAt('http://x').openai), { key: testKey, signal: AbortSignal.abort() }),
  );
  expect(run.last).toMatchObject({ type: 'failed', failure: { kind: 'stopped' } });
  expect(quiet).toEqual([]);
  models.dispose();
});

test("the thread sees none of the machine's environment, so no key can come from there", async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-from-the-environment');
  using models = startModels();
  await using server = await startFaultServer(streams(streamedAnswer('openai', ['Hi'])));
  const endpoint = { ...endpointsAt(server.url).openai, needsKey: false };
  const run = await collect(
    models.stream(requestTo(endpoint), { key: null, signal: new AbortController().signal }),
  );
  vi.unstubAllEnvs();
  expect(run.text).toBe('Hi');
  const { headers } = await server.request(1);
  expect(JSON.stringify(headers)).not.toContain('sk-from-the-environment');
});
