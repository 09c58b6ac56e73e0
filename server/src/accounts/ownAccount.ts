// One's own account, put together from its parts.

import type { AboutMe } from '@cuebook/shared/protocol/account';
import type { SessionCaller } from '../caller.ts';
import { listIdentities, listRecoveryCodes } from '../store/accountsRows.ts';
import type { OwnAccount } from './api.ts';
import { changeEmail, changePassword, resetPassword } from './credentials.ts';
import { deleteAccount, exportAll } from './dataRights.ts';
import { hasConfirmedFactor } from './factorCheck.ts';
import type { Ground } from './ground.ts';
import { createAccount } from './newAccount.ts';
import type { OidcProviderFacts } from './oidcProviders.ts';
import { confirmSecondFactor, endSecondFactor, startSecondFactor } from './ownSecondFactor.ts';
import { requireAccount } from './proofs.ts';

export function createOwnAccount(ground: Ground, providers: readonly OidcProviderFacts[]): OwnAccount {
  return {
    create: (input, origin) =>
      ground.guessing.attempt({ source: origin.address, subject: null }, () =>
        createAccount(ground, input, origin),
      ),
    about: (caller) => about(ground, providers, caller),
    changePassword: (caller, input, origin) => changePassword(ground, caller, input, origin),
    changeEmail: (caller, input, origin) => changeEmail(ground, caller, input, origin),
    resetPassword: (input, origin) =>
      ground.guessing.attempt({ source: origin.address, subject: null }, () =>
        resetPassword(ground, input, origin),
      ),
    startSecondFactor: (caller) => startSecondFactor(ground, caller),
    confirmSecondFactor: (caller, code, origin) => confirmSecondFactor(ground, caller, code, origin),
    endSecondFactor: (caller, input, origin) => endSecondFactor(ground, caller, input, origin),
    exportAll: (caller, origin) => exportAll(ground, caller, origin),
    delete: (caller, proof, origin) => deleteAccount(ground, caller, proof, origin),
  };
}

async function about(
  ground: Ground,
  providers: readonly OidcProviderFacts[],
  caller: SessionCaller,
): Promise<AboutMe> {
  const sql = ground.database.app;
  const account = await requireAccount(ground, caller);
  const identities = await listIdentities(sql, caller.account);
  const nameOf = (id: string): string => providers.find((provider) => provider.id === id)?.name ?? id;
  return {
    account: caller.account,
    email: account.email,
    hasPassword: account.password !== null,
    providers: identities.map(({ provider }) => ({ id: provider, name: nameOf(provider) })),
    secondFactor: await hasConfirmedFactor(ground, caller.account),
    recoveryCodesLeft: (await listRecoveryCodes(sql, caller.account)).length,
    isServerOwner: caller.isServerOwner,
    createdAt: account.createdAt,
  };
}
