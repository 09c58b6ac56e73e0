import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { ServerAddress } from '../library/teams.ts';
import { createServerConnection, type ConnectionState, type ServerConnection } from './serverConnection.ts';

test('pauses grow and are jittered while nobody answers', async () => {
  const address = `http://127.0.0.1:${await freePort()}` as ServerAddress;
  const pauses = async (random: number): Promise<readonly number[]> => {
    const seen: number[] = [];
    const enough = Promise.withResolvers<null>();
    const changed = (state: ConnectionState): void => {
      if (state.kind !== 'offline' || state.retryAt === null) return;
      seen.push(state.retryAt - state.since);
      if (seen.length === 3) enough.resolve(null);
    };
    const connection = connectionTo(address, changed, random);
    connection.connect();
    await enough.promise;
    await connection.close();
    return seen;
  };
  expect(rounded(await pauses(0))).toEqual([250, 500, 1000]);
  expect(rounded(await pauses(1))).toEqual([500, 1000, 2000]);
});

test('whoever has reason to think that the server is there again does not wait out the pause', async () => {
  const address = `http://127.0.0.1:${await freePort()}` as ServerAddress;
  let waiting = Promise.withResolvers<number>();
  const connection = connectionTo(
    address,
    (state) => {
      if (state.kind === 'offline' && state.retryAt !== null) waiting.resolve(state.retryAt - state.since);
    },
    1,
  );
  connection.connect();
  const pauses: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    pauses.push(await waiting.promise);
    waiting = Promise.withResolvers();
    await new Promise(setImmediate);
    connection.hurry();
    expect(connection.state().kind).toBe('connecting');
    // Nothing to hurry while it tries.
    connection.hurry();
  }
  await connection.close();
  // And the pauses begin from the first again.
  expect(rounded(pauses)).toEqual([500, 500, 500]);
});

function connectionTo(
  address: ServerAddress,
  changed: (state: ConnectionState) => void,
  random: number,
): ServerConnection {
  return createServerConnection({
    address,
    way: async () => ({ address, network: { proxy: null, systemCertificates: false }, pinned: null }),
    tokens: () => ({
      session: 's',
      grade: 'deviceBound',
      accessToken: 'a',
      accessExpiresAt: Date.now() + 3_600_000,
      refreshToken: 'r',
    }),
    keepTokens: () => undefined,
    changed,
    now: Date.now,
    random: () => random,
  });
}

const rounded = (pauses: readonly number[]): readonly number[] =>
  pauses.map((pause) => 10 * Math.round(pause / 10));

/** Where nobody listens. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}
