// Whether a client's version of the protocol is one that this server still speaks.

import { compareVersions, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';

/** As the client names it: a decimal number. A newer client decides by itself whether this server is too old for it. */
export function isSpoken(version: string): boolean {
  if (!/^\d{1,9}$/.test(version)) return false;
  const client = { newest: Number(version), oldest: OLDEST_PROTOCOL_VERSION };
  const server = { newest: PROTOCOL_VERSION, oldest: OLDEST_PROTOCOL_VERSION };
  return compareVersions(client, server) === 'compatible';
}
