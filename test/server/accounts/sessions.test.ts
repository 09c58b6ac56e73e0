import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ACCESS_MS, IDLE_MS } from '@cuebook/server/accounts/grants';
import { AGAIN_MS } from '@cuebook/server/accounts/sessions';
import { addSampleDevice, revokeSampleDevice } from '@cuebook/shared/team/sampleTeam';
import { bind, boxesOf, callerOf, from, GOOD_PASSWORD, openOffice, suite } from './office.ts';

describe('signing in', () => {
  test('takes an address and a password, whatever the case of the address was', async () => {
    await using office = await openOffice();
    const { sample } = await office.owner('owner@example.com');
    const answer = await office.accounts.sessions.signIn(
      { email: 'owner@example.com', password: GOOD_PASSWORD },
      from(),
    );
    expect(answer).toMatchObject({ kind: 'granted', grant: { account: sample.id, grade: 'signedIn' } });
  });

  test('runs argon2 once and answers the same for an unknown account as for a wrong password', async () => {
    await using office = await openOffice();
    await office.owner();
    const attempt = async (email: string): Promise<unknown> => {
      office.argon2Runs.length = 0;
      const refusal = await office.accounts.sessions
        .signIn({ email, password: 'not the password at all' }, from())
        .catch((error: unknown) => error);
      expect(office.argon2Runs).toEqual(['verify']);
      return refusal;
    };
    const wrong = await attempt('owner@example.com');
    const unknown = await attempt('nobody@example.com');
    expect(wrong).toMatchObject({ code: 'wrongCredentials' });
    expect(unknown).toEqual(wrong);
  });

  test('of an account without a password, which signs in by a provider, is refused after the same work', async () => {
    await using office = await openOffice();
    const { sample } = await office.owner();
    await office.ground.database.app`update accounts set password = null`;
    office.argon2Runs.length = 0;
    await expect(
      office.accounts.sessions.signIn({ email: 'owner@example.com', password: GOOD_PASSWORD }, from()),
    ).rejects.toMatchObject({ code: 'wrongCredentials' });
    expect(office.argon2Runs).toEqual(['verify']);
    expect(sample.id).toHaveLength(52);
  });
});

describe('a session', () => {
  test('ends its access token after fifteen minutes, and a refresh token gives the next pair', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    office.pass(ACCESS_MS - 1);
    await expect(callerOf(office.accounts, grant.accessToken)).resolves.toMatchObject({
      account: grant.account,
    });
    office.pass(1);
    await expect(callerOf(office.accounts, grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const next = await office.accounts.sessions.refresh(grant.refreshToken, from());
    expect(next.session).toBe(grant.session);
    await expect(callerOf(office.accounts, next.accessToken)).resolves.toMatchObject({
      session: grant.session,
    });
  });

  test('ends whole when a refresh token is presented a second time', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    const next = await office.accounts.sessions.refresh(grant.refreshToken, from());
    await callerOf(office.accounts, next.accessToken);
    await expect(office.accounts.sessions.refresh(grant.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(callerOf(office.accounts, next.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(office.accounts.sessions.refresh(next.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(office.hints).toContainEqual({ kind: 'revoked', account: grant.account, workspace: null });
  });

  test('has one good pair after two have refreshed at the same moment, and ends when the other is presented', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    const both = await Promise.all([
      office.accounts.sessions.refresh(grant.refreshToken, from()),
      office.accounts.sessions.refresh(grant.refreshToken, from()),
    ]);
    const callers = await Promise.allSettled(
      both.map(({ accessToken }) => callerOf(office.accounts, accessToken)),
    );
    expect(callers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [good, other] = callers[0]?.status === 'fulfilled' ? both : both.toReversed();
    await expect(office.accounts.sessions.refresh(other?.refreshToken ?? '', from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(callerOf(office.accounts, good?.accessToken ?? '')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('survives lost answers to a refresh: the same token is taken again, and what was lost is worth nothing', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    const lost = [
      await office.accounts.sessions.refresh(grant.refreshToken, from()),
      await office.accounts.sessions.refresh(grant.refreshToken, from()),
    ];
    office.pass(AGAIN_MS - 1);
    const came = await office.accounts.sessions.refresh(grant.refreshToken, from());
    expect(came.session).toBe(grant.session);
    await expect(callerOf(office.accounts, came.accessToken)).resolves.toMatchObject({
      session: grant.session,
    });
    for (const { accessToken } of lost) {
      await expect(callerOf(office.accounts, accessToken)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    const next = await office.accounts.sessions.refresh(came.refreshToken, from());
    await expect(office.accounts.sessions.refresh(lost[0]?.refreshToken ?? '', from())).rejects.toMatchObject(
      {
        code: 'unauthenticated',
      },
    );
    await expect(callerOf(office.accounts, next.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test.each(['a refresh token', 'an access token'])(
    'ends when a refresh token comes again after %s of the next pair was presented',
    async (what) => {
      await using office = await openOffice();
      const { grant } = await office.owner();
      const next = await office.accounts.sessions.refresh(grant.refreshToken, from());
      if (what === 'an access token') await callerOf(office.accounts, next.accessToken);
      else await office.accounts.sessions.refresh(next.refreshToken, from());
      await expect(office.accounts.sessions.refresh(grant.refreshToken, from())).rejects.toMatchObject({
        code: 'unauthenticated',
      });
      expect(await office.ground.database.app`select from sessions`).toHaveLength(0);
    },
  );

  test('ends when a refresh token comes again after more than a minute', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    await office.accounts.sessions.refresh(grant.refreshToken, from());
    office.pass(AGAIN_MS);
    await expect(office.accounts.sessions.refresh(grant.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(await office.ground.database.app`select from sessions`).toHaveLength(0);
  });

  test('ends after seven days without use, and lives on while it is used', async () => {
    await using office = await openOffice();
    let { grant } = await office.owner();
    for (let week = 0; week < 2; week += 1) {
      office.pass(IDLE_MS - 1);
      grant = await office.accounts.sessions.refresh(grant.refreshToken, from());
    }
    office.pass(IDLE_MS);
    await expect(office.accounts.sessions.refresh(grant.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await office.accounts.tidy();
    const left = await office.ground.database.app`select from sessions`;
    expect(left).toHaveLength(0);
  });

  test('is over at once after signing out, for its tokens and for what is live', async () => {
    await using office = await openOffice();
    const { grant } = await office.owner();
    const caller = await callerOf(office.accounts, grant.accessToken);
    expect(await office.accounts.authentication.recheck(caller)).toMatchObject({ kind: 'session' });
    expect(await office.accounts.authentication.stillValid([caller, caller])).toEqual([true, true]);
    await office.accounts.sessions.signOut(caller, from());
    await expect(callerOf(office.accounts, grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(office.accounts.sessions.refresh(grant.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(await office.accounts.authentication.recheck(caller)).toEqual({ kind: 'nobody' });
    expect(await office.accounts.authentication.stillValid([caller])).toEqual([false]);
    expect(office.hints).toContainEqual({ kind: 'revoked', account: grant.account, workspace: null });
  });

  test('is listed with the others, and one can end another', async () => {
    await using office = await openOffice();
    const { grant, email } = await office.owner();
    const second = await office.accounts.sessions.signIn({ email, password: GOOD_PASSWORD }, from());
    if (second.kind !== 'granted') throw new Error('expected a session');
    const caller = await callerOf(office.accounts, second.grant.accessToken);
    const list = await office.accounts.sessions.list(caller);
    expect(new Map(list.map(({ session, isThis }) => [session, isThis]))).toEqual(
      new Map([
        [grant.session, false],
        [second.grant.session, true],
      ]),
    );
    await office.accounts.sessions.revoke(caller, grant.session, from());
    await expect(callerOf(office.accounts, grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(office.accounts.sessions.revoke(caller, grant.session, from())).rejects.toMatchObject({
      code: 'notFound',
    });
  });

  test('of somebody else cannot be ended', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const other = await office.person('other@example.com');
    const caller = await callerOf(office.accounts, other.grant.accessToken);
    await expect(office.accounts.sessions.revoke(caller, owner.grant.session, from())).rejects.toMatchObject({
      code: 'notFound',
    });
    await expect(callerOf(office.accounts, owner.grant.accessToken)).resolves.toMatchObject({
      account: owner.sample.id,
    });
  });
});

describe('binding a session to a device', () => {
  test('takes the signature of a device of the account over this server and this access token', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const old = owner.grant;
    const caller = await callerOf(office.accounts, old.accessToken);
    const { session } = await office.accounts.sessions.challenge(caller);
    expect(session).toEqual(createHash('sha256').update(old.accessToken).digest());
    const bound = await bind(office.accounts, owner);
    expect(bound.device).toBe(owner.sample.devices[0]?.id);
    expect(owner.grant.grade).toBe('deviceBound');
    // What was given out before the session had rights is worth nothing.
    await expect(callerOf(office.accounts, old.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(office.accounts.sessions.refresh(old.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('keeps the grade when the tokens are refreshed', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    await bind(office.accounts, owner);
    const next = await office.accounts.sessions.refresh(owner.grant.refreshToken, from());
    expect(next.grade).toBe('deviceBound');
    await expect(callerOf(office.accounts, next.accessToken)).resolves.toMatchObject({
      device: owner.sample.devices[0]?.id,
    });
  });

  test('refuses what was signed for another server', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    await expect(bind(office.accounts, owner, 0, 'https://evil.example.com')).rejects.toMatchObject({
      code: 'wrongCredentials',
    });
  });

  test('refuses the device of another account, and a challenge that was used', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const other = await office.person('other@example.com');
    const thief = { ...owner, sample: other.sample };
    await expect(bind(office.accounts, thief)).rejects.toMatchObject({ code: 'wrongCredentials' });
    const caller = await callerOf(office.accounts, owner.grant.accessToken);
    await expect(
      office.accounts.sessions.bindDevice(
        caller,
        { device: owner.sample.devices[0]?.id ?? ('' as never), signature: new Uint8Array(64) },
        from(),
      ),
    ).rejects.toMatchObject({ code: 'ended' });
  });

  test('is over in the moment in which the device is revoked in the account log', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { sample } = owner;
    const before = sample.history.entries.length;
    const second = await addSampleDevice(suite, sample);
    const { sessions } = office.accounts;
    const first = await bind(office.accounts, owner);
    const append = async (from: number): Promise<void> => {
      const previous = sample.history.entries[from - 1];
      if (previous === undefined) throw new Error('a log begins with its creation');
      const answer = await office.store.accountLogs.appendLog(first, {
        expectedHead: { index: previous.index, hash: previous.hash },
        entries: sample.history.entries.slice(from).map(({ bytes }) => bytes),
        boxes: boxesOf(sample).filter(({ device }) => device === second.id),
      });
      expect(answer.kind).toBe('stored');
    };
    await append(before);
    const signedIn = await sessions.signIn({ email: owner.email, password: GOOD_PASSWORD }, from());
    if (signedIn.kind !== 'granted') throw new Error('expected a session');
    const onSecond = { ...owner, grant: signedIn.grant };
    const live = await bind(office.accounts, onSecond, 1);
    const added = sample.history.entries.length;
    await revokeSampleDevice(suite, sample, second);
    const previous = sample.history.entries[added - 1];
    if (previous === undefined) throw new Error('a log begins with its creation');
    await office.store.accountLogs.appendLog(first, {
      expectedHead: { index: previous.index, hash: previous.hash },
      entries: sample.history.entries.slice(added).map(({ bytes }) => bytes),
      boxes: sample.boxes
        .slice(-2)
        .map(({ recipient, bytes }) => ({ device: recipient, generation: 2, box: bytes })),
    });
    expect(await office.accounts.authentication.recheck(live)).toEqual({ kind: 'nobody' });
    await expect(callerOf(office.accounts, onSecond.grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(sessions.refresh(onSecond.grant.refreshToken, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(await office.accounts.authentication.recheck(first)).toMatchObject({ kind: 'session' });
  });
});
