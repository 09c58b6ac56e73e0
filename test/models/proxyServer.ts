// A real CONNECT proxy, as companies have: it opens tunnels, counts them, can ask for a password, and sees only bytes.

import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface ProxyServer extends AsyncDisposable {
  readonly url: string;
  /** `host:port` of every tunnel that was asked for. */
  readonly tunnels: readonly string[];
  /** Every byte that went through, both ways, as it is on the wire. */
  readonly seen: () => Buffer;
}

export interface ProxyOptions {
  /** Names are not looked up: where `host:port` really is. */
  readonly routes: Readonly<Record<string, { readonly port: number }>>;
  /** `user:password` that the client must give. */
  readonly credentials?: string;
}

export async function startProxyServer(options: ProxyOptions): Promise<ProxyServer> {
  const tunnels: string[] = [];
  const bytes: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => {
    response.writeHead(405).end();
  });
  server.on('connect', (request, client: Socket, head) => {
    const target = request.url ?? '';
    tunnels.push(target);
    sockets.add(client);
    client.on('error', () => client.destroy());
    if (!isAllowed(request.headers['proxy-authorization'], options.credentials)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    const route = options.routes[target];
    if (route === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(route.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream);
    client.on('data', (part: Buffer) => bytes.push(part));
    upstream.on('data', (part: Buffer) => bytes.push(part));
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tunnels,
    seen: () => Buffer.concat(bytes),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isAllowed(given: string | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  return given === `Basic ${Buffer.from(wanted).toString('base64')}`;
}
