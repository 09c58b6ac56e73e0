// Lies about the past: it is taken back, or there are two of it.

import { expect } from 'vitest';
import { revokeSampleDevice, addSampleDevice } from '@cuebook/shared/team/sampleTeam';
import { entryOn, firstDevice, headOfAccount } from './forging.ts';
import { seesNothing, type Lie } from './lie.ts';

export const PAST: readonly Lie[] = [
  {
    lie: 'The feed is rolled back',
    sees: '“The server is missing N records”; read-only until it has them again; nothing here is taken back',
    codes: ['feedShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ana, prompt }) {
      const old = server.items;
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      server.items = old;
      await ana.sync(server);
      expect(ana.raised.at(-1)).toMatchObject({ code: 'feedShorter', missing: 1 });
      expect(ana.textOf(prompt)).toBe('two\n');
      return ana;
    },
  },
  {
    lie: 'The team log is rolled back: a removed member is in again',
    sees: '“The server is missing N entries of the team log”; read-only until it has them again',
    codes: ['logShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, ana, cleo }) {
      const old = server.copy();
      await ana.remove(server, people.ben);
      await cleo.sync(server);
      await cleo.sync(old);
      expect(cleo.raised.at(-1)).toMatchObject({ code: 'logShorter', missing: 1 });
      return cleo;
    },
  },
  {
    lie: 'The team log is rolled back over a restart of the client',
    sees: 'The same: what was verified is on the disk',
    codes: ['logShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, ana, cleo }) {
      const old = server.copy();
      await ana.remove(server, people.ben);
      await cleo.sync(server);
      cleo.restart();
      await cleo.sync(old);
      return cleo;
    },
  },
  {
    lie: 'An account log is rolled back: a revoked device is in again',
    sees: '“The server is missing entries of your devices”; read-only until it has them again',
    codes: ['logShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      const before = server.accountLogs.get(people.ana.id) ?? [];
      await addSampleDevice(suite, people.ana);
      server.learn(people.ana);
      await ana.sync(server);
      server.accountLogs.set(people.ana.id, before);
      await ana.sync(server);
      return ana;
    },
  },
  {
    lie: 'A rollback is dressed as a restore from a backup, and what clients push back is not taken',
    sees: '“The server was restored from a backup; N items are missing”, then “The server is missing N items”; read-only',
    codes: ['feedShorter', 'logShorter', 'serverRestored'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, ana, cleo, prompt }) {
      const [log, feed] = [server.log.length, server.items.length];
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      await ana.remove(server, people.ben);
      await cleo.sync(server);
      const liar = server.copy();
      liar.restore(log, feed);
      liar.isHealing = false;
      await cleo.sync(liar);
      expect(cleo.raised[0]).toMatchObject({ code: 'serverRestored', missing: 2 });
      expect(cleo.textOf(prompt)).toBe('two\n');
      return cleo;
    },
  },
  {
    lie: 'A rollback is dressed as a restore, and what clients push back is taken',
    sees: '“The server was restored from a backup; N items are missing”: announced, then everything is there again',
    codes: ['serverRestored'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, cleo, prompt }) {
      const [log, feed] = [server.log.length, server.items.length];
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      await ana.remove(server, people.ben);
      await cleo.sync(server);
      await ana.sync(server);
      ana.save(prompt, 'three\n');
      await ana.sync(server);
      const { ends } = server;
      server.restore(log, feed);
      await ana.sync(server);
      expect(server.ends).toEqual({ ...ends, incarnation: server.incarnation });
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('three\n');
      return cleo;
    },
  },
  {
    lie: 'A rollback is dressed as a restore that never ends: what clients push back is taken by nobody',
    sees: '“The server was restored from a backup; N items are missing”; editing goes on, sending waits',
    codes: ['serverRestored'],
    when: 'when it is read',
    standing: 'healing',
    async act({ server, ana, cleo, prompt }) {
      const [log, feed] = [server.log.length, server.items.length];
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      await cleo.sync(server);
      server.restore(log, feed);
      server.takesBack = false;
      cleo.save(prompt, 'three\n');
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('three\n');
      expect(cleo.pending).toHaveLength(1);
      return cleo;
    },
  },
  {
    lie: 'Two members are shown two feeds, from some record on',
    sees: 'Nothing as long as neither is shown anything of the other',
    codes: [],
    when: 'when two people compare',
    standing: 'writes',
    async act({ server, ana, ben }) {
      const forked = server.copy();
      ana.write('a', 'one\n');
      await ana.sync(server);
      ben.write('b', 'one\n');
      await ben.sync(forked);
      seesNothing(ana);
      expect(ana.replica.feed.seq).toBe(ben.replica.feed.seq);
      expect(ana.replica.feed.feedHash).not.toBe(ben.replica.feed.feedHash);
      return ben;
    },
  },
  {
    lie: 'Two feeds that two members were shown are joined again',
    sees: '“The server shows different things to different people”; what crosses over is set aside; read-only',
    codes: ['feedFork', 'otherView'],
    when: 'when something arrives by somebody who saw more',
    standing: 'alarmed',
    async act({ server, ana, ben }) {
      const forked = server.copy();
      ana.write('a', 'one\n');
      await ana.sync(server);
      ben.write('b', 'one\n');
      await ben.sync(forked);
      const crossing = ana.write('c', 'one\n');
      await ana.sync(server);
      forked.insert(...server.items.slice(-2).map(({ bytes }) => bytes));
      await ben.sync(forked);
      expect(ben.replica.groups.get(crossing)?.place ?? null).toBe(null);
      return ben;
    },
  },
  {
    lie: 'Two feeds are joined again through the team log',
    sees: '“The server shows different things to different people”; read-only',
    codes: ['feedFork'],
    when: 'when something arrives by somebody who saw more',
    standing: 'alarmed',
    async act({ server, people, ana, ben }) {
      const forked = server.copy();
      ana.write('a', 'one\n');
      await ana.sync(server);
      ben.write('b', 'one\n');
      await ben.sync(forked);
      await ana.append(server, { type: 'role', account: people.cleo.id, role: 'editor' });
      forked.log = server.log;
      await ben.sync(forked);
      return ben;
    },
  },
  {
    lie: 'The server names another hash for a place of the feed that was taken before',
    sees: '“The server shows different things to different people”; read-only',
    codes: ['feedFork'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      const forked = server.copy();
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      ben.save(prompt, 'other\n');
      await ben.sync(forked);
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('other\n');
      return ben;
    },
  },
  {
    lie: 'Two admins’ entries stand at one index of the team log, one for each half of the team; then one meets the other',
    sees: '“Two entries stand at one place of the team log”; read-only, for good',
    codes: ['logFork'],
    when: 'when the server shows both to one person',
    standing: 'alarmed',
    async act({ server, people, ana, ben, cleo }) {
      const forked = server.copy();
      await ana.append(server, { type: 'role', account: people.ben.id, role: 'viewer' });
      await cleo.append(forked, { type: 'role', account: people.ben.id, role: 'admin' });
      await ben.sync(forked);
      seesNothing(ben);
      await ben.sync(server);
      ben.restart();
      await ben.sync(forked);
      return ben;
    },
  },
  {
    lie: 'Two entries stand at one index of an account log',
    sees: '“Two entries stand at one place of your devices’ log”; read-only, for good',
    codes: ['logFork'],
    when: 'when the server shows both to one person',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      const other = { ...people.ana, devices: [...people.ana.devices], boxes: [...people.ana.boxes] };
      await addSampleDevice(suite, people.ana);
      await addSampleDevice(suite, other);
      server.learn(people.ana);
      await ana.sync(server);
      seesNothing(ana);
      server.learn(other);
      await ana.sync(server);
      return ana;
    },
  },
  {
    lie: 'History is rewritten for a new device: the record of a removed member stands before the removal now',
    sees: '“The server shows different things to different people”; nothing of the feed is taken',
    codes: ['feedFork'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, ana, ben, prompt, fresh }) {
      ben.save(prompt, 'too late\n');
      await ana.remove(server, people.ben);
      server.insert(...ben.pending);
      const client = fresh(people.cleo);
      const [late] = server.items.slice(-1);
      if (late === undefined) throw new Error('There is a late record.');
      // Before the removal, everything one place further.
      server.items = [late, ...server.items.slice(0, -1)].map((item, index) => ({ ...item, seq: index + 1 }));
      await client.sync(server);
      expect(client.replica.feed.seq).toBe(0);
      return client;
    },
  },
  {
    lie: 'A revoked device’s record is put in before the revocation, for a new device',
    sees: '“The server shows different things to different people”; nothing of the feed is taken',
    codes: ['feedFork'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ben, prompt, fresh }) {
      const lost = firstDevice(people.ben);
      ben.save(prompt, 'from the lost device\n');
      await addSampleDevice(suite, people.ben);
      await revokeSampleDevice(suite, people.ben, lost);
      people.ben.devices.shift();
      server.learn(people.ben);
      const action = { type: 'device', accountHead: headOfAccount(people.ben) } as const;
      server.log = [...server.log, entryOn(suite, server, people.ben, action)];
      server.items = server.items.slice(0, 1);
      server.insert(...ben.pending);
      const client = fresh(people.cleo);
      await client.sync(server);
      return client;
    },
  },
];
