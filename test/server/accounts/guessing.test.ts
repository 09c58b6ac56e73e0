import { describe, expect, test } from 'vitest';
import { FREE_FAILURES, SOURCE_FAILURES } from '@cuebook/server/accounts/guessing';
import type { Refusal } from '@cuebook/server/problems';
import { from, GOOD_PASSWORD, openOffice, type Office } from './office.ts';

const guess = (office: Office, email: string, address: string): Promise<Refusal> =>
  office.accounts.sessions
    .signIn({ email, password: 'a wrong guess at it' }, from(address))
    .then(() => Promise.reject(new Error('signed in')))
    .catch((error: Refusal) => error);

describe('guessing', () => {
  test('from one address ends after 20 failures a minute, with the time to wait, whatever accounts they were about', async () => {
    await using office = await openOffice();
    const { email } = await office.owner();
    const tries = Array.from({ length: SOURCE_FAILURES + 5 }, (_, index) =>
      guess(office, `somebody${index}@example.com`, '198.51.100.1'),
    );
    const codes = (await Promise.all(tries)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'wrongCredentials')).toHaveLength(SOURCE_FAILURES);
    const refused = await guess(office, email, '198.51.100.1');
    expect(refused).toMatchObject({ code: 'tooMany', status: 429 });
    expect(refused.retryAfterSeconds).toBeGreaterThan(0);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(60);
    // Even the right password has to wait there; another address need not.
    const right = { email, password: GOOD_PASSWORD };
    await expect(office.accounts.sessions.signIn(right, from('198.51.100.1'))).rejects.toMatchObject({
      code: 'tooMany',
    });
    await expect(office.accounts.sessions.signIn(right, from('198.51.100.2'))).resolves.toMatchObject({
      kind: 'granted',
    });
  });

  test('at one account from many addresses is locked for longer and longer, known or unknown alike', async () => {
    await using office = await openOffice();
    const { email } = await office.owner();
    for (const target of [email, 'nobody@example.com']) {
      for (let tried = 0; tried <= FREE_FAILURES; tried += 1) {
        expect(await guess(office, target, `203.0.113.${tried}`)).toMatchObject({ code: 'wrongCredentials' });
      }
      const locked = await guess(office, target, '203.0.113.99');
      expect(locked).toMatchObject({ code: 'tooMany' });
      expect(locked.retryAfterSeconds).toBeGreaterThan(50);
      await office.ground.database.app`update guesses set expire = 0 where key like 'pause%'`;
      expect(await guess(office, target, '203.0.113.100')).toMatchObject({ code: 'wrongCredentials' });
      const longer = await guess(office, target, '203.0.113.101');
      expect(longer.retryAfterSeconds).toBeGreaterThan(110);
      await office.ground.database.app`delete from guesses`;
    }
  });

  test('is not what somebody does who signs in rightly, however often', async () => {
    await using office = await openOffice();
    const { email } = await office.owner();
    for (let count = 0; count < SOURCE_FAILURES + 5; count += 1) {
      await expect(
        office.accounts.sessions.signIn({ email, password: GOOD_PASSWORD }, from('198.51.100.1')),
      ).resolves.toMatchObject({ kind: 'granted' });
    }
  });

  test('is forgotten when the right password comes in time', async () => {
    await using office = await openOffice();
    const { email } = await office.owner();
    for (let round = 0; round < 2; round += 1) {
      for (let tried = 0; tried < FREE_FAILURES; tried += 1) {
        expect(await guess(office, email, `203.0.113.${tried}`)).toMatchObject({ code: 'wrongCredentials' });
      }
      await expect(
        office.accounts.sessions.signIn({ email, password: GOOD_PASSWORD }, from('192.0.2.9')),
      ).resolves.toMatchObject({ kind: 'granted' });
    }
  });

  test('is counted without keeping addresses, and by all processes together', async () => {
    await using office = await openOffice();
    await guess(office, 'typed-my-password-here@example.com', '198.51.100.7');
    const rows = await office.ground.database.app`select key from guesses`;
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/typed|198\.51/);
  });
});
