// One socket to a server: calls and subscriptions in the messages of shared/src/protocol/wire.ts, over `ws`. Lives from its
// opening to its end and never reconnects by itself: whoever opened it learns how it ended (serverConnection.ts).
//
// tRPC's own client is not used here: it sends what waits as one array where a message is one frame, and it reconnects and
// subscribes again by itself with the cursors of before, which would ask for what is here already.

import { WebSocket, type ClientOptions } from 'ws';
import * as z from 'zod/mini';
import { CLOSE_CODES, ERRORS, type ErrorCode } from '@cuebook/shared/protocol/errors';
import { MAX_MESSAGE_BYTES } from '@cuebook/shared/protocol/limits';
import { PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { decodeMessage, encodeMessage } from '@cuebook/shared/protocol/wire';

/** A definite answer of the server: it has refused, and done nothing. */
export class ServerRefusal extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, retryAfterSeconds: number | null) {
    super(`The server refused: ${code}.`);
    this.name = 'ServerRefusal';
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer will come: what was asked may have been done, or not. */
export class ConnectionLost extends Error {
  readonly end: SocketEnd;

  constructor(end: SocketEnd) {
    super(`The connection ended: ${end.kind}.`);
    this.name = 'ConnectionLost';
    this.end = end;
  }
}

export type SocketEnd =
  /** Nobody answered, or the network went away. */
  | { readonly kind: 'lost' }
  /** Closed here. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'sessionEnded' }
  | { readonly kind: 'notAllowed' }
  | { readonly kind: 'otherVersion' }
  /** The same, and the server says that it speaks an older one. */
  | { readonly kind: 'serverTooOld' }
  | { readonly kind: 'tooSlow' }
  | { readonly kind: 'unavailable' }
  /** It said something that is no message. */
  | { readonly kind: 'malformed' };

export interface Subscriber {
  next(data: unknown): void;
  /** Ended by the server: null: it was all; or it refused. Not called when the socket ends. */
  ended(refusal: ServerRefusal | null): void;
}

export interface ServerSocket {
  /** Rejects with `ServerRefusal` or `ConnectionLost`. */
  ask(kind: 'query' | 'mutation', path: string, input?: unknown): Promise<unknown>;
  /** Answers how to end it. */
  follow(path: string, input: unknown, subscriber: Subscriber): () => void;
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<SocketEnd>;
  close(): void;
}

export interface SocketOptions {
  /** `wss:` or `ws:`. */
  readonly url: string;
  /** Agent, authorities, check of the certificate. */
  readonly client: ClientOptions;
  readonly token: string | null;
}

const openingMs = 20_000;
const silentMs = 30_000;
/** A call that is not answered within this ends the socket: something between is dead. */
const answerMs = 120_000;

/** Rejects with what `ws` says if it cannot be opened. */
export async function openServerSocket(options: SocketOptions): Promise<ServerSocket> {
  const socket = new WebSocket(options.url, {
    handshakeTimeout: openingMs,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    ...options.client,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return talkOver(socket, options.token);
}

const answer = z.union([
  z.object({ id: z.int(), result: z.object({ type: z.literal('data'), data: z.optional(z.unknown()) }) }),
  z.object({ id: z.int(), result: z.object({ type: z.enum(['started', 'stopped']) }) }),
  z.object({
    id: z.nullable(z.int()),
    error: z.object({
      data: z.object({ code: z.string(), retryAfterSeconds: z.optional(z.number()) }),
    }),
  }),
]);
type Answer = z.infer<typeof answer>;

/** What waits for messages of one id. */
interface Waiting {
  readonly taken: (message: Answer) => 'over' | 'goesOn';
  readonly lost: (end: SocketEnd) => void;
}

function talkOver(socket: WebSocket, token: string | null): ServerSocket {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let closedBy: SocketEnd | null = null;
  const cut = (end: SocketEnd): void => {
    closedBy ??= end;
    socket.terminate();
  };
  const send = (message: unknown): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(encodeMessage(message));
  };
  const ended = new Promise<SocketEnd>((resolve) => {
    socket.on('close', (code, reason) => {
      clearInterval(watch);
      const end = closedBy ?? endOf(code, reason.toString());
      for (const { lost } of waiting.values()) lost(end);
      waiting.clear();
      resolve(end);
    });
  });
  const watch = watchSilence(socket, () => cut({ kind: 'lost' }));
  // What is wrong is followed by `close`.
  socket.on('error', () => undefined);
  socket.on('message', (bytes, isBinary) => {
    if (!isBinary) return;
    const message = parseAnswer(bytes as Buffer);
    if (message === null || message.id === null) return cut({ kind: 'malformed' });
    const taken = waiting.get(message.id)?.taken(message);
    if (taken === 'over') waiting.delete(message.id);
  });
  send({
    method: 'connectionParams',
    data: { protocol: String(PROTOCOL_VERSION), ...(token !== null && { token }) },
  });

  return {
    ended,
    ask: async (method, path, input) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN)
          return reject(new ConnectionLost(closedBy ?? { kind: 'lost' }));
        const id = ++lastId;
        const late = setTimeout(() => cut({ kind: 'lost' }), answerMs);
        waiting.set(id, {
          taken(message) {
            clearTimeout(late);
            if ('error' in message) reject(refusalOf(message));
            else resolve(dataOf(message));
            return 'over';
          },
          lost(end) {
            clearTimeout(late);
            reject(new ConnectionLost(end));
          },
        });
        send({ id, method, params: { path, input } });
      }),
    follow(path, input, subscriber) {
      const id = ++lastId;
      waiting.set(id, {
        taken(message) {
          if ('error' in message) return over(subscriber, refusalOf(message));
          if (message.result.type === 'stopped') return over(subscriber, null);
          if (message.result.type === 'data') subscriber.next(dataOf(message));
          return 'goesOn';
        },
        lost: () => undefined,
      });
      send({ id, method: 'subscription', params: { path, input } });
      return () => {
        if (waiting.delete(id)) send({ id, method: 'subscription.stop' });
      };
    },
    close() {
      closedBy ??= { kind: 'closed' };
      socket.close();
      // The closing handshake needs the other side, which may be gone.
      setTimeout(() => socket.terminate(), 1000).unref();
    },
  };
}

function over(subscriber: Subscriber, refusal: ServerRefusal | null): 'over' {
  subscriber.ended(refusal);
  return 'over';
}

function parseAnswer(bytes: Buffer): Answer | null {
  try {
    return answer.parse(decodeMessage(bytes));
  } catch {
    return null;
  }
}

const dataOf = (message: Answer): unknown =>
  'result' in message && message.result.type === 'data' ? message.result.data : undefined;

function refusalOf(message: Extract<Answer, { readonly error: unknown }>): ServerRefusal {
  const { code, retryAfterSeconds } = message.error.data;
  return new ServerRefusal(isErrorCode(code) ? code : 'internal', retryAfterSeconds ?? null);
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

function endOf(code: number, reason: string): SocketEnd {
  const spoken = /^otherVersion (\d+)$/.exec(reason)?.[1];
  if (spoken !== undefined && Number(spoken) < PROTOCOL_VERSION) return { kind: 'serverTooOld' };
  for (const [kind, known] of Object.entries(CLOSE_CODES)) {
    if (known === code) return { kind: kind as keyof typeof CLOSE_CODES };
  }
  return { kind: 'lost' };
}

/** A socket whose other side has silently gone is found out by a ping that nobody answers. */
function watchSilence(socket: WebSocket, gone: () => void): NodeJS.Timeout {
  let isHeard = true;
  const hear = (): void => {
    isHeard = true;
  };
  socket.on('pong', hear);
  socket.on('ping', hear);
  socket.on('message', hear);
  return setInterval(() => {
    if (!isHeard) return gone();
    isHeard = false;
    socket.ping();
  }, silentMs);
}
