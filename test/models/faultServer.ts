// A model endpoint that misbehaves as told: real HTTP on a free port. Behaviours are taken in order, one a request; the
// last one stays. It records what it was sent and says when the client closed a connection.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Resolves when the connection of this request is closed before its answer was complete. */
  readonly closedByClient: Promise<void>;
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** 1 for the first request on this connection. */
  readonly nthOnSocket: number;
}

export type Behaviour = (exchange: Exchange) => void | Promise<void>;

export interface FaultServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  behave(...behaviours: readonly Behaviour[]): void;
  /** Resolves with the nth request (1 for the first) once it has arrived. */
  request(nth: number): Promise<RecordedRequest>;
  stop(): Promise<void>;
}

export async function startFaultServer(...initial: readonly Behaviour[]): Promise<FaultServer> {
  const requests: RecordedRequest[] = [];
  const arrivals = new Map<number, PromiseWithResolvers<RecordedRequest>>();
  const perSocket = new WeakMap<Socket, number>();
  let behaviours = [...initial];

  function arrival(nth: number): PromiseWithResolvers<RecordedRequest> {
    const waiting = arrivals.get(nth) ?? Promise.withResolvers<RecordedRequest>();
    arrivals.set(nth, waiting);
    return waiting;
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const nthOnSocket = (perSocket.get(incoming.socket) ?? 0) + 1;
    perSocket.set(incoming.socket, nthOnSocket);
    const request = await record(incoming, response);
    requests.push(request);
    arrival(requests.length).resolve(request);
    const behaviour = behaviours.length > 1 ? behaviours.shift() : behaviours[0];
    await behaviour?.({ request, response, socket: incoming.socket, nthOnSocket });
  };
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    behave: (...next) => {
      behaviours = [...next];
    },
    request: (nth) => arrival(nth).promise,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function record(incoming: IncomingMessage, response: ServerResponse): Promise<RecordedRequest> {
  const closed = Promise.withResolvers<void>();
  response.on('close', () => {
    if (!response.writableFinished) closed.resolve();
  });
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: Buffer.concat(parts).toString('utf8'),
    closedByClient: closed.promise,
  };
}

// ---- behaviours ----

const streamHeaders = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };

/** The whole answer, one event at a time. */
export function streams(events: readonly string[]): Behaviour {
  return ({ response }) => {
    response.writeHead(200, streamHeaders);
    for (const event of events) response.write(event);
    response.end();
  };
}

/** Sends the first `bytes` bytes, then breaks the connection in the middle of the transfer. */
export function cutsAfter(bytes: number, events: readonly string[]): Behaviour {
  return ({ response, socket }) => {
    response.writeHead(200, streamHeaders);
    response.write(Buffer.from(events.join('')).subarray(0, bytes), () => socket.destroy());
  };
}

/** Sends the events, then ends the answer properly: only the provider's own "complete" is missing. */
export function endsEarly(events: readonly string[]): Behaviour {
  return streams(events);
}

/** Sends the events, then nothing more, and keeps the connection open. */
export function fallsSilentAfter(events: readonly string[]): Behaviour {
  return ({ response }) => {
    response.writeHead(200, streamHeaders);
    response.flushHeaders();
    for (const event of events) response.write(event);
  };
}

/** Accepts the request and never says a word. */
export const neverAnswers: Behaviour = () => undefined;

/** Any answer that is not a stream. */
export function answers(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  return ({ response }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = text.startsWith('<') ? 'text/html' : 'application/json';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(text);
  };
}

export function redirectsTo(location: string): Behaviour {
  return answers(307, '', { location });
}

/** Answers once per connection; on the next request it closes without a byte, though it had promised to stay open. */
export function closesReusedConnections(events: readonly string[]): Behaviour {
  return (exchange) => {
    if (exchange.nthOnSocket > 1) exchange.socket.destroy();
    else return streams(events)(exchange);
  };
}

export const closesWithoutAnswer: Behaviour = ({ socket }) => {
  socket.destroy();
};

/** Writes `piece` until the client gives up or takes no more; `written` counts the bytes that were accepted. */
export function writesForever(piece: string, written: { bytes: number }): Behaviour {
  return ({ response }) => {
    response.writeHead(200, streamHeaders);
    const more = (): void => {
      while (!response.destroyed) {
        written.bytes += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
    };
    more();
  };
}
