import { describe, expect, test } from 'vitest';
import { idToBytes } from '@cuebook/shared/encoding/ids';
import { openEpochKeys } from '@cuebook/shared/team/epochKeys';
import { latest } from '@cuebook/shared/team/history';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  signerOf,
  type SampleAccount,
} from '@cuebook/shared/team/sampleTeam';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import type { EpochBoxMessage } from '@cuebook/shared/protocol/workspace';
import type { UserBox } from '@cuebook/shared/protocol/account';
import { createTestDatabase } from '../ground.ts';
import {
  authorOf,
  createWorld,
  newAccountOf,
  newGroup,
  newStream,
  suite,
  type TeamOnServer,
  type World,
} from './world.ts';

/** Sends what was appended to the account's log since the store had so many entries. */
async function pushAccount(
  world: World,
  account: SampleAccount,
  stored: number,
  boxes: readonly UserBox[],
): Promise<unknown> {
  const entries = account.history.entries;
  const before = entries[stored - 1];
  if (before === undefined) throw new Error('nothing is stored');
  return world.store.accountLogs.appendLog(authorOf(account), {
    expectedHead: { index: before.index, hash: before.hash },
    entries: entries.slice(stored).map(({ bytes }) => bytes),
    boxes,
  });
}

const boxesOf = (account: SampleAccount, from: number): readonly UserBox[] =>
  account.boxes.slice(from).map(({ recipient, bytes }) => ({
    device: recipient,
    generation: latest(account.history).generation,
    box: bytes,
  }));

async function append(team: TeamOnServer, author: SampleAccount, action: TeamAction): Promise<unknown> {
  const appended = team.team.append(author, action);
  if (!appended.ok) throw new Error(appended.problem.message);
  return team.push(author);
}

describe('a team log', () => {
  test('is appended by its own rules, and says who is in', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const { workspaces } = team.store;
    const now = { requireMfa: false, deleted: false, waiting: false };
    expect(await workspaces.membership(team.id, team.owner.id)).toEqual({ role: 'owner', ...now });
    expect(await workspaces.membership(team.id, editor.id)).toEqual({ role: 'editor', ...now });
    expect(await workspaces.membership(team.id, (await world.account()).id)).toBeNull();
    expect((await workspaces.accounts(team.id)).toSorted()).toEqual([team.owner.id, editor.id].toSorted());
    expect(await workspaces.list(editor.id)).toMatchObject([
      { workspace: team.id, head: team.team.state.head },
    ]);
    expect(world.hints).toContainEqual({ kind: 'workspace', workspace: team.id, seq: 0, logIndex: 2 });
    await append(team, team.owner, { type: 'role', account: editor.id, role: 'viewer' });
    expect(await workspaces.membership(team.id, editor.id)).toMatchObject({ role: 'viewer' });
    expect(world.hints).toContainEqual({ kind: 'revoked', account: editor.id, workspace: team.id });
    await append(team, editor, { type: 'leave' });
    expect(await workspaces.membership(team.id, editor.id)).toBeNull();
    expect(await workspaces.list(editor.id)).toHaveLength(1);
  });

  test('takes nothing that is not allowed, not by its author, or not at the end of the feed', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const { head } = team.team.state;
    const send = (entry: Uint8Array, as: SampleAccount): Promise<unknown> =>
      team.store.workspaces.appendLog(authorOf(as), {
        workspace: team.id,
        expectedHead: head,
        entries: [entry],
        boxes: [],
      });
    const demotion: TeamAction = { type: 'role', account: team.owner.id, role: 'viewer' };
    const refused = { code: 'refused' };
    await expect(send(team.team.compose(editor, demotion), editor)).rejects.toMatchObject(refused);
    await expect(send(team.team.compose(editor, { type: 'leave' }), team.owner)).rejects.toMatchObject(
      refused,
    );
    const forged = team.team.compose(team.owner, { type: 'delete' }, [
      signerOf(editor.devices[0] ?? never()),
    ]);
    await expect(send(forged, team.owner)).rejects.toMatchObject(refused);
    await expect(send(new Uint8Array(200), team.owner)).rejects.toMatchObject(refused);
    const leaving = team.team.compose(editor, { type: 'leave' });
    await team.append(team.owner, [team.seal(team.owner, { group: newGroup(), stream: newStream() })]);
    expect(await send(leaving, editor)).toMatchObject({ kind: 'behind', head, feed: { seq: 1 } });
    await team.catchUp();
    expect(await send(team.team.compose(editor, { type: 'leave' }), editor)).toMatchObject({
      kind: 'stored',
    });
  });

  test('of two entries at once takes one; the other one is told where the log is, and the same one may come again', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const { head } = team.team.state;
    const policies = [true, false].map((requireMfa) =>
      team.team.compose(team.owner, {
        type: 'policy',
        policy: { confirmJoins: false, requireMfa, protectedLabels: [] },
      }),
    );
    const send = (entry: Uint8Array): Promise<{ kind: string }> =>
      team.store.workspaces.appendLog(authorOf(team.owner), {
        workspace: team.id,
        expectedHead: head,
        entries: [entry],
        boxes: [],
      });
    const answers = await Promise.all(policies.map(send));
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['behind', 'stored']);
    const won = policies[answers.findIndex(({ kind }) => kind === 'stored')] ?? never();
    expect(await send(won)).toMatchObject({ kind: 'stored', head: { index: 1 } });
    expect((await team.store.workspaces.readLog(team.id, 0)).entries).toHaveLength(2);
  });

  test('is created once, and by nobody under another name', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [team, other] = [await world.team(), await world.team()];
    const entries = team.team.history.entries.map(({ bytes }) => bytes);
    const again = { workspace: team.id, expectedHead: null, entries, boxes: [] };
    const { workspaces } = team.store;
    expect(await workspaces.appendLog(authorOf(team.owner), again)).toMatchObject({ kind: 'stored' });
    const renamed = { ...again, workspace: 'a'.repeat(52) as typeof team.id };
    await expect(workspaces.appendLog(authorOf(team.owner), renamed)).rejects.toMatchObject({
      code: 'refused',
    });
    const onto = { ...again, workspace: other.id };
    expect(await workspaces.appendLog(authorOf(team.owner), onto)).toMatchObject({ kind: 'behind' });
  });

  test('with a joiner whose invite has run out by the clock of the server is not appended to', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    world.now += 60_000;
    await expect(team.add(await world.account())).rejects.toMatchObject({ code: 'ended' });
  });
});

describe('sealed epoch keys', () => {
  test('come with the entry that names them, exactly, and go to whom they are for', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const { workspaces } = team.store;
    const boxes = await workspaces.readBoxes(team.id, editor.id);
    const opened = await openEpochKeys(suite, {
      workspace: team.id,
      account: editor.id,
      userKeys: editor.userKeys,
      entries: team.team.history.entries,
      boxes: boxes.map(({ epoch, box }) => ({ recipient: editor.id, epoch, generation: 1, bytes: box })),
    });
    expect(opened.ok && [...opened.value.keys()]).toEqual([1]);
    const rotated = await team.team.rotate(team.owner);
    expect(rotated.ok).toBe(true);
    const entry = team.team.history.entries.at(-1)?.bytes ?? never();
    const named = team.team.boxes
      .slice(-2)
      .map(({ recipient, epoch, generation, bytes }): EpochBoxMessage => ({
        epoch,
        recipient: { kind: 'member', account: recipient as SampleAccount['id'], generation },
        box: bytes,
      }));
    const send = (given: readonly EpochBoxMessage[]): Promise<unknown> =>
      workspaces.appendLog(authorOf(team.owner), {
        workspace: team.id,
        expectedHead: team.team.history.entries.map(({ index, hash }) => ({ index, hash })).at(-2) ?? never(),
        entries: [entry],
        boxes: given,
      });
    const [first = never(), second = never()] = named;
    const swapped = { ...first, box: second.box };
    for (const wrong of [[first], [first, swapped], [first, second, swapped], []]) {
      await expect(send(wrong)).rejects.toMatchObject({ code: 'refused' });
    }
    expect(await send(named)).toMatchObject({ kind: 'stored' });
    expect(await workspaces.readBoxes(team.id, editor.id)).toHaveLength(2);
  });

  test('sealed anew stand beside the others, and are put only for who is there', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    const { workspaces } = team.store;
    const anew = (change: Partial<EpochBoxMessage>): EpochBoxMessage => ({
      epoch: 1,
      recipient: { kind: 'member', account: editor.id, generation: 1 },
      box: suite.random(82),
      ...change,
    });
    const stranger = { kind: 'member', account: (await world.account()).id, generation: 1 } as const;
    const old = { kind: 'member', account: editor.id, generation: 2 } as const;
    for (const wrong of [anew({ epoch: 2 }), anew({ recipient: stranger }), anew({ recipient: old })]) {
      await expect(workspaces.putBoxes(authorOf(team.owner), team.id, [wrong])).rejects.toMatchObject({
        code: 'refused',
      });
    }
    const [named] = await workspaces.readBoxes(team.id, editor.id);
    const put = anew({});
    await workspaces.putBoxes(authorOf(team.owner), team.id, [put]);
    expect(await workspaces.readBoxes(team.id, editor.id)).toEqual([named, put]);
    expect(world.hints.at(-1)).toEqual({ kind: 'boxes', workspace: team.id });
  });

  test('are wanted of whoever has none, and of whoever reports that none opens, until somebody seals one anew', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const [editor, stranger] = [await world.account(), await world.account()];
    await team.add(editor);
    const { workspaces } = team.store;
    const wanted = { account: editor.id, epoch: 1, generation: 1 };
    const [own] = await workspaces.readBoxes(team.id, editor.id);
    if (own === undefined) throw new Error('an editor has a box');
    const sealAnew = async (): Promise<void> =>
      workspaces.putBoxes(authorOf(team.owner), team.id, [{ ...own, box: suite.random(82) }]);
    expect(await workspaces.wantedBoxes(team.id)).toEqual([]);

    await workspaces.reportBox(authorOf(editor), team.id, wanted);
    expect(world.hints.at(-1)).toEqual({ kind: 'boxesWanted', workspace: team.id });
    expect(await workspaces.wantedBoxes(team.id)).toEqual([wanted]);
    await sealAnew();
    expect(await workspaces.wantedBoxes(team.id)).toEqual([]);

    const owner = ground.database.connectAs('owner');
    await owner`delete from epoch_boxes where recipient = ${idToBytes(editor.id)}`;
    await owner.end();
    expect(await workspaces.wantedBoxes(team.id)).toEqual([wanted]);
    await sealAnew();
    expect(await workspaces.wantedBoxes(team.id)).toEqual([]);

    // Of another epoch or generation, by a stranger, or after the session has ended: nothing is noted.
    const hints = world.hints.length;
    await workspaces.reportBox(authorOf(editor), team.id, { epoch: 2, generation: 1 });
    await workspaces.reportBox(authorOf(editor), team.id, { epoch: 1, generation: 2 });
    await workspaces.reportBox(authorOf(stranger), team.id, wanted);
    await world.endSession(authorOf(editor));
    await expect(workspaces.reportBox(authorOf(editor), team.id, wanted)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(world.hints).toHaveLength(hints);
    expect(await workspaces.wantedBoxes(team.id)).toEqual([]);
  });
});

describe('an invite', () => {
  test('shows whoever has it all that is to be verified, and nothing once it is used', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const invite = await team.team.invite({ role: 'editor' });
    team.team.append(team.owner, invite.action);
    const box = {
      epoch: 1,
      recipient: { kind: 'invite', invite: invite.keys.id },
      box: invite.box ?? never(),
    } as const;
    await team.push(team.owner, [box]);
    const { workspaces } = team.store;
    const opened = await workspaces.openInvite(team.id, invite.keys.id, 0);
    expect(opened).toMatchObject({ box: invite.box, signPublic: invite.action.signPublic, feed: { seq: 0 } });
    expect(opened?.log.entries).toHaveLength(2);
    expect(opened?.accounts).toEqual([
      { account: team.owner.id, entries: team.owner.history.entries.map(({ bytes }) => bytes) },
    ]);
    world.now += 5000;
    expect(await workspaces.openInvite(team.id, invite.keys.id, 0)).toBeNull();
    world.now -= 5000;
    const joiner = await createSampleAccount(suite);
    const joined = await team.team.join(joiner, invite);
    expect(joined.ok).toBe(true);
    const entries = team.team.history.entries;
    const join = {
      workspace: team.id,
      expectedHead: { index: 1, hash: entries[1]?.hash ?? never() },
      entries: [entries[2]?.bytes ?? never()],
      boxes: [
        {
          epoch: 1,
          recipient: { kind: 'member', account: joiner.id, generation: 1 },
          box: team.team.boxes.at(-1)?.bytes ?? never(),
        } as const,
      ],
    };
    // One transaction: what does not fit leaves neither account nor membership.
    const failing = world.store.accountLogs.create({ ...newAccountOf(joiner), join }, async () => {
      throw new Error('e-mail taken');
    });
    await expect(failing).rejects.toThrow('e-mail taken');
    await expect(world.store.accountLogs.readLog(joiner.id, 0)).rejects.toMatchObject({ code: 'notFound' });
    const made = await world.store.accountLogs.create({ ...newAccountOf(joiner), join }, async (sql) => {
      const [row] = await sql<{ count: number }[]>`select count(*) from account_log`;
      expect(row?.count).toBeGreaterThan(0);
    });
    expect(made).toMatchObject({ kind: 'stored' });
    expect(await workspaces.membership(team.id, joiner.id)).toMatchObject({ role: 'editor' });
    expect(await workspaces.openInvite(team.id, invite.keys.id, 0)).toBeNull();
    const stored = await ground.database.transact(
      { workspace: team.id },
      (sql) => sql`select from epoch_boxes where kind = 'invite'`,
    );
    expect(stored).toHaveLength(0);
  });
});

describe('an account log', () => {
  test('is verified before it is stored, with exactly the boxes that it names', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const account = await createSampleAccount(suite);
    const good = newAccountOf(account);
    const altered = good.entries.map((entry) => entry.slice());
    const last = altered.at(-1) ?? never();
    last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
    const { accountLogs } = world.store;
    for (const bad of [
      { ...good, entries: altered },
      { ...good, entries: [] },
      { ...good, boxes: good.boxes.slice(1) },
      { ...good, account: 'a'.repeat(52) as typeof good.account },
    ]) {
      await expect(accountLogs.create(bad, async () => {})).rejects.toMatchObject({ code: 'refused' });
    }
    await accountLogs.create(good, async () => {});
    const page = await accountLogs.readLog(account.id, 0);
    expect(page.entries).toEqual(good.entries);
    const [device = never()] = account.devices;
    expect(await accountLogs.readBoxes(account.id, device.id)).toHaveLength(1);
    expect(await accountLogs.activeDevice(account.id, device.id)).toEqual({ signPublic: device.signPublic });
    expect(await accountLogs.activeDevice(account.id, account.kit.keys.id)).toBeNull();
    await accountLogs.putKitBackup(account.id, Uint8Array.of(1));
    expect(await accountLogs.readKitBackup(account.id)).toEqual(Uint8Array.of(1));
  });

  test('grows by devices; revoking one ends its sessions and erases its boxes', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const account = await world.account();
    const device = await addSampleDevice(suite, account);
    expect(await pushAccount(world, account, 2, boxesOf(account, 2))).toMatchObject({ kind: 'stored' });
    expect(await pushAccount(world, account, 2, boxesOf(account, 2))).toMatchObject({ kind: 'stored' });
    const { accountLogs } = world.store;
    expect(await accountLogs.readBoxes(account.id, device.id)).toHaveLength(1);
    const before = account.boxes.length;
    await revokeSampleDevice(suite, account, device);
    expect(await pushAccount(world, account, 3, boxesOf(account, before))).toMatchObject({ kind: 'stored' });
    expect(world.endedDevices).toEqual([device.id]);
    expect(world.hints.at(-1)).toEqual({ kind: 'revoked', account: account.id, workspace: null });
    expect(await accountLogs.readBoxes(account.id, device.id)).toEqual([]);
    expect(await accountLogs.activeDevice(account.id, device.id)).toBeNull();
  });

  test('takes no entry whose clock is wrong, and of two at once one', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const account = await world.account();
    await addSampleDevice(suite, account);
    world.now += 6 * 60_000;
    await expect(pushAccount(world, account, 2, boxesOf(account, 2))).rejects.toMatchObject({
      code: 'refused',
    });
    world.now -= 6 * 60_000;
    await pushAccount(world, account, 2, boxesOf(account, 2));
    const { history } = account;
    const [first = never()] = account.devices;
    appendToAccount(suite, account, { type: 'rules', rules: 1 }, [signerOf(first)]);
    const one = pushAccount(world, account, 3, []);
    account.history = history;
    appendToAccount(suite, account, { type: 'revoke', device: account.devices[1]?.id ?? never() }, [
      signerOf(account.kit.keys),
    ]);
    const answers = await Promise.all([one, pushAccount(world, account, 3, [])]);
    expect(answers).toMatchObject([{ kind: 'stored' }, { kind: 'behind', head: { index: 3 } }]);
  });
});

describe('the security log', () => {
  test('says who changed what in the team, in ids', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const editor = await world.account();
    await team.add(editor);
    await append(team, team.owner, { type: 'role', account: editor.id, role: 'viewer' });
    expect(await world.store.audit.read(team.id, null, 2)).toMatchObject([
      { what: 'team.role', account: team.owner.id, details: { account: editor.id, role: 'viewer' } },
      { what: 'team.join', account: editor.id },
    ]);
  });

  test('and a token that the log revokes has ended with it', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const boxPublic = suite.hpke.publicKey(suite.random(32));
    await append(team, team.owner, { type: 'token', change: 'add', boxPublic, expiresAt: 0, boxHash: null });
    const [token = never()] = team.team.state.tokens.keys();
    await append(team, team.owner, { type: 'token', change: 'revoke', token });
    expect(world.endedTokens).toEqual([token]);
    expect(world.hints).toContainEqual({ kind: 'revoked', account: null, workspace: team.id });
  });

  test('is read newest first, in pages, and only that of the workspace', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [team, other] = [await world.team(), await world.team()];
    const { audit } = world.store;
    const entry = { account: team.owner.id, address: '::1', details: { session: 'x' }, requestId: 'r' };
    for (const what of ['one', 'two', 'three']) await audit.write({ ...entry, workspace: team.id, what });
    await audit.write({ ...entry, workspace: other.id, what: 'elsewhere' });
    await audit.write({ ...entry, workspace: null, what: 'of the server' });
    const page = await audit.read(team.id, null, 2);
    expect(page).toMatchObject([{ what: 'three', ...entry, at: world.now }, { what: 'two' }]);
    expect(await audit.read(team.id, page[1]?.number ?? 0, 3)).toMatchObject([
      { what: 'one' },
      { what: 'team.create', account: team.owner.id },
    ]);
  });
});

function never(): never {
  throw new Error('not in this test');
}
