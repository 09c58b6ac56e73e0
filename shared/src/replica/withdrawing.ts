// Takes a purge back that the server has definitely refused, because this account is no admin any more. Until a purge has
// its place in the feed nothing of the group is erased here, so everything shows again.

import type { GroupId, RecordId } from '../encoding/ids.ts';
import { dropRecords, finishBatch, startBatch, streamsIn, type BatchResult } from './batch.ts';
import { mergePending } from './merging.ts';
import type { ReplicaPorts, SealedRecord } from './ports.ts';
import type { ReplicaState } from './state.ts';

export interface Withdrawn extends BatchResult {
  /** Merges that the purge had stood in for; to be written. */
  readonly records: readonly SealedRecord[];
  /** Rows to be deleted: they must never be sent or applied again. */
  readonly drop: readonly RecordId[];
}

/** True if one of the records is a purge that no server has placed. */
export const isPendingPurge = (
  state: ReplicaState,
  ports: ReplicaPorts,
  target: { readonly group: GroupId; readonly records: readonly RecordId[] },
): boolean => {
  const purges = pendingPurges(startBatch(state, ports), target.group);
  return target.records.some((id) => purges.some((purge) => purge.ids.has(id)));
};

export function withdrawPurge(state: ReplicaState, ports: ReplicaPorts, group: GroupId): Withdrawn {
  const batch = startBatch(state, ports);
  const purges = pendingPurges(batch, group);
  for (const { stream, ids } of purges) dropRecords(batch, group, stream, ids);
  const result = finishBatch(batch);
  const drop = purges.flatMap(({ ids }) => [...ids]);
  const merged = mergePending(result.state, ports, [group]);
  if (!merged.ok) return { ...result, records: [], drop };
  const { state: after, records } = merged.value;
  return { ...result, tree: true, state: after, records, drop };
}

/** A purge stands last in its stream: nothing follows it but the same purge, restated. */
function pendingPurges(batch: ReturnType<typeof startBatch>, group: GroupId) {
  return streamsIn(batch, group).map((stream) => {
    const pending = [...stream.entries.values()].filter(
      (entry) => entry.flag === 'purge' && entry.seq === null,
    );
    return { stream: stream.id, ids: new Set(pending.map((entry) => entry.id)) };
  });
}
