// A prompt's versions as a graph of what can be used. A record that could not be verified or opened contributes nothing:
// what follows it follows the nearest versions before it. Nor does a record count that claims the id of another
// person's version: it would have its words shown as theirs.

import type { AccountId, RecordId, RevisionId } from '../encoding/ids.ts';
import type { ContentFacts, Stream, StreamEntry } from '../replica/state.ts';
import { isUsable } from '../replica/streamGraph.ts';

export type VersionEntry = StreamEntry & { readonly facts: ContentFacts };

export interface VersionGraph {
  readonly stream: Stream;
  /** Those that can be used, by record. */
  readonly entries: ReadonlyMap<RecordId, VersionEntry>;
  /** By the id that a version keeps when it is sealed anew. */
  readonly byRevision: ReadonlyMap<RevisionId, VersionEntry>;
  /** Usable for its text, but under an id that is somebody else's: nobody is shown as its author. */
  readonly impostors: ReadonlySet<RecordId>;
  /** The nearest versions before it that can be used; the first parent's line first. */
  parentsOf(record: RecordId): readonly RecordId[];
}

export function versionGraph(stream: Stream): VersionGraph {
  const entries = new Map<RecordId, VersionEntry>();
  const byRevision = new Map<RevisionId, VersionEntry>();
  const impostors = new Set<RecordId>();
  for (const entry of stream.entries.values()) {
    if (!isVersion(entry)) continue;
    entries.set(entry.id, entry);
    const first = byRevision.get(entry.facts.revisionId);
    if (first === undefined) byRevision.set(entry.facts.revisionId, entry);
    else if (first.author !== entry.author) impostors.add(entry.id);
  }
  return {
    stream,
    entries,
    byRevision,
    impostors,
    parentsOf: (record) => usableBefore(stream, entries, record),
  };
}

export function isVersion(entry: StreamEntry): entry is VersionEntry {
  return isUsable(entry) && entry.facts?.kind === 'content';
}

/** Whose a version is; null while its signature is being checked. */
export const authorOf = (entry: StreamEntry): AccountId | null =>
  entry.status === 'verified' ? entry.author : null;

function usableBefore(
  stream: Stream,
  entries: ReadonlyMap<RecordId, VersionEntry>,
  record: RecordId,
): readonly RecordId[] {
  const parents = stream.entries.get(record)?.parents ?? [];
  if (parents.every((id) => entries.has(id))) return parents;
  const found = new Set<RecordId>();
  const seen = new Set<RecordId>();
  const open = parents.toReversed();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (entries.has(id)) found.add(id);
    else open.push(...(stream.entries.get(id)?.parents.toReversed() ?? []));
  }
  return [...found];
}

/** The version and all before it, each after its parents. */
export function lineage(graph: VersionGraph, starts: readonly RecordId[]): readonly RecordId[] {
  const done = new Set<RecordId>();
  const open: { readonly id: RecordId; readonly parents: readonly RecordId[]; next: number }[] = [];
  const enter = (id: RecordId): void => {
    if (!done.has(id)) open.push({ id, parents: graph.parentsOf(id), next: 0 });
  };
  for (const start of starts) {
    enter(start);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const parent = top.parents[top.next];
      top.next += 1;
      if (parent !== undefined) {
        enter(parent);
        continue;
      }
      done.add(top.id);
      open.pop();
    }
  }
  return [...done];
}
