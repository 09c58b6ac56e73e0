// What the model tests share: requests, keys, clocks, and a way to collect a run's events.

import { createModels } from '../../../extension/src/node/modelClient.ts';
import type {
  ModelEvent,
  ModelRequest,
  Models,
  ProviderEndpoint,
  StreamModel,
} from '../../../extension/src/models/api.ts';
import type { Clock } from '../../../extension/src/models/clock.ts';
import type { Fetch } from '../../../extension/src/providers/watchedFetch.ts';
import { createStreamModel } from '../../../extension/src/providers/streamModel.ts';

export const testKey = 'sk-test-0123456789abcdefghijklmnop';

export const modelNames = {
  openai: 'gpt-4.1',
  anthropic: 'claude-sonnet-4-5',
  google: 'gemini-2.5-flash',
  openrouter: 'anthropic/claude-sonnet-4.5',
  'openai-compatible': 'llama3.2',
} as const;

export const kinds = ['openai', 'anthropic', 'google', 'openrouter', 'openai-compatible'] as const;

export function requestTo(endpoint: ProviderEndpoint, changes: Partial<ModelRequest> = {}): ModelRequest {
  return {
    endpoint,
    model: modelNames[endpoint.kind === 'vscode' ? 'openai' : endpoint.kind],
    messages: [
      { role: 'system', content: 'You are short.' },
      { role: 'user', content: 'Say hello.' },
    ],
    parameters: {},
    timeouts: { firstByteMs: 20_000, idleMs: 20_000 },
    ...changes,
  };
}

/** The real thing: worker thread and all. `fetch` stands in for the editor's. */
export function startModels(
  fetch: Fetch = (url, init) => globalThis.fetch(url, init),
): Models & Disposable & { readonly logged: readonly string[] } {
  const logged: string[] = [];
  const models = createModels({
    fetch,
    workerUrl: new URL('../../../extension/src/node/modelWorker.ts', import.meta.url),
    log: { debug: (line) => logged.push(line), warn: (line) => logged.push(line) },
  });
  return { ...models, logged, [Symbol.dispose]: () => models.dispose() };
}

/** The same runs without the thread, for tests that hold the clock. */
export function streamWith(clock: Clock): StreamModel {
  return createStreamModel({
    fetch: (url, init) => globalThis.fetch(url, init),
    clock,
    random: () => 0,
    countMessages: async (_model, messages) => ({ tokens: messages.length * 10 }),
    countAnswer: async (_model, text) => text.length,
    priceOf: async () => null,
  });
}

export interface Collected {
  readonly events: readonly ModelEvent[];
  readonly text: string;
  readonly last: ModelEvent | undefined;
}

export async function collect(run: AsyncIterable<ModelEvent>): Promise<Collected> {
  const events: ModelEvent[] = [];
  for await (const event of run) events.push(event);
  const text = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  return { events, text, last: events.at(-1) };
}

export function neverStopped(): { readonly key: string; readonly signal: AbortSignal } {
  return { key: testKey, signal: new AbortController().signal };
}

/** A clock that a test moves. `waits` lists what is being waited for, in milliseconds. */
export interface HeldClock extends Clock {
  readonly waits: () => readonly number[];
  advance(ms: number): void;
  /** Resolves when something waits for exactly `ms`. */
  waitingFor(ms: number): Promise<void>;
}

export function holdClock(): HeldClock {
  let now = Date.UTC(2026, 0, 1);
  let timers: { at: number; ms: number; callback: () => void }[] = [];
  const watchers: { ms: number; resolve: () => void }[] = [];
  return {
    now: () => now,
    after: (ms, callback) => {
      const timer = { at: now + ms, ms, callback };
      timers.push(timer);
      for (const watcher of watchers) if (watcher.ms === ms) watcher.resolve();
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    waits: () => timers.map((timer) => timer.ms),
    advance: (ms) => {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
    waitingFor: (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (timers.some((timer) => timer.ms === ms)) resolve();
      watchers.push({ ms, resolve });
      return promise;
    },
  };
}
