import { describe, expect, test } from 'vitest';
import { generateHOTP } from '@oslojs/otp';
import { base32ToBytes } from '@cuebook/shared/encoding/base32';
import type { SessionCaller } from '@cuebook/server/caller';
import { bind, callerOf, from, GOOD_PASSWORD, openOffice, type Office, type Person } from './office.ts';

interface WithFactor {
  readonly caller: SessionCaller;
  readonly codes: readonly string[];
  /** A code of the app, for the present step or a later one. */
  readonly code: (later?: number) => string;
}

async function addFactor(office: Office, person: Person): Promise<WithFactor> {
  const caller = await bind(office.accounts, person);
  const { secret, uri } = await office.accounts.own.startSecondFactor(caller);
  expect(uri).toContain(secret);
  const key = base32ToBytes(secret.toLowerCase());
  if (key === null) throw new Error('not base32');
  const code = (later = 0): string => generateHOTP(key, BigInt(Math.floor(office.now() / 30_000) + later), 6);
  const { codes } = await office.accounts.own.confirmSecondFactor(caller, code(-1), from());
  return { caller, codes, code };
}

const signIn = (office: Office, email: string, code?: string) =>
  office.accounts.sessions.signIn({ email, password: GOOD_PASSWORD, code }, from());

describe('a second factor', () => {
  test('is asked for after the right password, and each of its codes is taken once', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { code } = await addFactor(office, owner);
    expect(await signIn(office, owner.email)).toEqual({ kind: 'codeNeeded' });
    expect(await signIn(office, owner.email, code())).toMatchObject({ kind: 'granted' });
    await expect(signIn(office, owner.email, code())).rejects.toMatchObject({ code: 'wrongCode' });
    await expect(signIn(office, owner.email, '000000')).rejects.toMatchObject({ code: 'wrongCode' });
    office.pass(30_000);
    const answer = await signIn(office, owner.email, code());
    if (answer.kind !== 'granted') throw new Error('expected a session');
    expect(await callerOf(office.accounts, answer.grant.accessToken)).toMatchObject({
      hasSecondFactor: true,
    });
  });

  test('of the wrong password is not asked for: nobody learns that there is one', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    await addFactor(office, owner);
    await expect(
      office.accounts.sessions.signIn({ email: owner.email, password: 'not the password' }, from()),
    ).rejects.toMatchObject({ code: 'wrongCredentials' });
  });

  test('of one step is taken by one of two who come with it at once', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { code } = await addFactor(office, owner);
    const both = await Promise.allSettled([
      signIn(office, owner.email, code()),
      signIn(office, owner.email, code()),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('can be replaced by a recovery code, each once', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { codes, caller } = await addFactor(office, owner);
    expect(codes).toHaveLength(10);
    expect(await signIn(office, owner.email, codes[3])).toMatchObject({ kind: 'granted' });
    await expect(signIn(office, owner.email, codes[3])).rejects.toMatchObject({ code: 'wrongCode' });
    expect(await office.accounts.own.about(caller)).toMatchObject({
      secondFactor: true,
      recoveryCodesLeft: 9,
    });
  });

  test('is nothing yet until its first code was given, and ends all other sessions then', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const old = await signIn(office, owner.email);
    const caller = await bind(office.accounts, owner);
    await office.accounts.own.startSecondFactor(caller);
    expect(await signIn(office, owner.email)).toMatchObject({ kind: 'granted' });
    await expect(office.accounts.own.confirmSecondFactor(caller, '000000', from())).rejects.toMatchObject({
      code: 'wrongCode',
    });
    await addFactor(office, owner);
    if (old.kind !== 'granted') throw new Error('expected a session');
    await expect(callerOf(office.accounts, old.grant.accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('cannot be replaced while there is one, and ends only with password and code', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { caller, code } = await addFactor(office, owner);
    const { own } = office.accounts;
    await expect(own.startSecondFactor(caller)).rejects.toMatchObject({ code: 'conflict' });
    await expect(own.endSecondFactor(caller, { code: code(1) }, from())).rejects.toMatchObject({
      code: 'wrongCredentials',
    });
    await expect(
      own.endSecondFactor(caller, { password: GOOD_PASSWORD, code: '000000' }, from()),
    ).rejects.toMatchObject({ code: 'wrongCode' });
    await own.endSecondFactor(caller, { password: GOOD_PASSWORD, code: code() }, from());
    expect(await signIn(office, owner.email)).toMatchObject({ kind: 'granted' });
  });

  test('moves under the new pepper when it is used after a rotation', async () => {
    await using office = await openOffice();
    const owner = await office.owner();
    const { code } = await addFactor(office, owner);
    await office.accounts.administration.rotatePepper();
    expect(await signIn(office, owner.email, code())).toMatchObject({ kind: 'granted' });
    const rows = await office.ground.database.app`select pepper from second_factors`;
    expect(rows).toMatchObject([{ pepper: 2 }]);
    office.pass(30_000);
    expect(await signIn(office, owner.email, code())).toMatchObject({ kind: 'granted' });
  });
});
