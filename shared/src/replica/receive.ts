// Takes records from the disk or the feed into the state. Whatever the bytes are, it ends with a state: what does not
// open or verify is set aside with a reason, never skipped silently, and never the end of the rest.

import type { RecordId } from '../encoding/ids.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import type { FeedPosition } from '../record/header.ts';
import type { Payload } from '../record/payload.ts';
import { roleOfPayload } from '../record/streams.ts';
import type { Problem, Result } from '../util/result.ts';
import { fail } from '../util/result.ts';
import type { Batch, BatchResult } from './batch.ts';
import {
  applyRecord,
  countRecord,
  finishBatch,
  groupIn,
  isKnown,
  placeInFeed,
  reviveRecord,
  setAside,
  settleRecord,
  startBatch,
  streamIn,
} from './batch.ts';
import { openStreams } from './packedStreams.ts';
import type { QuarantineReason, RecordHeader, ReplicaPorts } from './ports.ts';
import type { RecordStatus, ReplicaState, Stream } from './state.ts';

/** A record of the local store. */
export interface StoredRow {
  /** Rises with every record written by any window. */
  readonly row: number;
  /** As the store names it: SHA-256 over the bytes when they were written. Names what cannot be read any more. */
  readonly id: RecordId;
  /** Of the record, or of the tombstone that a purge has left of it. */
  readonly bytes: Uint8Array;
  /** Its place in the feed, once the feed has brought it. */
  readonly feed?: FeedPosition;
}

/** Long work comes in slices: `stop` is asked after each record, and what is left is for the next call. */
export interface Slice {
  readonly stop?: () => boolean;
}

/**
 * Applies rows in their order; rows that are known already change nothing. With `verify: 'later'` signatures are not
 * checked yet: what was applied shows as "checking" until `settle`. The state's `row` says how far it got.
 */
export function receive(
  state: ReplicaState,
  ports: ReplicaPorts,
  rows: readonly StoredRow[],
  options: Slice & { readonly verify: 'now' | 'later' },
): BatchResult {
  const batch = startBatch(state, ports);
  let { row, feed } = state;
  for (const next of rows) {
    receiveRecord(batch, { ...next, seq: next.feed?.seq ?? null }, options.verify);
    row = Math.max(row, next.row);
    if (next.feed !== undefined && next.feed.seq > feed.seq) ({ feed } = next);
    if (options.stop?.() === true) break;
  }
  const result = finishBatch(batch);
  return { ...result, state: { ...result.state, row, feed } };
}

/** Records whose signature is still to be checked, at most `limit`. */
export function uncheckedRecords(state: ReplicaState, limit: number): readonly RecordId[] {
  const found: RecordId[] = [];
  for (const id of state.unchecked.keys()) {
    if (found.length === limit) break;
    found.push(id);
  }
  return found;
}

/** Works the signature of a record out beside this thread, where the platform can, for the `settle` that follows. */
export async function prepareToSettle(
  state: ReplicaState,
  ports: ReplicaPorts,
  record: RecordId,
): Promise<void> {
  const bytes = ports.readRecord(record);
  if (bytes !== null) await ports.records.verifyAhead(bytes, uncheckedSeq(state, record));
}

/** Checks the signatures of these records now; what it did not get to is still unchecked in the state. */
export function settle(
  state: ReplicaState,
  ports: ReplicaPorts,
  records: readonly RecordId[],
  options: Slice = {},
): BatchResult {
  const batch = startBatch(state, ports);
  for (const id of records) {
    const bytes = ports.readRecord(id);
    const verdict =
      bytes === null
        ? fail('malformed', 'The record is gone.')
        : ports.records.verify(bytes, uncheckedSeq(state, id));
    settleRecord(batch, id, verdict.ok ? 'verified' : verdict.problem.code);
    if (options.stop?.() === true) break;
  }
  return finishBatch(batch);
}

/**
 * After a team-log entry has come that stands before records which were judged without it: those placed after `seq` have
 * no verdict any more, and wait to be checked (`settle`).
 */
export function recheckAfter(state: ReplicaState, seq: number): ReplicaState {
  let { groups, unchecked } = state;
  for (const group of state.groups.values()) {
    const streams = new Map(openStreams(group.streams));
    const doubted: RecordId[] = [];
    for (const stream of streams.values()) {
      const entries = new Map(stream.entries);
      for (const entry of stream.entries.values()) {
        if (entry.status !== 'verified' || entry.seq === null || entry.seq <= seq) continue;
        entries.set(entry.id, { ...entry, status: 'checking' });
        doubted.push(entry.id);
      }
      streams.set(stream.id, { ...stream, entries });
    }
    if (doubted.length === 0) continue;
    groups = groups.set(group.id, { ...group, verified: false, streams: { kind: 'open', streams } });
    for (const id of doubted) unchecked = unchecked.set(id, group.id);
  }
  return { ...state, groups, unchecked };
}

/** After a key has arrived: opens what was set aside for want of it. The rest stays where it is. */
export function retryMissingKeys(state: ReplicaState, ports: ReplicaPorts): BatchResult {
  const batch = startBatch(state, ports);
  for (const { id, reason } of state.quarantine.values()) {
    const bytes = reason === 'keyMissing' ? ports.readRecord(id) : null;
    const parsed = bytes === null ? null : ports.records.parse(bytes);
    if (bytes === null || parsed?.ok !== true) continue;
    const opened = openedPayload(batch, parsed.value, bytes);
    const seq = seqOf(streamIn(batch, parsed.value.group, parsed.value.stream), id);
    const isFine = opened.ok && ports.records.verify(bytes, seq).ok;
    if (isFine) reviveRecord(batch, parsed.value, { payload: opened.value, status: 'verified' });
  }
  return finishBatch(batch);
}

const seqOf = (stream: Stream | undefined, id: RecordId): number | null =>
  stream?.entries.get(id)?.seq ?? null;

/** A record from the disk (`seq` null: not in the feed yet) or from the feed. */
export interface ArrivedRecord {
  readonly id: RecordId;
  readonly bytes: Uint8Array;
  readonly seq: number | null;
}

/** True if it was not here before. */
export function receiveRecord(batch: Batch, arrived: ArrivedRecord, verify: 'now' | 'later'): boolean {
  const { records } = batch.ports;
  const { id, bytes, seq } = arrived;
  const parsed = records.parse(bytes);
  if (!parsed.ok || parsed.value.id !== id || parsed.value.workspace !== records.workspace) {
    const reason = parsed.ok ? 'malformed' : parsed.problem.code;
    if (batch.quarantine.has(id)) return false;
    setAside(batch, { id, reason, group: null, author: null });
    return true;
  }
  const header = parsed.value;
  if (isKnown(batch, header)) {
    if (seq !== null) placeKnown(batch, header, { bytes, seq });
    return false;
  }
  if (header.erased) {
    countRecord(batch, header);
    return true;
  }
  noteMissingParents(batch, header);
  const verified = verify === 'now' ? records.verify(bytes, seq) : null;
  const opened = openedPayload(batch, header, bytes);
  const problem = [verified, opened].find((result) => result?.ok === false);
  if (problem?.ok === false) {
    setAside(batch, { id, reason: problem.problem.code, group: header.group, author: header.author });
  }
  applyRecord(batch, {
    header,
    seq,
    status: statusOf(verified, problem === undefined),
    payload: problem === undefined && opened.ok ? opened.value : null,
  });
  return true;
}

/** What was right when it was written here may not be at the place that it got: it is judged again, as all others do. */
function placeKnown(
  batch: Batch,
  header: RecordHeader,
  { bytes, seq }: { readonly bytes: Uint8Array; readonly seq: number },
): void {
  const judged = header.erased ? null : batch.ports.records.verify(bytes, seq);
  placeInFeed(batch, header, { seq, verdict: judged?.ok === false ? judged.problem.code : 'verified' });
}

function uncheckedSeq({ groups, unchecked }: ReplicaState, id: RecordId): number | null {
  const group = groups.get(unchecked.get(id) ?? WORKSPACE_GROUP);
  for (const stream of group === undefined ? [] : openStreams(group.streams).values()) {
    const entry = stream.entries.get(id);
    if (entry !== undefined) return entry.seq;
  }
  return null;
}

function statusOf(verified: Result<null, unknown> | null, isFine: boolean): RecordStatus {
  if (!isFine) return 'quarantined';
  return verified === null ? 'checking' : 'verified';
}

function openedPayload(
  batch: Batch,
  header: RecordHeader,
  bytes: Uint8Array,
): Result<Payload, Problem<QuarantineReason>> {
  const { records } = batch.ports;
  const opened = records.open(bytes);
  if (!opened.ok) return opened;
  if (records.streamOf(header.group, roleOfPayload(opened.value)) !== header.stream) {
    return fail('badPayload', 'A record lies in another stream than its content belongs to.');
  }
  if (opened.value.kind === 'providerKey' && header.group !== WORKSPACE_GROUP) {
    return fail('badPayload', 'A provider key is shared elsewhere than in the whole workspace.');
  }
  if (opened.value.kind === 'profile' && opened.value.account !== header.author) {
    return fail('badPayload', 'A record names somebody else than its author.');
  }
  return opened;
}

/** Says that something before a record is missing on this disk; what follows it is shown all the same. */
function noteMissingParents(batch: Batch, header: RecordHeader): void {
  const { group } = header;
  if (header.flag === 'purge') return;
  const entries = streamIn(batch, group, header.stream)?.entries;
  for (const id of header.parents) {
    if (entries?.has(id) === true || batch.quarantine.has(id)) continue;
    if (groupIn(batch, group)?.purged === true) return;
    setAside(batch, { id, reason: 'parentMissing', group, author: null });
  }
}
