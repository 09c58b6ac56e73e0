// Adding and ending the second factor of one's own account.

import type { SessionCaller, Origin } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { redact } from '@cuebook/shared/util/redacted';
import { deleteSecondFactor, offerSecondFactor, replaceRecoveryCodes } from '../store/accountsRows.ts';
import { setSessionSecondFactor } from '../store/accountsSessions.ts';
import { factorPlace } from './factorCheck.ts';
import { announceEnd, recordEverywhere, type Ground } from './ground.ts';
import { requireAccount, requireCode, requireProof } from './proofs.ts';
import {
  createRecoveryCodes,
  createTotpKey,
  readRecoveryCode,
  totpKeyText,
  totpUri,
} from './secondFactor.ts';
import { endOtherSessions } from './sessions.ts';

/** Nothing changes until a code of it was given. */
export async function startSecondFactor(
  ground: Ground,
  caller: SessionCaller,
): Promise<{ readonly uri: string; readonly secret: string }> {
  const account = await requireAccount(ground, caller);
  const key = createTotpKey();
  const sealed = ground.peppers.seal(factorPlace(caller.account), key);
  if (!(await offerSecondFactor(ground.database.app, caller.account, sealed))) {
    throw new Refusal('conflict', 'There is a second factor already: end it first.');
  }
  return { uri: totpUri(key, account.email ?? caller.account), secret: totpKeyText(key) };
}

export async function confirmSecondFactor(
  ground: Ground,
  caller: SessionCaller,
  code: string,
  origin: Origin,
): Promise<{ readonly codes: readonly string[] }> {
  await requireCode(ground, caller, code, origin, true);
  const codes = createRecoveryCodes();
  await ground.database.transact({ account: caller.account }, async (sql) => {
    await replaceRecoveryCodes(
      sql,
      caller.account,
      codes.map((text) => hashOf(ground, text)),
    );
    await setSessionSecondFactor(sql, caller, true);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.secondFactorAdded', account: caller.account, origin });
  return { codes };
}

function hashOf(ground: Ground, code: string): ReturnType<Ground['peppers']['hash']> {
  return ground.peppers.hash(readRecoveryCode(code) ?? redact(code));
}

export async function endSecondFactor(
  ground: Ground,
  caller: SessionCaller,
  input: { readonly password?: string | undefined; readonly code: string },
  origin: Origin,
): Promise<void> {
  await requireProof(ground, caller, input, origin);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    await deleteSecondFactor(sql, caller.account);
    await setSessionSecondFactor(sql, caller, false);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.secondFactorEnded', account: caller.account, origin });
}
