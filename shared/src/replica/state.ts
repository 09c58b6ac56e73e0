// The replica's state: what this device knows of one workspace, as a value. Nothing here is changed in place; every
// function of the replica gives a new state that shares what did not change, so that a caller can throw it away if the
// disk refuses the write ("disk, then memory, then tell anyone").
//
// It keeps a record's place in its stream and what its payload says about it, never a prompt's text.

import type {
  AccountId,
  DeviceId,
  GroupId,
  RecordId,
  RevisionId,
  StreamId,
  WorkspaceId,
} from '../encoding/ids.ts';
import { FEED_START } from '../record/feed.ts';
import type { FeedPosition, GroupFlag } from '../record/header.ts';
import type {
  CommentPayload,
  ContentPayload,
  Payload,
  PlacePayload,
  ProviderKeyPayload,
  ResolvedReference,
  SharedProviderKey,
} from '../record/payload.ts';
import type { PersistentMap } from './persistentMap.ts';
import { persistentMap } from './persistentMap.ts';
import type { PromptFacts, QuarantineReason } from './ports.ts';

/** `checking`: opened, its signature not checked yet. `quarantined`: named as a parent, but contributes nothing. */
export type RecordStatus = 'checking' | 'verified' | 'quarantined';

/** A payload without its text, and without a key. */
export type PayloadFacts =
  | (Omit<ContentPayload, 'text'> & {
      /** Bytes of the text in UTF-8. */
      readonly size: number;
    })
  | Omit<CommentPayload, 'text'>
  | (Omit<ProviderKeyPayload, 'shared'> & { readonly shared: Omit<SharedProviderKey, 'key'> | null })
  | Exclude<Payload, ContentPayload | CommentPayload | ProviderKeyPayload>;

export type ContentFacts = Extract<PayloadFacts, { readonly kind: 'content' }>;

/** One record of a stream. */
export interface StreamEntry {
  readonly id: RecordId;
  readonly parents: readonly RecordId[];
  readonly author: AccountId;
  readonly device: DeviceId;
  readonly epoch: number;
  readonly flag: GroupFlag;
  readonly status: RecordStatus;
  /** 1 + that of the first parent: the version number, if the record is on the main line. */
  readonly number: number;
  /** Place in the workspace's feed; null until the server has acknowledged it. */
  readonly seq: number | null;
  /** Order of application in this replica: order among records that have no `seq` yet. */
  readonly at: number;
  /** Null for what did not open. */
  readonly facts: PayloadFacts | null;
}

/** A stream as a graph of records. The main line is the first-parent chain from `head`. */
export interface Stream {
  readonly id: StreamId;
  /** Null while none of its records could be opened. */
  readonly kind: Payload['kind'] | null;
  readonly head: RecordId | null;
  /** Records that nothing follows and that are not the head: what is not merged yet, oldest first. */
  readonly sides: readonly RecordId[];
  /** In order of application. */
  readonly entries: ReadonlyMap<RecordId, StreamEntry>;
}

/** What is shown of a prompt's content. */
export interface ContentHead {
  readonly record: RecordId;
  readonly revisionId: RevisionId;
  /** Versions along the main line. */
  readonly versions: number;
  /** Author's clock. */
  readonly savedAt: number;
  readonly size: number;
  readonly facts: PromptFacts;
  readonly references: readonly ResolvedReference[];
}

export interface Place {
  /** Where it is; differs from `wanted` if that would put a folder into itself. */
  readonly folderId: GroupId | null;
  readonly wanted: GroupId | null;
  readonly name: string;
  /** The name as compared with its siblings' (names.ts). */
  readonly nameKey: string;
  /** The record that says so, and its order: of siblings with one name the earliest keeps it. */
  readonly record: RecordId;
  readonly seq: number | null;
  readonly at: number;
}

export type GroupKind = PlacePayload['groupKind'] | 'workspace';

/** A prompt, a folder, or what belongs to the workspace as a whole. */
export interface Group {
  readonly id: GroupId;
  /** Null until a place record of it is here. */
  readonly kind: GroupKind | null;
  readonly place: Place | null;
  readonly createdAt: number;
  /** Author's clock, or null. Any later record of the group ends it. */
  readonly trashedAt: number | null;
  readonly trashedWith: GroupId | null;
  readonly purged: boolean;
  /** Null for folders, and for a prompt before its first revision. */
  readonly content: ContentHead | null;
  readonly hasConflict: boolean;
  /** False while the signature of one of its records is still to be checked. */
  readonly verified: boolean;
  /** Records of it that no server has placed in the feed yet. */
  readonly unsynced: number;
  /** True if it has records of a newer format: shown, but not to be changed before an update. */
  readonly newerFormat: boolean;
  readonly streams: GroupStreams;
}

/** Open, or as packed in the snapshot they came from: packed ones are opened when first needed. */
export type GroupStreams =
  | { readonly kind: 'open'; readonly streams: ReadonlyMap<StreamId, Stream> }
  | { readonly kind: 'packed'; readonly bytes: Uint8Array };

export interface QuarantinedRecord {
  readonly id: RecordId;
  readonly reason: QuarantineReason;
  /** Null if not even the header could be read. */
  readonly group: GroupId | null;
  /** As the header claims; say "claims to be by" unless the signature was checked. */
  readonly author: AccountId | null;
}

/** A move that is ignored because a folder would come to lie inside itself. */
export interface IgnoredMove {
  readonly group: GroupId;
  readonly record: RecordId;
}

export interface ReplicaState {
  readonly workspace: WorkspaceId;
  readonly workspaceName: string;
  /** Number of the last row of the local store that was applied; 0 before the first. */
  readonly row: number;
  /** True once the workspace has been brought to a server: from then on anything here may be there too. */
  readonly isAttached: boolean;
  /** How far the server's feed was applied: what it once was, it must stay. */
  readonly feed: FeedPosition;
  /** Highest counter seen of each device. */
  readonly counters: ReadonlyMap<DeviceId, number>;
  readonly groups: PersistentMap<GroupId, Group>;
  /** What was placed in a folder (`TOP` for the top), live or in the trash. */
  readonly children: PersistentMap<GroupId, ReadonlySet<GroupId>>;
  readonly quarantine: ReadonlyMap<RecordId, QuarantinedRecord>;
  /** Records that wait for their signature to be checked, and their groups. */
  readonly unchecked: PersistentMap<RecordId, GroupId>;
  readonly ignoredMoves: readonly IgnoredMove[];
  /** How many records were applied. */
  readonly clock: number;
}

export function emptyReplica(workspace: WorkspaceId): ReplicaState {
  return {
    workspace,
    workspaceName: '',
    row: 0,
    isAttached: false,
    feed: FEED_START,
    counters: new Map(),
    groups: persistentMap(),
    children: persistentMap(),
    quarantine: new Map(),
    unchecked: persistentMap(),
    ignoredMoves: [],
    clock: 0,
  };
}

/** After the records of a command are durable: the number of the row that the last of them got. */
export function atRow(state: ReplicaState, row: number): ReplicaState {
  return { ...state, row };
}

/** Before the first push of a workspace: what was purged so far never leaves this device, what is from now on is told. */
export function attach(state: ReplicaState): ReplicaState {
  return { ...state, isAttached: true };
}
