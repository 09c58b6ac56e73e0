// Cuebook in VS Code's Accounts menu. A session there is an account on a server; its token is of no use to anybody: the
// real one never leaves the worker.

import * as vscode from 'vscode';
import type { AccountId, AccountSummary, Teams } from '../../library/teams.ts';

export const authenticationId = 'cuebook';

export interface AuthenticationDeps {
  readonly teams: Teams;
  readonly signIn: () => Promise<AccountId | null>;
}

export function registerAuthentication({ teams, signIn }: AuthenticationDeps): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  let shown: readonly vscode.AuthenticationSession[] = [];
  const refresh = async (): Promise<void> => {
    const before = shown;
    shown = await sessionsOf(teams);
    const ids = new Set(shown.map(({ id }) => id));
    const known = new Set(before.map(({ id }) => id));
    const added = shown.filter(({ id }) => !known.has(id));
    const removed = before.filter(({ id }) => !ids.has(id));
    if (added.length > 0 || removed.length > 0) changed.fire({ added, removed, changed: [] });
  };
  const stop = teams.onDidChange(({ overview }) => {
    if (overview) void refresh();
  });
  const provider: vscode.AuthenticationProvider = {
    onDidChangeSessions: changed.event,
    getSessions: async () => [...(shown = await sessionsOf(teams))],
    createSession: async () => {
      const account = await signIn();
      const session = (await sessionsOf(teams)).find(({ id }) => id === account);
      if (session === undefined) throw new Error(vscode.l10n.t('You did not sign in.'));
      await refresh();
      return session;
    },
    removeSession: async (id) => {
      await teams.signOut(id as AccountId);
      await refresh();
    },
  };
  return vscode.Disposable.from(
    changed,
    { dispose: stop },
    vscode.authentication.registerAuthenticationProvider(authenticationId, 'Cuebook', provider, {
      supportsMultipleAccounts: true,
    }),
  );
}

async function sessionsOf(teams: Teams): Promise<readonly vscode.AuthenticationSession[]> {
  const overview = await teams.overview();
  const accounts = overview.ok ? overview.value.accounts : [];
  return accounts
    .filter(({ session }) => session === 'signedIn' || session === 'deviceNeeded')
    .map((account) => ({
      id: account.id,
      accessToken: 'kept by Cuebook',
      account: { id: account.id, label: labelOf(account) },
      scopes: [],
    }));
}

function labelOf({ email, displayName, server }: AccountSummary): string {
  const host = server === null ? '' : new URL(server).host;
  return `${email ?? displayName} (${host})`;
}
