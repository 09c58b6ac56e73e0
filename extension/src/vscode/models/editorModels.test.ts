// VS Code's own models, with a double of `vscode.lm`; `test/host` runs the same against a real one.

import type * as vscode from 'vscode';
import { describe, expect, test } from 'vitest';
import type { ModelEvent, ModelRequest } from '../../models/api.ts';
import { systemClock } from '../../models/clock.ts';
import { createEditorModels, type EditorLanguageModels } from './editorModels.ts';

class TextPart {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

interface Sent {
  readonly messages: readonly { role: string; content: string }[];
  readonly options: vscode.LanguageModelChatRequestOptions;
  readonly token: { readonly cancelled: () => boolean };
}

type Answering = (sent: Sent) => AsyncIterable<unknown>;

function setUp(answer: Answering, names: readonly string[] = ['copilot/gpt-4.1']) {
  const sent: Sent[] = [];
  const models = names.map((name) => {
    const [vendor = '', id = ''] = name.split('/');
    return {
      vendor,
      id,
      family: id,
      name: id.toUpperCase(),
      version: '1',
      maxInputTokens: 1000,
      countTokens: async (text: string | { content: string }) =>
        (typeof text === 'string' ? text : text.content).length,
      sendRequest: async (messages: Sent['messages'], options: Sent['options'], token: Sent['token']) => {
        const request = { messages, options, token };
        sent.push(request);
        return { stream: answer(request) };
      },
    };
  });
  const editor = {
    lm: { selectChatModels: async () => models },
    l10n: {
      t: (text: string, ...values: readonly string[]) =>
        text.replace(/\{(\d)\}/g, (_all, index: string) => values[Number(index)] ?? ''),
    },
    LanguageModelChatMessage: {
      User: (content: string) => ({ role: 'user', content }),
      Assistant: (content: string) => ({ role: 'assistant', content }),
    },
    LanguageModelTextPart: TextPart,
    CancellationTokenSource: class {
      cancelledYet = false;
      readonly token = { cancelled: () => this.cancelledYet };
      cancel(): void {
        this.cancelledYet = true;
      }
      dispose(): void {}
    },
  } as unknown as EditorLanguageModels;
  return { sent, models: createEditorModels({ editor, clock: systemClock }) };
}

const request: ModelRequest = {
  endpoint: { id: 'vscode', kind: 'vscode', label: 'VS Code', baseUrl: '', needsKey: false },
  model: 'copilot/gpt-4.1',
  messages: [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Bye' },
  ],
  parameters: {},
  timeouts: { firstByteMs: 60_000, idleMs: 60_000 },
};

async function* saying(...parts: readonly unknown[]): AsyncGenerator {
  for (const part of parts) yield typeof part === 'string' ? new TextPart(part) : part;
}

async function run(
  models: ReturnType<typeof setUp>['models'],
  changes: Partial<ModelRequest> = {},
  signal = new AbortController().signal,
): Promise<readonly ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of models.stream({ ...request, ...changes }, { key: null, signal }))
    events.push(event);
  return events;
}

test('the text streams, the system message goes first as the user, and the panel is told', async () => {
  const { sent, models } = setUp(() => saying('Good', { toolCall: 'ignored' }, 'bye'));
  const events = await run(models);
  expect(sent[0]?.messages).toEqual([
    { role: 'user', content: 'Be short.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Bye' },
  ]);
  expect(events).toEqual([
    { type: 'warning', message: expect.stringContaining('system') },
    { type: 'text', text: 'Good' },
    { type: 'text', text: 'bye' },
    {
      type: 'done',
      finish: 'stop',
      usage: { inputTokens: 19, outputTokens: 7, cost: null, estimated: true },
    },
  ]);
});

test('models are listed without sending anything', async () => {
  const { sent, models } = setUp(() => saying(), ['copilot/gpt-4.1', 'acme/tiny']);
  const listed = await models.listModels(request.endpoint, {
    key: null,
    signal: new AbortController().signal,
  });
  expect(listed).toMatchObject({
    ok: true,
    models: [{ id: 'vscode/copilot/gpt-4.1' }, { id: 'vscode/acme/tiny' }],
  });
  expect(sent).toEqual([]);
});

test('parameters are passed on with a warning that they may be ignored', async () => {
  const { sent, models } = setUp(() => saying('ok'));
  const events = await run(models, {
    parameters: { temperature: 0.2 },
    messages: [{ role: 'user', content: 'x' }],
  });
  expect(sent[0]?.options.modelOptions).toEqual({ temperature: 0.2 });
  expect(events[0]).toMatchObject({ type: 'warning', message: expect.stringContaining('temperature') });
});

test('a stop cancels the request and keeps what had arrived', async () => {
  const controller = new AbortController();
  const { sent, models } = setUp(async function* () {
    yield new TextPart('Half');
    controller.abort();
    throw new Error('Canceled');
  });
  const events = await run(models, {}, controller.signal);
  expect(events.at(-1)).toMatchObject({
    type: 'failed',
    failure: { kind: 'stopped' },
    usage: { outputTokens: 4 },
  });
  expect(sent[0]?.token.cancelled()).toBe(true);
});

describe('what goes wrong is told apart', () => {
  const failing = (error: Error): Answering => {
    const next = async (): Promise<never> => {
      throw error;
    };
    return () => ({ [Symbol.asyncIterator]: () => ({ next }) });
  };

  test.each([
    ['refused consent', Object.assign(new Error('no'), { code: 'NoPermissions' }), 'consentRefused'],
    [
      'quota',
      Object.assign(new Error('You have exceeded your premium request allowance'), { code: 'Blocked' }),
      'quota',
    ],
    ['model gone', Object.assign(new Error('gone'), { code: 'NotFound' }), 'unknownModel'],
    ['rate limit', Object.assign(new Error('Rate limit exceeded'), { code: 'Unknown' }), 'rateLimited'],
    ['filter', new Error('Response got filtered.'), 'filtered'],
    ['too long', new Error('Message exceeds token limit.'), 'contextTooLong'],
    ['in the cause', new Error('failed', { cause: new Error('quota exhausted') }), 'quota'],
    ['anything else', new Error('boom'), 'serverError'],
  ])('%s', async (_what, error, kind) => {
    const events = await run(setUp(failing(error)).models);
    expect(events.at(-1)).toMatchObject({ type: 'failed', failure: { kind } });
  });

  test('no models at all', async () => {
    const { models } = setUp(() => saying(), []);
    expect((await run(models)).at(-1)).toMatchObject({ failure: { kind: 'noModels' } });
    const options = { key: null, signal: new AbortController().signal };
    expect(await models.listModels(request.endpoint, options)).toMatchObject({
      ok: false,
      failure: { kind: 'noModels' },
    });
  });

  test('another model than those there are', async () => {
    const { sent, models } = setUp(() => saying('x'));
    expect((await run(models, { model: 'copilot/other' })).at(-1)).toMatchObject({
      failure: { kind: 'unknownModel' },
    });
    expect(sent).toEqual([]);
  });

  test('an answer that breaks off is cut and kept', async () => {
    const { models } = setUp(async function* () {
      yield new TextPart('Half');
      throw new Error('boom');
    });
    const events = await run(models);
    expect(events).toContainEqual({ type: 'text', text: 'Half' });
    expect(events.at(-1)).toMatchObject({ type: 'failed', failure: { kind: 'cut' } });
  });
});

test.each(['copilot/gpt-4.1', 'gpt-4.1', 'GPT-4.1', 'GPT-4.1 (copilot)'])(
  'a prompt may mean a model of VS Code as “%s”',
  async (model) => {
    const { models, sent } = setUp(async function* () {
      yield new TextPart('Hi');
    });
    const events = [];
    const options = { key: null, signal: new AbortController().signal };
    for await (const event of models.stream({ ...request, model }, options)) events.push(event.type);
    expect(events.at(-1)).toBe('done');
    expect(sent).toHaveLength(1);
  },
);
