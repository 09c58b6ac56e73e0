// Lies about who is in the team and what they may do.

import { expect } from 'vitest';
import {
  createInviteSecret,
  deriveInviteKeys,
  writeInviteCode,
  readInviteCode,
} from '@cuebook/shared/team/invite';
import { addSampleDevice, revokeSampleDevice, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { labelTag } from '@cuebook/shared/record/labelTag';
import { labels } from '@cuebook/shared/replica/history';
import { moveLabel } from '@cuebook/shared/replica/labelling';
import type { SharedProviderKey } from '@cuebook/shared/record/payload';
import { appendToHead, compose } from '@cuebook/shared/replica/composer';
import { sharedKeys, shareProviderKey } from '@cuebook/shared/replica/providerKeys';
import { idToBytes, WORKSPACE_GROUP } from '@cuebook/shared/encoding/ids';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { succeed } from '@cuebook/shared/util/result';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import type { InviteKeys } from '@cuebook/shared/team/invite';
import { TestClient } from '../client.ts';
import type { World } from '../world.ts';
import { entryOn, firstDevice, headOfAccount, signerOf } from './forging.ts';
import { seesNothing, type Lie } from './lie.ts';

export const MEMBERS: readonly Lie[] = [
  {
    lie: 'An invite of the server’s own making is put into the team log',
    sees: '“An entry of the team log does not count”; nobody joins with it; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act(world) {
      const { suite, server, people, ana } = world;
      const { action } = inviteOf(world, 'admin');
      server.log = [...server.log, entryOn(suite, server, people.mallory, action)];
      await ana.sync(server);
      return ana;
    },
  },
  {
    lie: 'A member is given a higher role by an entry that no owner wrote',
    sees: '“An entry of the team log does not count”; the role stays; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ suite, server, people, ana }) {
      const action = { type: 'role', account: people.ben.id, role: 'owner' } as const;
      server.log = [...server.log, entryOn(suite, server, people.ben, action)];
      await ana.sync(server);
      return ana;
    },
  },
  {
    lie: 'An invite is used after an admin has closed it',
    sees: '“An entry of the team log does not count”; nobody has joined; read-only while it lasts',
    codes: ['invalidEntry'],
    when: 'when it is read',
    standing: 'alarmed',
    async act(world) {
      const { server, people, ana } = world;
      const { keys, action } = inviteOf(world, 'editor');
      await ana.append(server, action);
      await ana.append(server, { type: 'close', invite: keys.id, reason: 'withdrawn' });
      server.log = [...server.log, joinWith(world, people.mallory, keys)];
      await ana.sync(server);
      expect(ana.head.index).toBe(server.log.length - 2);
      return ana;
    },
  },
  {
    lie: 'An invite that has expired is accepted with a time that the joiner claims',
    sees: 'Nothing until an admin’s client closes the invite, which it does when it is online; after that it is refused',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act(world) {
      const { server, people, ana } = world;
      const { keys, action } = inviteOf(world, 'editor');
      await ana.append(server, action);
      const late = server.copy();
      // Long after it expired, with the server's help: the log has no other clock than the claimed one.
      late.log = [...late.log, joinWith(world, people.mallory, keys)];
      const other = world.fresh(people.cleo);
      await other.sync(late);
      expect(other.seen).toEqual([]);
      expect(other.head.index).toBe(late.log.length - 1);
      ana.now += 1_000_000;
      await ana.doDuties(server);
      expect(server.log.length).toBe(late.log.length);
      server.log = [...server.log, joinWith(world, people.mallory, keys)];
      const closed = world.fresh(people.cleo);
      await closed.sync(server);
      expect(closed.seen).toEqual(['invalidEntry']);
      return other;
    },
  },
  {
    lie: 'A removed member is in again: the log goes on from before the removal',
    sees: '“Two entries stand at one place of the team log”; read-only, for good',
    codes: ['logFork'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, people, ana, ben, cleo }) {
      const revived = server.copy();
      await ana.remove(server, people.ben);
      await cleo.sync(server);
      await ben.append(revived, { type: 'leave' });
      await cleo.sync(revived);
      return cleo;
    },
  },
  {
    lie: 'A newcomer is shown the team as it was before a removal',
    sees: '“The server is missing N entries of the team log”: the invite carries the head; nothing can be written',
    codes: ['logShorter'],
    when: 'when it is read',
    standing: 'alarmed',
    async act(world) {
      const { suite, server, people, ana } = world;
      const old = server.copy();
      await ana.remove(server, people.ben);
      const { secret, action } = inviteOf(world, 'editor', ana);
      await ana.append(server, action);
      const code = readInviteCode(
        reveal(writeInviteCode({ workspace: ana.workspace, head: ana.head, secret })),
      );
      if (!code.ok) throw new Error(code.problem.message);
      const { workspace, head } = code.value;
      const newcomer = new TestClient(suite, people.mallory, { workspace, pin: head });
      await newcomer.sync(old);
      return newcomer;
    },
  },
  {
    lie: 'A record of a removed member is put in after the removal',
    sees: 'The record is set aside: “its author could not write at that place”, with the author’s name',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, ben, cleo, prompt }) {
      ben.save(prompt, 'by a removed member\n');
      await ana.remove(server, people.ben);
      server.insert(...ben.pending);
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('one\n');
      return cleo;
    },
  },
  {
    lie: 'A record of a revoked device is put in after the revocation',
    sees: 'The record is set aside: “its author could not write at that place”, with the author’s name',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act(world) {
      const { suite, server, people, ben, ana, cleo, prompt } = world;
      const lost = firstDevice(people.ben);
      ben.save(prompt, 'from the lost device\n');
      await addSampleDevice(suite, people.ben);
      await revokeSampleDevice(suite, people.ben, lost);
      people.ben.devices.shift();
      server.learn(people.ben);
      const action = { type: 'device', accountHead: headOfAccount(people.ben) } as const;
      server.log = [...server.log, entryOn(suite, server, people.ben, action)];
      await ana.sync(server);
      expect(ana.standing).toBe('rotationOwed');
      await ana.doDuties(server);
      server.insert(...ben.pending);
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('one\n');
      return cleo;
    },
  },
  {
    lie: 'A record of an editor who was made a viewer is put in after that',
    sees: 'The record is set aside: “its author could not write at that place”, with the author’s name',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, people, ana, ben, cleo, prompt }) {
      ben.save(prompt, 'by a viewer\n');
      await ana.append(server, { type: 'role', account: people.ben.id, role: 'viewer' });
      server.insert(...ben.pending);
      await cleo.sync(server);
      expect(cleo.textOf(prompt)).toBe('one\n');
      return cleo;
    },
  },
  {
    lie: 'A move of a protected label by somebody who may not move it is let through',
    sees: 'The record is set aside: “its author could not write that”; the label stays where it was',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, ana, ben, cleo, prompt }) {
      const revisionId = ben.replica.groups.get(prompt)?.content?.revisionId ?? null;
      ben.run((state, ports) => moveLabel(state, ports, { id: prompt, label: 'production', revisionId }));
      const streamKey = ana.keys?.streamKey;
      if (streamKey === undefined) throw new Error('Ana has the keys.');
      const protectedLabels = [{ tag: labelTag(streamKey, 'production'), least: 'admin' as const }];
      const policy = { confirmJoins: false, requireMfa: false, protectedLabels };
      await ana.append(server, { type: 'policy', policy });
      server.insert(...ben.pending);
      await cleo.sync(server);
      expect(labels(cleo.replica, prompt)).toEqual([]);
      return cleo;
    },
  },
  {
    lie: 'A provider key with another address, shared by an editor who is no admin, is let through',
    sees: 'The record is set aside: “its author could not write that”; members go on with the key that an admin shared',
    codes: ['notAllowed'],
    when: 'when it is read',
    standing: 'writes',
    async act({ server, ana, ben, cleo }) {
      const shared = (address: string): SharedProviderKey => ({
        api: 'openai',
        label: 'OpenAI',
        address,
        key: redact('sk-of-the-team'),
      });
      const own = shared('https://api.openai.com/v1');
      ana.run((state, ports) => shareProviderKey(state, ports, { provider: 'openai', shared: own }));
      for (const client of [ana, ben]) await client.sync(server);
      const payload = {
        kind: 'providerKey',
        provider: 'openai',
        shared: shared('https://mallory.example/v1'),
        savedAt: 1,
      } as const;
      ben.run((state, ports) =>
        compose(state, ports, (composer) => {
          appendToHead(composer, { group: WORKSPACE_GROUP, payload });
          return succeed(null);
        }),
      );
      server.insert(...ben.pending);
      await cleo.sync(server);
      expect(sharedKeys(cleo.replica).map(({ address }) => address)).toEqual([own.address]);
      return cleo;
    },
  },
  {
    lie: 'The server says to a member that there is no such workspace for them',
    sees: '“The server refuses you this workspace, and the team log does not say why”; the work stays here',
    codes: ['accessRefused'],
    when: 'when it is read',
    standing: 'alarmed',
    async act({ server, ben, prompt }) {
      server.log = [];
      ben.save(prompt, 'not sent yet\n');
      await ben.sync(server);
      expect(ben.pending).toHaveLength(1);
      return ben;
    },
  },
  {
    lie: 'That somebody else is online is kept secret, so that two do what one should do',
    sees: 'Nothing: both write the rotation that is owed, the log takes the first',
    codes: [],
    when: 'never',
    standing: 'writes',
    async act({ server, people, ana, ben, cleo, prompt }) {
      await ben.append(server, { type: 'leave' });
      expect(server.log.length).toBe(6);
      await ana.sync(server);
      await cleo.sync(server);
      seesNothingButTheRotation(ana);
      const apart = server.copy();
      await ana.doDuties(server);
      await cleo.doDuties(server);
      expect(server.log.length).toBe(7);
      expect(apart.log.length).toBe(6);
      await cleo.sync(server);
      cleo.save(prompt, 'under the new key\n');
      await cleo.sync(server);
      await ana.sync(server);
      expect(ana.textOf(prompt)).toBe('under the new key\n');
      expect(people.ben.id).toBe(ben.account.id);
      return ana;
    },
  },
];

function seesNothingButTheRotation(client: TestClient): void {
  expect(client.seen).toEqual([]);
  expect(client.standing).toBe('rotationOwed');
}

function inviteOf({ suite, ana, cleo }: World, role: 'editor' | 'admin', by: TestClient = ana) {
  seesNothing(cleo);
  const secret = createInviteSecret(suite);
  const keys = deriveInviteKeys(suite, secret);
  const team = by.state.workspaces.get(by.workspace)?.team.states.at(-1);
  if (team === undefined) throw new Error('The team log is here.');
  const { signPublic, boxPublic } = keys;
  const { epoch, commitment } = team;
  const action: TeamAction = {
    type: 'invite',
    signPublic,
    boxPublic,
    role,
    expiresAt: 1_750_000_001_000,
    uses: 1,
    epoch,
    commitment,
    boxHash: null,
  };
  return { secret, keys, action };
}

/** A join by somebody with the invite's secret, at a time before it expired. */
function joinWith({ suite, server }: World, joiner: SampleAccount, keys: InviteKeys): Uint8Array {
  const action = {
    type: 'join',
    invite: keys.id,
    workspace: idToBytes(server.workspace),
    accountHead: headOfAccount(joiner),
    box: null,
  } as const;
  return entryOn(suite, server, joiner, action, [signerOf(firstDevice(joiner)), keys.signer]);
}
