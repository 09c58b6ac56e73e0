// Lies by silence: things are held back.

import { expect } from 'vitest';
import { teamStateCode } from '@cuebook/shared/crypto/fingerprint';
import { addSampleDevice } from '@cuebook/shared/team/sampleTeam';
import { entryOn, headOfAccount } from './forging.ts';
import { seesNothing, type Lie } from './lie.ts';

export const WITHHELD: readonly Lie[] = [
  {
    lie: 'The newest records are withheld from one person, who hears of nobody else',
    sees: 'Nothing; two who compare the number of the newest record, or the team state code, see that one has less',
    codes: [],
    when: 'when two people compare',
    standing: 'writes',
    async act({ server, ana, ben, prompt }) {
      const old = server.copy();
      ana.save(prompt, 'newer\n');
      await ana.sync(server);
      await ben.sync(old);
      expect(ben.textOf(prompt)).toBe('one\n');
      expect(ben.replica.feed).not.toEqual(ana.replica.feed);
      return ben;
    },
  },
  {
    lie: 'The newest records are withheld, and then something newer is shown in their place',
    sees: '“The server shows different things to different people”; the record is set aside; read-only',
    codes: ['feedFork', 'otherView'],
    when: 'when something arrives by somebody who saw more',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      const old = server.copy();
      ana.save(prompt, 'held back\n');
      await ana.sync(server);
      await ben.sync(old);
      seesNothing(ben);
      ana.write('later', 'one\n');
      await ana.sync(server);
      old.insert(...server.items.slice(-1).map(({ bytes }) => bytes));
      await ben.sync(old);
      return ben;
    },
  },
  {
    lie: 'A record in the middle is left out, and its number with it',
    sees: '“What the server says contradicts itself”; nothing behind the gap is taken; read-only while it lasts',
    codes: ['feedBroken'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ana, ben }) {
      ana.write('a', 'one\n');
      await ana.sync(server);
      const missing = ben.replica.feed.seq + 1;
      server.lie = (message) =>
        message.kind === 'feed'
          ? { ...message, items: message.items.filter(({ seq }) => seq !== missing) }
          : message;
      await ben.sync(server);
      expect(ben.replica.feed.seq).toBe(missing - 1);
      return ben;
    },
  },
  {
    lie: 'A record in the middle is left out, and the ones behind it are numbered anew',
    sees: '“The server shows different things to different people”; what was written behind it is set aside; read-only',
    codes: ['feedFork', 'otherView', 'parentMissing'],
    when: 'when something arrives by somebody who saw more',
    standing: 'alarmed',
    async act({ server, ana, ben, prompt }) {
      ana.save(prompt, 'left out\n');
      await ana.sync(server);
      const other = server.copy();
      other.items = other.items.slice(0, -1);
      ana.save(prompt, 'behind it\n');
      await ana.sync(server);
      other.insert(...server.items.slice(-1).map(({ bytes }) => bytes));
      await ben.sync(other);
      expect(ben.textOf(prompt)).toBe('one\n');
      return ben;
    },
  },
  {
    lie: 'The removal of a member is withheld from one person, together with all that was written since',
    sees: 'Nothing; two who compare the team state code see that it differs',
    codes: [],
    when: 'when two people compare',
    standing: 'writes',
    async act({ suite, server, people, ana, cleo }) {
      const old = server.copy();
      await ana.remove(server, people.ben);
      await ana.sync(server);
      await cleo.sync(old);
      const code = (client: typeof ana): string => teamStateCode(suite, client.workspace, client.head.hash);
      expect(code(ana)).not.toBe(code(cleo));
      return cleo;
    },
  },
  {
    lie: 'The removal of a member is withheld, and what the removed member writes is shown; then the removal comes',
    sees: '“The server held an entry of the team log back”; what was taken in the meantime is judged again; read-only',
    codes: ['entryWithheld', 'notAllowed'],
    when: 'when the held back entry comes',
    standing: 'alarmed',
    async act({ server, people, ana, ben, cleo, prompt }) {
      const old = server.copy();
      await ana.remove(server, people.ben);
      ben.save(prompt, 'by a removed member\n');
      old.insert(...ben.pending);
      await cleo.sync(old);
      seesNothing(cleo);
      expect(cleo.textOf(prompt)).toBe('by a removed member\n');
      old.log = server.log;
      await cleo.sync(old);
      expect(cleo.textOf(prompt)).toBe('one\n');
      return cleo;
    },
  },
  {
    lie: 'The end of an account log is withheld that an entry of the team log names',
    sees: '“The server is missing entries of this member’s devices”; the team log is not followed; read-only while it lasts',
    codes: ['logShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      await addSampleDevice(suite, people.ben);
      const action = { type: 'device', accountHead: headOfAccount(people.ben) } as const;
      server.log = [...server.log, entryOn(suite, server, people.ben, action)];
      await ana.sync(server);
      return ana;
    },
  },
];
