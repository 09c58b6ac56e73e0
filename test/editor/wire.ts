// Stands in front of a server, speaks TLS as a test's own authority says, and keeps every byte that goes either way as it
// is inside: requests, headers and bodies, and the messages of sockets, unmasked and inflated.

import { createServer as createHttpsServer } from 'node:https';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { CertificateAuthority } from '../models/certificates.ts';

export interface Wire extends AsyncDisposable {
  /** As people type it. */
  readonly address: string;
  /** Where it leads to. */
  leadTo(port: number): void;
  /** Everything that was said, both ways. */
  seen(): Buffer;
  /** In the order in which they were opened. */
  readonly sockets: readonly WireSocket[];
}

export interface WireSocket {
  readonly isOpen: boolean;
  /** Lengths of the messages that the client got so far, without what only keeps a connection awake. */
  readonly heard: readonly number[];
}

export async function openWire(authority: CertificateAuthority): Promise<Wire> {
  const { certificate, key } = await authority.issue('127.0.0.1');
  const said: Buffer[] = [];
  const keep = (bytes: Buffer | string): void => void said.push(Buffer.from(bytes));
  let port = 0;
  const server = createHttpsServer({ cert: certificate, key }, (incoming, response) => {
    void passOn(incoming, response, { port, keep });
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const opened: WireSocket[] = [];
  sockets.on('connection', (near, incoming) => {
    keep(headOf(incoming));
    const far = new WebSocket(`ws://127.0.0.1:${port}${incoming.url ?? '/'}`, {
      headers: headersOf(incoming),
    });
    const heard: number[] = [];
    opened.push({
      heard,
      get isOpen() {
        return near.readyState === WebSocket.OPEN && far.readyState === WebSocket.OPEN;
      },
    });
    far.on('message', (data: Buffer) => heard.push(data.length));
    tie(near, far, keep);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(target) {
      port = target;
    },
    seen: () => Buffer.concat(said),
    sockets: opened,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const headOf = ({ method, url, rawHeaders }: IncomingMessage): string =>
  `${method} ${url}\n${rawHeaders.join('\n')}\n`;

/** What belongs to the connection itself is made anew. */
function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const own = /^(connection|upgrade|sec-websocket-.*)$/;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !own.test(name) ? [[name, value]] : [],
    ),
  );
}

/** Two sockets as one: what one says is kept and said by the other, and they end together. */
function tie(near: WebSocket, far: WebSocket, keep: (bytes: Buffer) => void): void {
  const waiting: (() => void)[] = [];
  far.on('open', () => {
    for (const send of waiting.splice(0)) send();
  });
  const link = (from: WebSocket, to: WebSocket): void => {
    const say = (send: () => void): void => {
      if (to.readyState === WebSocket.CONNECTING) waiting.push(send);
      else if (to.readyState === WebSocket.OPEN) send();
    };
    from.on('message', (data: RawData, isBinary) => {
      keep(data as Buffer);
      say(() => to.send(data, { binary: isBinary }));
    });
    from.on('ping', (data: Buffer) => say(() => to.ping(data)));
    from.on('close', (code, reason) => {
      // A code that only stands for "no word was said" cannot be sent.
      if (code === 1005 || code === 1006 || to.readyState !== WebSocket.OPEN) to.terminate();
      else to.close(code, reason);
    });
    from.on('error', () => to.terminate());
  };
  link(near, far);
  link(far, near);
}

interface Passing {
  readonly port: number;
  readonly keep: (bytes: Buffer | string) => void;
}

async function passOn(
  incoming: IncomingMessage,
  response: ServerResponse,
  { port, keep }: Passing,
): Promise<void> {
  const { method, url, headers } = incoming;
  const body = await bytesOf(incoming);
  keep(headOf(incoming));
  keep(inflated(incoming, body));
  const passBack = async (answer: IncomingMessage): Promise<void> => {
    const bytes = await bytesOf(answer);
    keep(answer.rawHeaders.join('\n'));
    keep(inflated(answer, bytes));
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.end(bytes);
  };
  const target = { host: '127.0.0.1', port, method, path: url, headers };
  const passed = request(target, (answer) => void passBack(answer));
  passed.on('error', () => response.destroy());
  passed.end(body);
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function inflated({ headers }: IncomingMessage, bytes: Buffer): Buffer {
  switch (headers['content-encoding']) {
    case 'gzip':
      return gunzipSync(bytes);
    case 'deflate':
      return inflateSync(bytes);
    case 'br':
      return brotliDecompressSync(bytes);
    default:
      return bytes;
  }
}
