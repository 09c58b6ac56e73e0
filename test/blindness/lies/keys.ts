// Lies about keys: somebody else's is handed out, or the wrong one, or none.

import { expect } from 'vitest';
import { createDeviceSeed, deriveDeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import { createEpochKey, sealEpochKey } from '@cuebook/shared/team/epochKeys';
import { latest } from '@cuebook/shared/team/history';
import { following } from '@cuebook/shared/team/log';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { entryOn, firstDevice, flipped, headOfAccount, signerOf } from './forging.ts';
import type { Lie } from './lie.ts';

export const KEYS: readonly Lie[] = [
  {
    lie: 'Another public key is shown for a member: an account log of the server’s making under the member’s id',
    sees: '“These are not the keys of this person”; read-only, for good',
    codes: ['swappedKey'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, fresh }) {
      const client = fresh(people.cleo);
      server.accountLogs.set(people.ben.id, server.accountLogs.get(people.mallory.id) ?? []);
      // What a swapped key would be good for: nothing is sealed to it, since nothing is folded with it.
      server.wanted = [{ account: people.ben.id, epoch: 1, generation: 1 }];
      await client.sync(server);
      await client.doDuties(server);
      expect(server.wanted).toHaveLength(1);
      return client;
    },
  },
  {
    lie: 'A device of the server’s is added to a member’s account log, signed by itself alone',
    sees: '“An entry of this member’s devices does not count”; the device is not believed; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      const device = deriveDeviceKeys(suite, createDeviceSeed(suite));
      const body = { type: 'add', device } as const;
      const content = { ...following(headOfAccount(people.ana)), at: 1_750_000_000_000, body };
      const forged = accountLog.compose(suite, content, [signerOf(device), signerOf(device)]).bytes;
      server.accountLogs.set(people.ana.id, [...(server.accountLogs.get(people.ana.id) ?? []), forged]);
      await ana.sync(server);
      expect(
        latest(ana.state.accounts.get(people.ana.id) ?? { entries: [], states: [] }).devices.has(device.id),
      ).toBe(false);
      return ana;
    },
  },
  {
    lie: 'One bit of an account log is changed',
    sees: '“An entry of this member’s devices does not count”; the team log is not followed; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, fresh }) {
      const [first, second] = server.accountLogs.get(people.ben.id) ?? [];
      if (first === undefined || second === undefined) throw new Error('Ben has an account log.');
      server.accountLogs.set(people.ben.id, [first, flipped(second, second.length - 1)]);
      const client = fresh(people.ana);
      await client.sync(server);
      return client;
    },
  },
  {
    lie: 'The box with the epoch key is withheld',
    sees: '“Waiting for somebody of the team to give you the key”; the team is told, and a member who has it seals it anew',
    codes: ['boxMissing'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, prompt, fresh }) {
      const client = fresh(people.ben);
      server.boxes = server.boxes.filter(({ recipient }) => recipient !== people.ben.id);
      await client.sync(server);
      expect(client.standing).toBe('waitsForKey');
      expect(server.wanted).toEqual([{ account: people.ben.id, epoch: 1, generation: 1 }]);
      await ana.sync(server);
      await ana.doDuties(server);
      await client.sync(server);
      expect(client.textOf(prompt)).toBe('one\n');
      return client;
    },
  },
  {
    lie: 'A box with another key than the team’s is handed out, sealed to the right person',
    sees: '“Waiting for somebody of the team to give you the key”; the wrong key is never used',
    codes: ['boxMissing'],
    when: 'when it is read',
    standing: 'writes',
    async act({ suite, server, people, ana, prompt, fresh }) {
      const client = fresh(people.ben);
      const { userPublics, generation } = latest(people.ben.history);
      const userPublic = userPublics.get(generation);
      if (userPublic === undefined) throw new Error('Ben has a user key.');
      const to = { account: people.ben.id, generation, userPublic };
      const wrong = await sealEpochKey(suite, server.workspace, 1, createEpochKey(suite), to);
      server.boxes = [...server.boxes.filter(({ recipient }) => recipient !== people.ben.id), wrong.stored];
      await client.sync(server);
      expect(client.keys).toBe(null);
      await ana.sync(server);
      await ana.doDuties(server);
      await client.sync(server);
      expect(client.textOf(prompt)).toBe('one\n');
      return client;
    },
  },
  {
    lie: 'The box of an earlier epoch is handed out in place of the newest',
    sees: '“Waiting for somebody of the team to give you the key”; old texts are there, new ones wait, and open when it comes',
    codes: ['boxMissing'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, cleo, prompt, fresh }) {
      await ana.remove(server, people.ben);
      await ana.sync(server);
      ana.save(prompt, 'under the new key\n');
      await ana.sync(server);
      const client = fresh(people.cleo);
      server.boxes = server.boxes.filter(({ epoch }) => epoch === 1);
      await client.sync(server);
      expect(client.textOf(prompt)).toBe('one\n');
      expect(client.seen).toEqual(['boxMissing', 'keyMissing']);
      expect(client.standing).toBe('waitsForKey');
      await ana.doDuties(server);
      await client.sync(server);
      expect(client.textOf(prompt)).toBe('under the new key\n');
      expect(cleo.textOf(prompt)).toBe('one\n');
      return client;
    },
  },
  {
    lie: 'The server says that somebody who is no member has no box and wants one',
    sees: 'Nothing: keys are sealed to members only, to the user keys that the logs name',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, people, ana }) {
      server.wanted = [
        { account: people.mallory.id, epoch: 1, generation: 1 },
        { account: people.ben.id, epoch: 1, generation: 7 },
      ];
      const before = server.boxes.length;
      await ana.doDuties(server);
      expect(server.boxes).toHaveLength(before);
      return ana;
    },
  },
  {
    lie: 'A key rotation of the server’s making is shown, so that it knows the next key',
    sees: '“An entry of the team log does not count”; nothing is sealed under that key; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      const rotation = { epoch: 2, commitment: suite.random(32), previous: suite.random(114), boxes: [] };
      const forged = entryOn(suite, server, people.ana, { type: 'rotate', rotation }, [
        signerAsAna(suite, people.ana),
      ]);
      server.log = [...server.log, forged];
      await ana.sync(server);
      return ana;
    },
  },
];

/** Names Ana’s device, and signs with a key of the server’s. */
function signerAsAna(
  suite: Parameters<typeof createDeviceSeed>[0] & Parameters<typeof deriveDeviceKeys>[0],
  ana: SampleAccount,
) {
  const own = deriveDeviceKeys(suite, createDeviceSeed(suite));
  return { id: firstDevice(ana).id, sign: own.sign };
}
