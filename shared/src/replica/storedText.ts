// A revision's text, opened on demand from the sealed bytes on the disk.

import type { RecordId } from '../encoding/ids.ts';
import type { ReplicaPorts } from './ports.ts';

/** Null if the disk does not have the record, or it does not open as a revision. */
export function storedText(ports: ReplicaPorts, record: RecordId): string | null {
  const bytes = ports.readRecord(record);
  const opened = bytes === null ? null : ports.records.open(bytes);
  return opened?.ok === true && opened.value.kind === 'content' ? opened.value.text : null;
}
