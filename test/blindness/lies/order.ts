// Lies about order: things are shown again, twice, or in another order.

import { expect } from 'vitest';
import { SampleTeam } from '@cuebook/shared/team/sampleTeam';
import { TestClient } from '../client.ts';
import { TestServer } from '../server.ts';
import { seesNothing, type Lie } from './lie.ts';

export const ORDER: readonly Lie[] = [
  {
    lie: 'Two records, of which the second was written after the first was seen, are shown in the other order',
    sees: '“The server shows different things to different people”; the records are set aside; read-only',
    codes: ['feedFork', 'otherView'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      const other = server.copy();
      for (const text of ['two\n', 'three\n']) {
        ana.save(prompt, text);
        await ana.sync(server);
      }
      other.insert(
        ...server.items
          .slice(-2)
          .toReversed()
          .map(({ bytes }) => bytes),
      );
      await ben.sync(other);
      expect(ben.textOf(prompt)).toBe('two\n');
      return ben;
    },
  },
  {
    lie: 'Of two records written at the same time the server chooses which comes first',
    sees: 'Nothing: there is no right order. Both are kept, and all see the same one',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, ana, ben, cleo }) {
      const [one, two] = [ana.write('by Ana', 'one\n'), ben.write('by Ben', 'two\n')];
      await ben.sync(server);
      await ana.sync(server);
      await cleo.sync(server);
      expect([cleo.textOf(one), cleo.textOf(two)]).toEqual(['one\n', 'two\n']);
      return cleo;
    },
  },
  {
    lie: 'Of two team-log entries written at the same time the server chooses which comes first',
    sees: 'Nothing: the other one is composed and judged anew behind it, or has become pointless',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, people, ana, cleo }) {
      const byCleo = { type: 'role', account: people.ben.id, role: 'viewer' } as const;
      const byAna = { type: 'role', account: people.ben.id, role: 'admin' } as const;
      await cleo.append(server, byCleo);
      const refused = await ana.append(server, byAna);
      expect(refused.ok).toBe(true);
      expect(server.log).toHaveLength(6);
      const again = await ana.append(server, byAna);
      expect(again.ok).toBe(true);
      expect(server.log).toHaveLength(7);
      return ana;
    },
  },
  {
    lie: 'Records that were taken before are shown again at their places',
    sees: 'Nothing: they are passed over',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, ana, ben, prompt }) {
      server.lie = (message) => (message.kind === 'feed' ? { ...message, items: server.items } : message);
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('two\n');
      expect(ben.replica.feed).toEqual(server.position);
      return ben;
    },
  },
  {
    lie: 'A record is shown a second time at another place',
    sees: '“What the server says contradicts itself”; nothing from there on is taken; read-only while it lasts',
    codes: ['feedBroken'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      await ben.sync(server);
      server.insert(...server.items.slice(-1).map(({ bytes }) => bytes));
      await ben.sync(server);
      expect(ben.textOf(prompt)).toBe('two\n');
      return ben;
    },
  },
  {
    lie: 'An old answer to a push is given again',
    sees: 'Nothing: it answers nothing that is under way',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, ana, ben, prompt }) {
      const answers: Parameters<typeof ana.take>[0][] = [];
      server.lie = (message) => {
        if (message.kind === 'pushed') answers.push(message);
        return message;
      };
      ana.save(prompt, 'two\n');
      await ana.sync(server);
      ana.save(prompt, 'three\n');
      for (const answer of answers) await ana.take(answer);
      await ana.sync(server);
      await ben.sync(server);
      expect(answers.length).toBeGreaterThan(0);
      expect(ben.textOf(prompt)).toBe('three\n');
      return ana;
    },
  },
  {
    lie: 'A record of another workspace of the same people is shown in this one',
    sees: 'The record is set aside: “not a record of this workspace”',
    codes: ['malformed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ suite, server, people, ana }) {
      const { server: elsewhere, client } = await otherWorkspace(suite, people.ana);
      client.write('elsewhere', 'one\n');
      await client.sync(elsewhere);
      server.insert(...elsewhere.items.map(({ bytes }) => bytes));
      await ana.sync(server);
      expect(ana.replica.quarantine.size).toBe(2);
      return ana;
    },
  },
  {
    lie: 'The team log of another workspace is shown in place of this one’s',
    sees: '“This is not the workspace that it says it is”; read-only',
    codes: ['swappedKey'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, fresh }) {
      const { server: elsewhere } = await otherWorkspace(suite, people.ana);
      server.log = elsewhere.log;
      server.items = [];
      const client = fresh(people.ana);
      await client.sync(server);
      return client;
    },
  },
  {
    lie: 'A join is carried from one workspace to another that has the same invite',
    sees: '“An entry of the team log does not count”; nothing behind it is taken; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      seesNothing(ana);
      const elsewhere = await SampleTeam.create(suite, people.ana);
      await elsewhere.add(people.ana, people.mallory, 'editor');
      server.log = [...server.log, ...elsewhere.history.entries.slice(-1).map(({ bytes }) => bytes)];
      await ana.sync(server);
      return ana;
    },
  },
];

async function otherWorkspace(
  suite: Parameters<typeof SampleTeam.create>[0],
  owner: Parameters<typeof SampleTeam.create>[1],
) {
  const team = await SampleTeam.create(suite, owner);
  const server = new TestServer(suite, team.state.id);
  server.learn(owner);
  server.log = team.history.entries.map(({ bytes }) => bytes);
  server.boxes = [...team.boxes];
  const client = new TestClient(suite, owner, { workspace: team.state.id });
  await client.sync(server);
  return { server, client };
}
