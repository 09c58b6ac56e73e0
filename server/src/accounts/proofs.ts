// Proving oneself again with what the account has, before something is changed that matters.

import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { readAccount, type AccountRow } from '../store/accountsRows.ts';
import { checkCode, hasConfirmedFactor } from './factorCheck.ts';
import type { Ground } from './ground.ts';

export async function requireAccount(ground: Ground, caller: SessionCaller): Promise<AccountRow> {
  const account = await readAccount(ground.database.app, caller.account);
  if (account === null) throw new Refusal('unauthenticated', 'The account was deleted.');
  return account;
}

/** Counts as a try to sign in: who has a session open must not be able to guess the password by it. */
export async function requirePassword(
  ground: Ground,
  account: AccountRow,
  password: string,
  origin: Origin,
): Promise<void> {
  const subject = account.email ?? account.account;
  await ground.guessing.attempt({ source: origin.address, subject }, async () => {
    if (!(await ground.passwords.verify(account.password, password))) {
      throw new Refusal('wrongCredentials', 'The password is wrong.', { field: 'password' });
    }
  });
}

/** All that the account has to prove itself with: the password, if there is one, and a code, if there is a factor. */
export async function requireProof(
  ground: Ground,
  caller: SessionCaller,
  proof: { readonly password?: string | undefined; readonly code?: string | undefined },
  origin: Origin,
): Promise<void> {
  const account = await requireAccount(ground, caller);
  if (account.password !== null) await requirePassword(ground, account, proof.password ?? '', origin);
  if (await hasConfirmedFactor(ground, caller.account)) {
    await requireCode(ground, caller, proof.code ?? '', origin, false);
  }
}

export async function requireCode(
  ground: Ground,
  caller: SessionCaller,
  code: string,
  origin: Origin,
  confirms: boolean,
): Promise<void> {
  const tried = { source: origin.address, subject: `code/${caller.account}` };
  await ground.guessing.attempt(tried, async () => {
    if (await checkCode(ground, caller.account, code, confirms)) return;
    throw new Refusal('wrongCode', 'The code is wrong, or was used before.', { field: 'code' });
  });
}
