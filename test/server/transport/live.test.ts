// What happens to live sockets when what they stand on changes: sessions, memberships, the database, the server itself.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CLOSE_CODES } from '@cuebook/shared/protocol/errors';
import { PRESENCE_BYTES } from '@cuebook/shared/protocol/limits';
import { describe, expect, test } from 'vitest';
import { connect, follow, Person, refusalOf, seqsOf, WireTeam } from '../client.ts';
import { newGroup, newStream } from '../store/world.ts';
import { startTestServer, TEST_ORIGIN, type TestServer } from '../testServer.ts';

const isUpToDate = (messages: readonly { readonly kind: string }[]): boolean =>
  messages.some(({ kind }) => kind === 'upToDate');
const isEnded = (messages: readonly { readonly kind: string }[]): boolean =>
  messages.some(({ kind }) => kind === 'ended');
const hasPresence = (messages: readonly { readonly kind: string }[]): boolean =>
  messages.some(({ kind }) => kind === 'presence');

/** A call over HTTP with this token. */
const aboutOver = async (server: TestServer, token: string): Promise<Response> =>
  fetch(`${server.url}/trpc/account.about`, { headers: { authorization: `Bearer ${token}` } });

describe('a session that is revoked', () => {
  test.each([
    ['by a hint', undefined],
    ['though every hint is lost', { kind: 'process' }],
  ] as const)('closes its sockets on every process within a second, %s', async (_, hub) => {
    const options = hub === undefined ? {} : { hub };
    await using server = await startTestServer(options);
    await using second = await startTestServer({ ...options, beside: server });
    await using owner = await Person.owner(server);
    await using other = await owner.another();
    await using here = other.connect(server);
    await using there = other.connect(second);
    await Promise.all([here.api.account.about.query(), there.api.account.about.query()]);
    // All of it runs in this process: what the machine itself makes late is not the server's.
    const late = monitorEventLoopDelay({ resolution: 5 });
    late.enable();
    const started = performance.now();
    await owner.api.session.revoke.mutate({ session: other.grant.session });
    const next = await aboutOver(second, other.grant.accessToken);
    expect(next.status).toBe(401);
    expect(await Promise.all([other.client.closed, here.closed, there.closed])).toEqual([
      CLOSE_CODES.sessionEnded,
      CLOSE_CODES.sessionEnded,
      CLOSE_CODES.sessionEnded,
    ]);
    late.disable();
    expect(performance.now() - started).toBeLessThan(1000 + (2 * late.max) / 1e6);
    await owner.api.account.about.query();
  });

  test('gets 401 at its next call on a socket, even before the socket is closed', async () => {
    await using server = await startTestServer();
    await using owner = await Person.owner(server);
    await using other = await owner.another();
    const [, refusal] = await Promise.all([
      owner.api.session.revoke.mutate({ session: other.grant.session }),
      // Whatever comes first: the refusal, or the end of the socket.
      (async () => {
        for (;;) {
          const outcome = await other.api.account.about.query().then(
            () => null,
            async (error: unknown) => refusalOf(Promise.reject(error)).catch(() => 'closed' as const),
          );
          if (outcome !== null) return outcome;
        }
      })(),
    ]);
    if (refusal !== 'closed') expect(refusal).toMatchObject({ code: 'unauthenticated', action: 'signIn' });
  });
});

describe('an access token', () => {
  test('that runs out closes the socket, unless a new one was presented', async () => {
    let ahead = 0;
    await using server = await startTestServer({ now: () => Date.now() + ahead });
    await using owner = await Person.owner(server);
    await using forgetful = owner.connect();
    await forgetful.api.account.about.query();
    const { refreshToken } = owner.grant;
    ahead = 10 * 60_000;
    await owner.present(await owner.api.session.refresh.mutate({ refreshToken }));
    ahead = 16 * 60_000;
    expect(await forgetful.closed).toBe(CLOSE_CODES.sessionEnded);
    await owner.api.account.about.query();
  });

  test('of somebody else cannot be presented', async () => {
    await using server = await startTestServer();
    await using owner = await Person.owner(server);
    await using mate = await Person.join(server, owner);
    const { accessToken } = mate.grant;
    const refusal = await refusalOf(owner.api.session.present.mutate({ accessToken }));
    expect(refusal.code).toBe('unauthenticated');
    expect((await owner.api.account.about.query()).account).toBe(owner.id);
  });
});

test('a removed member’s subscription ends on every process, and nothing that comes after reaches it', async () => {
  await using server = await startTestServer();
  await using second = await startTestServer({ beside: server });
  await using owner = await Person.owner(server);
  await using mate = await Person.join(server, owner);
  const team = await WireTeam.create(server, owner);
  await team.add(mate);
  await using there = mate.connect(second);
  await using near = await follow(mate.client, team);
  await using far = await follow(there, team);
  await Promise.all([near.until(isUpToDate), far.until(isUpToDate)]);
  await team.remove(mate);
  await team.append(owner, [team.seal(owner.account, { group: newGroup(), stream: newStream() })]);
  await Promise.all([near.until(isEnded), far.until(isEnded)]);
  expect(seqsOf(near.messages)).toEqual([]);
  expect(seqsOf(far.messages)).toEqual([]);
  const refusal = await refusalOf(mate.api.workspace.readLog.query({ workspace: team.id, from: 0 }));
  expect(refusal.code).toBe('notFound');
});

describe('several processes', () => {
  test('on one database: what is appended on one is followed on the others, in one order', async () => {
    await using server = await startTestServer();
    await using second = await startTestServer({ beside: server });
    await using third = await startTestServer({ beside: server, hub: { kind: 'process' } });
    await using owner = await Person.owner(server);
    await using mate = await Person.join(server, owner);
    const team = await WireTeam.create(server, owner);
    await team.add(mate);
    await using there = mate.connect(second);
    await using apart = mate.connect(third);
    const seen = [await follow(owner.client, team), await follow(there, team), await follow(apart, team)];
    await Promise.all(seen.map(async (each) => each.until(isUpToDate)));
    const writers = [owner.client, owner.connect(second), owner.connect(third)];
    const seal = () => team.seal(owner.account, { group: newGroup(), stream: newStream() });
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const writer = writers[index % writers.length];
        if (writer !== undefined) await team.append(writer, [seal()]);
      }),
    );
    const all = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const each of seen) {
      await each.until((messages) => seqsOf(messages).length >= 60);
      expect(seqsOf(each.messages)).toEqual(all);
      each.stop();
    }
    await Promise.all(writers.slice(1).map(async (writer) => writer.close()));
  });
});

describe('presence', () => {
  test('reaches the other members on every process, not whoever sent it, and is of one size', async () => {
    await using server = await startTestServer();
    await using second = await startTestServer({ beside: server });
    await using owner = await Person.owner(server);
    await using mate = await Person.join(server, owner);
    const team = await WireTeam.create(server, owner);
    await team.add(mate);
    await using there = mate.connect(second);
    await using own = await follow(owner.client, team);
    await using far = await follow(there, team);
    await Promise.all([own.until(isUpToDate), far.until(isUpToDate)]);
    const message = new Uint8Array(PRESENCE_BYTES).fill(5);
    await owner.api.record.presence.mutate({ workspace: team.id, message });
    await far.until(hasPresence);
    expect(far.messages.at(-1)).toEqual({ kind: 'presence', message });
    await there.api.record.presence.mutate({ workspace: team.id, message });
    await own.until(hasPresence);
    expect(own.messages.filter(({ kind }) => kind === 'presence')).toHaveLength(1);
    const short = { workspace: team.id, message: new Uint8Array(PRESENCE_BYTES - 1) };
    expect(await refusalOf(owner.api.record.presence.mutate(short))).toMatchObject({ code: 'malformed' });
  });
});

describe('a database that does not answer', () => {
  test('closes all sockets within two seconds, and the server is not ready until it answers again', async () => {
    let isGone = false;
    await using server = await startTestServer({
      databaseMs: 1000,
      wrapStore: (store) => ({
        ...store,
        workspaces: {
          ...store.workspaces,
          heads: async (workspaces) =>
            isGone ? new Promise<never>(() => {}) : store.workspaces.heads(workspaces),
        },
      }),
    });
    await using owner = await Person.owner(server);
    const team = await WireTeam.create(server, owner);
    await using seen = await follow(owner.client, team);
    await seen.until(isUpToDate);
    const started = performance.now();
    isGone = true;
    expect(await owner.client.closed).toBe(CLOSE_CODES.unavailable);
    expect(performance.now() - started).toBeLessThan(2500);
    const ready = await fetch(`${server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'databaseUnreachable' }]);
    isGone = false;
    await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status, { interval: 50 }).toBe(200);
    await using again = owner.connect();
    expect((await again.api.account.about.query()).account).toBe(owner.id);
  });
});

describe('a server that stops', () => {
  test('answers what is going on, takes nothing new, and says so when it closes', async () => {
    const reached = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const server = await startTestServer({
      wrapStore: (store) => ({
        ...store,
        workspaces: {
          ...store.workspaces,
          list: async (account) => {
            reached.resolve();
            await release.promise;
            return store.workspaces.list(account);
          },
        },
      }),
    });
    await using owner = await Person.owner(server);
    await using idle = owner.connect();
    await idle.api.account.about.query();
    const listing = owner.api.workspace.list.query();
    await reached.promise;
    const stopped = server.running.stop();
    expect(await idle.closed).toBe(CLOSE_CODES.unavailable);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    release.resolve();
    expect(await listing).toEqual([]);
    expect(await owner.client.closed).toBe(CLOSE_CODES.unavailable);
    await stopped;
    await server[Symbol.asyncDispose]();
  });
});

describe('a socket', () => {
  test('of a version that is not spoken is closed with that', async () => {
    await using server = await startTestServer();
    await using old = connect(server.url, { protocol: 0 });
    expect(await old.closed).toBe(CLOSE_CODES.otherVersion);
    await using strange = connect(server.url, { protocol: 'new' });
    expect(await strange.closed).toBe(CLOSE_CODES.otherVersion);
    await using refused = connect(server.url, { socket: { headers: { 'x-cuebook-protocol': '0' } } });
    expect(await refused.closed).toBe(1006);
  });

  test('with a token that nobody has is closed as ended', async () => {
    await using server = await startTestServer();
    await using client = connect(server.url, { token: 'cb_access_nonsense' });
    expect(await client.closed).toBe(CLOSE_CODES.sessionEnded);
  });

  test('of a page from elsewhere is closed; of the server’s own it is not', async () => {
    await using server = await startTestServer();
    await using page = connect(server.url, { socket: { origin: 'https://evil.example' } });
    expect(await page.closed).toBe(CLOSE_CODES.notAllowed);
    await using own = connect(server.url, { socket: { origin: TEST_ORIGIN } });
    expect((await own.api.server.info.query()).name).toBe('cuebook-server');
  });

  test('answers PING with PONG, so that a client knows that it lives', async () => {
    await using server = await startTestServer();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    const answered = new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
    });
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    socket.send('PING');
    expect(await answered).toBe('PONG');
    socket.close();
  });
});

describe('a save', () => {
  test('into a team of others is answered like one into no team at all, and a role or factor that is missing is named', async () => {
    await using server = await startTestServer();
    await using owner = await Person.owner(server);
    await using viewer = await Person.join(server, owner);
    await using stranger = await Person.join(server, owner);
    const team = await WireTeam.create(server, owner);
    await team.add(viewer, 'viewer');
    const saveBy = async (person: Person) => {
      const record = team.seal(person.account, { group: newGroup(), stream: newStream() });
      return refusalOf(team.append(person, [record]));
    };
    expect(await saveBy(stranger)).toMatchObject({ code: 'notFound' });
    expect(await saveBy(viewer)).toMatchObject({ code: 'notAllowed' });
    team.sample.append(owner.account, {
      type: 'policy',
      policy: { ...team.sample.state.policy, requireMfa: true },
    });
    await team.push(owner);
    expect(await saveBy(owner)).toMatchObject({ code: 'secondFactorNeeded' });
    expect(await saveBy(stranger)).toMatchObject({ code: 'notFound' });
  });
});
