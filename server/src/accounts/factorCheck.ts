// Checking a second factor where one is needed. A code is taken once: a used step or recovery code is worth nothing.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import {
  listRecoveryCodes,
  readSecondFactor,
  resealSecondFactor,
  useRecoveryCode,
  useStep,
  type SecondFactorRow,
} from '../store/accountsRows.ts';
import type { Ground } from './ground.ts';
import { matchingStep, readRecoveryCode } from './secondFactor.ts';

type Needs = Pick<Ground, 'database' | 'peppers' | 'now'>;

/** What a sealed factor is bound to. */
export const factorPlace = (account: AccountId): string => `second-factor/${account}`;

export const hasConfirmedFactor = async (ground: Needs, account: AccountId): Promise<boolean> =>
  (await readSecondFactor(ground.database.app, account))?.confirmed === true;

/** A code of the app, or a recovery code. `confirms`: the first code, which makes an offered factor the account's. */
export async function checkCode(
  ground: Needs,
  account: AccountId,
  code: string,
  confirms = false,
): Promise<boolean> {
  const factor = await readSecondFactor(ground.database.app, account);
  if (factor === null || factor.confirmed === confirms) return false;
  const recovery = readRecoveryCode(code);
  if (recovery !== null && !confirms) {
    const known = await listRecoveryCodes(ground.database.app, account);
    const match = known.find((stored) => ground.peppers.matches(recovery, stored));
    return match !== undefined && useRecoveryCode(ground.database.app, account, match.hash);
  }
  return checkAppCode(ground, account, factor, { code, confirms });
}

async function checkAppCode(
  ground: Needs,
  account: AccountId,
  factor: SecondFactorRow,
  given: { readonly code: string; readonly confirms: boolean },
): Promise<boolean> {
  const key = ground.peppers.open(factorPlace(account), factor);
  if (key === null) throw new Error('Broken invariant: a second factor opens under its pepper');
  const step = matchingStep(key, given.code, ground.now(), factor.lastStep);
  if (step === null || !(await useStep(ground.database.app, account, step, given.confirms))) return false;
  if (ground.peppers.isOld(factor.pepper)) {
    await resealSecondFactor(ground.database.app, account, ground.peppers.seal(factorPlace(account), key));
  }
  return true;
}
