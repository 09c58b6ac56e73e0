// The extension host's side of the model worker: starts the thread with the first call, forwards its requests to the
// host's own `fetch` (VS Code has given that one the user's proxy and certificates), and turns calls into streams.
// If the thread dies, runs in flight end as `cut` with what had arrived, and the next call starts a new one.

import { Worker } from 'node:worker_threads';
import { t } from '@vscode/l10n';
import type { RunUsage } from '../library/api.ts';
import type { ModelEvent, ModelRequest, Models } from '../models/api.ts';
import { errorLinks } from '../models/evidence.ts';
import type {
  FetchId,
  IncomingResponse,
  JobId,
  ModelHostCalls,
  ModelWorkerCalls,
  OutgoingRequest,
} from '../models/workerCalls.ts';
import type { Fetch } from '../providers/watchedFetch.ts';
import type { TranslatedWorkerData, Translations } from './translations.ts';
import { openWorkerChannel, type WorkerChannel } from './workerChannel.ts';

export interface ModelsDeps {
  readonly fetch: Fetch;
  /** `vscode.l10n.bundle` */
  readonly translations?: Translations;
  /** The bundled `modelWorker.js`. */
  readonly workerUrl: URL;
  /** Never given a text, a key or an answer. */
  readonly log: {
    debug(message: string): void;
    warn(message: string): void;
  };
}

export function createModels(deps: ModelsDeps): Models & { dispose(): void } {
  let running: RunningWorker | null = null;
  let lastJob: JobId = 0;

  function worker(): RunningWorker {
    running ??= startWorker(deps, () => {
      running = null;
    });
    return running;
  }

  function nextJob(): JobId {
    lastJob += 1;
    return lastJob;
  }

  return {
    stream: (request, options) => {
      const id = nextJob();
      return streamEvents(worker, { id, request, ...options });
    },
    listModels: async (endpoint, { key, signal }) => {
      const id = nextJob();
      const { channel } = worker();
      const stop = (): void => void channel.stop.asEvent(id);
      signal.addEventListener('abort', stop, { once: true });
      try {
        return await channel.listModels(id, endpoint, key);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    knownModels: () => worker().channel.knownModels(),
    countTokens: (model, messages) => worker().channel.countTokens(model, messages),
    cost: (model, usage) => worker().channel.cost(model, usage),
    dispose: () => running?.end(),
  };
}

// ---- one run ----

interface Job {
  readonly id: JobId;
  readonly request: ModelRequest;
  readonly key: string | null;
  readonly signal: AbortSignal;
}

const unknownUsage: RunUsage = { inputTokens: null, outputTokens: null, cost: null, estimated: false };

async function* streamEvents(start: () => RunningWorker, job: Job): AsyncGenerator<ModelEvent, void, void> {
  if (job.signal.aborted) return yield await endedHere(job, { kind: 'stopped' }, false);
  const { channel, runs } = start();
  const queue = createEventQueue();
  runs.set(job.id, queue);
  const stop = (): void => void channel.stop.asEvent(job.id);
  job.signal.addEventListener('abort', stop, { once: true });
  channel.stream(job.id, job.request, job.key).then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  let answered = false;
  let ended = false;
  try {
    for (let event = await queue.next(); event !== null; event = await queue.next()) {
      answered ||= event.type === 'text' || event.type === 'reasoning';
      ended = event.type === 'done' || event.type === 'failed';
      yield event;
    }
    if (!ended) {
      ended = true;
      yield await endedHere(job, { kind: 'internal', message: queue.problem() }, answered);
    }
  } finally {
    runs.delete(job.id);
    job.signal.removeEventListener('abort', stop);
    queue.end();
    if (!ended) stop();
  }
}

async function endedHere(
  job: Job,
  evidence: { kind: 'stopped' } | { kind: 'internal'; message: string },
  answered: boolean,
): Promise<ModelEvent> {
  const { endpoint, model } = job.request;
  const { explainFailure } = await import('../models/failure.ts');
  const failure = explainFailure(evidence, {
    provider: endpoint.label,
    baseUrl: endpoint.baseUrl,
    model,
    key: job.key,
    answered,
  });
  return { type: 'failed', failure, usage: unknownUsage };
}

interface EventQueue {
  /** Resolves when the event was taken. */
  push(event: ModelEvent): Promise<void>;
  /** Null after the end. */
  next(): Promise<ModelEvent | null>;
  end(): void;
  fail(error: unknown): void;
  problem(): string;
}

/** Hands events over one by one: `push` waits for the reader. */
function createEventQueue(): EventQueue {
  const waiting: { event: ModelEvent; taken: () => void }[] = [];
  let arrived = Promise.withResolvers<void>();
  let open = true;
  let problem = 'the run ended without a result';

  function end(): void {
    open = false;
    for (const { taken } of waiting) taken();
    arrived.resolve();
  }

  async function next(): Promise<ModelEvent | null> {
    const first = waiting.shift();
    if (first !== undefined) {
      first.taken();
      return first.event;
    }
    if (!open) return null;
    await arrived.promise;
    arrived = Promise.withResolvers<void>();
    return next();
  }

  return {
    push: async (event) => {
      if (!open) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ event, taken: resolve });
      arrived.resolve();
      await promise;
    },
    next,
    end,
    fail: (error) => {
      problem = error instanceof Error ? error.message : String(error);
      end();
    },
    problem: () => problem,
  };
}

// ---- the worker ----

interface RunningWorker {
  readonly channel: WorkerChannel<ModelWorkerCalls, ModelHostCalls>;
  readonly runs: Map<JobId, EventQueue>;
  end(): void;
}

function startWorker(deps: ModelsDeps, onEnd: () => void): RunningWorker {
  const runs = new Map<JobId, EventQueue>();
  // Without the environment: no client can pick up a key or an address from there.
  const workerData: TranslatedWorkerData = { translations: deps.translations };
  const worker = new Worker(deps.workerUrl, { env: {}, name: 'cuebook-models', workerData });
  const network = createNetwork(deps.fetch, () => channel);
  const channel: RunningWorker['channel'] = openWorkerChannel<ModelWorkerCalls, ModelHostCalls>(worker, {
    open: (id, request) => network.open(id, request),
    close: (id) => network.close(id),
    event: async (id, event) => runs.get(id)?.push(event),
  });
  let ended = false;
  function end(reason: string): void {
    if (ended) return;
    ended = true;
    onEnd();
    network.closeAll();
    channel.$close(new Error(reason));
    void worker.terminate();
  }
  worker.on('error', (error) => {
    deps.log.warn(`the model worker failed: ${error instanceof Error ? error.name : 'unknown error'}`);
    end(t('its worker thread failed'));
  });
  worker.on('exit', () => end(t('its worker thread ended')));
  deps.log.debug('the model worker starts');
  return { channel, runs, end: () => end(t('Cuebook is closing')) };
}

/** Bytes of one answer that the worker has not taken yet. */
const readAhead = 262_144;

interface Network {
  open(id: FetchId, request: OutgoingRequest): Promise<IncomingResponse>;
  close(id: FetchId): void;
  closeAll(): void;
}

function createNetwork(fetch: Fetch, channel: () => RunningWorker['channel']): Network {
  const connections = new Map<FetchId, AbortController>();

  const handOver = (id: FetchId, bytes: Uint8Array): Promise<void> => channel().chunk(id, bytes);

  /** Reads ahead by a little: what the platform holds unread is lost when the connection breaks. */
  async function forward(id: FetchId, body: ReadableStream<Uint8Array> | null): Promise<void> {
    let ahead = 0;
    try {
      for await (const bytes of body ?? []) {
        const size = bytes.byteLength;
        ahead += size;
        const taken = handOver(id, bytes).finally(() => {
          ahead -= size;
        });
        taken.catch(() => undefined);
        if (ahead > readAhead) await taken;
      }
      await channel().bodyEnd.asEvent(id, null);
    } catch (error) {
      if (connections.has(id) && !channel().$closed) await channel().bodyEnd.asEvent(id, errorLinks(error));
    } finally {
      connections.delete(id);
    }
  }

  return {
    open: async (id, request) => {
      const controller = new AbortController();
      connections.set(id, controller);
      try {
        const { url, ...init } = request;
        const response = await fetch(url, { ...init, signal: controller.signal, redirect: 'manual' });
        void forward(id, response.body);
        return { ok: true, status: response.status, headers: [...response.headers] };
      } catch (error) {
        connections.delete(id);
        return { ok: false, links: errorLinks(error) };
      }
    },
    close: (id) => {
      connections.get(id)?.abort();
      connections.delete(id);
    },
    closeAll: () => {
      for (const controller of connections.values()) controller.abort();
      connections.clear();
    },
  };
}
