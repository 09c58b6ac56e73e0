// Seals pending records anew, under the epoch of now, after the server has definitely refused the old ones. Text,
// revision ids, messages and order stay; record ids change, so what followed the old records follows the new ones.

import type { GroupId, RecordId, StreamId } from '../encoding/ids.ts';
import { roleOfPayload } from '../record/streams.ts';
import { invariant } from '../util/invariant.ts';
import {
  applyRecord,
  dropRecords,
  finishBatch,
  nextCounter,
  startBatch,
  streamIn,
  type Batch,
} from './batch.ts';
import type { BatchResult } from './batch.ts';
import type { ReplicaPorts, SealedRecord } from './ports.ts';
import type { ReplicaState, StreamEntry } from './state.ts';
import { compareOrder } from './streamGraph.ts';

export interface Resealed extends BatchResult {
  readonly records: readonly SealedRecord[];
  /** Rows to be deleted in the transaction that writes `records`: they must never be sent or applied again. */
  readonly drop: readonly RecordId[];
}

/** The pending records of one stream, but for those that the server has stored by its word. None may be in flight. */
export function resealPending(
  state: ReplicaState,
  ports: ReplicaPorts,
  target: {
    readonly group: GroupId;
    readonly stream: StreamId;
    readonly isStored: (id: RecordId) => boolean;
  },
): Resealed {
  const batch = startBatch(state, ports);
  const entries = streamIn(batch, target.group, target.stream)?.entries.values() ?? [];
  const pending = [...entries]
    .filter((entry) => entry.seq === null && !target.isStored(entry.id))
    .sort(compareOrder);
  const opened = pending.map((entry) => ({ entry, payload: payloadOf(ports, entry) }));
  dropRecords(batch, target.group, target.stream, new Set(pending.map((entry) => entry.id)));
  const renamed = new Map<RecordId, RecordId>();
  const records = opened.map(({ entry, payload }) => {
    const sealed = sealAgain(batch, target.group, { entry, payload, renamed });
    renamed.set(entry.id, sealed.header.id);
    applyRecord(batch, { header: sealed.header, seq: null, status: 'verified', payload });
    return sealed;
  });
  return { ...finishBatch(batch), records, drop: pending.map((entry) => entry.id) };
}

type OpenedPayload = ReturnType<typeof payloadOf>;

function payloadOf(ports: ReplicaPorts, entry: StreamEntry) {
  const bytes = ports.readRecord(entry.id);
  const opened = bytes === null ? null : ports.records.open(bytes);
  invariant(opened?.ok === true, 'this device can open what it wrote');
  return opened.value;
}

function sealAgain(
  batch: Batch,
  group: GroupId,
  old: {
    readonly entry: StreamEntry;
    readonly payload: OpenedPayload;
    readonly renamed: ReadonlyMap<RecordId, RecordId>;
  },
): SealedRecord {
  const { entry, payload, renamed } = old;
  return batch.ports.records.seal({
    group,
    role: roleOfPayload(payload),
    parents: entry.parents.map((parent) => renamed.get(parent) ?? parent),
    counter: nextCounter(batch),
    flag: entry.flag,
    seen: batch.before.feed,
    payload,
  });
}
