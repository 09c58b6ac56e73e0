// The way to a server's address: through the user's proxy, trusting the user's authorities, or one certificate that the
// user accepted for exactly this server. Verification is never switched off for anything that is sent: a pinned
// certificate is its own authority, and its fingerprint is compared at each connection.

import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import * as tls from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { ClientOptions } from 'ws';
import type { NetworkWay, ServerAddress, ServerCertificate } from '../library/teams.ts';

/** What the user accepted for a server: the certificate itself, in PEM. */
export interface PinnedCertificate {
  readonly pem: string;
}

export interface ServerWay {
  readonly address: ServerAddress;
  readonly network: NetworkWay;
  readonly pinned: PinnedCertificate | null;
}

/** A host is enough; `http:` counts on this computer only. Null: no address. */
export function parseAddress(typed: string): ServerAddress | null {
  const text = typed.trim();
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || url.hostname === '' || url.username !== '' || url.password !== '') return null;
  if (url.protocol === 'https:') return url.origin as ServerAddress;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'http:' && isHere ? (url.origin as ServerAddress) : null;
}

export const socketUrl = (address: ServerAddress): string => `${address.replace(/^http/, 'ws')}/trpc`;

/** Options of `ws` and of Node's `https`: the agent, and whom to trust. */
export function clientOptions(way: ServerWay): ClientOptions {
  // The types of `ws` know of another check than the one of Node, which it is handed to.
  const trust = trustOf(way) as unknown as ClientOptions;
  const { proxy } = way.network;
  return proxy === null ? trust : { ...trust, agent: new HttpsProxyAgent(proxy) };
}

function trustOf({ network, pinned }: ServerWay): tls.ConnectionOptions {
  if (pinned !== null) {
    const fingerprint = new X509Certificate(pinned.pem).fingerprint256;
    return {
      ca: [pinned.pem],
      // The certificate itself, whoever issued it.
      allowPartialTrustChain: true,
      checkServerIdentity: (_host, certificate) =>
        certificate.fingerprint256 === fingerprint ? undefined : new CertificateChanged(),
    };
  }
  return network.systemCertificates ? { ca: [...knownAuthorities(), ...systemAuthorities()] } : {};
}

/** Those of Node and, where it can say, of the system. */
const knownAuthorities = (): readonly string[] =>
  typeof tls.getCACertificates === 'function' ? tls.getCACertificates('default') : tls.rootCertificates;

/** Older versions of Node.js cannot say. */
const systemAuthorities = (): readonly string[] =>
  typeof tls.getCACertificates === 'function' ? tls.getCACertificates('system') : [];

class CertificateChanged extends Error {
  readonly code = 'CUEBOOK_CERTIFICATE_CHANGED';
}

/** Codes of Node and OpenSSL that mean: nobody known vouches for this certificate, or it is for another name. */
const certificateCodes: ReadonlySet<string> = new Set([
  'CUEBOOK_CERTIFICATE_CHANGED',
  'CERT_HAS_EXPIRED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export type WayProblem = 'certificate' | 'proxy' | 'notCuebook' | 'unreachable';

/** What an error at opening means. */
export function wayProblemOf(error: unknown): WayProblem {
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : '';
  if (certificateCodes.has(code)) return 'certificate';
  const message = error instanceof Error ? error.message : '';
  if (/proxy/i.test(message)) return 'proxy';
  // `ws` got an answer that is no socket.
  // not for users
  return message.startsWith('Unexpected server response') ? 'notCuebook' : 'unreachable';
}

/** The certificate that a server shows, to be looked at by the user. Nothing is sent. Null: it shows none. */
export async function lookAtCertificate(
  way: ServerWay,
): Promise<{ readonly shown: ServerCertificate; readonly pem: string } | null> {
  const { proxy } = way.network;
  // Only here, and only to look: the connection is cut before anything is sent over it.
  const unverified = { rejectUnauthorized: false } as const;
  const agent = proxy === null ? undefined : new HttpsProxyAgent(proxy, unverified);
  const certificate = await new Promise<X509Certificate | null>((resolve) => {
    const asking = httpsRequest(way.address, { method: 'HEAD', timeout: 20_000, agent, ...unverified });
    const look = (socket: TLSSocket): void => {
      const shown = socket.getPeerX509Certificate();
      if (shown === undefined) return;
      resolve(shown);
      asking.destroy();
    };
    asking.on('socket', (socket) => {
      const secure = socket as TLSSocket;
      // Through a proxy it may be there already.
      if (secure.encrypted) look(secure);
      secure.once('secureConnect', () => look(secure));
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(null));
  });
  return certificate === null ? null : { shown: shownOf(way, certificate), pem: certificate.toString() };
}

function shownOf({ address, pinned }: ServerWay, certificate: X509Certificate): ServerCertificate {
  return {
    server: address,
    fingerprint: certificate.fingerprint256,
    trustedFingerprint: pinned === null ? null : new X509Certificate(pinned.pem).fingerprint256,
    subject: certificate.subject,
    issuer: certificate.issuer,
    validTo: certificate.validTo,
  };
}
