// Commands about an account that is there: which one is meant, and then what it is about.

import * as vscode from 'vscode';
import type { AccountSummary, Teams } from '../../library/teams.ts';
import { labelOf } from '../library/plainText.ts';
import { wentWell } from '../sync/settled.ts';
import { chooseUnlessOne, confirm } from '../team/questions.ts';
import { showDevices } from './devices.ts';
import { manageAccount } from './manage.ts';
import { approveDevice, setUpDevice } from './newDevice.ts';

interface Wanted {
  readonly title: string;
  readonly sessions: readonly AccountSummary['session'][];
  readonly none: string;
}

/** The account that `given` names, else the only one, else the one that the user picks. */
async function accountFor(teams: Teams, given: unknown, wanted: Wanted): Promise<AccountSummary | undefined> {
  const overview = await teams.overview();
  const fitting = overview.ok
    ? overview.value.accounts.filter(({ session }) => wanted.sessions.includes(session))
    : [];
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(wanted.none);
    return undefined;
  }
  const named = fitting.find(({ id }) => id === given);
  if (named !== undefined) return named;
  return chooseUnlessOne(
    wanted.title,
    fitting.map((account) => ({
      label: labelOf(account.email ?? account.displayName),
      description: account.server ?? '',
      value: account,
    })),
  );
}

export async function signOut(teams: Teams, given: unknown): Promise<void> {
  const account = await accountFor(teams, given, {
    title: vscode.l10n.t('Sign Out'),
    sessions: ['signedIn', 'deviceNeeded'],
    none: vscode.l10n.t('You are signed in to no server.'),
  });
  if (account === undefined) return;
  const sure = await confirm({
    message: vscode.l10n.t('Sign out of {0}?', account.server ?? ''),
    detail: vscode.l10n.t(
      'Your prompts stay on this computer. What you change is sent after you sign in again.',
    ),
    yes: vscode.l10n.t('Sign Out'),
  });
  if (sure) await wentWell(teams, async () => teams.signOut(account.id));
}

export async function setUp(teams: Teams, given: unknown): Promise<void> {
  const account = await accountFor(teams, given, {
    title: vscode.l10n.t('Set Up This Device'),
    sessions: ['deviceNeeded'],
    none: vscode.l10n.t('This device is set up. Sign in first if it is about another account.'),
  });
  if (account !== undefined) await setUpDevice(teams, account.id);
}

export async function approve(teams: Teams, given: unknown): Promise<void> {
  const account = await signedIn(teams, given, vscode.l10n.t('Approve New Device'));
  if (account !== undefined) await approveDevice(teams, account.id);
}

export async function devices(teams: Teams, given: unknown): Promise<void> {
  const account = await signedIn(teams, given, vscode.l10n.t('Devices'));
  if (account !== undefined) await showDevices(teams, account.id);
}

export async function fingerprint(teams: Teams, given: unknown): Promise<void> {
  const account = await signedIn(teams, given, vscode.l10n.t('Show My Fingerprint'));
  if (account === undefined) return;
  await vscode.window.showInformationMessage(vscode.l10n.t('Your fingerprint'), {
    modal: true,
    detail: [
      account.fingerprint,
      '',
      vscode.l10n.t(
        'Others compare it with what their Cuebook shows for you, by a way other than the server.',
      ),
    ].join('\n'),
  });
}

export async function manage(teams: Teams, given: unknown): Promise<void> {
  const account = await signedIn(teams, given, vscode.l10n.t('Manage Account'));
  if (account !== undefined) await manageAccount(teams, account);
}

async function signedIn(teams: Teams, given: unknown, title: string): Promise<AccountSummary | undefined> {
  const none = vscode.l10n.t('Sign in to a Cuebook server first.');
  return accountFor(teams, given, { title, sessions: ['signedIn'], none });
}
