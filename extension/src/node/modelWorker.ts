// Entry of the worker thread that holds the model clients, the tokenizer and the price table. Each of them is loaded
// with its first use. The thread has no network of its own: requests go to the extension host, which sends them.

import { parentPort } from 'node:worker_threads';
import type { ModelInfo, Models } from '../models/api.ts';
import { systemClock } from '../models/clock.ts';
import { ConnectionFailed, type ErrorLink } from '../models/evidence.ts';
import type { FetchId, JobId, ModelHostCalls, ModelWorkerCalls } from '../models/workerCalls.ts';
import type { StreamModelDeps } from '../providers/streamModel.ts';
import type { Fetch } from '../providers/watchedFetch.ts';
import { translateWorker } from './translations.ts';
import { openWorkerChannel, type ChannelPort, type WorkerChannel } from './workerChannel.ts';

/** Bytes of one body that may wait in the worker before the host is asked to pause. */
const bodyBuffer = 65_536;

export function serveModels(port: ChannelPort): void {
  const network = createPortFetch();
  const jobs = new Map<JobId, AbortController>();

  async function job<T>(id: JobId, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    jobs.set(id, controller);
    try {
      return await work(controller.signal);
    } finally {
      jobs.delete(id);
    }
  }

  const calls: ModelWorkerCalls = {
    chunk: network.chunk,
    bodyEnd: network.bodyEnd,
    stream: (id, request, key) =>
      job(id, async (signal) => {
        const { createStreamModel } = await import('../providers/streamModel.ts');
        const stream = createStreamModel({
          fetch: network.fetch(host),
          clock: systemClock,
          random: Math.random,
          ...counting,
        });
        for await (const event of stream(request, { key, signal })) await host.event(id, event);
      }),
    listModels: (id, endpoint, key) =>
      job(id, async (signal) => {
        const { createListModels } = await import('../providers/listModels.ts');
        const list = createListModels({ fetch: network.fetch(host), clock: systemClock, knownModels });
        return list(endpoint, { key, signal });
      }),
    stop: (id) => jobs.get(id)?.abort(),
    knownModels,
    countTokens: counting.countMessages,
    cost: counting.priceOf,
  };
  const host = openWorkerChannel<ModelHostCalls, ModelWorkerCalls>(port, calls);
}

/** The heavy tables, each loaded when it is first asked something. */
const counting: Pick<StreamModelDeps, 'countAnswer' | 'priceOf'> & { countMessages: Models['countTokens'] } =
  {
    countMessages: async (model, messages) => {
      const { countMessages } = await import('../models/tokens.ts');
      return countMessages(model, messages);
    },
    countAnswer: async (model, text) => {
      const { countAnswer } = await import('../models/tokens.ts');
      return countAnswer(model, text);
    },
    priceOf: async (model, usage) => {
      const { priceOf } = await import('../models/prices.ts');
      return priceOf(model, usage);
    },
  };

async function knownModels(): Promise<readonly ModelInfo[]> {
  const { knownModels: list } = await import('../models/prices.ts');
  return list();
}

// ---- the network, through the host ----

interface PortFetch {
  fetch(host: HostNetwork): Fetch;
  chunk: ModelWorkerCalls['chunk'];
  bodyEnd: ModelWorkerCalls['bodyEnd'];
}

type HostNetwork = Pick<WorkerChannel<ModelHostCalls, ModelWorkerCalls>, 'open' | 'close'>;

function createPortFetch(): PortFetch {
  const bodies = new Map<FetchId, Body>();
  const ids = { last: 0 };
  return {
    fetch: (host) => async (url, init) => {
      ids.last += 1;
      const id = ids.last;
      const body = createBody(() => {
        bodies.delete(id);
        void host.close.asEvent(id);
      });
      bodies.set(id, body);
      const abort = (): void => body.fail(new DOMException('stopped', 'AbortError'));
      init.signal.addEventListener('abort', abort, { once: true });
      if (init.signal.aborted) abort();
      const { method, headers, body: content } = init;
      const answer = await Promise.race([
        host.open(id, { url, method, headers: { ...headers }, body: content }),
        body.failed,
      ]);
      if (!answer.ok) {
        bodies.delete(id);
        throw new ConnectionFailed(answer.links);
      }
      return new Response(mayHaveBody(answer.status) ? body.stream : null, {
        // `Response` cannot be made with an informational status; there is none here, the host's fetch swallows them.
        status: answer.status,
        headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
      });
    },
    chunk: async (id, bytes) => bodies.get(id)?.push(bytes),
    bodyEnd: (id, links) => {
      bodies.get(id)?.end(links);
      bodies.delete(id);
    },
  };
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

interface Body {
  readonly stream: ReadableStream<Uint8Array>;
  /** Rejects when the body fails; used to leave a request that has no answer yet. */
  readonly failed: Promise<never>;
  /** Resolves when there is room for more. */
  push(bytes: Uint8Array): Promise<void>;
  end(links: readonly ErrorLink[] | null): void;
  fail(error: Error): void;
}

function createBody(abandon: () => void): Body {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  let full: PromiseWithResolvers<void> | null = null;
  let open = true;
  let lastError: ConnectionFailed | null = null;
  let control: ReadableStreamDefaultController<Uint8Array> | null = null;

  function close(): boolean {
    const wasOpen = open;
    open = false;
    full?.resolve();
    return wasOpen;
  }

  /** An error empties the queue, so it waits until everything that had arrived was read. */
  function failWhenRead(): void {
    if (lastError !== null && control?.desiredSize === bodyBuffer) control.error(lastError);
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        control = controller;
      },
      pull: () => {
        full?.resolve();
        full = null;
        failWhenRead();
      },
      cancel: () => {
        if (close()) abandon();
      },
    },
    { highWaterMark: bodyBuffer, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  return {
    stream,
    failed: failure.promise,
    push: async (bytes) => {
      if (!open || control === null) return;
      control.enqueue(bytes);
      if ((control.desiredSize ?? 1) > 0) return;
      full ??= Promise.withResolvers<void>();
      await full.promise;
    },
    end: (links) => {
      if (!close()) return;
      if (links === null) return control?.close();
      lastError = new ConnectionFailed(links);
      failWhenRead();
    },
    fail: (error) => {
      if (!close()) return;
      failure.reject(error);
      control?.error(error);
      abandon();
    },
  };
}

if (parentPort !== null) {
  translateWorker();
  serveModels(parentPort);
}
