import { describe, expect, test } from 'vitest';
import { ARGON2, createPasswords } from './passwords.ts';

const CHEAP = { memoryCost: 256, timeCost: 1 };

describe('passwords', () => {
  test('are hashed by argon2id with more than OWASP asks for at least', async () => {
    const passwords = await createPasswords();
    const stored = await passwords.hash('quiet otters sort the mail');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=47104,t=2,p=1\$/);
    expect(ARGON2.memoryCost).toBeGreaterThanOrEqual(19 * 1024);
    expect(await passwords.verify(stored, 'quiet otters sort the mail')).toBe(true);
    expect(await passwords.verify(stored, 'quiet otters sort the mails')).toBe(false);
  });

  test('of nobody are checked like any other, and never right', async () => {
    const runs: string[] = [];
    const passwords = await createPasswords(CHEAP, (what) => runs.push(what));
    expect(await passwords.verify(null, 'anything at all')).toBe(false);
    expect(runs).toEqual(['verify']);
  });

  test('are the same however the keyboard composes an accent', async () => {
    const passwords = await createPasswords(CHEAP);
    const stored = await passwords.hash('caf\u00e9 au lait, twice');
    expect(await passwords.verify(stored, 'cafe\u0301 au lait, twice')).toBe(true);
  });

  test('are checked a few at a time; who comes when the queue is full is told to wait', async () => {
    const passwords = await createPasswords({ memoryCost: 8 * 1024, timeCost: 2 });
    const stored = await passwords.hash('quiet otters sort the mail');
    const rush = await Promise.allSettled(
      Array.from({ length: 100 }, () => passwords.verify(stored, 'quiet otters sort the mail')),
    );
    const refused = rush.filter(({ status }) => status === 'rejected');
    // Two at work and 64 waiting.
    expect(refused).toHaveLength(100 - 66);
    expect(refused[0]).toMatchObject({ reason: { code: 'tooMany', retryAfterSeconds: 5 } });
    expect(await passwords.verify(stored, 'quiet otters sort the mail')).toBe(true);
  });
});
