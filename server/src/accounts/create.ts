// Accounts, put together.

import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { SessionChecks } from '../store/dependencies.ts';
import type { Database } from '../store/database.ts';
import type { DeletionList } from '../store/deletions.ts';
import { purgeDeletedAccounts, readEmails } from '../store/accountsRows.ts';
import { deleteExpiredSecrets, endMachineTokens } from '../store/accountsSecrets.ts';
import { deleteExpiredSessions, endDeviceSessions, liveSessions } from '../store/accountsSessions.ts';
import { createAdministration } from './administration.ts';
import type { Accounts } from './api.ts';
import { createApprovals } from './approvals.ts';
import { createAuthentication } from './authentication.ts';
import { IDLE_MS } from './grants.ts';
import type { AccountsStore, Ground } from './ground.ts';
import { createGuessing } from './guessing.ts';
import { createInviteProofs } from './inviteProofs.ts';
import { createMachineTokens } from './machineTokens.ts';
import { createOidc, type OidcSettings } from './oidc.ts';
import { createOwnAccount } from './ownAccount.ts';
import type { Passwords } from './passwords.ts';
import type { KeptPeppers, Peppers } from './peppers.ts';
import { createSecrets } from './secrets.ts';
import { createSessions } from './sessions.ts';

export interface AccountsDependencies {
  readonly database: Database;
  readonly store: AccountsStore;
  readonly primitives: VerifyPrimitives;
  /** `kept`: from the file beside the data; null if the configuration gives them. */
  readonly peppers: { readonly current: Peppers; readonly kept: KeptPeppers | null };
  readonly passwords: Passwords;
  /** Scheme, host and port, as clients connect: what challenges name and providers return to. */
  readonly publicOrigin: string;
  readonly registration: 'invitation' | 'open';
  readonly oidc: OidcSettings;
  /** Outside the database and its backups: a restore must not bring back who was deleted. */
  readonly deletions: Pick<DeletionList, 'add'>;
  readonly now: () => number;
}

const DELETED_MS = 30 * 24 * 60 * 60 * 1000;

/** For the store, which asks in its own transactions. */
export const sessionChecks: SessionChecks = {
  areLive: liveSessions,
  endOfDevices: endDeviceSessions,
  endOfTokens: endMachineTokens,
};

export function createAccounts(deps: AccountsDependencies): Accounts {
  const { database, oidc, now } = deps;
  const peppers = deps.peppers.current;
  const ground: Ground = {
    ...deps,
    peppers,
    guessing: createGuessing(database.app, peppers),
    secrets: createSecrets(deps.primitives, peppers),
  };
  return {
    authentication: createAuthentication(ground),
    inviteProofs: createInviteProofs(ground),
    sessions: createSessions(ground),
    oidc: createOidc(ground, oidc),
    own: createOwnAccount(ground, oidc.providers),
    approvals: createApprovals(ground),
    tokens: createMachineTokens(ground),
    administration: createAdministration(ground, deps.peppers.kept),
    registration: deps.registration,
    publicOrigin: deps.publicOrigin,
    async contacts(accounts) {
      const emails = await readEmails(database.app, accounts);
      return accounts.map((account) => ({ account, email: emails.get(account) ?? null }));
    },
    async tidy() {
      await deleteExpiredSessions(database.app, now(), IDLE_MS);
      await deleteExpiredSecrets(database.app, now());
      await purgeDeletedAccounts(database.app, now() - DELETED_MS);
    },
  };
}
