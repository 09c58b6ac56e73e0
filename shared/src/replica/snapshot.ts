// The state as bytes, so that opening a large library opens no record. What lists and trees need lies in one index that
// is parsed at once; each prompt's history lies behind it as it is, until somebody asks for it.
//
//     format version (1) ‖ length of the index (4, big-endian) ‖ index (JSON) ‖ packed streams, one group after another
//
// A cache of this program, sealed by the store: it is read by the version that wrote it and made anew by any other.

import type { DeviceId, GroupId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import { textToUtf8, utf8ToText } from '../encoding/utf8.ts';
import type { FeedPosition } from '../record/header.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { packStreams } from './packedStreams.ts';
import { persistentMap } from './persistentMap.ts';
import type { Group, IgnoredMove, QuarantinedRecord, ReplicaState } from './state.ts';

/**
 * Raise with every change of what is kept in a state, and when a newer format of records can be read: the state is then
 * made anew from the records.
 */
const SNAPSHOT_VERSION = 4;
const PREFIX_BYTES = 5;

interface Index {
  readonly workspace: WorkspaceId;
  readonly workspaceName: string;
  readonly row: number;
  readonly isAttached: boolean;
  readonly feed: FeedPosition;
  readonly clock: number;
  readonly counters: readonly (readonly [DeviceId, number])[];
  readonly quarantine: readonly QuarantinedRecord[];
  readonly unchecked: readonly (readonly [RecordId, GroupId])[];
  readonly ignoredMoves: readonly IgnoredMove[];
  readonly groups: readonly PackedGroup[];
}

/** `streams`: how many bytes of packed streams are this group's. */
type PackedGroup = Omit<Group, 'streams'> & { readonly streams: number };

export function encodeSnapshot(state: ReplicaState): Uint8Array {
  const groups = [...state.groups.values()];
  const packed = groups.map((group) => packStreams(group.streams));
  const { workspace, workspaceName, row, isAttached, feed, clock, ignoredMoves } = state;
  const index: Index = {
    workspace,
    workspaceName,
    row,
    isAttached,
    feed,
    clock,
    ignoredMoves,
    counters: [...state.counters],
    quarantine: [...state.quarantine.values()],
    unchecked: [...state.unchecked.entries()],
    groups: groups.map((group, at) => ({ ...group, streams: packed[at]?.length ?? 0 })),
  };
  const bytes = textToUtf8(JSON.stringify(index));
  invariant(bytes !== null, 'JSON.stringify writes well-formed text');
  const prefix = new Uint8Array(PREFIX_BYTES);
  prefix[0] = SNAPSHOT_VERSION;
  new DataView(prefix.buffer).setUint32(1, bytes.length);
  return concatBytes(prefix, bytes, ...packed);
}

/** Null if the bytes are of another version or workspace, or damaged: rebuild the state from the records then. */
export function decodeSnapshot(bytes: Uint8Array, workspace: WorkspaceId): ReplicaState | null {
  const index = readIndex(bytes);
  if (index === null || index.workspace !== workspace) return null;
  let at = PREFIX_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const groups = index.groups.map((group): readonly [GroupId, Group] => {
    const start = at;
    at += group.streams;
    return [group.id, { ...group, streams: { kind: 'packed', bytes: bytes.subarray(start, at) } }];
  });
  if (at !== bytes.length) return null;
  return {
    ...index,
    counters: new Map(index.counters),
    quarantine: new Map(index.quarantine.map((record) => [record.id, record])),
    unchecked: persistentMap(index.unchecked),
    groups: persistentMap(groups),
    children: persistentMap(childrenOf(groups)),
  };
}

function readIndex(bytes: Uint8Array): Index | null {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== SNAPSHOT_VERSION) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const text = utf8ToText(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
  if (text === null) return null;
  try {
    return JSON.parse(text) as Index;
  } catch {
    return null;
  }
}

function childrenOf(
  groups: readonly (readonly [GroupId, Group])[],
): ReadonlyMap<GroupId, ReadonlySet<GroupId>> {
  const children = new Map<GroupId, Set<GroupId>>();
  for (const [id, { place }] of groups) {
    if (place === null) continue;
    const folder = place.folderId ?? WORKSPACE_GROUP;
    const known = children.get(folder);
    if (known === undefined) children.set(folder, new Set([id]));
    else known.add(id);
  }
  return children;
}
