// Changing what one signs in with: beside the old one, or by a link of the server's owner. All other sessions end.

import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { claimEmail, readAccount, setEmail, setPassword } from '../store/accountsRows.ts';
import { endSessions } from '../store/accountsSessions.ts';
import { isCommonPassword } from './commonPasswords.ts';
import { announceEnd, record, recordEverywhere, type Ground } from './ground.ts';
import { findOneTime, takeOneTime } from './oneTimeSecrets.ts';
import { requireAccount, requirePassword } from './proofs.ts';
import { endOtherSessions } from './sessions.ts';

export async function hashNewPassword(
  ground: Ground,
  password: string,
  email: string | null,
): Promise<string> {
  if (await isCommonPassword(password, email)) {
    throw new Refusal('passwordTooCommon', 'Everybody tries this password first.', { field: 'password' });
  }
  return ground.passwords.hash(password);
}

export const emailTaken = (): Refusal =>
  new Refusal('conflict', 'Another account has this address.', { field: 'email' });

export async function changePassword(
  ground: Ground,
  caller: SessionCaller,
  input: { readonly password: string; readonly newPassword: string },
  origin: Origin,
): Promise<void> {
  const account = await requireAccount(ground, caller);
  await requirePassword(ground, account, input.password, origin);
  const password = await hashNewPassword(ground, input.newPassword, account.email);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    await setPassword(sql, caller.account, password);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.passwordChanged', account: caller.account, origin });
}

export async function changeEmail(
  ground: Ground,
  caller: SessionCaller,
  input: { readonly password: string; readonly email: string },
  origin: Origin,
): Promise<void> {
  const account = await requireAccount(ground, caller);
  await requirePassword(ground, account, input.password, origin);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    if (!(await claimEmail(sql, caller.account, input.email))) throw emailTaken();
    await setEmail(sql, caller.account, input.email);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.emailChanged', account: caller.account, origin });
}

/** Gives sign-in back, never keys; a second factor stays. */
export async function resetPassword(
  ground: Ground,
  input: { readonly secret: string; readonly newPassword: string },
  origin: Origin,
): Promise<void> {
  const link = await findOneTime(ground, input.secret, 'link', ['resetPassword']);
  const account = link.account === null ? null : await readAccount(ground.database.app, link.account);
  if (account === null) throw new Refusal('ended', 'The account was deleted.');
  const password = await hashNewPassword(ground, input.newPassword, account.email);
  await ground.database.transact({ account: account.account }, async (sql) => {
    await takeOneTime(sql, link);
    await setPassword(sql, account.account, password);
    await endSessions(sql, account.account, { except: null });
  });
  announceEnd(ground, account.account);
  await record(ground, { what: 'account.passwordReset', account: account.account, origin });
}
