// What the replica needs from outside: records sealed and opened, a say on who may write, time, chance, and what a
// prompt's text says about itself. Given as one argument, so that tests and the simulation can give others.

import type { AccountId, DeviceId, GroupId, RecordId, StreamId, WorkspaceId } from '../encoding/ids.ts';
import type { FeedPosition, GroupFlag } from '../record/header.ts';
import type { Payload, StreamRole } from '../record/payload.ts';
import type { Problem, Result } from '../util/result.ts';

/** The part of a record's clear, signed header that the replica works with. */
export interface RecordHeader {
  readonly id: RecordId;
  readonly workspace: WorkspaceId;
  readonly group: GroupId;
  readonly stream: StreamId;
  readonly parents: readonly RecordId[];
  readonly epoch: number;
  readonly author: AccountId;
  readonly device: DeviceId;
  /** Rises with each record of the device in the workspace. */
  readonly counter: number;
  readonly flag: GroupFlag;
  /** How much of the feed the author had seen. */
  readonly seen: FeedPosition;
  /** True for a tombstone: what a purge left of a record. */
  readonly erased: boolean;
}

/** A record as it is stored and sent. */
export interface SealedRecord {
  readonly header: RecordHeader;
  readonly bytes: Uint8Array;
}

/** What the author decides about a record; the port adds who, with which device, epoch, salt and team-log head. */
export interface RecordDraft {
  readonly group: GroupId;
  readonly role: StreamRole;
  readonly parents: readonly RecordId[];
  readonly counter: number;
  readonly flag: GroupFlag;
  /** How much of the feed is here. */
  readonly seen: FeedPosition;
  readonly payload: Payload;
}

/** Why a record is set aside. Each is shown to the user in words; none ends the feed. */
export type QuarantineReason =
  /** Not a record, or not one of this workspace. */
  | 'malformed'
  /** Of a newer format: "update Cuebook". */
  | 'newerFormat'
  /** The key of its epoch is not here. */
  | 'keyMissing'
  /** Does not open: altered, or not sealed for this place. */
  | 'doesNotOpen'
  | 'badSignature'
  /** Signed by somebody who could not write at that place. */
  | 'notAllowed'
  /** Its author had seen another feed or team log than this one: the server shows different things to different people. */
  | 'otherView'
  /** Opened, but what is inside makes no sense, or belongs into another stream. */
  | 'badPayload'
  /** Follows a record that is not here: something before it is missing on this disk. It is shown nevertheless. */
  | 'parentMissing';

/** Sealed records of one workspace, as this device makes and sees them. Throws only for broken invariants. */
export interface RecordPort {
  readonly workspace: WorkspaceId;
  readonly author: AccountId;
  readonly device: DeviceId;
  /** The one stream with this role in the group. */
  streamOf(group: GroupId, role: StreamRole): StreamId;
  seal(draft: RecordDraft): SealedRecord;
  /** Reads the clear header of a record or a tombstone; checks the form, not the signature. */
  parse(bytes: Uint8Array): Result<RecordHeader, Problem<QuarantineReason>>;
  /** Decrypts; checks the commitment and the binding to the header, not the signature. */
  open(bytes: Uint8Array): Result<Payload, Problem<QuarantineReason>>;
  /** What a purge leaves of a record: header, the ciphertext's hash, signature. The same bytes if it is one already. */
  tombstoneOf(bytes: Uint8Array): Uint8Array;
  /**
   * Checks the signature by the device named in the header, and that author, device and epoch could write at that place
   * in the feed; `seq` null: of a record that no server has placed yet, so only this account's own devices count.
   */
  verify(bytes: Uint8Array, seq: number | null): Result<null, Problem<QuarantineReason>>;
  /** Works the signature out beside this thread, where the platform can, so that `verify` of the same has it at hand. */
  verifyAhead(bytes: Uint8Array, seq: number | null): Promise<void>;
  /** Whether this account may move the label of this name now. */
  mayMoveLabel(name: string): boolean;
  /** Whether this account may share a provider key, replace or withdraw it now. */
  mayShareKey(): boolean;
  /** The place in the feed after `last`, if this record stands there. */
  follow(last: FeedPosition, record: RecordId): FeedPosition;
}

/** What a prompt's text says about itself. Taking it never fails: what cannot be read is empty. */
export interface PromptFacts {
  readonly description: string;
  readonly tags: readonly string[];
  /** In order of preference. */
  readonly models: readonly string[];
  /** Partial references as written, in order of appearance, each once. */
  readonly includes: readonly string[];
}

export interface MergeSides {
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
}

export interface MergedText {
  readonly clean: boolean;
  /** With conflict markers where a person is needed. */
  readonly text: string;
}

export interface ReplicaPorts {
  readonly records: RecordPort;
  /** Epoch milliseconds. Shown, never used for order. */
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly factsOf: (text: string) => PromptFacts;
  readonly merge: (sides: MergeSides) => MergedText;
  /** A stored record's bytes, or null if the disk does not have it. Texts are opened on demand through this. */
  readonly readRecord: (id: RecordId) => Uint8Array | null;
}
