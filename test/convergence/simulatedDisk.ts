// A device's disk: rows by id, in the order in which they were written. Nothing is lost that was written.

import type { WorkspaceKeys } from '@cuebook/shared/client/keys';
import type { LocalFeed } from '@cuebook/shared/client/state';
import type { FeedHash, RecordId } from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition } from '@cuebook/shared/record/header';
import type { StoredRow } from '@cuebook/shared/replica/receive';

export class SimulatedDisk {
  readonly rows = new Map<RecordId, StoredRow>();
  /** By Seq. */
  readonly #feed: { readonly id: RecordId | null; readonly feedHash: FeedHash }[] = [
    { id: null, feedHash: FEED_START.feedHash },
  ];
  #lastRow = 0;

  get lastRow(): number {
    return this.#lastRow;
  }

  load(rows: readonly StoredRow[]): void {
    for (const row of rows) {
      this.rows.set(row.id, row);
      this.#lastRow = Math.max(this.#lastRow, row.row);
    }
    const placed = rows.flatMap(({ id, feed }) => (feed === undefined ? [] : [{ id, feed }]));
    for (const { id, feed } of placed.sort((left, right) => left.feed.seq - right.feed.seq))
      this.#note(id, feed);
  }

  insert(id: RecordId, bytes: Uint8Array): void {
    const row = this.rows.get(id)?.row ?? (this.#lastRow += 1);
    this.rows.set(id, { row, id, bytes });
  }

  place(id: RecordId, feed: FeedPosition): void {
    const row = this.rows.get(id);
    if (row === undefined) throw new Error('A record that is placed is on the disk.');
    this.rows.set(id, { ...row, feed });
    this.#note(id, feed);
  }

  replace(id: RecordId, change: (bytes: Uint8Array) => Uint8Array): void {
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, bytes: change(row.bytes) });
  }

  read(id: RecordId): Uint8Array | null {
    return this.rows.get(id)?.bytes ?? null;
  }

  /** What the client engine asks of a disk. */
  localFeed(position: FeedPosition, keys: WorkspaceKeys | null): LocalFeed {
    return {
      position,
      hasKey: (epoch) => keys?.epochs.has(epoch) === true,
      hashAt: (seq) => this.#feed[seq]?.feedHash ?? null,
      placeOf: (record) => this.rows.get(record)?.feed?.seq ?? null,
      recordsFrom: (seq, limit) =>
        this.#feed.slice(seq, seq + limit).flatMap(({ id }) => (id === null ? [] : [id])),
    };
  }

  #note(id: RecordId, { seq, feedHash }: FeedPosition): void {
    if (seq !== this.#feed.length) throw new Error('Places are given out one after the other.');
    this.#feed.push({ id, feedHash });
  }
}
