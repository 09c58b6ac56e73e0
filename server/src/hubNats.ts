// The hub over a NATS server, for when NOTIFY's lock on commits is what limits (docs/scaling.md). A process hears only of
// the workspaces that somebody follows on it.

import { randomUUID } from 'node:crypto';
import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';
import { createListeners, topicsOf, type Hub, type HubMessage, type HubTopic } from './hub.ts';
import { messageText, parcelText, parseParcel } from './hubMessage.ts';

export interface NatsHubOptions {
  /** Such as `nats://user:password@host:4222`, or `tls://…`; several with commas. */
  readonly servers: Redacted<string>;
  readonly onError: (error: unknown) => void;
}

const PING_MS = 5000;

/** Resolves when connected; rejects if no server answers. */
export async function createNatsHub({ servers, onError }: NatsHubOptions): Promise<Hub> {
  const from = randomUUID();
  const connection = await connect(connectionOptions(reveal(servers)));
  const subscriptions = new Map<HubTopic, Subscription>();
  const listeners = createListeners((topic, isHeard) => {
    if (connection.isClosed()) return;
    if (isHeard) subscriptions.set(topic, subscribe(connection, topic, { from, deliver }));
    else {
      subscriptions.get(topic)?.unsubscribe();
      subscriptions.delete(topic);
    }
  });
  // A hint that goes to two subjects is delivered once for each: to the listeners of that one.
  const deliver = (topic: HubTopic, message: HubMessage): void => listeners.deliverTo(topic, message);
  const state = watch(connection, onError);
  return {
    publish: (message) => {
      listeners.deliver(message);
      if (connection.isClosed()) return;
      const text = parcelText(from, [messageText(message)]);
      for (const topic of topicsOf(message)) connection.publish(subjectOf(topic), text);
    },
    listen: listeners.listen,
    isConnected: () => state.isConnected,
    close: async () => {
      listeners.clear();
      await connection.close();
    },
  };
}

const subjectOf = (topic: HubTopic): string => `cuebook.hub.${topic}`;

function connectionOptions(text: string) {
  const urls = text.split(',').map((each) => new URL(each.trim()));
  const [first] = urls;
  const user = decodeURIComponent(first?.username ?? '');
  const pass = decodeURIComponent(first?.password ?? '');
  return {
    servers: urls.map(({ host }) => host),
    ...(user === '' ? {} : pass === '' ? { token: user } : { user, pass }),
    ...(first?.protocol === 'tls:' ? { tls: {} } : {}),
    name: 'cuebook-server',
    noEcho: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    pingInterval: PING_MS,
    maxPingOut: 2,
  };
}

function subscribe(
  connection: NatsConnection,
  topic: HubTopic,
  to: { readonly from: string; readonly deliver: (topic: HubTopic, message: HubMessage) => void },
): Subscription {
  return connection.subscribe(subjectOf(topic), {
    callback: (error, received) => {
      if (error !== null) return;
      const parcel = parseParcel(received.string());
      if (parcel === null || parcel.from === to.from) return;
      for (const message of parcel.messages) to.deliver(topic, message);
    },
  });
}

function watch(
  connection: NatsConnection,
  onError: (error: unknown) => void,
): { readonly isConnected: boolean } {
  const state = { isConnected: true };
  const follow = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') state.isConnected = true;
      if (type === 'disconnect' || type === 'staleConnection') {
        state.isConnected = false;
        onError(new Error('The connection to NATS was lost; it is tried again.'));
      }
    }
    state.isConnected = false;
  };
  follow().catch(onError);
  return state;
}
