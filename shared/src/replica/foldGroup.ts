// What is shown of a group, folded from its streams: place, trash, content, conflict. A pure function of the records,
// their order and their verdicts, so replicas that have the same of these show the same.

import type { RecordId } from '../encoding/ids.ts';
import { nameKey } from './names.ts';
import type { PromptFacts } from './ports.ts';
import type { ContentHead, Group, Place, Stream, StreamEntry } from './state.ts';
import { compareOrder, contributing, isUsable, usableSides } from './streamGraph.ts';

export interface FoldContext {
  /** Reads and parses a revision's text; asked only if another revision is shown than before. */
  readonly factsOf: (record: RecordId) => PromptFacts;
  readonly isAttached: boolean;
}

export interface GroupFold {
  readonly group: Group;
  /** Set if the group was purged just now, for good: the records whose bytes go, and the one stream that is kept. */
  readonly purge: { readonly erased: readonly RecordId[]; readonly kept: Stream | null } | null;
}

export function foldGroup(
  before: Group,
  streams: ReadonlyMap<string, Stream>,
  context: FoldContext,
): GroupFold {
  const entries = [...streams.values()].flatMap((stream) => [...stream.entries.values()]);
  const purge = entries
    .filter((entry) => entry.flag === 'purge' && entry.status === 'verified')
    .sort(compareOrder)[0];
  if (purge !== undefined) return purged(before, streams, { purge, isAttached: context.isAttached });
  const usable = entries.filter(isUsable).sort(compareOrder);
  const last = usable.at(-1);
  const content = streamOf(streams, 'content');
  const placed = placeOf(before.place, streamOf(streams, 'place'));
  const trash = last?.flag === 'trash' ? last.facts : null;
  return {
    group: {
      ...before,
      kind: placed?.kind ?? before.kind,
      place: placed?.place ?? null,
      createdAt: usable[0]?.facts?.savedAt ?? 0,
      trashedAt: trash?.savedAt ?? null,
      trashedWith: trash?.kind === 'place' ? trash.trashedWith : null,
      purged: false,
      content: content === undefined ? null : contentOf(before.content, content, context.factsOf),
      hasConflict: content !== undefined && usableSides(content).length > 0,
      unsynced: entries.filter((entry) => entry.seq === null).length,
      verified: entries.every((entry) => entry.status !== 'checking'),
    },
    purge: null,
  };
}

/**
 * Nothing of what it was is kept, so a replica that only ever saw tombstones shows the same. Where there is a server, that
 * is when the purge has its place in the feed: until then the server may refuse it (withdrawing.ts).
 */
function purged(
  before: Group,
  streams: ReadonlyMap<string, Stream>,
  { purge, isAttached }: { readonly purge: StreamEntry; readonly isAttached: boolean },
): GroupFold {
  const place = [...streams.values()].find((stream) => stream.entries.has(purge.id));
  const [first] = purge.parents;
  // Without what it follows, which was erased before there was a server, it cannot be sent and need not be.
  const isOwed =
    isAttached && purge.seq === null && first !== undefined && place?.entries.has(first) === true;
  const owed = isOwed ? [...place.entries.values()].filter((entry) => entry.seq === null) : [];
  return {
    group: {
      ...before,
      kind: null,
      place: null,
      createdAt: 0,
      trashedAt: null,
      trashedWith: null,
      purged: true,
      content: null,
      hasConflict: false,
      unsynced: owed.length,
      newerFormat: false,
      verified: true,
    },
    purge: isOwed ? null : erasing(streams, onlyPurge(place, purge)),
  };
}

function erasing(streams: ReadonlyMap<string, Stream>, kept: Stream | null): NonNullable<GroupFold['purge']> {
  const all = [...streams.values()].flatMap((stream) => [...stream.entries.values()]);
  return { erased: all.flatMap(({ id }) => (kept?.entries.has(id) === true ? [] : [id])), kept };
}

function onlyPurge(place: Stream | undefined, purge: StreamEntry): Stream | null {
  if (place === undefined) return null;
  const entries = new Map([[purge.id, { ...purge, number: 1 }]]);
  return { ...place, head: purge.id, sides: [], entries };
}

function streamOf(streams: ReadonlyMap<string, Stream>, kind: Stream['kind']): Stream | undefined {
  for (const stream of streams.values()) if (stream.kind === kind) return stream;
  return undefined;
}

function placeOf(
  before: Place | null,
  stream: Stream | undefined,
): { readonly place: Place; readonly kind: 'prompt' | 'folder' } | null {
  const entry = stream === undefined ? null : contributing(stream);
  if (entry?.facts?.kind !== 'place') return null;
  const { groupKind, folderId: wanted, name } = entry.facts;
  if (before?.record === entry.id && before.seq === entry.seq) return { kind: groupKind, place: before };
  // Whether a folder may be where it wants to be is decided over all folders (foldFolders.ts).
  const folderId = before?.record === entry.id ? before.folderId : wanted;
  const { id: record, seq, at } = entry;
  return { kind: groupKind, place: { folderId, wanted, name, nameKey: nameKey(name), record, seq, at } };
}

function contentOf(
  before: ContentHead | null,
  stream: Stream,
  factsOf: (record: RecordId) => PromptFacts,
): ContentHead | null {
  const entry = contributing(stream);
  if (entry?.facts?.kind !== 'content') return null;
  const { revisionId, savedAt, size, references } = entry.facts;
  const facts = before?.record === entry.id ? before.facts : factsOf(entry.id);
  return { record: entry.id, revisionId, versions: entry.number, savedAt, size, facts, references };
}
