// Runs as a company's machine makes them: through a CONNECT proxy, with a certificate authority of its own. The `fetch`
// with proxy and certificates stands in for the one that VS Code gives to extensions; a test in a real editor shows
// that that one is used.

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test, vi } from 'vitest';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import type { Models, ProviderEndpoint } from '../../../extension/src/models/api.ts';
import type { Fetch } from '../../../extension/src/providers/watchedFetch.ts';
import { createCertificateAuthority, type CertificateAuthority } from '../../models/certificates.ts';
import { endpointsAt } from '../../models/modelServer.ts';
import { startProxyServer, type ProxyServer } from '../../models/proxyServer.ts';
import { streamedAnswer } from '../../models/wireFormats.ts';
import { collect, neverStopped, requestTo, startModels, testKey } from './setUp.ts';

vi.setConfig({ testTimeout: 60_000 });

const host = 'models.company.test';
const company = await createCertificateAuthority();
const stranger = await createCertificateAuthority('Somebody else');

interface TlsServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: () => number;
}

async function startTlsServer(authority: CertificateAuthority, name = host): Promise<TlsServer> {
  const { certificate, key } = await authority.issue(name);
  let requests = 0;
  const server = createServer({ cert: certificate, key }, (_request, response) => {
    requests += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(streamedAnswer('openai', ['Hello ', 'through ', 'the proxy']).join(''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const endpoint: ProviderEndpoint = { ...endpointsAt('http://x').openai, baseUrl: `https://${host}/v1` };

function fetchThrough(proxy: ProxyServer, trusted: CertificateAuthority, token?: string): Fetch {
  const dispatcher = new ProxyAgent({
    uri: proxy.url,
    requestTls: { ca: trusted.certificate },
    ...(token === undefined ? {} : { token }),
  });
  return async (url, init) => (await undiciFetch(url, { ...init, dispatcher })) as unknown as Response;
}

const network: { fetch: Fetch } = { fetch: (url, init) => fetch(url, init) };
const models = startModels((url, init) => network.fetch(url, init));
afterAll(() => models[Symbol.dispose]());

function modelsThrough(fetch: Fetch): Models {
  network.fetch = fetch;
  return models;
}

test('a run goes through the proxy, trusts the company, and shows the proxy neither key nor text', async () => {
  await using server = await startTlsServer(company);
  await using proxy = await startProxyServer({ routes: { [`${host}:443`]: server } });
  const run = await collect(
    modelsThrough(fetchThrough(proxy, company)).stream(requestTo(endpoint), neverStopped()),
  );
  expect(run.text).toBe('Hello through the proxy');
  expect(proxy.tunnels).toEqual([`${host}:443`]);
  expect(proxy.seen().length).toBeGreaterThan(500);
  expect(proxy.seen().includes(testKey)).toBe(false);
  expect(proxy.seen().includes('Say hello')).toBe(false);
});

test('a certificate of a stranger is refused, and the key is not sent', async () => {
  await using server = await startTlsServer(stranger);
  await using proxy = await startProxyServer({ routes: { [`${host}:443`]: server } });
  const run = await collect(
    modelsThrough(fetchThrough(proxy, company)).stream(requestTo(endpoint), neverStopped()),
  );
  expect(run.last).toMatchObject({ type: 'failed', failure: { kind: 'certificate' } });
  expect(server.requests()).toBe(0);
});

test("a certificate for another name is refused, though the company's own", async () => {
  await using server = await startTlsServer(company, 'other.company.test');
  await using proxy = await startProxyServer({ routes: { [`${host}:443`]: server } });
  const run = await collect(
    modelsThrough(fetchThrough(proxy, company)).stream(requestTo(endpoint), neverStopped()),
  );
  expect(run.last).toMatchObject({ type: 'failed', failure: { kind: 'certificate' } });
  expect(server.requests()).toBe(0);
});

test('a proxy that wants a password is named as what is wrong, until it gets one', async () => {
  await using server = await startTlsServer(company);
  await using proxy = await startProxyServer({
    routes: { [`${host}:443`]: server },
    credentials: 'ana:secret',
  });
  const refused = await collect(
    modelsThrough(fetchThrough(proxy, company)).stream(requestTo(endpoint), neverStopped()),
  );
  expect(refused.last).toMatchObject({ type: 'failed', failure: { kind: 'proxy' } });
  const token = `Basic ${Buffer.from('ana:secret').toString('base64')}`;
  const allowed = await collect(
    modelsThrough(fetchThrough(proxy, company, token)).stream(requestTo(endpoint), neverStopped()),
  );
  expect(allowed.text).toBe('Hello through the proxy');
});
