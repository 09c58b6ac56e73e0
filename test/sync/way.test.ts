// The way to a server as companies and people at home have it: through a CONNECT proxy with a private authority, or with
// a certificate that nobody vouches for, which the user accepts once for exactly this server.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ServerAddress } from '../../extension/src/library/teams.ts';
import { createCertificateAuthority } from '../models/certificates.ts';
import { startProxyServer } from '../models/proxyServer.ts';
import { createGround, got, PASSWORD, problemOf } from './people.ts';
import { startServerProcess } from './serverProcess.ts';

test('sign-in and sync go through a CONNECT proxy, trusting a company’s own authority', async () => {
  const company = await createCertificateAuthority();
  const host = 'cuebook.company.test';
  const issued = await company.issue(host);
  await using server = await startServerProcess({ tls: { ...issued, origin: `https://${host}` } });
  await using proxy = await startProxyServer({
    routes: { [`${host}:443`]: { port: server.port } },
    credentials: 'ana:secret',
  });
  await using ground = await createGround();
  const way = { proxy: proxy.url.replace('http://', 'http://ana:secret@'), systemCertificates: true };
  const authority = join(ground.folder, 'company.pem');
  writeFileSync(authority, company.certificate);
  const ana = ground.computer('ana', { way, authority });
  const { account } = await ana.signUp(server, { kind: 'link', text: server.ownerLink });
  const team = got(await ana.teams.createTeam({ account, name: 'Stage' }));
  await ana.create(team, 'p', 'through the proxy\n');
  await ana.settled(team);
  expect(proxy.tunnels.length).toBeGreaterThan(0);
  expect(new Set(proxy.tunnels)).toEqual(new Set([`${host}:443`]));
  const stranger = ground.computer('stranger', { way });
  expect(problemOf(await stranger.teams.inspectServer(server.address))).toBe('certificateUnknown');
});

test('an unknown certificate is asked for once and then kept; another one is refused and said, and nothing is sent', async () => {
  const home = await createCertificateAuthority('At home');
  const issued = await home.issue('localhost');
  await using server = await startServerProcess({ tls: issued });
  const address = server.address.replace('127.0.0.1', 'localhost') as ServerAddress;
  await using ground = await createGround();
  const ana = ground.computer('ana');
  const refused = await ana.teams.inspectServer(server.address);
  expect(problemOf(refused)).toBe('certificateUnknown');
  const certificate = refused.ok ? undefined : refused.problem.certificate;
  if (certificate === undefined) throw new Error('the certificate is shown');
  expect(certificate.trustedFingerprint).toBeNull();
  const other = { ...certificate, fingerprint: certificate.fingerprint.replace(/^../, '00') };
  expect(problemOf(await ana.teams.trustCertificate(other))).toBe('certificateChanged');
  got(await ana.teams.trustCertificate(certificate));
  expect(got(await ana.teams.inspectServer(server.address)).trustedFingerprint).toBe(certificate.fingerprint);
  // For this server only.
  expect(problemOf(await ana.teams.inspectServer(address))).toBe('certificateUnknown');

  await server.stop();
  const imposter = await home.issue('localhost');
  server.useCertificate(imposter);
  await server.start();
  const given = { server: server.address, email: 'ana@example.com', password: PASSWORD, deviceName: 'ana' };
  const changed = await ana.teams.signIn(given);
  expect(problemOf(changed)).toBe('certificateChanged');
  expect(changed.ok ? null : changed.problem.certificate?.trustedFingerprint).toBe(certificate.fingerprint);
});
