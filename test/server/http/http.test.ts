// What is said over HTTP besides calls: health, metrics, headers, TLS, proxies.

import { request as requestHttps } from 'node:https';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { createAddressSet, createFindClient } from '@cuebook/server/http/clientAddress';
import { redact } from '@cuebook/shared/util/redacted';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthority, type Certificate } from '../../models/certificates.ts';
import { connect } from '../client.ts';
import { startTestServer } from '../testServer.ts';

const REQUEST_ID = /^[a-z2-7]{26}$/;

test('every answer has an id of its own and headers under which nothing is framed, cached, sniffed or scripted', async () => {
  await using server = await startTestServer();
  const ids = new Set<string | null>();
  const paths = [
    '/healthz',
    '/readyz',
    '/metrics',
    '/trpc/server.info',
    '/trpc/nothing',
    '/account',
    '/nowhere',
  ];
  for (const path of paths) {
    const answer = await fetch(server.url + path);
    await answer.arrayBuffer();
    const { headers } = answer;
    expect(headers.get('x-request-id')).toMatch(REQUEST_ID);
    ids.add(headers.get('x-request-id'));
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
  expect(ids.size).toBe(paths.length);
});

test('metrics are read from this machine, and from elsewhere with the token only', async () => {
  await using server = await startTestServer({
    metricsToken: redact('let me in'),
    trustedProxies: ['127.0.0.1'],
  });
  const from = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  const read = async (headers: Record<string, string>): Promise<number> => {
    const answer = await fetch(`${server.url}/metrics`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  expect(await read({})).toBe(200);
  expect(await read(from)).toBe(404);
  expect(await read({ ...from, authorization: 'Bearer let me out' })).toBe(404);
  await fetch(`${server.url}/trpc/server.info`);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toContain('cuebook_call_seconds_count{path="server.info",code="ok"} 1');
  expect(text).toContain('cuebook_database_reachable 1');
});

describe('a proxy', () => {
  test('that is declared says where a client is and that it came by TLS; another is not believed', async () => {
    await using declared = await startTestServer({ trustedProxies: ['127.0.0.1'] });
    const ask = async (url: string, headers: Record<string, string>): Promise<number> => {
      const answer = await fetch(`${url}/trpc/server.info`, { headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    expect(await ask(declared.url, { ...forwarded, 'x-forwarded-proto': 'https' })).toBe(200);
    expect(await ask(declared.url, { ...forwarded, 'x-forwarded-proto': 'http' })).toBe(403);
    expect(await ask(declared.url, forwarded)).toBe(403);
    await using undeclared = await startTestServer({ beside: declared });
    expect(await ask(undeclared.url, {})).toBe(200);
    expect(await ask(undeclared.url, { ...forwarded, 'x-forwarded-proto': 'https' })).toBe(403);
    await using socket = connect(undeclared.url, { socket: { headers: forwarded } });
    expect(await socket.closed).toBe(1006);
  });

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['6.6.6.6, 203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['nonsense', '10.0.0.5'],
    ['', '10.0.0.5'],
  ])(
    'that forwards for %j means %s: what stands further left was written by the client',
    (header, address) => {
      const find = createFindClient(createAddressSet(['10.0.0.0/24']));
      const request = {
        socket: { remoteAddress: '::ffff:10.0.0.5' },
        headers: { 'x-forwarded-for': header },
      };
      expect(find(request as never).address).toBe(address);
    },
  );
});

describe('TLS', () => {
  test('is done by the server, not below 1.2, with a certificate that is replaced while it runs', async () => {
    const authority = await createCertificateAuthority();
    const files = ({ certificate, key }: Certificate) => ({ certificate, key: redact(key) });
    const [first, second] = [await authority.issue('127.0.0.1'), await authority.issue('127.0.0.1')];
    await using server = await startTestServer({ tls: files(first) });
    expect(server.url).toMatch(/^https:/);
    const ca = [...rootCertificates, authority.certificate];
    expect(await statusOver(server.url, ca)).toEqual([200, 'max-age=63072000; includeSubDomains']);
    await using client = connect(server.url, { socket: { ca: authority.certificate } });
    expect((await client.api.server.info.query()).name).toBe('cuebook-server');
    await using stranger = connect(server.url);
    expect(await stranger.closed).toBe(1006);
    await expect(handshake(server.url, { ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow(
      /./,
    );
    const before = await handshake(server.url, { ca });
    server.running.reloadTls(files(second));
    expect(await handshake(server.url, { ca })).not.toBe(before);
    expect(() => server.running.reloadTls({ certificate: 'no certificate', key: redact('no key') })).toThrow(
      /./,
    );
    expect((await client.api.server.info.query()).name).toBe('cuebook-server');
    expect((await statusOver(server.url, ca))[0]).toBe(200);
  });
});

async function statusOver(
  url: string,
  ca: readonly string[],
): Promise<readonly [number | undefined, unknown]> {
  return new Promise((resolve, reject) => {
    requestHttps(`${url}/healthz`, { ca: [...ca], agent: false }, (answer) => {
      answer.resume();
      resolve([answer.statusCode, answer.headers['strict-transport-security']]);
    })
      .once('error', reject)
      .end();
  });
}

/** The fingerprint of the certificate that is shown. */
async function handshake(
  url: string,
  options: { readonly ca: readonly string[]; readonly minVersion?: 'TLSv1'; readonly maxVersion?: 'TLSv1.1' },
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...options, ca: [...options.ca], host: hostname, port: Number(port) }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.once('error', reject);
  });
}
