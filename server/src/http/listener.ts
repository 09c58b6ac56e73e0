// The HTTP listener: health for now. Closing it ends every connection.

import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Config } from '../config.ts';

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on `config.host:config.port`; rejects if the port is taken. */
export async function createServer(config: Config): Promise<Listener> {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: config.host, port: config.port }, (address) => {
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve({
        url: `http://${host}:${address.port}`,
        close: async () =>
          new Promise((done) => {
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
