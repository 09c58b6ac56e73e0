// For tests and benchmarks: version graphs made by hand, whose texts lie in a map. Nothing of the product imports this.

import type { AccountId, DeviceId, RecordId, RevisionId, StreamId } from '../encoding/ids.ts';
import type { RevisionKind } from '../record/payload.ts';
import type { RecordStatus, Stream, StreamEntry } from '../replica/state.ts';
import { appended } from '../replica/streamGraph.ts';
import type { TextIndex } from './textIndex.ts';
import { versionGraph, type VersionGraph } from './versionGraph.ts';

export interface MadeVersion {
  /** Places of versions that came before it. */
  readonly parents: readonly number[];
  readonly text: string;
  readonly author?: string;
  readonly status?: RecordStatus;
  readonly kind?: RevisionKind;
  /** Another id than its own. */
  readonly revisionId?: string;
}

export const recordAt = (place: number): RecordId => `record${place}` as RecordId;
const revisionAt = (place: number): RevisionId => `revision${place}` as RevisionId;

export interface MadeHistory {
  readonly stream: Stream;
  readonly graph: VersionGraph;
  readonly read: (record: RecordId) => string | null;
  /** The last one's record. */
  readonly last: RecordId;
}

export function madeHistory(versions: readonly MadeVersion[]): MadeHistory {
  const texts = new Map(versions.map(({ text }, place) => [recordAt(place), text]));
  const entries = new Map<RecordId, StreamEntry>();
  const empty: Stream = { id: 'stream' as StreamId, kind: 'content', head: null, sides: [], entries };
  const stream = versions.reduce(
    (before, version, place) => appended(before, entries, entryOf(version, place)),
    empty,
  );
  return {
    stream,
    graph: versionGraph(stream),
    read: (record) => texts.get(record) ?? null,
    last: recordAt(versions.length - 1),
  };
}

function entryOf(version: MadeVersion, place: number): Omit<StreamEntry, 'number'> {
  const { parents, text, author = 'author', status = 'verified', kind = 'save', revisionId } = version;
  return {
    id: recordAt(place),
    parents: parents.map(recordAt),
    author: author as AccountId,
    device: `${author}'s device` as DeviceId,
    epoch: 1,
    flag: 'none',
    status,
    seq: place + 1,
    at: place,
    facts: {
      kind: 'content',
      revisionId: (revisionId as RevisionId | undefined) ?? revisionAt(place),
      revisionKind: kind,
      message: `message ${place}`,
      savedAt: place,
      restoredFrom: null,
      references: [],
      size: text.length,
    },
  };
}

/** Steps to the end at once. */
export function finished<T>(index: TextIndex, steps: (index: TextIndex) => Generator<undefined, T>): T {
  const running = steps(index);
  for (;;) {
    const step = running.next();
    if (step.done === true) return step.value;
  }
}
