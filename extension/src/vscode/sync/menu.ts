// The menu of the status bar's entry: how each team is, and what can be done.

import * as vscode from 'vscode';
import type { AccountSummary, TeamSummary, Teams } from '../../library/teams.ts';
import { labelOf } from '../library/plainText.ts';
import { choose, type Choice } from '../team/questions.ts';
import { connectionWords, syncWords } from './words.ts';

interface Entry {
  readonly command: string;
  readonly given?: unknown;
}

export async function showSyncMenu(teams: Teams): Promise<void> {
  const overview = await teams.overview();
  if (!overview.ok) return;
  const { accounts, teams: all } = overview.value;
  const chosen = await choose<Entry>(vscode.l10n.t('Cuebook Teams'), [
    ...accounts.filter(({ session }) => session !== 'none').map(accountRow),
    ...all.filter(({ sync }) => sync.kind !== 'local').map(teamRow),
    row('add', vscode.l10n.t('Create a Team…'), 'cuebook.createTeam'),
    row('mail', vscode.l10n.t('Invite…'), 'cuebook.inviteToTeam'),
    row('link', vscode.l10n.t('Join a Team…'), 'cuebook.joinTeam'),
    row('sign-in', vscode.l10n.t('Sign In to a Server…'), 'cuebook.signIn'),
    row('device-desktop', vscode.l10n.t('Devices…'), 'cuebook.showDevices'),
    row('debug-restart', vscode.l10n.t('Connect Now'), 'cuebook.reconnect'),
    row('output', vscode.l10n.t('Show Sync Log'), 'cuebook.showSyncLog'),
  ]);
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command, chosen.given);
}

function accountRow(account: AccountSummary): Choice<Entry> {
  const needsDevice = account.session === 'deviceNeeded';
  return {
    label: `$(account) ${labelOf(account.email ?? account.displayName)}`,
    description: `${account.server ?? ''}: ${connectionWords(account, vscode.l10n.t)}`,
    value: needsDevice
      ? { command: 'cuebook.setUpDevice', given: account.id }
      : {
          command: account.session === 'signedOut' ? 'cuebook.signIn' : 'cuebook.manageAccount',
          given: account.id,
        },
  };
}

function teamRow(team: TeamSummary): Choice<Entry> {
  return {
    label: `$(organization) ${labelOf(team.name)}`,
    description: syncWords(team.sync, vscode.l10n.t),
    value: { command: 'cuebook.showMembers', given: team.id },
  };
}

function row(icon: string, label: string, command: string): Choice<Entry> {
  return { label: `$(${icon}) ${label}`, value: { command } };
}
