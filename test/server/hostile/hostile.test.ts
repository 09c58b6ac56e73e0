// Traffic of whoever wants the server to fall: it answers with the errors of the table, or cuts, and goes on serving.

import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { CONNECTION_LIMITS, type ConnectionLimits } from '@cuebook/server/http/connection';
import { appRouter, procedurePaths } from '@cuebook/server/router/index';
import { CLOSE_CODES, ERRORS } from '@cuebook/shared/protocol/errors';
import { MAX_MESSAGE_BYTES } from '@cuebook/shared/protocol/limits';
import { decodeMessage, encodeMessage } from '@cuebook/shared/protocol/wire';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect, follow, Person, refusalOf, seqsOf, WireTeam } from '../client.ts';
import { newGroup, newStream } from '../store/world.ts';
import { startTestServer, TEST_OPTIONS, type TestServer } from '../testServer.ts';

const IMPATIENT: ConnectionLimits = {
  ...CONNECTION_LIMITS,
  helloMs: 400,
  silentMs: 300,
  stalledMs: 600,
  calls: 4,
  subscriptions: 3,
};

interface RawSocket extends AsyncDisposable {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  send(message: unknown): void;
  /** The next message, decoded. */
  next(): Promise<{ readonly id: unknown; readonly error?: { readonly data: { readonly code: string } } }>;
}

/** A socket without a client's good manners; `hello` false: it does not say who it is. */
async function openRaw(
  server: TestServer,
  options: { readonly token?: string; readonly hello?: boolean } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const messages: unknown[] = [];
  const waiting: ((message: never) => void)[] = [];
  socket.on('error', () => {});
  socket.on('message', (message: Buffer) => {
    const decoded = decodeMessage(message) as never;
    const tell = waiting.shift();
    if (tell === undefined) messages.push(decoded);
    else tell(decoded);
  });
  await new Promise((resolve) => socket.once('open', resolve));
  if (options.hello !== false) {
    const token = options.token === undefined ? {} : { token: options.token };
    socket.send(encodeMessage({ method: 'connectionParams', data: { protocol: '1', ...token } }));
  }
  return {
    socket,
    closed,
    send: (message) => socket.send(encodeMessage(message)),
    next: async () =>
      messages.length > 0 ? (messages.shift() as never) : new Promise((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: async () => socket.terminate(),
  };
}

const isServing = async (server: TestServer): Promise<void> => {
  await using client = connect(server.url);
  expect((await client.api.server.info.query()).name).toBe('cuebook-server');
};

describe('malformed messages', () => {
  test('are answered as such, and the socket goes on', async () => {
    await using server = await startTestServer();
    await using raw = await openRaw(server);
    const bad: readonly Uint8Array[] = [
      Uint8Array.of(),
      Uint8Array.of(0xc1),
      Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
      encodeMessage('query'),
      encodeMessage({ id: 1 }),
      encodeMessage({ id: {}, method: 'query', params: { path: 'server.info' } }),
      encodeMessage({ id: 1, method: 'steal', params: { path: 'server.info' } }),
      encodeMessage({ id: 'x'.repeat(65), method: 'query', params: { path: 'server.info' } }),
      encodeMessage(Array.from({ length: 513 }, () => ({ id: 1, method: 'subscription.stop' }))),
    ];
    for (const message of bad) {
      raw.socket.send(message);
      expect(await raw.next()).toMatchObject({
        id: null,
        error: { data: { code: 'malformed', action: 'fix' } },
      });
    }
    raw.send({ id: 7, method: 'query', params: { path: 'server.info' } });
    expect(await raw.next()).toMatchObject({ id: 7, result: { type: 'data' } });
  });

  test('name no procedure that is not there, and no prototype', async () => {
    await using server = await startTestServer();
    await using raw = await openRaw(server);
    for (const path of ['', 'server', 'server.info.query', '__proto__', 'constructor', 'a'.repeat(10_000)]) {
      raw.send({ id: 1, method: 'query', params: { path } });
      expect(await raw.next()).toMatchObject({ error: { data: { code: 'notFound' } } });
    }
  });

  test('as a first message end the socket', async () => {
    await using server = await startTestServer();
    for (const first of [Uint8Array.of(0xc1), encodeMessage({ method: 'connectionParams', data: 5 })]) {
      await using raw = await openRaw(server, { hello: false });
      raw.socket.send(first);
      expect(await raw.closed).toBe(CLOSE_CODES.otherVersion);
    }
  });

  test('as text end the socket', async () => {
    await using server = await startTestServer();
    await using raw = await openRaw(server);
    raw.socket.send('{"id":1,"method":"query","params":{"path":"server.info"}}');
    expect(await raw.closed).toBe(CLOSE_CODES.otherVersion);
  });

  test('a handshake that is none is answered with 400 and an id', async () => {
    await using server = await startTestServer();
    const answer = await talk(server, [
      'GET /trpc HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 1',
      '',
      '',
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('x-request-id: ');
    const noise = await talk(server, ['\u0000\u0001 this is not HTTP', '', '']);
    expect(noise).toMatch(/^HTTP\/1\.1 400 /);
    await isServing(server);
  });
});

/** Sends these lines, and gives all that comes back until the server hangs up. */
async function talk(server: TestServer, lines: readonly string[]): Promise<string> {
  const socket = openTcp(server);
  socket.write(lines.join('\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

const openTcp = (server: TestServer): Socket => {
  const { hostname, port } = new URL(server.url);
  return connectTcp(Number(port), hostname);
};

describe('too much', () => {
  test('of a message ends the socket, before it is kept', async () => {
    await using server = await startTestServer();
    await using raw = await openRaw(server);
    raw.socket.send(new Uint8Array(MAX_MESSAGE_BYTES + 1));
    expect(await raw.closed).toBe(1009);
  });

  test('from a stranger ends the socket after 64 KB', async () => {
    await using server = await startTestServer();
    await using raw = await openRaw(server, { hello: false });
    raw.socket.send(new Uint8Array(80 * 1024));
    expect(await raw.closed).toBe(1006);
    await isServing(server);
  });

  test('over HTTP is refused: bodies, batches, compression', async () => {
    await using server = await startTestServer();
    const post = async (init: RequestInit, path = 'session.refresh'): Promise<[number, string]> => {
      const answer = await fetch(`${server.url}/trpc/${path}`, { method: 'POST', ...init });
      const { error } = (await answer.json()) as { error: { data: { code: string } } };
      expect(answer.headers.get('x-request-id')).toMatch(/^[a-z2-7]{26}$/);
      return [answer.status, error.data.code];
    };
    const json = { 'content-type': 'application/json' };
    const packed = gzipSync('x'.repeat(10_000_000));
    expect(await post({ headers: { ...json, 'content-encoding': 'gzip' }, body: packed })).toEqual([
      400,
      'malformed',
    ]);
    expect(await post({ headers: json, body: '[['.repeat(60_000) })).toEqual([400, 'malformed']);
    const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
    expect(await post({ headers: json, body: deep })).toEqual([400, 'malformed']);
    expect(
      await post({ headers: json, body: '{"0":{},"1":{}}' }, 'session.refresh,session.refresh?batch=1'),
    ).toEqual([400, 'malformed']);
    expect(await post({ headers: json, body: 'x'.repeat(300_000) })).toEqual([413, 'tooLarge']);
  });

  test('deflate is not accepted in a handshake', async () => {
    await using server = await startTestServer();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`, { perMessageDeflate: true });
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  test('of subscriptions is refused with when to come again', async () => {
    await using server = await startTestServer({ connectionLimits: IMPATIENT });
    await using owner = await Person.owner(server);
    const team = await WireTeam.create(server, owner);
    const open = await Promise.all([1, 2, 3].map(async () => follow(owner.client, team)));
    await Promise.all(open.map(async (each) => each.until((messages) => messages.length > 0)));
    await using fourth = await follow(owner.client, team);
    await expect(fourth.until(() => false)).rejects.toMatchObject({
      data: { code: 'tooMany', action: 'later', retryAfterSeconds: 60 },
    });
    for (const each of open) each.stop();
  });

  test('of connections is refused with 429 and when to come again, and one that goes makes room', async () => {
    await using server = await startTestServer({
      limits: { ...TEST_OPTIONS.limits, connectionsPerAddress: 2 },
    });
    const first = await openRaw(server);
    await using second = await openRaw(server);
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
    const refused = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    const [status, retryAfter] = await new Promise<[number | undefined, string | undefined]>((resolve) => {
      refused.once('unexpected-response', (_, answer) =>
        resolve([answer.statusCode, answer.headers['retry-after']]),
      );
    });
    expect([status, Number(retryAfter)]).toEqual([429, 10]);
    first.socket.terminate();
    await first.closed;
    await expect
      .poll(
        async () => {
          const again = connect(server.url);
          const code = await Promise.race([again.closed, again.api.server.info.query().then(() => 'open')]);
          await again.close();
          return code;
        },
        { interval: 20 },
      )
      .toBe('open');
  });

  test('of calls at once is held back, and all are answered', async () => {
    await using server = await startTestServer({ connectionLimits: IMPATIENT });
    await using raw = await openRaw(server);
    for (let id = 1; id <= 200; id += 1) raw.send({ id, method: 'query', params: { path: 'server.info' } });
    const ids = new Set<unknown>();
    for (let count = 0; count < 200; count += 1) ids.add((await raw.next()).id);
    expect(ids.size).toBe(200);
  });

  test('of a budget is refused on either transport with the seconds until there is more', async () => {
    await using server = await startTestServer({
      limits: { ...TEST_OPTIONS.limits, callsPerMinute: { read: 3, write: 3, secret: 3 } },
    });
    const codes: number[] = [];
    for (let call = 0; call < 4; call += 1) {
      const answer = await fetch(`${server.url}/trpc/server.info`);
      codes.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      await answer.arrayBuffer();
    }
    expect(codes).toEqual([200, 200, 200, 429]);
    await using client = connect(server.url);
    expect(await refusalOf(client.api.server.info.query())).toMatchObject({
      code: 'tooMany',
      action: 'later',
    });
  });
});

describe('slow ones', () => {
  test('who do not say who they are, are cut', async () => {
    await using server = await startTestServer({ connectionLimits: IMPATIENT });
    await using raw = await openRaw(server, { hello: false });
    expect([CLOSE_CODES.tooSlow, 1006]).toContain(await raw.closed);
  });

  test('who are silent and do not answer a ping, are cut', async () => {
    await using server = await startTestServer({ connectionLimits: IMPATIENT });
    await using raw = await openRaw(server);
    raw.send({ id: 1, method: 'query', params: { path: 'server.info' } });
    await raw.next();
    // Half open: the other side is there no more, and nobody has said so.
    raw.socket.pause();
    await expect.poll(() => server.running.sockets.count, { timeout: 10_000 }).toBe(0);
  });

  test('who are silent and answer pings, are not', async () => {
    await using server = await startTestServer({ connectionLimits: IMPATIENT });
    await using raw = await openRaw(server);
    await new Promise<void>((resolve) => {
      let pings = 0;
      raw.socket.on('ping', () => {
        pings += 1;
        if (pings === 4) resolve();
      });
    });
    raw.send({ id: 1, method: 'query', params: { path: 'server.info' } });
    expect(await raw.next()).toMatchObject({ id: 1 });
  });

  test('who write a message for ever, are cut', async () => {
    await using server = await startTestServer({ connectionLimits: { ...IMPATIENT, silentMs: 60_000 } });
    await using raw = await openRaw(server);
    raw.send({ id: 1, method: 'query', params: { path: 'server.info' } });
    await raw.next();
    const { socket: stream } = raw.socket as unknown as { socket: Socket } & { _socket: Socket };
    const wire = stream ?? (raw.socket as unknown as { _socket: Socket })._socket;
    // A frame of a megabyte, of which a byte comes now and then.
    wire.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]));
    const drip = setInterval(() => wire.write(Buffer.from([0])), 50);
    expect([CLOSE_CODES.tooSlow, 1006]).toContain(await raw.closed);
    clearInterval(drip);
  });

  test('who do not read, hold up nobody, cost no memory, and are cut', async () => {
    await using server = await startTestServer({ connectionLimits: { ...IMPATIENT, stalledMs: 1500 } });
    await using owner = await Person.owner(server);
    const team = await WireTeam.create(server, owner);
    const { incarnation } = await owner.api.server.info.query();
    await using slow = await openRaw(server, { token: owner.grant.accessToken });
    const input = { workspace: team.id, after: { incarnation, seq: 0 }, logFrom: 0 };
    slow.send({ id: 1, method: 'subscription', params: { path: 'record.follow', input } });
    await slow.next();
    slow.socket.pause();
    await using quick = await follow(owner.client, team);
    const payload = randomBytes(200_000);
    for (let count = 1; count <= 60; count += 1) {
      const record = team.seal(owner.account, { group: newGroup(), stream: newStream(), payload });
      await team.append(owner, [record]);
      await quick.until((messages) => seqsOf(messages).includes(count));
    }
    // Twelve megabytes were written; what waits for the slow one is not that much.
    await expect.poll(() => server.running.sockets.count, { timeout: 10_000 }).toBe(1);
    await using again = await follow(owner.client, team, { seq: 55 });
    await again.until((messages) => seqsOf(messages).length === 5);
  });
});

describe('inputs that are made up', () => {
  test('of every procedure are answered with an error of the table, never as internal', async () => {
    await using server = await startTestServer();
    await using owner = await Person.owner(server);
    const team = await WireTeam.create(server, owner);
    const procedures = appRouter._def.procedures as unknown as Readonly<
      Record<string, { readonly _def: { readonly type: 'query' | 'mutation' | 'subscription' } }>
    >;
    await using raw = await openRaw(server, { token: owner.grant.accessToken });
    let id = 0;
    const deadly = new Set(['session.signOut', 'session.revoke', 'account.delete']);
    const paths = [...procedurePaths].filter((path) => !deadly.has(path));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), inputs(team.id), async (path, input) => {
        id += 1;
        const method = procedures[path]?._def.type;
        raw.send({ id, method, params: { path, input } });
        const answer = await raw.next();
        if (answer.error !== undefined) {
          expect(Object.keys(ERRORS)).toContain(answer.error.data.code);
          expect(answer.error.data.code).not.toBe('internal');
        } else if (method === 'subscription') {
          raw.send({ id, method: 'subscription.stop' });
        }
      }),
      { numRuns: 500 },
    );
    expect(server.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    await isServing(server);
  }, 60_000);
});

/** Anything at all, and objects that begin as what is asked for. */
function inputs(workspace: string): fc.Arbitrary<unknown> {
  const anything = fc.anything({
    maxDepth: 3,
    withBigInt: false,
    withDate: false,
    withMap: false,
    withSet: false,
  });
  const leaf = fc.oneof(
    anything,
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(workspace, '', 0, -1, 1e308, null, true, 'owner@example.com', 'a'.repeat(51) + 'q'),
  );
  const names = [
    'after',
    'logFrom',
    'from',
    'limit',
    'ids',
    'records',
    'group',
    'stream',
    'expectedHead',
    'entries',
  ];
  const more = [
    'boxes',
    'email',
    'password',
    'secret',
    'account',
    'id',
    'kind',
    'message',
    'append',
    'proof',
  ];
  const object = fc
    .dictionary(fc.constantFrom(...names, ...more), leaf, { maxKeys: 8 })
    .chain((fields) => fc.constantFrom({ ...fields }, { ...fields, workspace }));
  return fc.oneof(anything, object).filter(isEncodable);
}

function isEncodable(value: unknown): boolean {
  try {
    decodeMessage(encodeMessage({ value }));
    return true;
  } catch {
    return false;
  }
}

/** At a time; `npm run soak` has thousands. */
const SOCKETS = Number(process.env['SOCKETS'] ?? 150);

test(
  'sockets come by the hundred, ask, send noise or nothing, and go, and nothing of them stays',
  async () => {
    await using server = await startTestServer();
    const sizes: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await comeAndGo(server, SOCKETS);
      await expect.poll(() => server.running.sockets.count, { timeout: 20_000 }).toBe(0);
      await isServing(server);
      globalThis.gc?.();
      sizes.push(process.memoryUsage().heapUsed);
    }
    const [, second = 0, third = 0] = sizes;
    // What a round leaves behind for ever would be there twice.
    expect(third - second).toBeLessThan(SOCKETS * 4096 + 32 * 1024 * 1024);
  },
  60_000 + SOCKETS * 20,
);

async function comeAndGo(server: TestServer, count: number): Promise<void> {
  const all: RawSocket[] = [];
  while (all.length < count) {
    const from = all.length;
    const group = Array.from({ length: Math.min(100, count - from) }, async (_, index) =>
      comeOnce(server, from + index),
    );
    all.push(...(await Promise.all(group)));
  }
  for (const [index, { socket }] of all.entries()) {
    if (index % 2 === 0) socket.terminate();
    else socket.close();
  }
  await Promise.all(all.map(async ({ closed }) => closed));
}

/** One that says nothing, one that asks, one that sends noise. */
async function comeOnce(server: TestServer, index: number): Promise<RawSocket> {
  const raw = await openRaw(server, { hello: index % 3 !== 0 });
  if (index % 3 === 1) raw.send({ id: 1, method: 'query', params: { path: 'server.info' } });
  if (index % 3 === 2) raw.socket.send(randomBytes(50));
  return raw;
}
