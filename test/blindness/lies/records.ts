// Lies about records: altered, moved, forged, erased, or said to be stored.

import { expect } from 'vitest';
import { idToBytes, type GroupId } from '@cuebook/shared/encoding/ids';
import { createGroupKeys } from '@cuebook/shared/crypto/groupKeys';
import { encodePayload } from '@cuebook/shared/record/payloadCodec';
import { parseRecord } from '@cuebook/shared/record/header';
import { sealRecord } from '@cuebook/shared/record/seal';
import { purge, trash } from '@cuebook/shared/replica/placing';
import { unwrap } from '@cuebook/shared/team/sampleTeam';
import type { TestClient } from '../client.ts';
import type { World } from '../world.ts';
import { AT, firstDevice, flipped, replaced } from './forging.ts';
import type { Lie } from './lie.ts';

export const RECORDS: readonly Lie[] = [
  {
    lie: 'One bit of a record is changed, under the name that it had',
    sees: 'The record is set aside: “cannot be read”; what was there before stays',
    codes: ['malformed'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { server, ben, prompt } = world;
      const id = await newest(world);
      server.items = server.items.map((item) =>
        item.id === id ? { ...item, bytes: flipped(item.bytes, item.bytes.length - 100) } : item,
      );
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('one\n');
      return ben;
    },
  },
  {
    lie: 'One bit of a record is changed, under the name that it has then',
    sees: 'The record is set aside: “not signed by its author”',
    codes: ['badSignature'],
    when: 'when it is read',
    standing: 'writes',
    act: (world) => changed(world, (bytes) => flipped(bytes, bytes.length - 100)),
  },
  {
    lie: 'A record is moved to another prompt',
    sees: 'The record is set aside: “not signed by its author”',
    codes: ['badSignature', 'parentMissing'],
    when: 'when it is read',
    standing: 'writes',
    act: (world) => changed(world, (bytes) => replaced(bytes, AT.group, world.suite.random(16))),
  },
  {
    lie: 'A record is moved to another stream of its prompt',
    sees: 'The record is set aside: “not signed by its author”',
    codes: ['badSignature', 'parentMissing'],
    when: 'when it is read',
    standing: 'writes',
    act: (world) => changed(world, (bytes) => replaced(bytes, AT.stream, world.suite.random(16))),
  },
  {
    lie: 'A record is shown as somebody else’s',
    sees: 'The record is set aside: “not signed by its author”',
    codes: ['badSignature'],
    when: 'when it is read',
    standing: 'writes',
    act: (world) =>
      changed(world, (bytes) => {
        const { cleo } = world.people;
        const author = replaced(bytes, AT.author, idToBytes(cleo.id));
        return replaced(author, AT.device, idToBytes(firstDevice(cleo).id));
      }),
  },
  {
    lie: 'The header of one record is put before the contents of another',
    sees: 'The record is set aside: “not signed by its author”',
    codes: ['badSignature'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { server, ana, ben, prompt } = world;
      const first = await newest(world);
      ana.save(prompt, 'three\n');
      await ana.sync(server);
      const parts = server.items.slice(-2).map(({ bytes }) => unwrap(parseRecord(bytes)));
      const [one, two] = parts;
      if (one === undefined || two === undefined) throw new Error('There are two records.');
      const mixed = replaced(two.bytes, 0, one.headerBytes);
      server.items = server.items.filter(({ id }) => id !== first).slice(0, -1);
      server.insert(mixed);
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('one\n');
      return ben;
    },
  },
  {
    lie: 'A record is forged in a member’s name, with the highest counter there is',
    sees: 'The record is set aside: “not signed by its author”; that member’s own device goes on writing',
    codes: ['badSignature'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { server, ana, prompt } = world;
      const counter = Uint8Array.from([0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
      const [first] = server.items;
      if (first === undefined) throw new Error('There is a record.');
      server.insert(replaced(first.bytes, AT.counter, counter));
      await ana.sync(server);
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('two\n');
      return ana;
    },
  },
  {
    lie: 'A forged record that follows nothing known is put at the head of a prompt',
    sees: 'The record is set aside; the prompt shows what it showed',
    codes: ['badSignature', 'parentMissing'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { suite, server, ben, prompt } = world;
      const id = await newest(world);
      const bytes = server.items.find((item) => item.id === id)?.bytes ?? new Uint8Array();
      server.items = server.items.filter((item) => item.id !== id);
      server.insert(replaced(bytes, 284, suite.random(32)));
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('one\n');
      return ben;
    },
  },
  {
    lie: 'A member’s record, soundly signed, says one thing outside and another inside: it lies in a foreign stream',
    sees: 'The record is set aside: “its contents do not belong where it stands”',
    codes: ['badPayload'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { server, ben, cleo, prompt } = world;
      server.insert(byBenInForeignStream(world, ben, prompt));
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('one\n');
      return cleo;
    },
  },
  {
    lie: 'Records are erased without anybody having purged them, and a new device reads the feed',
    sees: '“Something was erased on the server that nobody of the team has purged”; others still have it',
    codes: ['erasedWithoutPurge'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, prompt, fresh }) {
      server.purge(prompt);
      const client = fresh(people.ben);
      await client.sync(server);
      expect(client.textOf(prompt)).toBe(null);
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('one\n');
      return client;
    },
  },
  {
    lie: 'What lies in the trash is erased before its thirty days',
    sees: 'Nothing: a new device cannot tell; others have the text until they empty the trash',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, people, ana, prompt, fresh }) {
      ana.run((state, ports) => trash(state, ports, [prompt]));
      await ana.sync(server);
      server.purge(prompt);
      const client = fresh(people.ben);
      await client.sync(server);
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('one\n');
      return client;
    },
  },
  {
    lie: 'A purge by an editor is let through, and the records are erased',
    sees: 'The purge is set aside: “its author could not write that”; whoever has the text keeps it; newcomers are told',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, ana, ben, prompt }) {
      ben.run((state, ports) => trash(state, ports, [prompt]));
      await ben.sync(server);
      await ana.sync(server);
      ben.run((state, ports) => purge(state, ports, [prompt]));
      server.insert(...ben.pending);
      server.purge(prompt);
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('one\n');
      return ana;
    },
  },
  {
    lie: 'A record that the server says is stored is not stored',
    sees: '“The server has not kept what it said it kept”; the text is here and is not lost; read-only',
    codes: ['acknowledgementBroken'],
    when: 'when the feed passes the place',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      const kept = server.items;
      ana.save(prompt, 'said to be stored\n');
      server.lie = (message) => {
        if (message.kind === 'pushed') server.items = kept;
        return message;
      };
      await ana.sync(server);
      server.lie = (message) => message;
      ben.write('b', 'one\n');
      await ben.sync(server);
      await ana.exchange(server, [{ kind: 'readEnds', workspace: ana.workspace }]);
      expect(ana.textOf(prompt)).toBe('said to be stored\n');
      expect(ana.pending.length).toBeGreaterThan(0);
      return ana;
    },
  },
  {
    lie: 'A record that is sealed under an ended epoch is let through, by a member who colludes',
    sees: 'The record is set aside: “its author could not write at that place”',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, cleo, ben, prompt }) {
      cleo.save(prompt, 'under the old key\n');
      await ana.remove(server, people.ben);
      server.insert(...cleo.pending);
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('one\n');
      expect(ben.textOf(prompt)).toBe('one\n');
      return ana;
    },
  },
];

/** Ana saves once more; the name of that record. */
async function newest({ server, ana, prompt }: World) {
  ana.save(prompt, 'two\n');
  await ana.sync(server);
  const last = server.items.at(-1);
  if (last === undefined) throw new Error('There is a record.');
  return last.id;
}

/** Ana's newest record is replaced by a changed one, named by what it is then. Ben reads it. */
async function changed(world: World, change: (bytes: Uint8Array) => Uint8Array): Promise<TestClient> {
  const { server, ben, prompt } = world;
  const id = await newest(world);
  const bytes = server.items.find((item) => item.id === id)?.bytes ?? new Uint8Array();
  server.items = server.items.filter((item) => item.id !== id);
  server.insert(change(bytes));
  await ben.sync(server);
  expect(ben.textOf(prompt)).toBe('one\n');
  return ben;
}

function byBenInForeignStream({ suite, people }: World, ben: TestClient, prompt: GroupId): Uint8Array {
  const keys = ben.keys?.epochs ?? new Map();
  const key = createGroupKeys(suite, ben.workspace, keys).keyOf(idToBytes(prompt), 1);
  const group = ben.replica.groups.get(prompt);
  const newest = ben.bytesOf(group?.content?.record ?? ben.replica.quarantine.keys().next().value ?? raise());
  if (key === null || newest === null) throw new Error('Ben has the prompt and its key.');
  const { header } = unwrap(parseRecord(newest));
  const payload = encodePayload({ kind: 'workspaceName', savedAt: 1, name: 'mine' });
  if (!payload.ok) throw new Error('A payload.');
  const draft = {
    ...header,
    author: people.ben.id,
    device: ben.device.id,
    counter: 1,
    parents: [],
    teamLog: ben.head,
    seen: ben.replica.feed,
  };
  return sealRecord(suite, { group: key, sign: ben.device.sign }, draft, payload.value).bytes;
}

function raise(): never {
  throw new Error('The prompt has contents.');
}
