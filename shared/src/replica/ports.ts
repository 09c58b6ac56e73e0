// What the replica needs from outside: records sealed and opened, a say on who may write, time, chance, and what a
// prompt's text says about itself. Given as one argument, so that tests and the simulation can give others.

import type { AccountId, DeviceId, GroupId, RecordId, StreamId, WorkspaceId } from './ids.ts';

/** What the trash and purge flags of a record's clear header say about its group. */
export type GroupFlag = 'none' | 'trash' | 'restore' | 'purge';

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
}

/** A record as it is stored and sent. */
export interface SealedRecord {
  readonly header: RecordHeader;
  readonly bytes: Uint8Array;
}

/** What the author decides about a record; the sealer adds who, with which device, epoch, salt and log heads. */
export interface RecordDraft {
  readonly group: GroupId;
  readonly stream: StreamId;
  readonly parents: readonly RecordId[];
  readonly counter: number;
  readonly flag: GroupFlag;
  /** Plaintext: an encoded `Payload`. */
  readonly payload: Uint8Array;
}

/** Why a record is set aside. Each is shown to the user in words; none ends the feed. */
export type QuarantineReason =
  /** Not a record of a format that we know, or not of this workspace. */
  | 'malformed'
  /** Of a newer format: "update Cuebook". */
  | 'newerFormat'
  /** The key of its epoch is not here (yet). */
  | 'keyMissing'
  /** Does not open: altered, or not sealed for this place. */
  | 'doesNotOpen'
  | 'badSignature'
  /** Signed by somebody who could not write at that place. */
  | 'notAllowed'
  /** Opened, but what is inside makes no sense or is for another stream. */
  | 'badPayload'
  /** Names parents that are not there. */
  | 'parentMissing'
  /** The device's counter went backwards or was used twice. */
  | 'counterReused';

export type Outcome<T, P> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: P };

/** Sealed records of one workspace, as this device sees them. All synchronous; throws only for broken invariants. */
export interface RecordPort {
  readonly workspace: WorkspaceId;
  readonly author: AccountId;
  readonly device: DeviceId;
  /** The stream with this role in the group: derived from the workspace's first key, so opaque to a server. */
  streamOf(group: GroupId, role: string): StreamId;
  seal(draft: RecordDraft): SealedRecord;
  /** Reads the clear header; checks the form, not the signature. */
  parse(bytes: Uint8Array): Outcome<RecordHeader, QuarantineReason>;
  /** Decrypts; checks the commitment and the binding to the header, not the signature. */
  open(bytes: Uint8Array): Outcome<Uint8Array, QuarantineReason>;
  /** Checks the signature by the device named in the header, and that author, device and epoch may write there. */
  verify(bytes: Uint8Array): Outcome<null, QuarantineReason>;
}

/** What a prompt's text says about itself, without its text. Parsing never fails: what is not readable is empty. */
export interface PromptFacts {
  readonly description: string;
  readonly tags: readonly string[];
  readonly models: readonly string[];
  /** Partial references as written, in order of appearance, each once. */
  readonly includes: readonly string[];
}

export interface MergeInput {
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
}

export interface MergeOutput {
  /** With conflict markers where a person is needed. */
  readonly text: string;
  readonly clean: boolean;
}

export interface ReplicaPorts {
  readonly records: RecordPort;
  /** Epoch milliseconds. Shown, never used for order. */
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly factsOf: (text: string) => PromptFacts;
  readonly merge: (input: MergeInput) => MergeOutput;
  /** A stored record's bytes, or null if the disk does not have it. Texts are opened on demand through this. */
  readonly readRecord: (id: RecordId) => Uint8Array | null;
}
