// What the extension host and the model worker ask of each other. Everything is structured-clonable data. Streams go
// as single awaited calls: the answer to `chunk` or `event` means "taken", so a slow reader slows the network down
// instead of filling memory.

import type { ErrorLink } from './evidence.ts';
import type { ModelEvent, ModelRequest, Models, ProviderEndpoint } from './api.ts';

/** Of one request on the network; made by the worker. */
export type FetchId = number;
/** Of one run or listing; made by the host. */
export type JobId = number;

export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type IncomingResponse =
  | { readonly ok: true; readonly status: number; readonly headers: readonly [string, string][] }
  | { readonly ok: false; readonly links: readonly ErrorLink[] };

/** What the worker asks of the host. */
export interface ModelHostCalls {
  /** Sends the request; on `ok` the body follows as `chunk`… and one `bodyEnd`. */
  open(id: FetchId, request: OutgoingRequest): Promise<IncomingResponse>;
  /** Closes the connection. */
  close(id: FetchId): void;
  event(id: JobId, event: ModelEvent): Promise<void>;
}

/** What the host asks of the worker. */
export interface ModelWorkerCalls {
  chunk(id: FetchId, bytes: Uint8Array): Promise<void>;
  /** Null: the body is complete. */
  bodyEnd(id: FetchId, links: readonly ErrorLink[] | null): void;
  /** Resolves when the last event was taken. */
  stream(id: JobId, request: ModelRequest, key: string | null): Promise<void>;
  listModels(
    id: JobId,
    endpoint: ProviderEndpoint,
    key: string | null,
  ): Promise<Awaited<ReturnType<Models['listModels']>>>;
  stop(id: JobId): void;
  knownModels: Models['knownModels'];
  countTokens: Models['countTokens'];
  cost: Models['cost'];
}
