// The clear part of a record: who wrote what kind of thing where, after which records, and what the author had seen.
// It is signed, and it is the associated data of the seal, so it cannot be moved to another payload. Reading it needs
// no key; record/open.ts opens the rest.
//
// A record is  header ‖ ciphertext ‖ signature.  Offsets of the header, numbers big-endian:
//
//     0  format version (1)          60  group (16)
//     1  kind (1)                    76  stream (16)
//     2  flag (1)                    92  author's account (32)
//     3  number of parents (1)      124  author's device (32)
//     4  epoch (4)                  156  salt (32)
//     8  device counter (8)         188  commitment (32)
//    16  index in the team log (4)  220  hash of that team-log entry (32)
//    20  Seq seen (8)               252  feedHash at that Seq (32)
//    28  workspace (32)             284  parents (32 each)

import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import { checkPrefix, FORMAT_VERSION, KINDS, type DecodeProblem } from '../encoding/format.ts';
import {
  idFromBytes,
  idToBytes,
  type AccountId,
  type AnyId,
  type DeviceId,
  type EntryHash,
  type FeedHash,
  type GroupId,
  type RecordId,
  type StreamId,
  type WorkspaceId,
} from '../encoding/ids.ts';
import { invariant } from '../util/invariant.ts';
import { fail, succeed, type Result } from '../util/result.ts';
import { MAX_PARENTS, MAX_RECORD_BYTES, MIN_CIPHERTEXT_BYTES } from './limits.ts';

/** What a record does to its whole group, for a server that cannot see inside. */
export type GroupFlag = 'none' | 'trash' | 'restore' | 'purge';

/** A place in a log: the entry's index and its hash. */
export interface LogHead {
  readonly index: number;
  readonly hash: EntryHash;
}

/** A place in a workspace's feed. Seq 0 is before the first record (see record/feed.ts). */
export interface FeedPosition {
  readonly seq: number;
  readonly feedHash: FeedHash;
}

export interface RecordHeader {
  readonly flag: GroupFlag;
  readonly workspace: WorkspaceId;
  readonly group: GroupId;
  readonly stream: StreamId;
  /** First the head that this record follows, then what it merges. Empty for the first record of a stream. */
  readonly parents: readonly RecordId[];
  readonly epoch: number;
  readonly author: AccountId;
  readonly device: DeviceId;
  /** Rises with each record of the device in the workspace. */
  readonly counter: number;
  /** Head of the team log as the author knew it. */
  readonly teamLog: LogHead;
  /** How much of the feed the author had seen. */
  readonly seen: FeedPosition;
  /** 32 random bytes: the record's key is derived from the group's key with them. */
  readonly salt: Uint8Array;
  /** 32 bytes that commit to the record's key. */
  readonly commitment: Uint8Array;
}

const FLAGS: readonly GroupFlag[] = ['none', 'trash', 'restore', 'purge'];

const AT = {
  flag: 2,
  parentCount: 3,
  epoch: 4,
  counter: 8,
  teamLogIndex: 16,
  seq: 20,
  workspace: 28,
  group: 60,
  stream: 76,
  author: 92,
  device: 124,
  salt: 156,
  commitment: 188,
  teamLogHash: 220,
  feedHash: 252,
  parents: 284,
} as const;

const HASH_BYTES = 32;
const GROUP_BYTES = 16;
const HIGH_WORD = 2 ** 32;

/** A record whose form was checked, as views into its bytes. Says nothing yet about who signed it. */
export class ParsedRecord {
  readonly bytes: Uint8Array;
  readonly #headerLength: number;
  #header: RecordHeader | null = null;

  constructor(bytes: Uint8Array, headerLength: number) {
    this.bytes = bytes;
    this.#headerLength = headerLength;
  }

  get headerBytes(): Uint8Array {
    return this.bytes.subarray(0, this.#headerLength);
  }

  get ciphertext(): Uint8Array {
    return this.bytes.subarray(this.#headerLength, this.bytes.length - SIGNATURE_BYTES);
  }

  get signature(): Uint8Array {
    return this.bytes.subarray(this.bytes.length - SIGNATURE_BYTES);
  }

  // What opening needs, without making text of every id of the header.
  get salt(): Uint8Array {
    return this.bytes.subarray(AT.salt, AT.salt + HASH_BYTES);
  }

  get commitment(): Uint8Array {
    return this.bytes.subarray(AT.commitment, AT.commitment + HASH_BYTES);
  }

  get groupBytes(): Uint8Array {
    return this.bytes.subarray(AT.group, AT.group + GROUP_BYTES);
  }

  get epoch(): number {
    return viewOf(this.bytes).getUint32(AT.epoch);
  }

  get header(): RecordHeader {
    this.#header ??= readHeader(this.bytes);
    return this.#header;
  }
}

/** Checks the form of a record: version, lengths, flag, parents. Opens and verifies nothing. */
export function parseRecord(bytes: Uint8Array): Result<ParsedRecord, DecodeProblem> {
  const prefix = checkPrefix(bytes, 'record', MAX_RECORD_BYTES);
  if (prefix !== null) return { ok: false, problem: prefix };
  const headerLength = measureHeader(bytes);
  if (!headerLength.ok) return headerLength;
  if (bytes.length < headerLength.value + MIN_CIPHERTEXT_BYTES + SIGNATURE_BYTES) {
    return fail('malformed', 'A record ends too early.');
  }
  return succeed(new ParsedRecord(bytes, headerLength.value));
}

/** The number of bytes of the header at the start of `bytes`, if it is a sound one. */
export function measureHeader(bytes: Uint8Array): Result<number, DecodeProblem> {
  const length = AT.parents + (bytes[AT.parentCount] ?? 0) * HASH_BYTES;
  if (bytes.length < length) return fail('malformed', 'A record ends too early.');
  const problem = headerProblem(bytes);
  return problem === null ? succeed(length) : fail('malformed', problem);
}

function headerProblem(bytes: Uint8Array): string | null {
  const view = viewOf(bytes);
  if (view.getUint8(AT.flag) >= FLAGS.length) return 'A record has an unknown flag.';
  if (view.getUint8(AT.parentCount) > MAX_PARENTS) return 'A record has too many parents.';
  if (view.getUint32(AT.epoch) === 0) return 'A record names epoch 0; the first is 1.';
  const counter = readU53(view, AT.counter);
  if (!Number.isSafeInteger(counter) || counter === 0) return 'A record has an impossible device counter.';
  if (!Number.isSafeInteger(readU53(view, AT.seq))) return 'A record has an impossible Seq.';
  return null;
}

/** The header of bytes that begin with a sound one. */
export function readHeader(bytes: Uint8Array): RecordHeader {
  const view = viewOf(bytes);
  const id = <Id extends AnyId>(at: number, length: number = HASH_BYTES): Id =>
    idFromBytes<Id>(bytes.subarray(at, at + length));
  return {
    flag: FLAGS[view.getUint8(AT.flag)] ?? 'none',
    workspace: id<WorkspaceId>(AT.workspace),
    group: id<GroupId>(AT.group, GROUP_BYTES),
    stream: id<StreamId>(AT.stream, GROUP_BYTES),
    parents: Array.from({ length: view.getUint8(AT.parentCount) }, (_, index) =>
      id<RecordId>(AT.parents + index * HASH_BYTES),
    ),
    epoch: view.getUint32(AT.epoch),
    author: id<AccountId>(AT.author),
    device: id<DeviceId>(AT.device),
    counter: readU53(view, AT.counter),
    teamLog: { index: view.getUint32(AT.teamLogIndex), hash: id<EntryHash>(AT.teamLogHash) },
    seen: { seq: readU53(view, AT.seq), feedHash: id<FeedHash>(AT.feedHash) },
    salt: bytes.slice(AT.salt, AT.salt + HASH_BYTES),
    commitment: bytes.slice(AT.commitment, AT.commitment + HASH_BYTES),
  };
}

/** Throws if the header breaks a limit: whoever composes records checks before. */
export function encodeHeader(header: RecordHeader): Uint8Array {
  invariant(header.parents.length <= MAX_PARENTS, `a record has at most ${MAX_PARENTS} parents`);
  invariant(isCount(header.epoch, 1, 0xffff_ffff), 'an epoch is a number from 1');
  invariant(isCount(header.counter, 1, Number.MAX_SAFE_INTEGER), 'a device counter is a number from 1');
  invariant(isCount(header.seen.seq, 0, Number.MAX_SAFE_INTEGER), 'a Seq is a number from 0');
  const bytes = new Uint8Array(AT.parents + header.parents.length * HASH_BYTES);
  const view = viewOf(bytes);
  bytes[0] = FORMAT_VERSION;
  bytes[1] = KINDS.record;
  bytes[AT.flag] = FLAGS.indexOf(header.flag);
  bytes[AT.parentCount] = header.parents.length;
  view.setUint32(AT.epoch, header.epoch);
  writeU53(view, AT.counter, header.counter);
  view.setUint32(AT.teamLogIndex, header.teamLog.index);
  writeU53(view, AT.seq, header.seen.seq);
  for (const [at, id] of idFields(header)) bytes.set(idToBytes(id), at);
  bytes.set(header.salt, AT.salt);
  bytes.set(header.commitment, AT.commitment);
  return bytes;
}

function idFields(header: RecordHeader): readonly (readonly [at: number, id: AnyId])[] {
  return [
    [AT.workspace, header.workspace],
    [AT.group, header.group],
    [AT.stream, header.stream],
    [AT.author, header.author],
    [AT.device, header.device],
    [AT.teamLogHash, header.teamLog.hash],
    [AT.feedHash, header.seen.feedHash],
    ...header.parents.map((parent, index) => [AT.parents + index * HASH_BYTES, parent] as const),
  ];
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const readU53 = (view: DataView, at: number): number =>
  view.getUint32(at) * HIGH_WORD + view.getUint32(at + 4);

function writeU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / HIGH_WORD));
  view.setUint32(at + 4, value % HIGH_WORD);
}

const isCount = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
