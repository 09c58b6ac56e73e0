// The one port: HTTP and WebSockets, with TLS or behind a declared proxy. Nothing is listened to in plaintext off this
// machine: without TLS, a connection that comes neither from here nor from a declared proxy is dropped at once.

import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer, type WebSocket } from 'ws';
import { MAX_MESSAGE_BYTES } from '@cuebook/shared/protocol/limits';
import { PROTOCOL_HEADER } from '@cuebook/shared/protocol/version';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';
import { Refusal } from '../problems.ts';
import { CALL_PATH, isTransportAllowed } from './app.ts';
import { isLoopback, type ClientAddress, type FindClient } from './clientAddress.ts';
import { isSpoken } from './protocolVersion.ts';
import { refusalBody, refusalHeaders } from './refusals.ts';
import { createRequestId, REQUEST_ID_HEADER } from './requestId.ts';
import { securityHeaders } from './securityHeaders.ts';

export interface TlsFiles {
  /** PEM, the whole chain. */
  readonly certificate: string;
  readonly key: Redacted<string>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly isProxy: (address: string) => boolean;
  readonly findClient: FindClient;
  readonly fetch: Parameters<typeof getRequestListener>[0];
  /** Takes a connection, or refuses it; the result gives it back. */
  readonly connect: (address: string) => () => void;
  /** Why no socket is taken at this moment; null: one is. */
  readonly whyNot: () => Refusal | null;
  readonly onSocket: (socket: WebSocket, peer: Peer) => void;
}

/** Whoever is at the other end of a socket, as its handshake said. */
export interface Peer {
  readonly stream: Duplex;
  readonly client: ClientAddress;
  /** The `Origin` header. */
  readonly browserOrigin: string | null;
}

export interface Listener {
  /** As it is reached on this machine. */
  readonly url: string;
  /** New connections from now on. Throws if the files do not fit together; the old ones are kept then. */
  reloadTls(files: TlsFiles): void;
  /** No new connections; resolves when the port is free. */
  stop(): Promise<void>;
  /** What is still open is cut. */
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const REQUEST_MS = 30_000;
const IDLE_MS = 20_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Rejects if the port is taken. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const server = createServer(options);
  const sockets = createSocketServer();
  server.on('upgrade', (request, stream, head) => upgrade(options, sockets, { request, stream, head }));
  server.on('clientError', (_, stream) =>
    refuseHandshake(stream, new Refusal('malformed', 'This is not HTTP.'), options.tls !== null),
  );
  server.on('connection', (stream: Socket) => dropStranger(options, stream));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const stop = once(async () => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    url: urlOf(server.address() as AddressInfo, options.tls !== null),
    reloadTls: (files) => {
      if ('setSecureContext' in server) server.setSecureContext(secureContext(files));
    },
    stop,
    close: async () => {
      const stopped = stop();
      server.closeAllConnections();
      await stopped;
    },
  };
}

type HttpServer = Server | ReturnType<typeof createHttpsServer>;

function createServer(options: ListenerOptions): HttpServer {
  const listener = getRequestListener(options.fetch, { overrideGlobalObjects: false });
  const handle = (...[request, response]: Parameters<typeof listener>): void => {
    void listener(request, response);
  };
  const limits = {
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 5000,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  if (options.tls === null) return createHttpServer(limits, handle);
  return createHttpsServer(
    { ...limits, ...secureContext(options.tls), handshakeTimeout: HANDSHAKE_MS },
    handle,
  );
}

const secureContext = ({ certificate, key }: TlsFiles) => ({
  cert: certificate,
  key: reveal(key),
  minVersion: 'TLSv1.2' as const,
});

function createSocketServer(): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Compressed, a small message could unfold into a large one, and secrets beside chosen text would show in its size.
    perMessageDeflate: false,
  });
  sockets.on('headers', (headers) => headers.push(`${REQUEST_ID_HEADER}: ${createRequestId()}`));
  sockets.on('wsClientError', (_, stream) =>
    refuseHandshake(stream, new Refusal('malformed', 'The handshake is malformed.'), false),
  );
  return sockets;
}

function dropStranger({ tls, isProxy }: ListenerOptions, stream: Socket): void {
  const peer = (stream.remoteAddress ?? '').replace(/^::ffff:/i, '');
  if (tls === null && !isLoopback(peer) && !isProxy(peer)) stream.destroy();
}

interface Handshake {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

function upgrade(options: ListenerOptions, sockets: WebSocketServer, handshake: Handshake): void {
  const { request, stream, head } = handshake;
  // Whoever goes away in the middle of a handshake is no fault of the server's.
  stream.on('error', destroyStream);
  const client = options.findClient(request);
  try {
    checkHandshake(options, request, client);
    // Giving back twice is giving back once: `once` would keep a wrapper for each of thousands.
    stream.on('close', options.connect(client.address));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuseHandshake(stream, error, client.isSecure);
    return;
  }
  const browserOrigin = request.headers.origin ?? null;
  sockets.handleUpgrade(request, stream, head, (socket) =>
    options.onSocket(socket, { stream, client, browserOrigin }),
  );
}

/** Made once: what a handler of a connection closes over lives as long as the connection, the request among it. */
function destroyStream(this: Duplex): void {
  this.destroy();
}

function checkHandshake(options: ListenerOptions, request: IncomingMessage, client: ClientAddress): void {
  const path = (request.url ?? '').split('?', 1)[0];
  if (path !== CALL_PATH) throw new Refusal('notFound', 'There is no socket here.');
  if (!isTransportAllowed(client))
    throw new Refusal('notAllowed', 'Use wss. A proxy must be declared to the server.');
  const version = request.headers[PROTOCOL_HEADER];
  if (version !== undefined && !isSpoken(String(version))) {
    throw new Refusal('clientTooOld', 'This version of the protocol is not spoken here.');
  }
  const reason = options.whyNot();
  if (reason !== null) throw reason;
}

/** Written by hand: there is no response yet where a socket was to be. */
function refuseHandshake(stream: Duplex, refusal: Refusal, isSecure: boolean): void {
  if (!stream.writable) return;
  const requestId = createRequestId();
  const body = refusalBody(refusal, requestId);
  const headers = [
    ...securityHeaders(isSecure),
    ...Object.entries(refusalHeaders(refusal)),
    [REQUEST_ID_HEADER, requestId],
    ['Content-Type', 'application/json'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ];
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  stream.end(`HTTP/1.1 ${refusal.status} Refused\r\n${head}\r\n${body}`);
}

function urlOf({ address, family, port }: AddressInfo, isSecure: boolean): string {
  const isAny = address === '0.0.0.0' || address === '::';
  const host = isAny ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
  return `${isSecure ? 'https' : 'http'}://${host}:${port}`;
}

function once<T>(work: () => T): () => T {
  let done: { readonly value: T } | null = null;
  return () => {
    done ??= { value: work() };
    return done.value;
  };
}
