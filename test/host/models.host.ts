// VS Code's own models through a real `vscode.lm`, offered by a second extension, and runs through the `fetch` that a
// real extension host has.

import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import * as vscode from 'vscode';
import type { ModelEvent, ModelRequest, Models } from '../../extension/src/models/api.ts';
import { systemClock } from '../../extension/src/models/clock.ts';
import { createModels } from '../../extension/src/node/modelClient.ts';
import { createEditorModels } from '../../extension/src/vscode/models/editorModels.ts';
import { fallsSilentAfter, startFaultServer } from '../models/faultServer.ts';
import { endpointsAt, startModelServer } from '../models/modelServer.ts';
import { streamedAnswer } from '../models/wireFormats.ts';

const editorModels = createEditorModels({ editor: vscode, clock: systemClock });

function toEditor(model: string): ModelRequest {
  return {
    endpoint: { id: 'vscode', kind: 'vscode', label: 'VS Code', baseUrl: '', needsKey: false },
    model,
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Say hello.' },
    ],
    parameters: {},
    timeouts: { firstByteMs: 20_000, idleMs: 20_000 },
  };
}

async function collect(
  models: Pick<Models, 'stream'>,
  request: ModelRequest,
  signal = new AbortController().signal,
): Promise<readonly ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of models.stream(request, { key: 'sk-host-0123456789abcdef', signal }))
    events.push(event);
  return events;
}

function textOf(events: readonly ModelEvent[]): string {
  return events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
}

suite("VS Code's own models", () => {
  test('are listed with the ids that prompts name them by', async () => {
    const options = { key: null, signal: new AbortController().signal };
    const listed = await editorModels.listModels(toEditor('').endpoint, options);
    assert(listed.ok);
    const ids = listed.models.map((model) => model.id);
    assert(ids.includes('vscode/cuebook-test/echo'), ids.join());
  });

  test('stream, with the system message first and estimated tokens', async () => {
    const events = await collect(editorModels, toEditor('cuebook-test/echo'));
    assert.equal(textOf(events), 'Be short.\n---\nSay hello.');
    assert.equal(events[0]?.type, 'warning');
    const last = events.at(-1);
    assert(last?.type === 'done', JSON.stringify(last));
    assert.deepEqual(last.usage, { inputTokens: 4, outputTokens: 5, cost: null, estimated: true });
  });

  test('say when their quota is used up', async () => {
    const last = (await collect(editorModels, toEditor('cuebook-test/refuse'))).at(-1);
    assert(last?.type === 'failed');
    assert.equal(last.failure.kind, 'quota', JSON.stringify(last.failure));
  });

  test('say when there is no such model, without asking for consent', async () => {
    const last = (await collect(editorModels, toEditor('cuebook-test/nothing'))).at(-1);
    assert(last?.type === 'failed');
    assert.equal(last.failure.kind, 'unknownModel');
  });
});

suite('runs through the fetch of the extension host', () => {
  function productModels(): ReturnType<typeof createModels> {
    const product = vscode.extensions.getExtension('cuebook.cuebook');
    assert(product);
    return createModels({
      fetch: (url, init) => globalThis.fetch(url, init),
      workerUrl: new URL(vscode.Uri.joinPath(product.extensionUri, 'dist', 'modelWorker.js').toString(true)),
      log: { debug: () => undefined, warn: () => undefined },
    });
  }

  function runOf(endpoint: ModelRequest['endpoint']): ModelRequest {
    return { ...toEditor('gpt-4.1'), endpoint };
  }

  test('stream the formats of OpenAI, Anthropic and Google', async () => {
    await using server = await startModelServer();
    server.answer({ text: 'Hello from the wire.' });
    const models = productModels();
    for (const kind of ['openai', 'anthropic', 'google'] as const) {
      const events = await collect(models, runOf(server.endpoints[kind]));
      assert.equal(textOf(events), 'Hello from the wire.', kind);
      assert.equal(events.at(-1)?.type, 'done');
    }
    models.dispose();
  });

  test('close the connection when they are stopped', async () => {
    await using server = await startFaultServer(
      fallsSilentAfter(streamedAnswer('openai', ['Half']).slice(0, 1)),
    );
    const models = productModels();
    const controller = new AbortController();
    const options = { key: 'sk-host-0123456789abcdef', signal: controller.signal };
    const events: ModelEvent[] = [];
    for await (const event of models.stream(runOf(endpointsAt(server.url).openai), options)) {
      events.push(event);
      if (event.type === 'text') controller.abort();
    }
    assert.equal(textOf(events), 'Half');
    const last = events.at(-1);
    assert(last?.type === 'failed');
    assert.equal(last.failure.kind, 'stopped');
    await (
      await server.request(1)
    ).closedByClient;
    models.dispose();
  });
});
