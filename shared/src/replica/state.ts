// The replica's state: what this device knows of one workspace, as a value. Nothing here is changed in place; every
// function of the replica gives a new state that shares what did not change, so the caller can throw it away if the
// disk refuses the write ("disk, then memory, then tell anyone").
//
// It keeps a record's place in its stream and what its payload says about it, never a prompt's text.

import type { AccountId, DeviceId, GroupId, RecordId, RevisionId, StreamId, WorkspaceId } from './ids.ts';
import type { PersistentMap } from './persistentMap.ts';
import type { GroupFlag, PromptFacts, QuarantineReason } from './ports.ts';

/** `checking`: opened, signature not checked yet. `set aside`: in quarantine; named as a parent, contributes nothing. */
export type RecordStatus = 'checking' | 'verified' | 'quarantined' | 'erased';

/** What a stream is for. Decided by the payload of its records, which must agree with the stream's derived id. */
export type StreamRole = 'content' | 'place' | 'label' | 'messages' | 'workspaceName' | 'memberName';

export type RevisionKind = 'save' | 'merge' | 'restore' | 'import';

/** What is kept of a payload. Texts are not: they are opened on demand. */
export type PayloadFacts =
  | {
      readonly role: 'content';
      readonly revisionId: RevisionId;
      readonly kind: RevisionKind;
      readonly savedAt: number;
      readonly message: string;
      /** Bytes of the text in UTF-8. */
      readonly size: number;
      /** References as written, and what they pointed to when saved. */
      readonly references: readonly SavedReference[];
    }
  | {
      readonly role: 'place';
      readonly kind: GroupKind;
      readonly folderId: GroupId | null;
      readonly name: string;
      /** The folder that was trashed as a whole and took this along. */
      readonly trashedWith: GroupId | null;
      readonly savedAt: number;
    }
  | {
      readonly role: 'label';
      readonly name: string;
      /** Null: the label was removed. */
      readonly revisionId: RevisionId | null;
      readonly message: string;
      readonly savedAt: number;
    }
  | {
      readonly role: 'messages';
      readonly revisionId: RevisionId;
      readonly message: string;
      readonly savedAt: number;
    }
  | { readonly role: 'workspaceName'; readonly name: string; readonly savedAt: number }
  | { readonly role: 'memberName'; readonly name: string; readonly savedAt: number };

export type GroupKind = 'prompt' | 'folder' | 'workspace';

/** A reference resolved when the text was saved, so that it survives renames. */
export interface SavedReference {
  readonly written: string;
  readonly prompt: GroupId;
  /** Set for `x@v3`; null follows the prompt. */
  readonly revisionId: RevisionId | null;
}

/** One record of a stream. */
export interface StreamEntry {
  readonly id: RecordId;
  readonly parents: readonly RecordId[];
  readonly author: AccountId;
  readonly device: DeviceId;
  readonly counter: number;
  readonly epoch: number;
  readonly flag: GroupFlag;
  readonly status: RecordStatus;
  /** 1 + that of the first parent: the version number, if the record is on the main line. */
  readonly number: number;
  /** Place in the workspace's feed; null until the server has acknowledged it. */
  readonly seq: number | null;
  /** Null for what did not open, and for what a purge erased. */
  readonly facts: PayloadFacts | null;
}

/** A stream as a graph of records. The main line is the first-parent chain from `head`. */
export interface Stream {
  readonly id: StreamId;
  readonly role: StreamRole;
  readonly head: RecordId | null;
  /** Records that are no ancestors of the head and that nothing follows: what could not be merged, oldest first. */
  readonly sides: readonly RecordId[];
  /** In order of application. */
  readonly entries: ReadonlyMap<RecordId, StreamEntry>;
}

/** What is shown of a prompt, folded from its streams. */
export interface ContentHead {
  readonly recordId: RecordId;
  readonly revisionId: RevisionId;
  readonly versions: number;
  readonly savedAt: number;
  readonly size: number;
  readonly facts: PromptFacts;
  readonly references: readonly SavedReference[];
}

export interface Place {
  readonly folderId: GroupId | null;
  readonly name: string;
  /** Order in which siblings with one name keep it: rises with each application of a place. */
  readonly since: number;
}

/** A prompt, a folder, or (the zero id) what belongs to the whole workspace. */
export interface Group {
  readonly id: GroupId;
  /** Null until its first place record is here. */
  readonly kind: GroupKind | null;
  readonly place: Place | null;
  readonly createdAt: number;
  /** Epoch milliseconds by the author's clock, or null. Any later record of the group ends it. */
  readonly trashedAt: number | null;
  readonly trashedWith: GroupId | null;
  readonly purged: boolean;
  readonly content: ContentHead | null;
  readonly hasConflict: boolean;
  /** Records of this group whose signature is not checked yet. */
  readonly checking: number;
  /** False if a record of a newer format is in it: shown, but not to be changed before an update. */
  readonly writable: boolean;
  readonly streams: GroupStreams;
}

/** Streams of a group: open, or as packed in the snapshot they came from (opened when first needed). */
export type GroupStreams =
  | { readonly kind: 'open'; readonly streams: ReadonlyMap<StreamId, Stream> }
  | { readonly kind: 'packed'; readonly bytes: Uint8Array };

export interface QuarantinedRecord {
  readonly id: RecordId;
  readonly reason: QuarantineReason;
  /** Null if not even the header could be read. */
  readonly group: GroupId | null;
  /** As the header claims; shown only when `reason` does not put the signature in doubt. */
  readonly author: AccountId | null;
}

/** A move that was ignored because a folder would have come to lie inside itself. */
export interface IgnoredMove {
  readonly group: GroupId;
  readonly record: RecordId;
}

export interface ReplicaState {
  readonly workspace: WorkspaceId;
  /** Number of the last row of the local store that was applied; 0 before the first. */
  readonly row: number;
  /** Highest counter used by each device. */
  readonly counters: ReadonlyMap<DeviceId, number>;
  readonly groups: PersistentMap<GroupId, Group>;
  readonly quarantine: ReadonlyMap<RecordId, QuarantinedRecord>;
  readonly ignoredMoves: readonly IgnoredMove[];
  /** Rises with every record applied; orders things within this replica only. */
  readonly clock: number;
}
