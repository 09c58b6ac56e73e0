// Reads histories for the calls about them: streams that are opened once, indexes of texts that are kept while they are
// used, and long work in slices, so that a save never waits for somebody's question about the past.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GroupId, RecordId, StreamId } from '@cuebook/shared/encoding/ids';
import type { ReadText, TextIndex } from '@cuebook/shared/history/textIndex';
import { createTextIndex, weightOf } from '@cuebook/shared/history/textIndex';
import { type VersionGraph, versionGraph } from '@cuebook/shared/history/versionGraph';
import { openStreams } from '@cuebook/shared/replica/packedStreams';
import type { GroupStreams, Stream } from '@cuebook/shared/replica/state';
import { storedText } from '@cuebook/shared/replica/storedText';
import type { LibrarySession } from './librarySession.ts';

export interface HistoryReader {
  streams(id: GroupId): ReadonlyMap<StreamId, Stream>;
  /** Null for a prompt without versions. */
  graph(id: GroupId): VersionGraph | null;
  readonly readText: ReadText;
  /** Runs steps that need the prompt's texts, a few milliseconds at a time. */
  run<T>(id: GroupId, steps: (index: TextIndex) => Generator<undefined, T>): Promise<T>;
}

const sliceMs = 8;
/** Beyond it the indexes that were not used for longest are forgotten; the one in use stays. */
const mostIndexBytes = 48 * 1024 * 1024;

export function createHistoryReader(session: LibrarySession): HistoryReader {
  const opened = new WeakMap<GroupStreams, ReadonlyMap<StreamId, Stream>>();
  const graphs = new WeakMap<Stream, VersionGraph>();
  const indexes = new Map<GroupId, TextIndex>();

  const streams = (id: GroupId): ReadonlyMap<StreamId, Stream> => {
    const packed = session.state().groups.get(id)?.streams;
    if (packed === undefined) return new Map();
    const known = opened.get(packed) ?? openStreams(packed);
    opened.set(packed, known);
    return known;
  };

  const keepFew = (): void => {
    let bytes = [...indexes.values()].reduce((sum, index) => sum + weightOf(index), 0);
    for (const [id, index] of indexes) {
      if (bytes <= mostIndexBytes || indexes.size === 1) return;
      indexes.delete(id);
      bytes -= weightOf(index);
    }
  };

  return {
    streams,
    graph(id) {
      const content = contentOf(streams(id));
      if (content === undefined) return null;
      const known = graphs.get(content) ?? versionGraph(content);
      graphs.set(content, known);
      return known;
    },
    readText: (record: RecordId) => storedText(session.ports, record),
    async run(id, steps) {
      const index = indexes.get(id) ?? createTextIndex();
      indexes.delete(id);
      indexes.set(id, index);
      const result = await inSlices(steps(index));
      keepFew();
      return result;
    },
  };
}

export const contentOf = (streams: ReadonlyMap<StreamId, Stream>): Stream | undefined =>
  [...streams.values()].find(({ kind }) => kind === 'content');

async function inSlices<T>(steps: Generator<undefined, T>): Promise<T> {
  let end = performance.now() + sliceMs;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + sliceMs;
  }
}
