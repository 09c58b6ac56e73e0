// One contract for the three ways in which processes tell each other what has changed.

import { createHub, type Hub, type HubMessage } from '@cuebook/server/hub';
import { createNatsHub } from '@cuebook/server/hubNats';
import { createPostgresHub } from '@cuebook/server/hubPostgres';
import { openDatabase } from '@cuebook/server/store/database';
import { idFromBytes, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { PRESENCE_BYTES } from '@cuebook/shared/protocol/limits';
import { redact } from '@cuebook/shared/util/redacted';
import { describe, expect, test } from 'vitest';
import { findNatsServer } from '../../../tools/installNats.ts';
import { createTestDatabase } from '../ground.ts';
import { startNats } from './natsServer.ts';

const workspace = idFromBytes<WorkspaceId>(new Uint8Array(32).fill(1));
const other = idFromBytes<WorkspaceId>(new Uint8Array(32).fill(2));
const account = idFromBytes<AccountId>(new Uint8Array(32).fill(3));
const hint = (seq: number): HubMessage => ({ kind: 'workspace', workspace, seq, logIndex: 0 });
const presence: HubMessage = {
  kind: 'presence',
  workspace,
  from: 'somebody',
  message: new Uint8Array(PRESENCE_BYTES).fill(7),
};

interface Hubs extends AsyncDisposable {
  /** Two processes' hubs; the same one twice where there is one process only. */
  readonly here: Hub;
  readonly there: Hub;
}

const fail = (error: unknown): never => {
  throw error;
};

async function inProcess(): Promise<Hubs> {
  const hub = createHub();
  return { here: hub, there: hub, [Symbol.asyncDispose]: async () => hub.close() };
}

async function overPostgres(): Promise<Hubs> {
  const ground = await createTestDatabase();
  const open = async (): Promise<{ hub: Hub; close(): Promise<void> }> => {
    const database = openDatabase({ address: ground.address, connections: 2 });
    const connect = () => database.connectAs('cuebook_app');
    const hub = await createPostgresHub({ sql: database.app, connect, onError: fail });
    return {
      hub,
      close: async () => {
        await hub.close();
        await database.close();
      },
    };
  };
  const [here, there] = await Promise.all([open(), open()]);
  return {
    here: here.hub,
    there: there.hub,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([here.close(), there.close()]);
      await ground[Symbol.asyncDispose]();
    },
  };
}

async function overNats(): Promise<Hubs> {
  const server = await startNats(natsServer ?? '');
  const servers = redact(server.url);
  const [here, there] = await Promise.all([
    createNatsHub({ servers, onError: fail }),
    createNatsHub({ servers, onError: fail }),
  ]);
  return {
    here,
    there,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([here.close(), there.close()]);
      await server.stop();
    },
  };
}

const natsServer = findNatsServer();
if (natsServer === null) console.log('nats-server is not installed: the hub over NATS is not tested.');

const kinds = [
  ['in one process', inProcess],
  ['over PostgreSQL', overPostgres],
  ...(natsServer === null ? [] : [['over NATS', overNats] as const]),
] as const;

/** What a listener heard, and a way to wait for it. */
function collect(hub: Hub, topic: WorkspaceId | 'revoked') {
  const heard: HubMessage[] = [];
  const stop = hub.listen(topic, (message) => heard.push(message));
  return {
    heard,
    stop,
    until: async (count: number) =>
      expect.poll(() => heard.length, { interval: 5, timeout: 5000 }).toBe(count),
  };
}

describe.each(kinds)('a hub %s', (_, open) => {
  test('tells a workspace’s listeners here and elsewhere, in order, and nobody else', async () => {
    await using hubs = await open();
    const near = collect(hubs.here, workspace);
    const far = collect(hubs.there, workspace);
    const others = collect(hubs.there, other);
    await settled(hubs);
    hubs.here.publish(hint(1));
    await far.until(1);
    hubs.here.publish(presence);
    hubs.here.publish({ kind: 'boxes', workspace });
    hubs.here.publish({ kind: 'healing', workspace });
    await far.until(4);
    const said = [hint(1), presence, { kind: 'boxes', workspace }, { kind: 'healing', workspace }];
    expect(far.heard).toEqual(said);
    expect(near.heard).toEqual(said);
    expect(others.heard).toEqual([]);
  });

  test('says of what follows quickly at least the newest', async () => {
    await using hubs = await open();
    const far = collect(hubs.there, workspace);
    await settled(hubs);
    for (let seq = 1; seq <= 200; seq += 1) hubs.here.publish(hint(seq));
    await expect.poll(() => far.heard.at(-1), { interval: 5, timeout: 5000 }).toEqual(hint(200));
    const seqs = far.heard.map((message) => (message.kind === 'workspace' ? message.seq : 0));
    expect(seqs).toEqual([...seqs].sort((left, right) => left - right));
  });

  test('tells a revocation to whoever listens for revocations, and to its workspace', async () => {
    await using hubs = await open();
    const revoked = collect(hubs.there, 'revoked');
    const far = collect(hubs.there, workspace);
    await settled(hubs);
    hubs.here.publish({ kind: 'revoked', account, workspace: null });
    await revoked.until(1);
    hubs.here.publish({ kind: 'revoked', account, workspace });
    await revoked.until(2);
    await far.until(1);
    expect(far.heard).toEqual([{ kind: 'revoked', account, workspace }]);
  });

  test('tells nothing to whoever has stopped listening', async () => {
    await using hubs = await open();
    const stopped = collect(hubs.there, workspace);
    const still = collect(hubs.there, workspace);
    await settled(hubs);
    stopped.stop();
    hubs.here.publish(hint(1));
    await still.until(1);
    expect(stopped.heard).toEqual([]);
  });

  test('is connected', async () => {
    await using hubs = await open();
    expect(hubs.here.isConnected()).toBe(true);
  });
});

/** Listening has reached the broker when what is said on one hub comes back from the other. */
async function settled({ here, there }: Hubs): Promise<void> {
  if (here === there) return;
  const probe = idFromBytes<WorkspaceId>(new Uint8Array(32).fill(9));
  const heard = collect(there, probe);
  await expect
    .poll(
      () => {
        here.publish({ kind: 'boxes', workspace: probe });
        return heard.heard.length;
      },
      { interval: 10, timeout: 5000 },
    )
    .toBeGreaterThan(0);
  heard.stop();
}

test('a hub over PostgreSQL whose connection was cut listens again by itself', async () => {
  await using ground = await createTestDatabase();
  const open = async (name: string) => {
    const database = openDatabase({ address: ground.address, connections: 2 });
    const hub = await createPostgresHub({
      sql: database.app,
      connect: () => database.connectAs('cuebook_app'),
      onError: () => {},
      beatMs: 50,
    });
    return { name, database, hub };
  };
  const here = await open('here');
  const there = await open('there');
  const far = collect(there.hub, workspace);
  const owner = ground.database.connectAs('owner');
  await owner`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'`;
  await expect
    .poll(
      () => {
        here.hub.publish({ kind: 'boxes', workspace });
        return far.heard.length;
      },
      { interval: 20, timeout: 10_000 },
    )
    .toBeGreaterThan(0);
  await owner.end();
  for (const { hub, database } of [here, there]) {
    await hub.close();
    await database.close();
  }
});
