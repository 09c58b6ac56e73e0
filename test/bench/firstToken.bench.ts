// What the run path adds to the time of the first token: worker thread, client library and back, against a bare `fetch`
// of the same endpoint. The endpoint runs in a thread of its own and answers at once; both ways are timed alternately.

import { Worker } from 'node:worker_threads';
import { createModels } from '../../extension/src/node/modelClient.ts';
import type { ModelRequest, Models } from '../../extension/src/models/api.ts';
import type { Figure } from '../../tools/figure.ts';

export const prefix = 'library.firstToken';

const WARM_UP = 30;
const RUNS = 101;

export async function figures(): Promise<readonly Figure[]> {
  const server = await startServer();
  const models = createModels({
    fetch: (url, init) => globalThis.fetch(url, init),
    workerUrl: new URL('../../extension/dist/modelWorker.js', import.meta.url),
    log: { debug: () => undefined, warn: (line) => console.error(line) },
  });
  try {
    await bare(server.url);
    const cold = await throughRunPath(models, server.url);
    const times = { bare: [] as number[], run: [] as number[] };
    for (let run = 0; run < WARM_UP + RUNS; run += 1) {
      const bareMs = await bare(server.url);
      const runMs = await throughRunPath(models, server.url);
      if (run < WARM_UP) continue;
      times.bare.push(bareMs);
      times.run.push(runMs);
    }
    const floor = median(times.bare);
    const measured = median(times.run);
    return [
      {
        figure: 'library.firstToken.overhead',
        value: measured - floor,
        unit: 'ms',
        floor,
        measured,
        runs: RUNS,
      },
      { figure: 'library.firstToken.cold', value: cold, unit: 'ms', runs: 1 },
    ];
  } finally {
    models.dispose();
    await server.stop();
  }
}

/** Milliseconds until the first token is in hand; the rest of the answer is read outside of the measurement. */
async function bare(url: string): Promise<number> {
  const start = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench-0123456789' },
    body: JSON.stringify({ model: 'gpt-4.1', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const decoder = new TextDecoder();
  let text = '';
  let first = 0;
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (first === 0 && text.includes('Hello')) first = performance.now() - start;
  }
  return first;
}

async function throughRunPath(models: Models, url: string): Promise<number> {
  const start = performance.now();
  const options = { key: 'sk-bench-0123456789', signal: new AbortController().signal };
  let first = 0;
  for await (const event of models.stream(request(url), options)) {
    if (event.type === 'text' && first === 0) first = performance.now() - start;
    if (event.type === 'failed') throw new Error(event.failure.message);
  }
  return first;
}

function request(url: string): ModelRequest {
  return {
    endpoint: { id: 'openai', kind: 'openai', label: 'OpenAI', baseUrl: `${url}/v1`, needsKey: true },
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'Hi' }],
    parameters: {},
    timeouts: { firstByteMs: 60_000, idleMs: 60_000 },
  };
}

const serverSource = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  const chunk = (choices, more) => 'data: ' + JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'gpt-4.1', choices, ...more }) + '\\n\\n';
  const first = chunk([{ index: 0, delta: { content: 'Hello' }, finish_reason: null }]);
  const rest = chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }) + 'data: [DONE]\\n\\n';
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(first);
      setImmediate(() => response.end(rest));
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

async function startServer(): Promise<{ readonly url: string; stop(): Promise<unknown> }> {
  const worker = new Worker(serverSource, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  return { url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
