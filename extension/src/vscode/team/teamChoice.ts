// Which account and which team a command is for: asked only where there is more than one.

import * as vscode from 'vscode';
import type { WorkspaceId } from '../../library/api.ts';
import type { AccountSummary, TeamSummary, Teams } from '../../library/teams.ts';
import { labelOf } from '../library/plainText.ts';
import { syncWords } from '../sync/words.ts';
import { chooseUnlessOne } from './questions.ts';

/** An account that syncs; undefined if there is none or the user gave up. Says what to do if there is none. */
export async function chooseAccount(teams: Teams, title: string): Promise<AccountSummary | undefined> {
  const overview = await teams.overview();
  const accounts = overview.ok ? overview.value.accounts.filter(({ session }) => session === 'signedIn') : [];
  if (accounts.length === 0) {
    const signIn = vscode.l10n.t('Sign In…');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('Sign in to a Cuebook server first.'),
      signIn,
    );
    if (answer === signIn) await vscode.commands.executeCommand('cuebook.signIn');
    return undefined;
  }
  return chooseUnlessOne(
    title,
    accounts.map((account) => ({
      label: labelOf(account.email ?? account.displayName),
      description: account.server ?? '',
      value: account,
    })),
  );
}

/** `given`: what a menu or another command named. */
export async function chooseTeam(
  teams: Teams,
  request: {
    readonly title: string;
    readonly given: unknown;
    readonly fits: (team: TeamSummary) => boolean;
    /** Said if no team fits. */
    readonly none: string;
  },
): Promise<TeamSummary | undefined> {
  const overview = await teams.overview();
  const all = overview.ok ? overview.value.teams : [];
  const named = all.find(({ id }) => id === workspaceIn(request.given));
  if (named !== undefined && request.fits(named)) return named;
  const fitting = all.filter((team) => request.fits(team));
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(request.none);
    return undefined;
  }
  return chooseUnlessOne(request.title, fitting.map(choiceOf));
}

function choiceOf(team: TeamSummary): { label: string; description: string; value: TeamSummary } {
  return { label: labelOf(team.name), description: syncWords(team.sync, vscode.l10n.t), value: team };
}

/** From an id, or from a row of the tree. */
function workspaceIn(given: unknown): WorkspaceId | null {
  if (typeof given === 'string') return given as WorkspaceId;
  if (typeof given !== 'object' || given === null) return null;
  if ('workspace' in given) return workspaceIn(given.workspace);
  return 'id' in given ? workspaceIn(given.id) : null;
}

/** May change who is in the team. */
export function isAdmin({ role, sync }: TeamSummary): boolean {
  return (role === 'admin' || role === 'owner') && sync.kind !== 'ended' && sync.kind !== 'local';
}
