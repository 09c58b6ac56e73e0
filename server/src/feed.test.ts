// The loop "attach, then read, then wait" against a store in memory whose answers come late and whose hints get lost:
// whoever follows gets every item and every entry once, in order, and never an item before the entries it is judged by.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idFromBytes, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { FollowMessage } from '@cuebook/shared/protocol/record';
import { createFeed, type Feed, type Follow } from './feed.ts';
import { createHub, type Hub } from './hub.ts';
import type { Tail, TailPosition } from './store/api.ts';

const workspace = idFromBytes<WorkspaceId>(new Uint8Array(32).fill(1));
const INCARNATION = 'a'.repeat(26);
const PAGE = 3;

/** What was appended, in one order: entries of the log, and items that name how much of the log stands before them. */
class MemoryStore {
  readonly items: { readonly seq: number; readonly after: number }[] = [];
  readonly entries: Uint8Array[] = [Uint8Array.of(0)];
  incarnation = INCARNATION;
  reads = 0;
  readonly #late: () => Promise<void>;

  constructor(late: () => Promise<void>) {
    this.#late = late;
  }

  readonly readTail = async (_: WorkspaceId, from: TailPosition): Promise<Tail> => {
    this.reads += 1;
    const end = this.items.length;
    const all = [...this.items];
    const entries = this.entries.slice(from.logFrom, from.logFrom + PAGE);
    const head = { index: this.entries.length - 1, hash: 'h' as never };
    const isWhole = from.logFrom + entries.length > head.index;
    const isOther = from.incarnation !== this.incarnation;
    const tail: Tail = {
      incarnation: this.incarnation,
      items:
        isWhole && !isOther
          ? all.slice(from.seq, from.seq + PAGE).map(({ seq, after }) => ({
              seq,
              id: String(after) as never,
              bytes: Uint8Array.of(after),
            }))
          : [],
      end: { seq: end, feedHash: 'f' as never },
      entries: isOther ? [] : entries,
      head,
      healing: false,
    };
    await this.#late();
    return tail;
  };
}

interface Reader {
  readonly messages: FollowMessage[];
  readonly ends: string[];
  stop(): void;
}

function read(feed: Feed, more: Partial<Follow> = {}): Reader {
  const messages: FollowMessage[] = [];
  const ends: string[] = [];
  const stop = feed.follow({
    workspace,
    from: { incarnation: INCARNATION, seq: 0, logFrom: 0 },
    socket: { id: 'reader', hasRoom: () => true, untilRoom: async () => true },
    mayFollow: async () => true,
    observer: {
      next: (message) => messages.push(message),
      complete: () => ends.push('complete'),
      error: () => ends.push('failed'),
    },
    ...more,
  });
  return { messages, ends, stop };
}

const seqs = (messages: readonly FollowMessage[]): readonly number[] =>
  messages.flatMap((message) => (message.kind === 'items' ? message.items.map(({ seq }) => seq) : []));

/** Everything once, in order, and each item after the entries that stand before it. */
function checkOrder(messages: readonly FollowMessage[], from: number): void {
  let entries = 0;
  let seq = from;
  for (const message of messages) {
    if (message.kind === 'log') {
      expect(message.from).toBe(entries);
      entries += message.entries.length;
    }
    if (message.kind !== 'items') continue;
    for (const item of message.items) {
      expect(item.seq).toBe(seq + 1);
      expect(item.bytes[0]).toBeLessThanOrEqual(entries);
      seq = item.seq;
    }
  }
}

const feedOf = (store: MemoryStore, hub: Hub): Feed =>
  createFeed({
    store: { records: store as never },
    hub,
    pages: 2,
    onError: (error) => expect(error).toBeNull(),
  });

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant('item' as const) },
  { weight: 1, arbitrary: fc.constant('entry' as const) },
  { weight: 2, arbitrary: fc.constant('reader' as const) },
  { weight: 3, arbitrary: fc.constant('wait' as const) },
  { weight: 1, arbitrary: fc.constant('full' as const) },
  { weight: 1, arbitrary: fc.constant('room' as const) },
);

describe('following', () => {
  test('gives everybody everything once and in order, whenever they come and whatever gets lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }),
        fc.infiniteStream(fc.nat(3)),
        async (steps, delays) => {
          const late = async (): Promise<void> => turns(Number(delays.next().value));
          const store = new MemoryStore(late);
          const hub = createHub();
          const feed = feedOf(store, hub);
          const readers: (Reader & { readonly from: number })[] = [];
          let isFull = false;
          let waiting: (() => void)[] = [];
          const makeRoom = (): void => {
            isFull = false;
            for (const tell of waiting) tell();
            waiting = [];
          };
          const socket = {
            id: 's',
            hasRoom: () => !isFull,
            untilRoom: async () =>
              isFull ? new Promise<boolean>((resolve) => waiting.push(() => resolve(true))) : true,
          };
          for (const [what, isHinted] of steps) {
            if (what === 'item')
              store.items.push({ seq: store.items.length + 1, after: store.entries.length });
            if (what === 'entry') store.entries.push(Uint8Array.of(store.entries.length));
            if (what === 'reader') {
              readers.push({ ...read(feed, readers.length % 2 === 0 ? { socket } : {}), from: 0 });
            }
            if (what === 'full') isFull = true;
            if (what === 'room') makeRoom();
            if (what === 'wait') await turns(2);
            if (isHinted) hint(hub, store);
          }
          makeRoom();
          // What a sweep does, however many hints were lost.
          for (let sweep = 0; sweep < 3; sweep += 1) {
            feed.look({ workspace, seq: store.items.length, logIndex: store.entries.length - 1 });
            await turns(200);
          }
          const all = store.items.map(({ seq }) => seq);
          for (const { messages, from } of readers) {
            checkOrder(messages, from);
            expect(seqs(messages)).toEqual(all);
            expect(messages.filter(({ kind }) => kind === 'upToDate')).toHaveLength(1);
          }
          feed.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  test('reads once for all who are up to date, and gives them the same object', async () => {
    const store = new MemoryStore(async () => {});
    const hub = createHub();
    const feed = feedOf(store, hub);
    const readers = Array.from({ length: 50 }, () => read(feed));
    await turns(300);
    const before = store.reads;
    store.items.push({ seq: 1, after: 1 });
    hint(hub, store);
    await turns(20);
    expect(store.reads - before).toBe(1);
    const [first, ...others] = readers.map(({ messages }) => messages.at(-1));
    expect(first).toMatchObject({ kind: 'items' });
    for (const other of others) expect(other).toBe(first);
  });

  test('reads nothing for a hint that says nothing new', async () => {
    const store = new MemoryStore(async () => {});
    const hub = createHub();
    const feed = feedOf(store, hub);
    read(feed);
    await turns(20);
    const before = store.reads;
    hint(hub, store);
    feed.look({ workspace, seq: 0, logIndex: 0 });
    await turns(20);
    expect(store.reads).toBe(before);
  });

  test('ends with `otherIncarnation` where the database was restored since', async () => {
    const store = new MemoryStore(async () => {});
    store.incarnation = 'b'.repeat(26);
    const reader = read(feedOf(store, createHub()));
    await turns(20);
    expect(reader.messages).toMatchObject([{ kind: 'otherIncarnation', incarnation: store.incarnation }]);
    expect(reader.ends).toEqual(['complete']);
  });

  test('gives whoever may not follow any more nothing that stands behind the entry that says so', async () => {
    const store = new MemoryStore(async () => {});
    const hub = createHub();
    const feed = feedOf(store, hub);
    let isMember = true;
    const reader = read(feed, { mayFollow: async () => isMember });
    const other = read(feed);
    await turns(20);
    isMember = false;
    store.entries.push(Uint8Array.of(1));
    store.items.push({ seq: 1, after: 2 });
    hint(hub, store);
    await turns(20);
    expect(seqs(reader.messages)).toEqual([]);
    expect(reader.messages.at(-1)).toEqual({ kind: 'ended' });
    expect(reader.ends).toEqual(['complete']);
    expect(seqs(other.messages)).toEqual([1]);
  });

  test('ends where the right to follow cannot be looked up', async () => {
    const hub = createHub();
    const store = new MemoryStore(async () => {});
    const failures: unknown[] = [];
    const feed = createFeed({
      store: { records: store as never },
      hub,
      onError: (error) => failures.push(error),
    });
    const reader = read(feed, {
      mayFollow: async () => {
        throw new Error('no database');
      },
    });
    hub.publish({ kind: 'revoked', account: null, workspace });
    await turns(20);
    expect(reader.ends).toEqual(['failed']);
    expect(failures).toHaveLength(2);
  });

  test('that has ended is forgotten, and so is a workspace that nobody follows', async () => {
    const feed = feedOf(new MemoryStore(async () => {}), createHub());
    const reader = read(feed);
    expect(feed.followed()).toEqual([workspace]);
    reader.stop();
    expect(feed.followed()).toEqual([]);
    await turns(20);
    expect(feed.followed()).toEqual([]);
  });
});

function hint(hub: Hub, store: MemoryStore): void {
  hub.publish({
    kind: 'workspace',
    workspace,
    seq: store.items.length,
    logIndex: store.entries.length - 1,
  });
}
