import { describe, expect, test } from 'vitest';
import { APPROVAL_MS } from '@cuebook/shared/team/approval';
import { bind, callerOf, from, GOOD_PASSWORD, openOffice, type Office } from './office.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function setUp(office: Office) {
  const owner = await office.owner();
  const old = await bind(office.accounts, owner);
  const signIn = async () => {
    const answer = await office.accounts.sessions.signIn(
      { email: owner.email, password: GOOD_PASSWORD },
      from(),
    );
    if (answer.kind !== 'granted') throw new Error('expected a session');
    return callerOf(office.accounts, answer.grant.accessToken);
  };
  return { old, fresh: await signIn(), stranger: await signIn(), approvals: office.accounts.approvals };
}

describe('approving a device', () => {
  test('carries hello, answer, reveal and acceptance between the two devices, in this order', async () => {
    await using office = await openOffice();
    const { old, fresh, approvals } = await setUp(office);
    const { approval, expiresAt } = await approvals.start(old);
    expect(expiresAt).toBe(office.now() + APPROVAL_MS);
    const turns = [
      [fresh, 'hello'],
      [old, 'answer'],
      [fresh, 'reveal'],
      [old, 'accepted'],
    ] as const;
    for (const [caller, step] of turns) {
      await approvals.put(caller, { approval, step, message: bytes(step) });
    }
    const seen = await approvals.read(fresh, null);
    expect(seen?.messages).toEqual(turns.map(([, step]) => ({ step, message: bytes(step) })));
  });

  test('takes each message once, from the device whose turn it is', async () => {
    await using office = await openOffice();
    const { old, fresh, stranger, approvals } = await setUp(office);
    const { approval } = await approvals.start(old);
    const put = (caller: typeof old, step: 'hello' | 'answer' | 'reveal' | 'accepted') =>
      approvals.put(caller, { approval, step, message: bytes('x') });
    const refused = { code: 'conflict', field: 'step' };
    await expect(put(old, 'hello')).rejects.toMatchObject(refused);
    await expect(put(fresh, 'answer')).rejects.toMatchObject(refused);
    await expect(put(fresh, 'reveal')).rejects.toMatchObject(refused);
    await put(fresh, 'hello');
    await expect(put(stranger, 'hello')).rejects.toMatchObject(refused);
    await put(old, 'answer');
    await expect(put(stranger, 'reveal')).rejects.toMatchObject(refused);
    await put(fresh, 'reveal');
    await expect(put(fresh, 'accepted')).rejects.toMatchObject(refused);
  });

  test('is over after five minutes, when it is ended, and when another is started', async () => {
    await using office = await openOffice();
    const { old, fresh, approvals } = await setUp(office);
    const first = await approvals.start(old);
    const second = await approvals.start(old);
    const hello = (approval: string) =>
      approvals.put(fresh, { approval, step: 'hello', message: bytes('x') });
    await expect(hello(first.approval)).rejects.toMatchObject({ code: 'ended' });
    await approvals.end(old, second.approval);
    await expect(hello(second.approval)).rejects.toMatchObject({ code: 'ended' });
    const third = await approvals.start(old);
    office.pass(APPROVAL_MS);
    await expect(hello(third.approval)).rejects.toMatchObject({ code: 'ended' });
    expect(await approvals.read(fresh, null)).toBeNull();
    await office.accounts.tidy();
    expect(await office.ground.database.app`select from approvals`).toHaveLength(0);
  });

  test('of one account is not seen by another', async () => {
    await using office = await openOffice();
    const { old, approvals } = await setUp(office);
    const { approval } = await approvals.start(old);
    const other = await office.person('other@example.com');
    const caller = await callerOf(office.accounts, other.grant.accessToken);
    expect(await approvals.read(caller, approval)).toBeNull();
    await expect(
      approvals.put(caller, { approval, step: 'hello', message: bytes('x') }),
    ).rejects.toMatchObject({ code: 'ended' });
  });

  test('needs a device of the account to be started', async () => {
    await using office = await openOffice();
    const { fresh, approvals } = await setUp(office);
    await expect(approvals.start(fresh)).rejects.toMatchObject({ code: 'deviceNeeded' });
  });
});
