// What this device has to send, and what the answers mean. A push is one append to one stream: records whose last
// becomes the head, expecting a certain head on the server. What was sent is not touched until its outcome is known:
// stored, or definitely refused. After a lost answer the very same bytes go again; the server knows them by their ids.
//
// The session is a value of one connection's time. It is not written to disk: after a restart everything that has no
// place in the feed is simply sent again.

import type { GroupId, RecordId, StreamId } from '../encoding/ids.ts';
import { openStreams } from './packedStreams.ts';
import type { ReplicaState, Stream, StreamEntry } from './state.ts';
import { firstParents } from './streamGraph.ts';

export interface Push {
  readonly group: GroupId;
  readonly stream: StreamId;
  /** The stream's head on the server, as far as this device knows; null: the stream is new. */
  readonly expectedHead: RecordId | null;
  /** In order: parents before children, the new head last. */
  readonly records: readonly RecordId[];
}

/** What a server answers to a push. Every answer but `stored` is definite: nothing of the push is stored or will be. */
export type PushAnswer =
  | { readonly kind: 'stored'; readonly places: readonly { readonly id: RecordId; readonly seq: number }[] }
  /** The head is another: the feed brings what came before, then it is merged and pushed again. */
  | { readonly kind: 'behind' }
  /** Sealed under an epoch that is over, or after a place in the feed that a restored server does not have: seal anew. */
  | { readonly kind: 'oldEpoch' }
  /** Nobody may write before a new key: wait for the team log to go on (`reopened`). */
  | { readonly kind: 'rotationOwed' }
  /** The group was purged: the feed brings the purge, and the text stays here as a new prompt. */
  | { readonly kind: 'gone' }
  /** Not a member, or a viewer: the work stays here and can be exported. */
  | { readonly kind: 'notAllowed' };

export interface Session {
  readonly inFlight: ReadonlyMap<StreamId, Push>;
  /** How often `reopened` was called before each push under way was sent. */
  readonly sentAfter: ReadonlyMap<StreamId, number>;
  readonly reopenings: number;
  /** Stored by the server's word, not yet seen in the feed. */
  readonly acknowledged: ReadonlyMap<RecordId, Acknowledged>;
  /** Streams whose push was refused, and the head that was expected then: tried again once the feed has moved it. */
  readonly refused: ReadonlyMap<StreamId, RecordId | null>;
  /** True once the server said that this device may not write, until the team log goes on. Reading goes on. */
  readonly mayNotWrite: boolean;
}

interface Acknowledged {
  readonly group: GroupId;
  readonly stream: StreamId;
  /** The place that was promised. */
  readonly seq: number;
}

export const newSession = (): Session => ({
  inFlight: new Map(),
  sentAfter: new Map(),
  reopenings: 0,
  acknowledged: new Map(),
  refused: new Map(),
  mayNotWrite: false,
});

/**
 * The pushes to send now: at most one at a time for each stream, at most `limit` in flight, folders before what is in
 * them. None while more than half of that is under way: with thousands pending, to look through them costs more than a push.
 */
export function choosePushes(
  session: Session,
  state: ReplicaState,
  limit: number,
): { readonly session: Session; readonly pushes: readonly Push[] } {
  const free = limit - session.inFlight.size;
  if (session.mayNotWrite || free * 2 < limit) return { session, pushes: [] };
  const pushes: Push[] = [];
  for (const push of readyPushes(session, state)) {
    pushes.push(push);
    if (pushes.length === free) break;
  }
  const inFlight = new Map(session.inFlight);
  const sentAfter = new Map(session.sentAfter);
  for (const push of pushes) {
    inFlight.set(push.stream, push);
    sentAfter.set(push.stream, session.reopenings);
  }
  return { session: { ...session, inFlight, sentAfter }, pushes };
}

/** After an answer `oldEpoch` the stream is to be sealed anew (resealing.ts) before the next push is chosen. */
export function answered(session: Session, push: Push, answer: PushAnswer): Session {
  const inFlight = new Map(session.inFlight);
  inFlight.delete(push.stream);
  const open = { ...session, inFlight };
  switch (answer.kind) {
    case 'stored': {
      const acknowledged = new Map(session.acknowledged);
      const { group, stream } = push;
      for (const { id, seq } of answer.places) acknowledged.set(id, { group, stream, seq });
      return { ...open, acknowledged };
    }
    case 'behind':
    case 'gone':
      return { ...open, refused: new Map(session.refused).set(push.stream, push.expectedHead) };
    case 'oldEpoch':
      return open;
    case 'rotationOwed':
    case 'notAllowed':
      // Judged before an entry that is known here meanwhile, the answer may be old: it is tried again.
      return { ...open, mayNotWrite: session.sentAfter.get(push.stream) === session.reopenings };
  }
}

/** After another entry of the team log was verified: whoever may not write may have become an editor again. */
export const reopened = (session: Session): Session => ({
  ...session,
  mayNotWrite: false,
  reopenings: session.reopenings + 1,
});

/**
 * After the feed moved: acknowledgements that it has kept are forgotten. `broken` are those that it has not, though it is
 * past their place: the server has told this device something else than the others.
 */
export function settleAcknowledged(
  session: Session,
  state: ReplicaState,
): { readonly session: Session; readonly broken: readonly RecordId[] } {
  const due = [...session.acknowledged].filter(([, { seq }]) => seq <= state.feed.seq);
  if (due.length === 0) return { session, broken: [] };
  const acknowledged = new Map(session.acknowledged);
  for (const [id] of due) acknowledged.delete(id);
  const broken = due.flatMap(([id, at]) => (isPending(state, id, at) ? [id] : []));
  return { session: { ...session, acknowledged }, broken };
}

function isPending(state: ReplicaState, id: RecordId, { group, stream }: Acknowledged): boolean {
  const streams = state.groups.get(group)?.streams;
  return streams !== undefined && openStreams(streams).get(stream)?.entries.get(id)?.seq === null;
}

interface PendingEntry {
  readonly group: GroupId;
  readonly entry: StreamEntry;
}

/** All records that no server has placed yet. */
export function pendingEntries(state: ReplicaState): readonly PendingEntry[] {
  const pending: PendingEntry[] = [];
  for (const { group, stream } of pendingStreams(state)) {
    for (const entry of stream.entries.values()) if (entry.seq === null) pending.push({ group, entry });
  }
  return pending;
}

/** Group by group in the order in which they were placed here: what is long synced costs nothing. */
function* pendingStreams(
  state: ReplicaState,
): Generator<{ readonly group: GroupId; readonly stream: Stream }> {
  const pending = [...state.groups.values()].filter((group) => group.unsynced > 0);
  pending.sort((left, right) => (left.place?.at ?? 0) - (right.place?.at ?? 0));
  for (const group of pending) {
    for (const stream of openStreams(group.streams).values()) {
      // Of what is to be purged nothing else is sent.
      if (!group.purged || stream.kind === 'place') yield { group: group.id, stream };
    }
  }
}

function* readyPushes(session: Session, state: ReplicaState): Generator<Push> {
  for (const { group, stream } of pendingStreams(state)) {
    if (session.inFlight.has(stream.id)) continue;
    const next = nextAppend(session, stream);
    if (next === null || session.refused.get(stream.id) === next.expectedHead) continue;
    const records = next.records.map((entry) => entry.id);
    yield { group, stream: stream.id, expectedHead: next.expectedHead, records };
  }
}

/** The oldest step of the main line that the server does not have, with what it merges. */
function nextAppend(
  session: Session,
  stream: Stream,
): { readonly expectedHead: RecordId | null; readonly records: readonly StreamEntry[] } | null {
  const isStored = (entry: StreamEntry): boolean => entry.seq !== null || session.acknowledged.has(entry.id);
  let next: StreamEntry | null = null;
  let expectedHead: RecordId | null = null;
  for (const entry of firstParents(stream, stream.head)) {
    if (isStored(entry)) {
      expectedHead = entry.id;
      break;
    }
    next = entry;
  }
  if (next === null || !canBeSent(next)) return null;
  const records = withMissingAncestors(stream, next, isStored);
  return records.every(canBeSent) ? { expectedHead, records } : null;
}

/** A forged or unchecked record is never sent in this account's name. */
const canBeSent = (entry: StreamEntry): boolean => entry.status === 'verified';

function withMissingAncestors(
  stream: Stream,
  last: StreamEntry,
  isStored: (entry: StreamEntry) => boolean,
): readonly StreamEntry[] {
  const found = new Map<RecordId, StreamEntry>();
  const open = [last];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (isStored(entry) || found.has(entry.id)) continue;
    found.set(entry.id, entry);
    for (const parent of entry.parents) {
      const before = stream.entries.get(parent);
      if (before !== undefined) open.push(before);
    }
  }
  // Records are applied after what they follow, so their order of application is an order of the graph.
  return [...found.values()].sort((left, right) => left.at - right.at);
}
