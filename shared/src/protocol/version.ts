// The version of what is said on the wire. Rises only when an older side could no longer understand a newer one; what is
// added compatibly leaves it as it is. Both sides name it first, and whoever is too old is told so.

export const PROTOCOL_VERSION = 1;
/** The oldest version of the other side that this one still understands. */
export const OLDEST_PROTOCOL_VERSION = 1;
/** How a client names its version: header of HTTP requests, and the same key among a socket's connection parameters. */
export const PROTOCOL_HEADER = 'x-cuebook-protocol';

export type VersionComparison = 'compatible' | 'clientTooOld' | 'serverTooOld';

/** `client`, `server`: the newest version that each speaks; `oldest…`: the oldest that each still understands. */
export function compareVersions(
  client: { readonly newest: number; readonly oldest: number },
  server: { readonly newest: number; readonly oldest: number },
): VersionComparison {
  if (client.newest < server.oldest) return 'clientTooOld';
  return server.newest < client.oldest ? 'serverTooOld' : 'compatible';
}
