import * as nodeCrypto from 'node:crypto';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, idToBytes, type FeedHash } from '../encoding/ids.ts';
import { EMPTY_HISTORY, extendTeam, latest } from './history.ts';
import { createInviteSecret, readInviteCode, writeInviteCode } from './invite.ts';
import { compareWithPin } from './pins.ts';
import { ROLES, type Role } from './roles.ts';
import { prepareRotation, sealToToken } from './rotation.ts';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  SampleTeam,
  signerOf,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import type { TeamAction } from './teamEntry.ts';
import { currentMember } from './teamState.ts';
import { deriveTokenKeys } from './tokenKeys.ts';
import { redact, reveal } from '../util/redacted.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const suite = createSuite(nodeCrypto);

interface Cast {
  readonly owner: SampleAccount;
  readonly admin: SampleAccount;
  readonly editor: SampleAccount;
  readonly viewer: SampleAccount;
  readonly stranger: SampleAccount;
}
type Name = keyof Cast;

async function createCast(): Promise<Cast> {
  const [owner, admin, editor, viewer, stranger] = await Promise.all(
    Array.from({ length: 5 }, () => createSampleAccount(suite)),
  );
  if (!owner || !admin || !editor || !viewer || !stranger) throw new Error('five were made');
  return { owner, admin, editor, viewer, stranger };
}

async function createFullTeam(cast: Cast): Promise<SampleTeam> {
  const team = await SampleTeam.create(suite, cast.owner);
  await team.add(cast.owner, cast.admin, 'admin');
  await team.add(cast.owner, cast.editor, 'editor');
  await team.add(cast.owner, cast.viewer, 'viewer');
  return team;
}

// Accounts and a full team are dear to make, and values: each test goes on from the same ones.
const cast = await createCast();
const full = await createFullTeam(cast);
const fullHistory = full.history;
const fullBoxes = [...full.boxes];

let team = full;
beforeEach(() => {
  team = full;
  team.history = fullHistory;
  team.boxes.splice(0, team.boxes.length, ...fullBoxes);
  team.epochKeys.delete(2);
  team.epochKeys.delete(3);
});

const device = (account: SampleAccount): SampleAccount['devices'][number] => {
  const [first] = account.devices;
  if (first === undefined) throw new Error('an account has a device');
  return first;
};

describe('who may append what', () => {
  const everybody: readonly Name[] = ['owner', 'admin', 'editor', 'viewer', 'stranger'];
  type Row = readonly [
    what: string,
    allowed: readonly Name[],
    act: (author: SampleAccount) => Promise<boolean>,
  ];
  const appends =
    (make: (author: SampleAccount) => Promise<TeamAction> | TeamAction) =>
    async (author: SampleAccount): Promise<boolean> =>
      team.append(author, await make(author)).ok;
  const invites = (role: Role): ((author: SampleAccount) => Promise<boolean>) =>
    appends(async () => (await team.invite({ role })).action);
  const sets = (name: Name, role: Role): ((author: SampleAccount) => Promise<boolean>) =>
    appends(() => ({ type: 'role', account: cast[name].id, role }));
  const removes =
    (name: Name) =>
    async (author: SampleAccount): Promise<boolean> =>
      (await team.remove(author, cast[name].id)).ok;
  const policy = { confirmJoins: true, requireMfa: false, protectedLabels: [] };

  const rows: readonly Row[] = [
    ['invite a viewer', ['owner', 'admin'], invites('viewer')],
    ['invite an editor', ['owner', 'admin'], invites('editor')],
    ['invite an admin', ['owner', 'admin'], invites('admin')],
    ['invite an owner', ['owner'], invites('owner')],
    ['make a viewer editor', ['owner', 'admin'], sets('viewer', 'editor')],
    ['make an editor viewer', ['owner', 'admin'], sets('editor', 'viewer')],
    ['make an editor admin', ['owner', 'admin'], sets('editor', 'admin')],
    ['make an editor owner', ['owner'], sets('editor', 'owner')],
    ['make an admin editor', ['owner', 'admin'], sets('admin', 'editor')],
    ['make an admin owner', ['owner'], sets('admin', 'owner')],
    ['make the last owner admin', [], sets('owner', 'admin')],
    ['remove a viewer', ['owner', 'admin'], removes('viewer')],
    ['remove an editor', ['owner', 'admin'], removes('editor')],
    ['remove an admin', ['owner'], removes('admin')],
    ['remove the owner', [], removes('owner')],
    ['leave', ['admin', 'editor', 'viewer'], appends(() => ({ type: 'leave' }))],
    ['rotate', ['owner', 'admin', 'editor'], async (author) => (await team.rotate(author)).ok],
    ['transfer to an editor', ['owner'], appends(() => ({ type: 'transfer', to: cast.editor.id }))],
    ['set the policy', ['owner', 'admin'], appends(() => ({ type: 'policy', policy }))],
    [
      'make a token',
      ['owner', 'admin'],
      appends(() => ({
        type: 'token',
        change: 'add',
        boxPublic: new Uint8Array(32).fill(7),
        expiresAt: 0,
        boxHash: null,
      })),
    ],
    ['delete the workspace', ['owner'], appends(() => ({ type: 'delete' }))],
    ['change the rules', ['owner'], appends(() => ({ type: 'rules', rules: 1 }))],
    ['create it again', [], appends(() => createActionOf(team))],
    ['undelete what is not deleted', [], appends(() => ({ type: 'undelete' }))],
    ['confirm who does not wait', [], appends(() => ({ type: 'confirm', account: cast.editor.id }))],
  ];

  const cells = rows.flatMap(([what, allowed, act]) =>
    everybody.map((name) => [name, allowed.includes(name) ? 'may' : 'may not', what, act] as const),
  );
  test.each(cells)('%s %s %s', async (name, may, _, act) => {
    expect(await act(cast[name])).toBe(may === 'may');
  });

  test('an admin may step down, and an owner with another owner too', async () => {
    expect(await sets('admin', 'viewer')(cast.admin)).toBe(true);
    expect(await sets('editor', 'owner')(cast.owner)).toBe(true);
    expect(await sets('owner', 'editor')(cast.owner)).toBe(true);
    expect(currentMember(team.state, cast.editor.id)?.role).toBe('owner');
  });

  test('the roles are in one order', () => expect(ROLES).toEqual(['viewer', 'editor', 'admin', 'owner']));
});

function createActionOf(of: SampleTeam): TeamAction {
  const action = of.history.entries[0]?.body.action;
  if (action === undefined) throw new Error('a log begins');
  return action;
}

describe('the last owner', () => {
  test('cannot leave, be removed, or step down; after a transfer everything is possible', async () => {
    expect(team.append(cast.owner, { type: 'leave' }).ok).toBe(false);
    unwrap(team.append(cast.owner, { type: 'transfer', to: cast.viewer.id }));
    expect(currentMember(team.state, cast.viewer.id)?.role).toBe('owner');
    expect(currentMember(team.state, cast.owner.id)?.role).toBe('admin');
    expect(team.append(cast.owner, { type: 'leave' }).ok).toBe(true);
    expect(team.append(cast.viewer, { type: 'leave' }).ok).toBe(false);
  });

  test('may be one of two who act at once: the second entry no longer follows, and is judged anew', () => {
    unwrap(team.append(cast.owner, { type: 'role', account: cast.editor.id, role: 'owner' }));
    const stepDown = (name: 'owner' | 'editor'): TeamAction => ({
      type: 'role',
      account: cast[name].id,
      role: 'admin',
    });
    const late = team.compose(cast.editor, stepDown('editor'));
    unwrap(team.append(cast.owner, stepDown('owner')));
    expect(extendTeam(team.tools, team.history, [late])).toMatchObject({ problem: { code: 'brokenChain' } });
    expect(team.append(cast.editor, stepDown('editor')).ok).toBe(false);
  });
});

describe('an invite', () => {
  test('of one use lets one person in, once', async () => {
    const invite = await team.invite({ role: 'editor' });
    unwrap(team.append(cast.admin, invite.action));
    unwrap(await team.join(cast.stranger, invite));
    expect(currentMember(team.state, cast.stranger.id)?.role).toBe('editor');
    expect(await team.epochsFor(cast.stranger, device(cast.stranger))).toEqual([1]);
    const second = await createSampleAccount(suite);
    expect((await team.join(second, invite)).ok).toBe(false);
    expect(team.state.invites.size).toBe(0);
  });

  test('of several uses carries no key, and counts down', async () => {
    const invite = await team.invite({ role: 'viewer', uses: 2 });
    expect(invite.action.boxHash).toBeNull();
    unwrap(team.append(cast.owner, invite.action));
    unwrap(await team.join(cast.stranger, invite));
    expect(await team.epochsFor(cast.stranger, device(cast.stranger))).toEqual([]);
    await team.sealTo(cast.stranger);
    expect(await team.epochsFor(cast.stranger, device(cast.stranger))).toEqual([1]);
    expect([...team.state.invites.values()][0]?.usesLeft).toBe(1);
  });

  test('is refused after it expired, was closed, or its maker was removed, left or was demoted', async () => {
    const invite = await team.invite({ role: 'editor' });
    unwrap(team.append(cast.admin, invite.action));
    const open = team.history;
    const tryAfter = async (ending: () => unknown): Promise<boolean> => {
      team.history = open;
      await ending();
      return (await team.join(cast.stranger, { ...invite, box: null })).ok;
    };
    expect(await tryAfter(() => undefined)).toBe(true);
    expect(
      await tryAfter(() =>
        team.append(cast.owner, { type: 'close', invite: invite.keys.id, reason: 'withdrawn' }),
      ),
    ).toBe(false);
    expect(await tryAfter(() => team.remove(cast.owner, cast.viewer.id))).toBe(false);
    expect(await tryAfter(() => team.append(cast.admin, { type: 'leave' }))).toBe(false);
    expect(
      await tryAfter(() => team.append(cast.owner, { type: 'role', account: cast.admin.id, role: 'editor' })),
    ).toBe(false);
    team.history = open;
    team.now += 1001;
    expect((await team.join(cast.stranger, invite)).ok).toBe(false);
    team.now -= 1001;
  });

  test('is worth nothing without its secret, for another workspace, or to a device of another account', async () => {
    const invite = await team.invite({ role: 'editor' });
    const forged = await team.invite({ role: 'editor' });
    unwrap(team.append(cast.admin, invite.action));
    const accountHead = latest(cast.stranger.history).head;
    const join = {
      type: 'join',
      invite: invite.keys.id,
      workspace: idToBytes(team.state.id),
      accountHead,
      box: null,
    } as const;
    const mine = signerOf(device(cast.stranger));
    const { signer } = invite.keys;
    const refused = [
      [join, [mine]],
      [join, [mine, forged.keys.signer]],
      [join, [mine, { ...forged.keys.signer, id: signer.id }]],
      [join, [signer, mine]],
      [join, [signerOf(device(cast.editor)), signer]],
      [{ ...join, workspace: new Uint8Array(32) }, [mine, signer]],
      [{ ...join, invite: forged.keys.id }, [mine, forged.keys.signer]],
    ] as const;
    for (const [action, signers] of refused)
      expect(team.append(cast.stranger, action, signers).ok).toBe(false);
    expect(team.append(cast.stranger, join, [mine, signer]).ok).toBe(true);
  });

  test('cannot promise more than its maker may, more than one admin, or another key than the current', async () => {
    const { action } = await team.invite({ role: 'editor' });
    const refused: readonly Partial<typeof action>[] = [
      { role: 'owner' },
      { role: 'admin', uses: 2, boxHash: null },
      { uses: 0 },
      { uses: 1001, boxHash: null },
      { uses: 2 },
      { epoch: 2 },
      { commitment: new Uint8Array(32) },
      { expiresAt: team.now },
    ];
    for (const change of refused) expect(team.append(cast.admin, { ...action, ...change }).ok).toBe(false);
    expect(team.append(cast.admin, action).ok).toBe(true);
    expect(team.append(cast.admin, action).ok).toBe(false);
  });

  test('code comes back through case and line breaks; one that was cut off is refused', () => {
    const code = { workspace: team.state.id, head: team.state.head, secret: createInviteSecret(suite) };
    const text = reveal(writeInviteCode(code));
    for (const pasted of [text, text.toUpperCase(), ` ${text.slice(0, 50)}\n${text.slice(50)} `]) {
      const read = readInviteCode(pasted);
      expect(read.ok && read.value.workspace).toBe(team.state.id);
      expect(read.ok && read.value.head).toEqual(team.state.head);
      expect(read.ok && reveal(read.value.secret)).toEqual(reveal(code.secret));
    }
    for (const wrong of ['', text.slice(1), text.slice(0, -8), 'https://example.com']) {
      expect(readInviteCode(wrong).ok).toBe(false);
    }
  });

  test('of a personal workspace lets in another account of its owner, as owner only', async () => {
    const personal = await SampleTeam.create(suite, cast.owner, 'personal');
    expect(personal.append(cast.owner, (await personal.invite({ role: 'editor' })).action).ok).toBe(false);
    const invite = await personal.invite({ role: 'owner' });
    unwrap(personal.append(cast.owner, invite.action));
    unwrap(await personal.join(cast.admin, invite));
    expect(currentMember(personal.state, cast.admin.id)?.role).toBe('owner');
  });
});

describe('where joins are confirmed', () => {
  test('a newcomer has neither keys nor rights before an admin said so', async () => {
    unwrap(
      team.append(cast.admin, {
        type: 'policy',
        policy: { confirmJoins: true, requireMfa: false, protectedLabels: [] },
      }),
    );
    const withKey = await team.invite({ role: 'editor' });
    expect(team.append(cast.admin, withKey.action).ok).toBe(false);
    const invite = await team.invite({ role: 'editor', withKey: false });
    unwrap(team.append(cast.admin, invite.action));
    unwrap(await team.join(cast.stranger, invite));
    expect(currentMember(team.state, cast.stranger.id)).toBeNull();
    expect((await team.rotate(cast.stranger)).ok).toBe(false);
    unwrap(await team.rotate(cast.editor));
    expect(await team.epochsFor(cast.stranger, device(cast.stranger))).toEqual([]);
    expect(team.append(cast.editor, { type: 'confirm', account: cast.stranger.id }).ok).toBe(false);
    unwrap(team.append(cast.admin, { type: 'confirm', account: cast.stranger.id }));
    unwrap(await team.rotate(cast.stranger));
    expect(await team.epochsFor(cast.stranger, device(cast.stranger))).toEqual([1, 2, 3]);
  });
});

describe('a rotation', () => {
  test('is sealed to every member, in order, with the right generation, and to nobody else', async () => {
    const given = { previous: team.epochKey(1) };
    const { rotation } = await prepareRotation(suite, team.state, team.accountAt, given);
    const [box] = rotation.boxes;
    if (box === undefined) throw new Error('no box');
    const refused: readonly Partial<typeof rotation>[] = [
      { epoch: 1 },
      { epoch: 3 },
      { boxes: rotation.boxes.slice(1) },
      { boxes: [...rotation.boxes, { ...box, recipient: { kind: 'member', id: cast.stranger.id } }] },
      { boxes: rotation.boxes.toReversed() },
      { boxes: [{ ...box, generation: 2 }, ...rotation.boxes.slice(1)] },
    ];
    for (const change of refused) {
      expect(team.append(cast.owner, { type: 'rotate', rotation: { ...rotation, ...change } }).ok).toBe(
        false,
      );
    }
    expect(team.append(cast.owner, { type: 'rotate', rotation }).ok).toBe(true);
  });

  test('is owed after somebody left, and done by who is left', async () => {
    const state = unwrap(team.append(cast.admin, { type: 'leave' }));
    expect(state.rotationOwed).toBe(true);
    expect((await team.rotate(cast.admin)).ok).toBe(false);
    expect(unwrap(await team.rotate(cast.editor)).rotationOwed).toBe(false);
  });

  test('is owed after a device was revoked, and is not sealed to what that device knows', async () => {
    const account = await createSampleAccount(suite);
    const lost = await addSampleDevice(suite, account);
    await team.add(cast.owner, account, 'editor');
    unwrap(
      appendToAccount(suite, account, { type: 'revoke', device: lost.id }, [signerOf(account.kit.keys)]),
    );
    const announce = (): TeamAction => ({ type: 'device', accountHead: latest(account.history).head });
    // The user key that the lost device has is still the newest: nobody may seal to it again.
    expect(team.append(account, announce()).ok).toBe(false);
    const other = await createSampleAccount(suite);
    const otherLost = await addSampleDevice(suite, other);
    await team.add(cast.owner, other, 'editor');
    await revokeSampleDevice(suite, other, otherLost);
    const state = unwrap(team.append(other, { type: 'device', accountHead: latest(other.history).head }));
    expect(state.rotationOwed).toBe(true);
    unwrap(await team.rotate(cast.editor));
    expect(await team.epochsFor(other, device(other))).toEqual([1, 2]);
  });
});

describe('a device entry', () => {
  test('lets a new device write, goes forward only, and is signed by a device of the new head', async () => {
    const account = await createSampleAccount(suite);
    await team.add(cast.owner, account, 'editor');
    const early = latest(account.history).head;
    const added = await addSampleDevice(suite, account);
    const accountHead = latest(account.history).head;
    expect(team.append(account, { type: 'leave' }, [signerOf(added)]).ok).toBe(false);
    expect(team.append(cast.editor, { type: 'device', accountHead }).ok).toBe(false);
    unwrap(team.append(account, { type: 'device', accountHead }, [signerOf(added)]));
    expect(team.append(account, { type: 'device', accountHead: early }).ok).toBe(false);
    expect(team.append(account, { type: 'device', accountHead }).ok).toBe(false);
    expect(team.state.rotationOwed).toBe(false);
    expect(team.append(account, { type: 'leave' }, [signerOf(added)]).ok).toBe(true);
  });

  test('names a state of the account that is there', () => {
    const accountHead = { index: 9, hash: latest(cast.editor.history).head.hash };
    expect(team.append(cast.editor, { type: 'device', accountHead })).toMatchObject({
      ok: false,
      problem: { code: 'missingAccount' },
    });
  });
});

describe('a machine token', () => {
  test('that reads gets the key of each new epoch until it is revoked', async () => {
    const token = deriveTokenKeys(suite, redact(new Uint8Array(32).fill(3)));
    const action = {
      type: 'token',
      change: 'add',
      boxPublic: token.boxPublic,
      expiresAt: 0,
      boxHash: new Uint8Array(32),
    } as const;
    unwrap(team.append(cast.admin, action));
    expect(team.append(cast.admin, action).ok).toBe(false);
    const sealed = await sealToToken(suite, team.state, { epoch: 1, key: team.epochKey(1), token: token.id });
    expect(sealed.named.recipient).toEqual({ kind: 'token', id: token.id });
    unwrap(await team.rotate(cast.editor));
    expect(team.boxes.filter((box) => box.recipient === token.id)).toHaveLength(1);
    const revoked = unwrap(team.append(cast.admin, { type: 'token', change: 'revoke', token: token.id }));
    expect(revoked.rotationOwed).toBe(true);
    unwrap(await team.rotate(cast.editor));
    expect(team.boxes.filter((box) => box.recipient === token.id)).toHaveLength(1);
  });
});

describe('a deleted workspace', () => {
  test('takes nothing but being brought back by an owner', async () => {
    unwrap(team.append(cast.owner, { type: 'delete' }));
    expect(team.append(cast.editor, { type: 'leave' }).ok).toBe(false);
    expect((await team.rotate(cast.owner)).ok).toBe(false);
    expect(team.append(cast.admin, { type: 'undelete' }).ok).toBe(false);
    unwrap(team.append(cast.owner, { type: 'undelete' }));
    expect(team.append(cast.editor, { type: 'leave' }).ok).toBe(true);
  });
});

describe('a team log', () => {
  test('with any bit of any entry flipped is refused', () => {
    const bytes = team.history.entries.map((entry) => entry.bytes);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(1_000_000), (index, random) => {
        const altered = bytes.map((entry) => entry.slice());
        const entry = altered[index];
        if (entry === undefined) return;
        const bit = random % (entry.length * 8);
        entry[bit >> 3] = (entry[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(extendTeam(team.tools, EMPTY_HISTORY, altered).ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('shorter than it was is a log, but not one whose head is pinned; two at one index never both follow', () => {
    const bytes = team.history.entries.map((entry) => entry.bytes);
    const shorter = unwrap(extendTeam(team.tools, EMPTY_HISTORY, bytes.slice(0, -1)));
    expect(latest(shorter).head.hash).not.toBe(team.state.head.hash);
    const fork = team.compose(cast.editor, { type: 'leave' });
    const other = team.compose(cast.viewer, { type: 'leave' });
    expect(extendTeam(team.tools, team.history, [fork]).ok).toBe(true);
    expect(extendTeam(team.tools, team.history, [fork, other]).ok).toBe(false);
  });

  test('is compared with the head that was pinned: the same, longer, shorter, or forked', () => {
    const pin = team.state.head;
    const { entries } = team.history;
    expect(compareWithPin(entries, pin)).toEqual({ kind: 'same' });
    expect(compareWithPin(entries.slice(0, -2), pin)).toEqual({ kind: 'shorter', missing: 2 });
    unwrap(team.append(cast.editor, { type: 'leave' }));
    expect(compareWithPin(team.history.entries, pin)).toEqual({ kind: 'longer' });
    const seen = team.state.head;
    team.history = fullHistory;
    unwrap(team.append(cast.viewer, { type: 'leave' }));
    expect(compareWithPin(team.history.entries, seen)).toEqual({ kind: 'forked', index: seen.index });
  });

  test('goes forward in the feed, with one hash at one place', () => {
    const hash = (fill: number): FeedHash => idFromBytes<FeedHash>(new Uint8Array(32).fill(fill));
    const place = (seq: number, fill: number): boolean => {
      team.position = { seq, feedHash: hash(fill) };
      return team.append(cast.owner, { type: 'rules', rules: 1 }).ok;
    };
    const start = team.position;
    expect([place(5, 1), place(4, 2), place(5, 3), place(5, 1), place(6, 2)]).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    team.position = start;
  });

  test('needs the account logs of those who write in it', () => {
    const bytes = team.history.entries.map((entry) => entry.bytes);
    const tools = { ...team.tools, accountAt: () => null };
    expect(extendTeam(tools, EMPTY_HISTORY, bytes)).toMatchObject({ problem: { code: 'missingAccount' } });
  });

  test('kept by newer rules asks for an update', () => {
    expect(team.append(cast.owner, { type: 'rules', rules: 2 })).toMatchObject({
      problem: { code: 'newerRules' },
    });
  });

  test('keeps former members, so that what they wrote stays theirs', () => {
    unwrap(team.append(cast.editor, { type: 'leave' }));
    expect(team.state.members.get(cast.editor.id)).toMatchObject({ role: 'editor', endedAt: 7 });
    expect(currentMember(team.state, cast.editor.id)).toBeNull();
  });

  test('does not let a former member come back with an account log from before a device was revoked', async () => {
    const account = await createSampleAccount(suite);
    const lost = await addSampleDevice(suite, account);
    const before = account.history;
    await revokeSampleDevice(suite, account, lost);
    await team.add(cast.owner, account, 'editor');
    unwrap(team.append(account, { type: 'leave' }));
    unwrap(await team.rotate(cast.owner));
    const invite = await team.invite({ role: 'editor' });
    unwrap(team.append(cast.owner, invite.action));
    const now = account.history;
    account.history = before;
    expect((await team.join(account, invite)).ok).toBe(false);
    account.history = now;
    expect((await team.join(account, invite)).ok).toBe(true);
  });
});
