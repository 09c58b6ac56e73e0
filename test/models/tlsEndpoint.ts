// A model endpoint behind TLS: passes everything on to a plain one, under a certificate of a test's own authority.

import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CertificateAuthority } from './certificates.ts';

export interface TlsEndpoint extends AsyncDisposable {
  readonly port: number;
}

export async function startTlsEndpoint(options: {
  readonly authority: CertificateAuthority;
  readonly host: string;
  /** `http://127.0.0.1:<port>` */
  readonly upstream: string;
}): Promise<TlsEndpoint> {
  const { certificate, key } = await options.authority.issue(options.host);
  const server = createServer({ cert: certificate, key }, (incoming, response) => {
    const { method, headers } = incoming;
    const passed = request(new URL(incoming.url ?? '/', options.upstream), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
