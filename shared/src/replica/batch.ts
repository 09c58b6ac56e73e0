// A batch of records on its way into a state. Owns the only mutable copies: a group or a stream is copied once per
// batch, when it is first touched, changed in place, and folded into what is shown when the batch ends. So ten thousand
// records from the disk cost ten thousand small steps, and the state before the batch still is what it was.

import type { DeviceId, GroupId, RecordId, StreamId } from '../encoding/ids.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import type { Payload } from '../record/payload.ts';
import { foldFolders } from './foldFolders.ts';
import { foldGroup } from './foldGroup.ts';
import { openStreams } from './packedStreams.ts';
import { payloadFacts } from './payloadFacts.ts';
import type { PersistentMap } from './persistentMap.ts';
import type { PromptFacts, QuarantineReason, RecordHeader, ReplicaPorts } from './ports.ts';
import type {
  Group,
  IgnoredMove,
  QuarantinedRecord,
  RecordStatus,
  ReplicaState,
  Stream,
  StreamEntry,
} from './state.ts';
import { storedText } from './storedText.ts';
import { appended, compareOrder, contributing, isInOrder, reordered } from './streamGraph.ts';

/** A record as a batch takes it: with its payload if it opened. */
export interface OpenedRecord {
  readonly header: RecordHeader;
  readonly seq: number | null;
  readonly status: RecordStatus;
  readonly payload: Payload | null;
  /** What a revision's text says about itself, if that is known already. */
  readonly facts?: PromptFacts;
}

export interface BatchResult {
  readonly state: ReplicaState;
  /** Prompts that show another text than before. */
  readonly texts: readonly GroupId[];
  /** True if names, places, trash or what lists show changed. */
  readonly tree: boolean;
  /** Records whose sealed bytes a purge erases; ids and headers stay. */
  readonly erase: readonly RecordId[];
  readonly quarantined: readonly QuarantinedRecord[];
}

interface OpenGroup {
  readonly before: Group | undefined;
  group: Group;
  readonly streams: Map<StreamId, Stream>;
  /** Streams whose `entries` are this batch's own copy. */
  readonly owned: Set<StreamId>;
  /** Streams in which something was put before what was there. */
  readonly unordered: Set<StreamId>;
  /** The last of each stream's records in the order of the feed, where it is known. */
  readonly last: Map<StreamId, Pick<StreamEntry, 'seq' | 'at'>>;
  /** True while `group` is behind `streams`. */
  stale: boolean;
  /** The text of the last revision applied: most often the one that is shown, so it need not be read again. */
  latest: { readonly record: RecordId; readonly text: string; readonly facts?: PromptFacts } | null;
}

/** Use with the functions of this file only. */
export interface Batch {
  readonly before: ReplicaState;
  readonly ports: ReplicaPorts;
  readonly groups: Map<GroupId, OpenGroup>;
  readonly counters: Map<DeviceId, number>;
  readonly quarantine: Map<RecordId, QuarantinedRecord>;
  unchecked: PersistentMap<RecordId, GroupId>;
  readonly erase: RecordId[];
  readonly quarantined: QuarantinedRecord[];
  /** Folders whose children changed: this batch's own copies. */
  readonly children: Map<GroupId, Set<GroupId>>;
  ignoredMoves: readonly IgnoredMove[];
  clock: number;
}

export function startBatch(state: ReplicaState, ports: ReplicaPorts): Batch {
  return {
    before: state,
    ports,
    groups: new Map(),
    counters: new Map(state.counters),
    quarantine: new Map(state.quarantine),
    unchecked: state.unchecked,
    erase: [],
    quarantined: [],
    children: new Map(),
    ignoredMoves: state.ignoredMoves,
    clock: state.clock,
  };
}

export function isKnown(batch: Batch, header: RecordHeader): boolean {
  const stream = openGroup(batch, header.group).streams.get(header.stream);
  return stream?.entries.has(header.id) ?? false;
}

/** Adds a record that is not known yet. What is shown of its group is folded when it is asked for. */
export function applyRecord(batch: Batch, record: OpenedRecord): void {
  const { header, seq, status, payload } = record;
  const opened = openGroup(batch, header.group);
  countRecord(batch, header);
  if (batch.quarantine.get(header.id)?.reason === 'parentMissing') batch.quarantine.delete(header.id);
  if (isErased(opened.group) && !opened.streams.has(header.stream)) {
    batch.erase.push(header.id);
    return;
  }
  const { id, parents, author, device, epoch, flag } = header;
  const stream = opened.streams.get(header.stream) ?? emptyStream(header.stream);
  const facts = payload === null ? null : payloadFacts(payload);
  const entry = { id, parents, author, device, epoch, flag, status, seq, at: batch.clock, facts };
  const last = lastIn(opened, stream);
  if (last !== null && compareOrder(last, entry) > 0) opened.unordered.add(stream.id);
  else opened.last.set(stream.id, entry);
  opened.streams.set(stream.id, appended(stream, ownEntries(opened, stream), entry));
  opened.stale = true;
  if (status === 'checking') batch.unchecked = batch.unchecked.set(id, header.group);
  if (payload?.kind === 'content') {
    opened.latest = { record: id, text: payload.text, ...(record.facts && { facts: record.facts }) };
  }
}

/** Purged for good; not so while the purge waits for its place in the feed. */
const isErased = (group: Group): boolean => group.purged && group.unsynced === 0;

/** Gives a record that is here already its place in the feed, and the verdict on it at that place. */
export function placeInFeed(
  batch: Batch,
  header: RecordHeader,
  { seq, verdict }: { readonly seq: number; readonly verdict: 'verified' | QuarantineReason },
): void {
  const opened = openGroup(batch, header.group);
  const stream = opened.streams.get(header.stream);
  const entry = stream?.entries.get(header.id);
  if (stream === undefined || entry === undefined || entry.seq !== null) return;
  const entries = ownEntries(opened, stream);
  const isFine = verdict === 'verified' && entry.status !== 'quarantined';
  entries.set(header.id, { ...entry, seq, status: isFine ? entry.status : 'quarantined' });
  if (verdict !== 'verified') {
    setAside(batch, { id: header.id, reason: verdict, group: header.group, author: header.author });
  }
  opened.last.delete(stream.id);
  opened.streams.set(stream.id, { ...stream, entries });
  if (!isInOrder({ ...stream, entries }, { ...entry, seq })) opened.unordered.add(stream.id);
  opened.stale = true;
}

/** Forgets records that were sealed anew under other ids. Nothing that stays may follow them. */
export function dropRecords(
  batch: Batch,
  group: GroupId,
  stream: StreamId,
  ids: ReadonlySet<RecordId>,
): void {
  const opened = openGroup(batch, group);
  const before = opened.streams.get(stream);
  if (before === undefined) return;
  const entries = ownEntries(opened, before);
  for (const id of ids) entries.delete(id);
  opened.last.delete(stream);
  opened.streams.set(stream, { ...before, entries });
  opened.unordered.add(stream);
  opened.stale = true;
}

/** Higher than any device counts. A forged record must not use up the numbers that a device has left. */
const MAX_COUNTED = 2 ** 48;

/** Keeps the clock and the device's counter rising, also over records of which only a tombstone is left. */
export function countRecord(batch: Batch, header: RecordHeader): void {
  batch.clock += 1;
  if (header.counter > MAX_COUNTED) return;
  const highest = batch.counters.get(header.device) ?? 0;
  batch.counters.set(header.device, Math.max(highest, header.counter));
}

/** Notes why a record is set aside. One whose header could be read is applied as well, so that others can follow it. */
export function setAside(batch: Batch, record: QuarantinedRecord): void {
  batch.quarantine.set(record.id, record);
  batch.quarantined.push(record);
  if (record.reason !== 'newerFormat' || record.group === null) return;
  const opened = openGroup(batch, record.group);
  opened.group = { ...opened.group, newerFormat: true };
  opened.stale = true;
}

/** Gives a record that waited for its signature the verdict. */
export function settleRecord(batch: Batch, record: RecordId, verdict: 'verified' | QuarantineReason): void {
  const group = batch.unchecked.get(record);
  if (group === undefined) return;
  batch.unchecked = batch.unchecked.delete(record);
  const opened = openGroup(batch, group);
  for (const stream of opened.streams.values()) {
    const entry = stream.entries.get(record);
    if (entry === undefined) continue;
    const entries = ownEntries(opened, stream);
    entries.set(record, { ...entry, status: verdict === 'verified' ? 'verified' : 'quarantined' });
    opened.streams.set(stream.id, { ...stream, entries });
    opened.stale = true;
    if (verdict !== 'verified') setAside(batch, { id: record, reason: verdict, group, author: entry.author });
    return;
  }
}

/** Gives a record that was set aside what it says after all. */
export function reviveRecord(
  batch: Batch,
  header: RecordHeader,
  { payload, status }: { readonly payload: Payload; readonly status: RecordStatus },
): void {
  const opened = openGroup(batch, header.group);
  const stream = opened.streams.get(header.stream);
  const entry = stream?.entries.get(header.id);
  if (stream === undefined || entry === undefined) return;
  batch.quarantine.delete(header.id);
  const facts = payloadFacts(payload);
  const entries = ownEntries(opened, stream);
  entries.set(header.id, { ...entry, status, facts });
  opened.streams.set(stream.id, { ...stream, kind: stream.kind ?? facts.kind, entries });
  opened.stale = true;
}

/** A group with all that was applied so far. Its streams are the batch's own: look, but keep nothing of them. */
export function groupIn(batch: Batch, id: GroupId): Group | undefined {
  if (!batch.groups.has(id) && !batch.before.groups.has(id)) return undefined;
  const opened = openGroup(batch, id);
  fold(batch, opened);
  return opened.group;
}

export function streamIn(batch: Batch, group: GroupId, stream: StreamId): Stream | undefined {
  const opened = openGroup(batch, group);
  order(opened);
  return opened.streams.get(stream);
}

export function streamsIn(batch: Batch, group: GroupId): readonly Stream[] {
  const opened = openGroup(batch, group);
  order(opened);
  return [...opened.streams.values()];
}

/** What was placed in a folder (`WORKSPACE_GROUP`: at the top) with all that was applied so far. */
export function childrenIn(batch: Batch, folder: GroupId): ReadonlySet<GroupId> {
  for (const opened of batch.groups.values()) fold(batch, opened);
  return batch.children.get(folder) ?? batch.before.children.get(folder) ?? new Set();
}

/** Every folder that something was put into. */
export function* foldersIn(batch: Batch): Generator<GroupId> {
  yield* batch.before.children.keys();
  for (const id of batch.children.keys()) if (!batch.before.children.has(id)) yield id;
}

export function nextCounter(batch: Batch): number {
  return (batch.counters.get(batch.ports.records.device) ?? 0) + 1;
}

export function finishBatch(batch: Batch): BatchResult {
  placeFolders(batch);
  let { groups } = batch.before;
  const texts: GroupId[] = [];
  let tree = false;
  for (const { before, group, streams } of batch.groups.values()) {
    groups = groups.set(group.id, { ...group, streams: { kind: 'open', streams } });
    if (before?.content?.record !== group.content?.record) texts.push(group.id);
    tree ||= isListedDifferently(before, group);
  }
  let { children } = batch.before;
  for (const [id, set] of batch.children) children = children.set(id, set);
  const { counters, quarantine, unchecked, ignoredMoves, clock, erase, quarantined } = batch;
  const workspaceName = nameOfWorkspace(batch) ?? batch.before.workspaceName;
  const changed = { groups, counters, quarantine, unchecked, children, ignoredMoves, clock, workspaceName };
  return { state: { ...batch.before, ...changed }, texts, tree, erase, quarantined };
}

function openGroup(batch: Batch, id: GroupId): OpenGroup {
  const known = batch.groups.get(id);
  if (known !== undefined) return known;
  const before = batch.before.groups.get(id);
  const group = before ?? newGroup(id);
  const streams = new Map(openStreams(group.streams));
  const opened: OpenGroup = {
    before,
    group,
    streams,
    owned: new Set(),
    unordered: new Set(),
    last: new Map(),
    stale: false,
    latest: null,
  };
  batch.groups.set(id, opened);
  return opened;
}

function newGroup(id: GroupId): Group {
  return {
    id,
    kind: id === WORKSPACE_GROUP ? 'workspace' : null,
    place: null,
    createdAt: 0,
    trashedAt: null,
    trashedWith: null,
    purged: false,
    content: null,
    hasConflict: false,
    verified: true,
    unsynced: 0,
    newerFormat: false,
    streams: { kind: 'open', streams: new Map() },
  };
}

function emptyStream(id: StreamId): Stream {
  return { id, kind: null, head: null, sides: [], entries: new Map() };
}

function ownEntries(opened: OpenGroup, stream: Stream): Map<RecordId, StreamEntry> {
  if (opened.owned.has(stream.id)) return stream.entries as Map<RecordId, StreamEntry>;
  opened.owned.add(stream.id);
  return new Map(stream.entries);
}

function lastIn(opened: OpenGroup, stream: Stream): Pick<StreamEntry, 'seq' | 'at'> | null {
  const known = opened.last.get(stream.id);
  if (known !== undefined) return known;
  let last: StreamEntry | null = null;
  for (const entry of stream.entries.values()) {
    if (last === null || compareOrder(entry, last) > 0) last = entry;
  }
  if (last !== null) opened.last.set(stream.id, last);
  return last;
}

function order(opened: OpenGroup): void {
  for (const id of opened.unordered) {
    const stream = opened.streams.get(id);
    if (stream !== undefined) opened.streams.set(id, reordered(stream));
    opened.owned.add(id);
  }
  opened.unordered.clear();
}

function fold(batch: Batch, opened: OpenGroup): void {
  if (!opened.stale) return;
  opened.stale = false;
  order(opened);
  const { group: before, streams, latest } = opened;
  const factsOf = (record: RecordId): PromptFacts =>
    latest?.record === record
      ? (latest.facts ?? batch.ports.factsOf(latest.text))
      : batch.ports.factsOf(storedText(batch.ports, record) ?? '');
  const { isAttached } = batch.before;
  const { group, purge } = foldGroup(before, streams, { factsOf, isAttached });
  opened.group = group;
  if (purge !== null) {
    batch.erase.push(...purge.erased);
    streams.clear();
    if (purge.kept !== null) streams.set(purge.kept.id, purge.kept);
  }
  moveChild(batch, before, group);
}

function moveChild(batch: Batch, before: Group, after: Group): void {
  const from = before.place === null ? null : (before.place.folderId ?? WORKSPACE_GROUP);
  const to = after.place === null ? null : (after.place.folderId ?? WORKSPACE_GROUP);
  if (from === to) return;
  if (from !== null) ownChildren(batch, from).delete(after.id);
  if (to !== null) ownChildren(batch, to).add(after.id);
}

function ownChildren(batch: Batch, folder: GroupId): Set<GroupId> {
  const own = batch.children.get(folder) ?? new Set(batch.before.children.get(folder));
  batch.children.set(folder, own);
  return own;
}

/**
 * Where folders are after all that was applied so far. Until then one that was moved stands where it wants to be, which
 * may be inside itself: before a tree is made of a batch in which a folder was merged, this has to be done.
 */
export function placeFolders(batch: Batch): void {
  for (const group of batch.groups.values()) fold(batch, group);
  const opened = [...batch.groups.values()];
  const isMoved = ({ before, group }: OpenGroup): boolean =>
    // One that was purged is no folder any more: what its place stood in the way of counts again.
    (group.kind === 'folder' || before?.kind === 'folder') &&
    (before?.place?.record !== group.place?.record || before?.place?.seq !== group.place?.seq);
  if (!opened.some(isMoved)) return;
  const all = [...batch.before.groups.values(), ...opened.map(({ group }) => group)];
  const current = new Map(all.map((group) => [group.id, batch.groups.get(group.id)?.group ?? group]));
  const folders = [...current.values()].filter((group) => group.kind === 'folder');
  const { folderIds, ignored } = foldFolders(folders, (folder) => placeStreamOf(batch, folder));
  batch.ignoredMoves = ignored;
  for (const folder of folders) {
    const folderId = folderIds.get(folder.id) ?? null;
    if (folder.place === null || folder.place.folderId === folderId) continue;
    const moved = openGroup(batch, folder.id);
    moved.group = { ...folder, place: { ...folder.place, folderId } };
    moveChild(batch, folder, moved.group);
  }
}

function placeStreamOf(batch: Batch, folder: Group): Stream | undefined {
  const streams = batch.groups.get(folder.id)?.streams ?? openStreams(folder.streams);
  return [...streams.values()].find((stream) => stream.kind === 'place');
}

function nameOfWorkspace(batch: Batch): string | null {
  for (const stream of batch.groups.get(WORKSPACE_GROUP)?.streams.values() ?? []) {
    const facts = contributing(stream)?.facts;
    if (facts?.kind === 'workspaceName') return facts.name;
  }
  return null;
}

/** Whether a list or tree would show the group differently. Texts alone are reported as texts. */
function isListedDifferently(before: Group | undefined, after: Group): boolean {
  if (before === undefined) return true;
  return (
    before.place !== after.place ||
    before.trashedAt !== after.trashedAt ||
    before.purged !== after.purged ||
    before.hasConflict !== after.hasConflict ||
    before.verified !== after.verified ||
    before.content?.record !== after.content?.record
  );
}
