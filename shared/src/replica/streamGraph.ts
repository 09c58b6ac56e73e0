// A stream as a graph: which record is its head, what lies beside it, who is whose ancestor.
//
// The one rule: a record becomes the head if its first parent is the head, as the server's compare-and-append has it.
// Everything else that arrives stands beside the main line until a merge names it as a further parent. The rule looks
// at headers and order only, so replicas with the same order have the same heads, whatever they can open.

import type { RecordId } from '../encoding/ids.ts';
import type { Stream, StreamEntry } from './state.ts';

/** Puts a new entry into a copy of `stream`; `entries` is the caller's own map and is changed. */
export function appended(
  stream: Stream,
  entries: Map<RecordId, StreamEntry>,
  entry: Omit<StreamEntry, 'number'>,
): Stream {
  const first = entry.parents[0];
  const numbered = { ...entry, number: 1 + ((first && entries.get(first)?.number) ?? 0) };
  entries.set(entry.id, numbered);
  const kind = stream.kind ?? entry.facts?.kind ?? null;
  const sides = stream.sides.filter((side) => !entry.parents.includes(side));
  if (!followsHead(stream, entries, numbered))
    return { ...stream, kind, entries, sides: [...sides, entry.id] };
  const left = stream.head !== null && !entry.parents.includes(stream.head) ? [stream.head] : [];
  return { ...stream, kind, entries, head: entry.id, sides: [...sides, ...left] };
}

/** The stream again, its records in their order in the feed: for what was placed before something that is here already. */
export function reordered(stream: Stream): Stream {
  const entries = new Map<RecordId, StreamEntry>();
  const empty: Stream = { ...stream, head: null, sides: [], entries };
  return [...stream.entries.values()]
    .sort(compareOrder)
    .reduce((ordered, entry) => appended(ordered, entries, entry), empty);
}

/** Whether the records stand in their order in the feed, if they did before `entry` came or was placed. */
export function isInOrder(stream: Stream, entry: Pick<StreamEntry, 'id' | 'seq' | 'at'>): boolean {
  let isAfter = false;
  for (const other of stream.entries.values()) {
    if (other.id === entry.id) isAfter = true;
    else if (compareOrder(other, entry) < 0 === isAfter) return false;
  }
  return true;
}

/**
 * A record whose first parent this disk has lost is followed all the same: better a gap than a lost text. Not one that
 * is set aside, though: behind it nothing could be shown.
 */
function followsHead(
  stream: Stream,
  entries: ReadonlyMap<RecordId, StreamEntry>,
  entry: StreamEntry,
): boolean {
  const [first] = entry.parents;
  if (stream.head === null) return first === undefined || !entries.has(first);
  if (first === stream.head) return true;
  return first !== undefined && !entries.has(first) && isUsable(entry);
}

export function isUsable(entry: StreamEntry): boolean {
  return entry.status !== 'quarantined' && entry.facts !== null;
}

/** From `start` along first parents; ends at the first record, or where one is missing. */
export function* firstParents(stream: Stream, start: RecordId | null): Generator<StreamEntry> {
  let next = start;
  while (next !== null) {
    const entry = stream.entries.get(next);
    if (entry === undefined) return;
    yield entry;
    next = entry.parents[0] ?? null;
  }
}

/** What the stream says: its head, or the nearest record before it that can be used. */
export function contributing(stream: Stream): StreamEntry | null {
  for (const entry of firstParents(stream, stream.head)) if (isUsable(entry)) return entry;
  return null;
}

/** The usable sides, oldest first. */
export function usableSides(stream: Stream): readonly StreamEntry[] {
  return stream.sides.flatMap((id) => {
    const entry = stream.entries.get(id);
    return entry !== undefined && isUsable(entry) ? [entry] : [];
  });
}

/** The record itself and everything before it. */
export function ancestors(stream: Stream, start: RecordId): ReadonlySet<RecordId> {
  const found = new Set<RecordId>();
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(stream.entries.get(id)?.parents ?? []));
  }
  return found;
}

/** Where a merge of the two starts: their usable common ancestor with the highest number, the latest of several. */
export function mergeBase(stream: Stream, left: RecordId, right: RecordId): StreamEntry | null {
  const ofLeft = ancestors(stream, left);
  let best: StreamEntry | null = null;
  for (const id of ancestors(stream, right)) {
    const entry = ofLeft.has(id) ? stream.entries.get(id) : undefined;
    if (entry === undefined || !isUsable(entry)) continue;
    if (best === null || isLater(entry, best)) best = entry;
  }
  return best;
}

/** By generation, then by id: the same in every replica. */
function isLater(entry: StreamEntry, other: StreamEntry): boolean {
  return entry.number > other.number || (entry.number === other.number && entry.id > other.id);
}

/** Order in the workspace: by the feed where it has a place there, by arrival after that. Negative: `left` first. */
export function compareOrder(
  left: Pick<StreamEntry, 'seq' | 'at'>,
  right: Pick<StreamEntry, 'seq' | 'at'>,
): number {
  if (left.seq !== null && right.seq !== null) return left.seq - right.seq;
  if (left.seq === null && right.seq === null) return left.at - right.at;
  return left.seq === null ? 1 : -1;
}
