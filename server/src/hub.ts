// Tells what has changed, within this process and between processes. A hint carries no content and may be lost: whoever
// follows something reads it from the store, and the sweep (sweep.ts) asks the store every second in any case. Three
// implementations pass one contract (test/server/hub): this one, PostgreSQL (hubPostgres.ts) and NATS (hubNats.ts).

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Hint, HintSink } from './store/api.ts';

/** Sealed by a member for the others, of one size; never stored. */
export interface Presence {
  readonly kind: 'presence';
  readonly workspace: WorkspaceId;
  /** The socket that it came from. */
  readonly from: string;
  readonly message: Uint8Array;
}

export type HubMessage = Hint | Presence;
export type HubListener = (message: HubMessage) => void;

/** What a listener hears: all of one workspace, or that something was revoked, wherever. */
export type HubTopic = WorkspaceId | 'revoked';

export interface Hub extends HintSink {
  /** To every listener of its workspace, here at once and in the other processes soon. Never throws, never waits. */
  publish(message: HubMessage): void;
  /** Listeners are called one after the other and must not throw. The result ends it. */
  listen(topic: HubTopic, listener: HubListener): () => void;
  /** Whether messages of other processes come in at this moment. While they do not, the sweep is all there is. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** Within one process. */
export function createHub(): Hub {
  const listeners = createListeners();
  return {
    publish: listeners.deliver,
    listen: listeners.listen,
    isConnected: () => true,
    close: async () => listeners.clear(),
  };
}

/** Where a message goes: revocations are heard under both topics. */
export function topicsOf(message: HubMessage): readonly HubTopic[] {
  if (message.kind !== 'revoked') return [message.workspace];
  return message.workspace === null ? ['revoked'] : ['revoked', message.workspace];
}

export interface Listeners {
  readonly listen: Hub['listen'];
  readonly deliver: (message: HubMessage) => void;
  /** To those of one topic only. */
  readonly deliverTo: (topic: HubTopic, message: HubMessage) => void;
  readonly clear: () => void;
}

/** The part that every implementation has: who listens here. `onTopic` is told when a topic gets its first listener or loses its last. */
export function createListeners(onTopic: (topic: HubTopic, heard: boolean) => void = () => {}): Listeners {
  const byTopic = new Map<HubTopic, Set<HubListener>>();
  const forget = (topic: HubTopic, listener: HubListener): void => {
    const those = byTopic.get(topic);
    if (those?.delete(listener) !== true || those.size > 0) return;
    byTopic.delete(topic);
    onTopic(topic, false);
  };
  const deliverTo = (topic: HubTopic, message: HubMessage): void => {
    for (const listener of byTopic.get(topic) ?? []) listener(message);
  };
  return {
    listen: (topic, listener) => {
      const those = byTopic.get(topic) ?? new Set();
      byTopic.set(topic, those);
      those.add(listener);
      if (those.size === 1) onTopic(topic, true);
      return () => forget(topic, listener);
    },
    deliver: (message) => {
      for (const topic of topicsOf(message)) deliverTo(topic, message);
    },
    deliverTo,
    clear: () => byTopic.clear(),
  };
}
