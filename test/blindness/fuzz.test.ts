// A server that lies at random: whatever it does to its answers, a client neither breaks nor talks in circles, and shows
// nothing but what was written.

import * as nodeCrypto from 'node:crypto';
import * as fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import type { ServerMessage, WorkspaceEnds } from '@cuebook/shared/client/messages';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { FeedHash } from '@cuebook/shared/encoding/ids';
import type { Lie } from './server.ts';
import { copyOf, createWorld, type World } from './world.ts';

// Accounts and boxes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const suite = createSuite(nodeCrypto);
let made: World;
beforeAll(async () => {
  made = copyOf(await createWorld(suite));
  const { server, ana, ben, cleo, people, prompt } = made;
  ben.save(prompt, 'two\n');
  await ben.sync(server);
  await ana.sync(server);
  await ana.append(server, { type: 'role', account: people.cleo.id, role: 'editor' });
  ana.save(prompt, 'three\n');
  await ana.sync(server);
  await cleo.sync(server);
});

const WRITTEN = [null, 'one\n', 'two\n', 'three\n'];

/** What is done to one answer: which part, and where in it. */
interface Twist {
  readonly what: 'flip' | 'drop' | 'repeat' | 'swap' | 'shift' | 'ends';
  /** Between 0 and 1. */
  readonly at: number;
  readonly bit: number;
}

const twists: fc.Arbitrary<readonly Twist[]> = fc.array(
  fc.record({
    what: fc.constantFrom('flip', 'drop', 'repeat', 'swap', 'shift', 'ends'),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    bit: fc.nat(7),
  }),
  { minLength: 1, maxLength: 12 },
);

test('a new device that is lied to at random shows nothing that was not written', async () => {
  await fc.assert(
    fc.asyncProperty(twists, async (plan) => {
      const { server, people, prompt, fresh } = copyOf(made);
      server.lie = twisted(plan);
      const client = fresh(people.ben);
      await client.sync(server);
      if (client.keys !== null) expect(WRITTEN).toContain(client.textOf(prompt));
    }),
    { numRuns: 25 },
  );
});

test('a client that is lied to at random keeps what it had, and what it writes', async () => {
  await fc.assert(
    fc.asyncProperty(twists, async (plan) => {
      const { server, ben, prompt } = copyOf(made);
      ben.save(prompt, 'mine\n');
      server.lie = twisted(plan);
      await ben.sync(server);
      const shown = ben.textOf(prompt);
      expect([...WRITTEN, 'mine\n', 'three\nmine\n']).toContain(shown);
      expect(shown).not.toBe(null);
      server.lie = (message) => message;
      ben.restart();
      await ben.sync(server);
      if (ben.standing === 'writes') expect(ben.replica.feed).toEqual(server.position);
    }),
    { numRuns: 25 },
  );
});

/** Each answer in turn meets the next twist. */
function twisted(plan: readonly Twist[]): Lie {
  let count = 0;
  return (message) => {
    const twist = plan[count % plan.length];
    count += 1;
    return twist === undefined ? message : apply(message, twist);
  };
}

function apply(message: ServerMessage, twist: Twist): ServerMessage {
  switch (message.kind) {
    case 'ends':
      return twist.what === 'ends' ? { ...message, ends: bent(message.ends, twist) } : message;
    case 'accountLog':
    case 'teamLog':
      return { ...message, entries: list(message.entries, twist, (entry) => flip(entry, twist)) };
    case 'feed': {
      const ends = twist.what === 'ends' ? bent(message.ends, twist) : message.ends;
      const items = list(message.items, twist, (item) => ({ ...item, bytes: flip(item.bytes, twist) }));
      const shifted = twist.what === 'shift' ? items.map((item) => ({ ...item, seq: item.seq + 1 })) : items;
      return { ...message, ends, items: shifted };
    }
    case 'boxes':
      return {
        ...message,
        boxes: list(message.boxes, twist, (box) => ({ ...box, bytes: flip(box.bytes, twist) })),
      };
    case 'userBoxes':
    case 'boxesWanted':
    case 'pushed':
    case 'teamAppended':
    case 'accountAppended':
      return message;
  }
}

function list<T>(items: readonly T[], { what, at }: Twist, change: (item: T) => T): readonly T[] {
  const index = Math.floor(at * items.length);
  const item = items[index];
  if (item === undefined) return items;
  switch (what) {
    case 'flip':
      return items.with(index, change(item));
    case 'drop':
      return items.toSpliced(index, 1);
    case 'repeat':
      return items.toSpliced(index, 0, item);
    case 'swap':
      return [...items.slice(index), ...items.slice(0, index)];
    case 'shift':
    case 'ends':
      return items;
  }
}

function flip(bytes: Uint8Array, { at, bit }: Twist): Uint8Array {
  const index = Math.floor(at * bytes.length);
  return bytes.with(index, (bytes[index] ?? 0) ^ (1 << bit));
}

function bent(ends: WorkspaceEnds, { at, bit }: Twist): WorkspaceEnds {
  const { teamLog, feed } = ends;
  const feedHash = 'b'.repeat(51).concat('a') as FeedHash;
  const seq = Math.floor(at * 8);
  const bends: readonly WorkspaceEnds[] = [
    { ...ends, teamLog: null },
    { ...ends, teamLog: teamLog === null ? null : { ...teamLog, index: seq } },
    { ...ends, feed: { ...feed, seq } },
    { ...ends, feed: { ...feed, feedHash } },
    { ...ends, incarnation: 'another' },
    { ...ends, incarnation: 'another', isHealing: true, feed: { ...feed, seq } },
    { ...ends, isHealing: true },
    ends,
  ];
  return bends[bit] ?? ends;
}
