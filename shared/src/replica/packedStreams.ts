// A group's streams as bytes: as they lie in a snapshot until somebody asks for a prompt's history. JSON, because the
// snapshot is this program's own cache, sealed by the store, and never sent: it need not be canonical, only quick.

import type { StreamId } from '../encoding/ids.ts';
import { textToUtf8, utf8ToText } from '../encoding/utf8.ts';
import { invariant } from '../util/invariant.ts';
import type { GroupStreams, Stream, StreamEntry } from './state.ts';

type PackedStream = Omit<Stream, 'entries'> & { readonly entries: readonly StreamEntry[] };

export function packStreams(streams: GroupStreams): Uint8Array {
  if (streams.kind === 'packed') return streams.bytes;
  const packed: readonly PackedStream[] = Array.from(streams.streams.values(), (stream) => ({
    ...stream,
    entries: [...stream.entries.values()],
  }));
  const bytes = textToUtf8(JSON.stringify(packed));
  invariant(bytes !== null, 'JSON.stringify writes well-formed text');
  return bytes;
}

export function openStreams(streams: GroupStreams): ReadonlyMap<StreamId, Stream> {
  if (streams.kind === 'open') return streams.streams;
  const text = utf8ToText(streams.bytes);
  invariant(text !== null, 'packed streams are the text that was packed');
  const packed = JSON.parse(text) as readonly PackedStream[];
  return new Map(
    packed.map((stream) => [
      stream.id,
      { ...stream, entries: new Map(stream.entries.map((entry) => [entry.id, entry])) },
    ]),
  );
}
