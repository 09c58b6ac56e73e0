// tRPC over one socket: the same messages as tRPC's own WebSocket adapter, which its client speaks, in the encoding of
// protocol/wire.ts. Written on tRPC's public parts because the stock adapter makes one context for the life of a socket,
// where here every call is authenticated anew; encodes a message once for each subscriber; and has no limits.

import {
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  TRPCError,
  type AnyTRPCRouter,
} from '@trpc/server';
import { isObservable, type Unsubscribable } from '@trpc/server/observable';
import { parseTRPCMessage, type TRPCClientOutgoingMessage } from '@trpc/server/rpc';
import { decodeMessage, encodeMessage, frameOfBody } from '@cuebook/shared/protocol/wire';
import { Refusal } from '../problems.ts';
import { isUnderLock, type Meta, type RequestContext } from '../router/procedures.ts';

export type CallKind = 'query' | 'mutation' | 'subscription';

export interface CallOutcome {
  readonly path: string;
  readonly kind: CallKind;
  readonly milliseconds: number;
  /** Undefined: it went well. */
  readonly error: TRPCError | undefined;
  readonly requestId: string;
}

/** Of all sockets. */
export interface SocketCallsOptions {
  readonly router: AnyTRPCRouter;
  readonly onCall: (outcome: CallOutcome) => void;
  /** A message that goes to many is encoded once. */
  readonly bodies: SharedBodies;
  readonly limits: { readonly calls: number; readonly subscriptions: number };
}

/** The socket that the calls come in on. */
export interface CallsHost {
  /** Made anew for each call, with the caller as last known. */
  createContext(): RequestContext;
  /** The same with the caller as it is at this moment. */
  recheck(context: RequestContext): Promise<RequestContext>;
  send(message: Uint8Array): void;
  /** More calls at once than a client may have, or fewer again. */
  regulate(): void;
}

type RequestId = number | string;
/** `source`: null while the procedure decides. */
interface Subscription {
  source: Unsubscribable | null;
}
type Request = Extract<TRPCClientOutgoingMessage, { params: unknown }>;

/** Calls beyond `limits.calls` that are waited for while the socket is already paused. */
const BUFFERED_CALLS = 512;
const MAX_ID_CHARACTERS = 64;

export class SocketCalls {
  readonly #options: SocketCallsOptions;
  readonly #host: CallsHost;
  #calls = 0;
  #isClosed = false;
  readonly #subscriptions = new Map<RequestId, Subscription>();

  constructor(options: SocketCallsOptions, host: CallsHost) {
    this.#options = options;
    this.#host = host;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  get calls(): number {
    return this.#calls;
  }

  get isBusy(): boolean {
    return this.#calls >= this.#options.limits.calls;
  }

  /** One message of the client: a call, or several that it sent together. Never throws. */
  receive(message: Uint8Array): void {
    let requests: readonly TRPCClientOutgoingMessage[];
    try {
      requests = parseRequests(decodeMessage(message), this.#options.router);
    } catch {
      this.#sendError(null, malformed('The message is malformed.'), this.#host.createContext());
      return;
    }
    for (const request of requests) this.#receiveOne(request);
  }

  #receiveOne(request: TRPCClientOutgoingMessage): void {
    const { id } = request;
    if (id === null || id === undefined) {
      this.#sendError(null, malformed('The message has no id.'), this.#host.createContext());
    } else if (request.method === 'subscription.stop') {
      this.#stop(id);
    } else {
      void this.#call(id, request);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { source } of this.#subscriptions.values()) source?.unsubscribe();
    this.#subscriptions.clear();
  }

  async #call(id: RequestId, request: Request): Promise<void> {
    const context = this.#host.createContext();
    const started = performance.now();
    let error: TRPCError | undefined;
    try {
      this.#begin();
      if (request.method === 'subscription') await this.#subscribe(id, request, context);
      else this.#sendResult(id, await this.#run(request, context));
    } catch (thrown) {
      error = getTRPCErrorFromUnknown(thrown);
      this.#sendError(id, error, context, request);
    } finally {
      this.#finish();
    }
    this.#options.onCall({
      path: request.params.path,
      kind: request.method,
      milliseconds: performance.now() - started,
      error,
      requestId: context.origin.requestId,
    });
  }

  #begin(): void {
    this.#calls += 1;
    const { calls } = this.#options.limits;
    if (this.#calls === calls) this.#host.regulate();
    if (this.#calls > calls + BUFFERED_CALLS) {
      throw new Refusal('tooMany', 'Too many calls at once.', { retryAfterSeconds: 1 });
    }
  }

  #finish(): void {
    this.#calls -= 1;
    if (this.#calls === this.#options.limits.calls - 1) this.#host.regulate();
  }

  async #run(request: Request, context: RequestContext): Promise<unknown> {
    if (!isUnderLock(metaOf(this.#options.router, request.params.path))) {
      return this.#runAs(request, await this.#host.recheck(context));
    }
    try {
      return await this.#runAs(request, context);
    } catch (error) {
      // Whoever is nobody any more hears that, and nothing else.
      if ((await this.#host.recheck(context)).caller.kind !== 'nobody') throw error;
      throw new Refusal('unauthenticated', 'Nobody is signed in, or no longer.');
    }
  }

  async #runAs(request: Request, ctx: RequestContext): Promise<unknown> {
    return callTRPCProcedure({
      router: this.#options.router,
      path: request.params.path,
      type: request.method,
      getRawInput: async () => request.params.input,
      ctx,
      signal: undefined,
      batchIndex: 0,
    });
  }

  async #subscribe(id: RequestId, request: Request, context: RequestContext): Promise<void> {
    const subscription = this.#reserve(id);
    try {
      const source = await this.#run(request, context);
      // Stopped while the procedure decided: `#stop` has said so.
      if (!this.#isCurrent(id, subscription)) return;
      if (!isObservable(source)) throw new Error('Broken invariant: a subscription is an observable');
      this.#send({ id, result: { type: 'started' } });
      subscription.source = source.subscribe({
        next: (message) => this.#host.send(this.#options.bodies.frame(id, message)),
        error: (thrown) => {
          if (!this.#isCurrent(id, subscription)) return;
          this.#subscriptions.delete(id);
          this.#sendError(id, getTRPCErrorFromUnknown(thrown), context, request);
        },
        complete: () => {
          if (this.#isCurrent(id, subscription)) this.#end(id);
        },
      });
      // Sending its first messages may have closed the socket.
      if (!this.#isCurrent(id, subscription)) subscription.source.unsubscribe();
    } catch (error) {
      if (this.#isCurrent(id, subscription)) this.#subscriptions.delete(id);
      throw error;
    }
  }

  #reserve(id: RequestId): Subscription {
    if (this.#subscriptions.has(id)) throw malformed('The id is in use.');
    if (this.#subscriptions.size >= this.#options.limits.subscriptions) {
      throw new Refusal('tooMany', 'Too many subscriptions on one socket.', { retryAfterSeconds: 60 });
    }
    const subscription: Subscription = { source: null };
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  #isCurrent(id: RequestId, subscription: Subscription): boolean {
    return this.#subscriptions.get(id) === subscription;
  }

  #stop(id: RequestId): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#end(id);
    subscription.source?.unsubscribe();
  }

  #end(id: RequestId): void {
    this.#subscriptions.delete(id);
    this.#send({ id, result: { type: 'stopped' } });
  }

  #sendResult(id: RequestId, data: unknown): void {
    this.#send({ id, result: { type: 'data', data } });
  }

  #sendError(id: RequestId | null, error: TRPCError, ctx: RequestContext, request?: Request): void {
    const shape = getTRPCErrorShape({
      config: this.#options.router._def._config,
      error,
      type: request?.method ?? 'unknown',
      path: request?.params.path,
      input: undefined,
      ctx,
    }) as unknown;
    this.#send({ id, error: shape });
  }

  #send(message: unknown): void {
    if (!this.#isClosed) this.#host.send(encodeMessage(message));
  }
}

function metaOf({ _def }: AnyTRPCRouter, path: string): Meta | undefined {
  const procedures = _def.procedures as Readonly<Record<string, { readonly _def: { readonly meta?: Meta } }>>;
  return Object.hasOwn(procedures, path) ? procedures[path]?._def.meta : undefined;
}

const malformed = (message: string): TRPCError =>
  getTRPCErrorFromUnknown(new TRPCError({ code: 'BAD_REQUEST', cause: new Refusal('malformed', message) }));

/** Throws on what is no request of tRPC's. */
function parseRequests(message: unknown, { _def }: AnyTRPCRouter): readonly TRPCClientOutgoingMessage[] {
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message];
  if (messages.length > BUFFERED_CALLS) throw malformed('Too many calls in one message.');
  return messages.map((each) => {
    const request = parseTRPCMessage(each, _def._config.transformer);
    if (typeof request.id === 'string' && request.id.length > MAX_ID_CHARACTERS) {
      throw malformed('The id is too long.');
    }
    return request;
  });
}

export interface SharedBodies {
  /** The message under this id. The same object is encoded once, whoever it goes to. */
  frame(id: RequestId, message: unknown): Uint8Array;
}

/** Bodies live as long as the messages they are of; the last frame is kept, since most clients use the same ids. */
export function createSharedBodies(): SharedBodies {
  const known = new WeakMap<object, { id: RequestId; frame: Uint8Array; readonly length: number }>();
  return {
    frame: (id, message) => {
      if (typeof message !== 'object' || message === null) return frameOfBody(id, encodeMessage(message));
      const shared = known.get(message);
      if (shared?.id === id) return shared.frame;
      const body = shared === undefined ? encodeMessage(message) : shared.frame.subarray(-shared.length);
      const frame = frameOfBody(id, body);
      known.set(message, { id, frame, length: body.length });
      return frame;
    },
  };
}
