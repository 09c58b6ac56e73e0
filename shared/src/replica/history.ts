// A prompt's versions, texts, labels and conflict, read from its streams. Texts are opened from the disk on demand.

import type { AccountId, DeviceId, GroupId, RecordId, RevisionId } from '../encoding/ids.ts';
import type { RevisionKind } from '../record/payload.ts';
import { openStreams } from './packedStreams.ts';
import type { ReplicaPorts } from './ports.ts';
import type { Conflict } from './saving.ts';
import { conflictIn, revisionOf } from './saving.ts';
import type { ContentFacts, ReplicaState, Stream, StreamEntry } from './state.ts';
import { firstParents, isUsable } from './streamGraph.ts';
import { storedText } from './storedText.ts';

export interface Version {
  readonly revisionId: RevisionId;
  readonly record: RecordId;
  /** 1, 2, … along the main line; null for one that came in by a merge or is still beside the main line. */
  readonly number: number | null;
  readonly parents: readonly RevisionId[];
  /** Null while the signature is being checked: until then nobody is its author. */
  readonly author: AccountId | null;
  readonly device: DeviceId | null;
  readonly savedAt: number;
  /** As amended, if it was. */
  readonly message: string;
  readonly kind: RevisionKind;
  readonly restoredFrom: RevisionId | null;
  /** True once a server has given it its place: only then its number is final. */
  readonly synced: boolean;
  readonly size: number;
}

export interface Label {
  readonly name: string;
  readonly revisionId: RevisionId;
  readonly message: string;
  readonly author: AccountId;
  readonly savedAt: number;
}

/**
 * Newest first: what stands beside the main line, then the main line with each merge followed by what it brought in.
 * `before` continues after that revision. Versions that cannot be used are left out; their numbers stay taken.
 */
export function versions(
  state: ReplicaState,
  id: GroupId,
  page: { readonly limit: number; readonly before?: RevisionId },
): readonly Version[] {
  const stream = streamOfKind(state, id, 'content');
  if (stream === undefined) return [];
  const listed = listedEntries(stream).flatMap(usableRevision);
  const after =
    page.before === undefined ? -1 : listed.findIndex((each) => each.facts.revisionId === page.before);
  if (page.before !== undefined && after === -1) return [];
  const messages = amendedMessages(stream, streamOfKind(state, id, 'message'));
  return listed.slice(after + 1, after + 1 + page.limit).map((each) => version(stream, messages, each));
}

export function revisionRecord(state: ReplicaState, id: GroupId, revisionId: RevisionId): RecordId | null {
  const stream = streamOfKind(state, id, 'content');
  return (stream && revisionOf(stream, revisionId)?.id) ?? null;
}

/** Null if there is no such version, or the disk has lost it. */
export function versionText(
  state: ReplicaState,
  ports: ReplicaPorts,
  version: { readonly id: GroupId; readonly revisionId: RevisionId },
): string | null {
  const record = revisionRecord(state, version.id, version.revisionId);
  return record === null ? null : storedText(ports, record);
}

/** The shown text of a prompt; null if it has none, or the disk has lost it. */
export function currentText(state: ReplicaState, ports: ReplicaPorts, id: GroupId): string | null {
  const content = state.groups.get(id)?.content;
  return content === undefined || content === null ? null : storedText(ports, content.record);
}

export function conflictOf(state: ReplicaState, ports: ReplicaPorts, id: GroupId): Conflict | null {
  const stream = streamOfKind(state, id, 'content');
  return stream === undefined ? null : conflictIn(ports, stream);
}

/** Labels that point at a version, by name. A move whose signature is still being checked does not count yet. */
export function labels(state: ReplicaState, id: GroupId): readonly Label[] {
  const found: Label[] = [];
  for (const stream of streamsOf(state, id)) {
    if (stream.kind !== 'label') continue;
    for (const entry of firstParents(stream, stream.head)) {
      if (entry.status !== 'verified' || entry.facts?.kind !== 'label') continue;
      const { name, revisionId, message, savedAt } = entry.facts;
      if (revisionId !== null) found.push({ name, revisionId, message, author: entry.author, savedAt });
      break;
    }
  }
  return found.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** A record of a content stream as it is listed: also one that cannot be used. */
export type ListedEntry = StreamEntry & { readonly isOnMainLine: boolean };

/** Newest first: what stands beside the main line, then the main line with each merge followed by what it brought in. */
export function listedEntries(stream: Stream): readonly ListedEntry[] {
  const mainLine = [...firstParents(stream, stream.head)].toReversed();
  const seen = new Set<RecordId>(mainLine.map((entry) => entry.id));
  // From the oldest merge on, so that each revision is listed below the merge that brought it in first.
  const blocks = mainLine.map((entry) => [
    { ...entry, isOnMainLine: true },
    ...broughtIn(stream, entry.parents.slice(1), seen),
  ]);
  return [...broughtIn(stream, stream.sides, seen), ...blocks.toReversed().flat()];
}

/** What is reached from `starts` and was not seen before, newest first. */
function broughtIn(stream: Stream, starts: readonly RecordId[], seen: Set<RecordId>): readonly ListedEntry[] {
  const found: StreamEntry[] = [];
  const open = [...starts];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const entry = seen.has(id) ? undefined : stream.entries.get(id);
    if (entry === undefined) continue;
    seen.add(id);
    found.push(entry);
    open.push(...entry.parents);
  }
  return found
    .sort((left, right) => right.number - left.number || (left.id < right.id ? -1 : 1))
    .map((entry) => ({ ...entry, isOnMainLine: false }));
}

type Listed = ListedEntry & { readonly facts: ContentFacts };

function usableRevision(entry: ListedEntry): readonly Listed[] {
  return isUsable(entry) && entry.facts?.kind === 'content' ? [{ ...entry, facts: entry.facts }] : [];
}

function version(stream: Stream, messages: ReadonlyMap<RevisionId, string>, entry: Listed): Version {
  const { revisionId, savedAt, message, revisionKind, restoredFrom, size } = entry.facts;
  const isChecked = entry.status === 'verified';
  return {
    revisionId,
    record: entry.id,
    number: entry.isOnMainLine ? entry.number : null,
    parents: entry.parents.flatMap((id) => {
      const facts = stream.entries.get(id)?.facts;
      return facts?.kind === 'content' ? [facts.revisionId] : [];
    }),
    author: isChecked ? entry.author : null,
    device: isChecked ? entry.device : null,
    savedAt,
    message: messages.get(revisionId) ?? message,
    kind: revisionKind,
    restoredFrom,
    synced: entry.seq !== null,
    size,
  };
}

/**
 * Messages that are not what their versions say, by version. Only its author amends a version's message: what anybody
 * else wrote would be shown as their words. Nothing counts before its signature was checked.
 */
export function amendedMessages(
  content: Stream,
  messages: Stream | undefined,
): ReadonlyMap<RevisionId, string> {
  const authors = new Map<RevisionId, AccountId>();
  for (const entry of content.entries.values()) {
    const { facts, author } = entry;
    if (!isUsable(entry) || facts?.kind !== 'content') continue;
    if (!authors.has(facts.revisionId)) authors.set(facts.revisionId, author);
  }
  const amended = new Map<RevisionId, string>();
  for (const { facts, author, status } of messages?.entries.values() ?? []) {
    if (status !== 'verified' || facts?.kind !== 'message') continue;
    if (authors.get(facts.revisionId) === author) amended.set(facts.revisionId, facts.message);
  }
  return amended;
}

function streamsOf(state: ReplicaState, id: GroupId): readonly Stream[] {
  const group = state.groups.get(id);
  return group === undefined ? [] : [...openStreams(group.streams).values()];
}

const streamOfKind = (state: ReplicaState, id: GroupId, kind: Stream['kind']): Stream | undefined =>
  streamsOf(state, id).find((stream) => stream.kind === kind);
