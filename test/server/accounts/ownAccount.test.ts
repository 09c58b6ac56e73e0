import { describe, expect, test } from 'vitest';
import { challengeMessage } from '@cuebook/shared/crypto/challenge';
import { idToBytes } from '@cuebook/shared/encoding/ids';
import { latest } from '@cuebook/shared/team/history';
import { createSampleAccount, SampleTeam, type SampleInvite } from '@cuebook/shared/team/sampleTeam';
import type { EpochBoxMessage, TeamAppend } from '@cuebook/shared/protocol/workspace';
import { createPasswords } from '@cuebook/server/accounts/passwords';
import { authorOf as authorInRouter } from '@cuebook/server/router/author';
import {
  bind,
  boxesOf,
  callerOf,
  from,
  GOOD_PASSWORD,
  openOffice,
  PUBLIC_ORIGIN,
  suite,
  type Office,
  type Person,
} from './office.ts';

const entriesOf = (person: Pick<Person, 'sample'>): readonly Uint8Array[] =>
  person.sample.history.entries.map(({ bytes }) => bytes);

describe('the owner’s link of the first start', () => {
  test('makes one account, which owns the server; then there are no more', async () => {
    await using office = await openOffice();
    const { administration, own } = office.accounts;
    expect(await administration.hasOwner()).toBe(false);
    const first = await administration.makeOwnerLink();
    const second = await administration.makeOwnerLink();
    if (first === null || second === null) throw new Error('expected links');
    const create = async (secret: string) => {
      const sample = await createSampleAccount(suite);
      return own.create(
        {
          ground: { kind: 'link', secret },
          credentials: { kind: 'password', email: 'me@example.com', password: GOOD_PASSWORD },
          log: entriesOf({ sample }),
          boxes: boxesOf(sample),
        },
        from(),
      );
    };
    // A newer link ends the older one.
    await expect(create(first.secret)).rejects.toMatchObject({ code: 'ended', status: 410 });
    const grant = await create(second.secret);
    await expect(create(second.secret)).rejects.toMatchObject({ code: 'ended' });
    expect(await administration.hasOwner()).toBe(true);
    expect(await administration.makeOwnerLink()).toBeNull();
    expect(await callerOf(office.accounts, grant.accessToken)).toMatchObject({ isServerOwner: true });
  });

  test('lets one of two in who use it at the same moment', async () => {
    await using office = await openOffice();
    const link = await office.accounts.administration.makeOwnerLink();
    const both = await Promise.allSettled(
      ['a@example.com', 'b@example.com'].map(async (email) => {
        const sample = await createSampleAccount(suite);
        return office.accounts.own.create(
          {
            ground: { kind: 'link', secret: link?.secret ?? '' },
            credentials: { kind: 'password', email, password: GOOD_PASSWORD },
            log: entriesOf({ sample }),
            boxes: boxesOf(sample),
          },
          from(),
        );
      }),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await office.ground.database.app`select from accounts`).toHaveLength(1);
  });

  test('runs out after seven days', async () => {
    await using office = await openOffice();
    const link = await office.accounts.administration.makeOwnerLink();
    office.pass(7 * 24 * 60 * 60 * 1000);
    const sample = await createSampleAccount(suite);
    await expect(
      office.accounts.own.create(
        {
          ground: { kind: 'link', secret: link?.secret ?? '' },
          credentials: { kind: 'password', email: 'a@example.com', password: GOOD_PASSWORD },
          log: entriesOf({ sample }),
          boxes: boxesOf(sample),
        },
        from(),
      ),
    ).rejects.toMatchObject({ code: 'ended' });
  });
});

/** Founds a team as its client does, and stores it. */
async function foundTeam(office: Office, person: Person): Promise<SampleTeam> {
  const team = await SampleTeam.create(suite, person.sample);
  const caller = await bind(office.accounts, person);
  await office.store.workspaces.appendLog(authorInRouter(caller), {
    workspace: team.state.id,
    expectedHead: null,
    entries: team.history.entries.map(({ bytes }) => bytes),
    boxes: team.boxes.map((box) => ({
      epoch: box.epoch,
      recipient: { kind: 'member', account: person.sample.id, generation: box.generation },
      box: box.bytes,
    })),
  });
  return team;
}

async function inviteTo(office: Office, team: SampleTeam, by: Person): Promise<SampleInvite> {
  const caller = await callerOf(office.accounts, by.grant.accessToken);
  const invite = await team.invite({ role: 'editor' });
  const expectedHead = team.state.head;
  const appended = team.append(by.sample, invite.action);
  if (!appended.ok) throw new Error(appended.problem.message);
  const boxes: readonly EpochBoxMessage[] =
    invite.box === null
      ? []
      : [
          {
            epoch: invite.action.epoch,
            recipient: { kind: 'invite', invite: invite.keys.id },
            box: invite.box,
          },
        ];
  await office.store.workspaces.appendLog(authorInRouter(caller), {
    workspace: team.state.id,
    expectedHead,
    entries: [team.history.entries.at(-1)?.bytes ?? new Uint8Array()],
    boxes,
  });
  return invite;
}

describe('an invitation to a team', () => {
  const joinWith = async (
    office: Office,
    team: SampleTeam,
    invite: SampleInvite,
    email: string,
    origin = PUBLIC_ORIGIN,
  ) => {
    const sample = await createSampleAccount(suite);
    const expectedHead = team.state.head;
    const before = { history: team.history, boxes: team.boxes.length };
    const joined = await team.join(sample, invite);
    if (!joined.ok) throw new Error(joined.problem.message);
    const join: TeamAppend = {
      workspace: team.state.id,
      expectedHead,
      entries: [team.history.entries.at(-1)?.bytes ?? new Uint8Array()],
      boxes: team.boxes.slice(before.boxes).map((box) => ({
        epoch: box.epoch,
        recipient: { kind: 'member', account: sample.id, generation: box.generation },
        box: box.bytes,
      })),
    };
    const { challenge } = office.accounts.inviteProofs.challenge();
    const signature = invite.keys.signer.sign(
      challengeMessage({ origin, challenge, session: idToBytes(invite.keys.id) }),
    );
    const grant = office.accounts.own.create(
      {
        ground: { kind: 'invite', workspace: team.state.id, invite: invite.keys.id, challenge, signature },
        credentials: { kind: 'password', email, password: GOOD_PASSWORD },
        log: entriesOf({ sample }),
        boxes: boxesOf(sample),
        join,
      },
      from(),
    );
    return { sample, grant: await grant.catch((error: unknown) => Promise.reject(error)) };
  };

  test('makes account, log and membership together', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const team = await foundTeam(office, owner);
    const invite = await inviteTo(office, team, owner);
    const { sample, grant } = await joinWith(office, team, invite, 'new@example.com');
    expect(grant).toMatchObject({ account: sample.id, grade: 'signedIn' });
    expect(await office.store.workspaces.membership(team.state.id, sample.id)).toMatchObject({
      role: 'editor',
    });
    expect(await office.accounts.contacts([owner.sample.id, sample.id])).toEqual([
      { account: owner.sample.id, email: 'owner@example.com' },
      { account: sample.id, email: 'new@example.com' },
    ]);
  });

  test('leaves nothing behind when one part is refused', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const team = await foundTeam(office, owner);
    const invite = await inviteTo(office, team, owner);
    const members = await office.ground.database.app`select from accounts`;
    // The address belongs to somebody: the join must not stand either.
    await expect(joinWith(office, team, invite, owner.email)).rejects.toMatchObject({
      code: 'conflict',
      field: 'email',
    });
    expect(await office.ground.database.app`select from accounts`).toHaveLength(members.length);
    expect(await office.store.workspaces.head(team.state.id)).toMatchObject({ head: { index: 1 } });
  });

  test('is refused without the invite’s key, and looks as if there were none', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const team = await foundTeam(office, owner);
    const invite = await inviteTo(office, team, owner);
    await expect(
      joinWith(office, team, invite, 'new@example.com', 'https://evil.example.com'),
    ).rejects.toMatchObject({ code: 'notFound' });
  });
});

describe('open registration', () => {
  test.each([
    ['open', 'fulfilled'],
    ['invitation', 'rejected'],
  ] as const)('with the setting %s is %s', async (registration, status) => {
    await using office = await openOffice({ registration });
    const sample = await createSampleAccount(suite);
    const [made] = await Promise.allSettled([
      office.accounts.own.create(
        {
          ground: { kind: 'open' },
          credentials: { kind: 'password', email: 'a@example.com', password: GOOD_PASSWORD },
          log: entriesOf({ sample }),
          boxes: boxesOf(sample),
        },
        from(),
      ),
    ]);
    expect(made?.status).toBe(status);
  });
});

describe('credentials', () => {
  test('that everybody tries first are refused, and nothing is made', async () => {
    await using office = await openOffice({ registration: 'open' });
    const sample = await createSampleAccount(suite);
    await expect(
      office.accounts.own.create(
        {
          ground: { kind: 'open' },
          credentials: { kind: 'password', email: 'a@example.com', password: 'password1234' },
          log: entriesOf({ sample }),
          boxes: boxesOf(sample),
        },
        from(),
      ),
    ).rejects.toMatchObject({ code: 'passwordTooCommon', field: 'password' });
    expect(await office.ground.database.app`select from accounts`).toHaveLength(0);
  });

  test('change beside the old ones, and every other session ends', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { sessions, own } = office.accounts;
    const other = await sessions.signIn({ email: owner.email, password: GOOD_PASSWORD }, from());
    const caller = await bind(office.accounts, owner);
    const next = 'another set of otters';
    await expect(
      own.changePassword(caller, { password: 'a wrong password', newPassword: next }, from()),
    ).rejects.toMatchObject({ code: 'wrongCredentials' });
    await own.changePassword(caller, { password: GOOD_PASSWORD, newPassword: next }, from());
    await own.changeEmail(caller, { password: next, email: 'new@example.com' }, from());
    if (other.kind !== 'granted') throw new Error('expected a session');
    await expect(callerOf(office.accounts, other.grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(await office.accounts.authentication.recheck(caller)).toMatchObject({ kind: 'session' });
    await expect(
      sessions.signIn({ email: owner.email, password: GOOD_PASSWORD }, from()),
    ).rejects.toMatchObject({ code: 'wrongCredentials' });
    await expect(
      sessions.signIn({ email: 'new@example.com', password: next }, from()),
    ).resolves.toMatchObject({ kind: 'granted' });
  });

  test('cannot take the address of another account', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    await office.person('taken@example.com');
    const caller = await bind(office.accounts, owner);
    await expect(
      office.accounts.own.changeEmail(
        caller,
        { password: GOOD_PASSWORD, email: 'taken@example.com' },
        from(),
      ),
    ).rejects.toMatchObject({ code: 'conflict', field: 'email' });
    expect(await office.accounts.own.about(caller)).toMatchObject({ email: owner.email });
  });

  test('are set again by a link of the owner, once, which ends all sessions and gives no device', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { administration, own, sessions } = office.accounts;
    const caller = await bind(office.accounts, owner);
    expect(await administration.makeResetLink('nobody@example.com', caller, from())).toBeNull();
    const link = await administration.makeResetLink(owner.email, caller, from());
    if (link === null) throw new Error('expected a link');
    expect(link.link).not.toContain(link.secret);
    const newPassword = 'a third set of otters';
    await own.resetPassword({ secret: link.secret, newPassword }, from());
    await expect(own.resetPassword({ secret: link.secret, newPassword }, from())).rejects.toMatchObject({
      code: 'ended',
    });
    expect(await office.accounts.authentication.recheck(caller)).toEqual({ kind: 'nobody' });
    expect(await sessions.signIn({ email: owner.email, password: newPassword }, from())).toMatchObject({
      kind: 'granted',
      grant: { grade: 'signedIn' },
    });
  });

  test('of weaker parameters are hashed again at the next sign-in', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const weaker = await createPasswords({ memoryCost: 512, timeCost: 1 });
    const weak = await weaker.hash(GOOD_PASSWORD);
    await office.ground.database.app`update accounts set password = ${weak}`;
    await office.accounts.sessions.signIn({ email: owner.email, password: GOOD_PASSWORD }, from());
    const [row] = await office.ground.database.app<{ password: string }[]>`select password from accounts`;
    expect(row?.password).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);
  });
});

describe('one’s data', () => {
  test('is exported whole: account, sessions, log, boxes, security log', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const team = await foundTeam(office, owner);
    const caller = await callerOf(office.accounts, owner.grant.accessToken);
    const text = await office.accounts.own.exportAll(caller, from('198.51.100.4'));
    const data: unknown = JSON.parse(text);
    expect(data).toMatchObject({
      account: { account: owner.sample.id, email: owner.email, hasPassword: true, isServerOwner: true },
      sessions: [{ session: owner.grant.session }],
      entries: entriesOf(owner).map((entry) => Buffer.from(entry).toString('base64')),
      workspaces: [{ workspace: team.state.id, role: 'owner' }],
    });
    expect(text).toContain('account.created');
    expect(text).not.toMatch(/argon2|cb_/);
  });

  test('cannot be deleted by somebody who is still in a workspace', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    await foundTeam(office, owner);
    const caller = await callerOf(office.accounts, owner.grant.accessToken);
    await expect(
      office.accounts.own.delete(caller, { password: GOOD_PASSWORD }, from()),
    ).rejects.toMatchObject({ code: 'conflict', field: 'workspaces' });
  });

  test('is erased by deleting the account, and after thirty days its row is gone as well', async () => {
    await using office = await openOffice();
    const owner = await office.owner('delete-me@example.com');
    const caller = await bind(office.accounts, owner);
    const sql = office.ground.database.app;
    await expect(office.accounts.own.delete(caller, {}, from())).rejects.toMatchObject({
      code: 'wrongCredentials',
    });
    await office.accounts.own.delete(caller, { password: GOOD_PASSWORD }, from());
    // Kept outside the database: a backup that is restored must not bring the account back.
    expect(await office.deletions.all()).toEqual([
      { kind: 'account', account: caller.account, at: office.now() },
    ]);
    expect(await office.accounts.authentication.recheck(caller)).toEqual({ kind: 'nobody' });
    for (const table of ['sessions', 'session_tokens', 'account_emails', 'server_owner', 'second_factors']) {
      expect({ table, rows: await sql`select from ${sql(table)}` }).toEqual({ table, rows: [] });
    }
    expect(await sql`select email, password from accounts`).toEqual([{ email: null, password: null }]);
    office.pass(30 * 24 * 60 * 60 * 1000 - 1);
    await office.accounts.tidy();
    expect(await sql`select from accounts`).toHaveLength(1);
    office.pass(1);
    await office.accounts.tidy();
    expect(await sql`select from accounts`).toHaveLength(0);
    // Whoever sets up the server again may.
    expect(await office.accounts.administration.makeOwnerLink()).not.toBeNull();
    expect(latest(owner.sample.history).id).toBe(caller.account);
  });
});
