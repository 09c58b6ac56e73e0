// Says once that a team is over for this account, and that what was here stays.

import * as vscode from 'vscode';
import type { WorkspaceId } from '../../library/api.ts';
import type { SyncEnd, TeamSummary, Teams } from '../../library/teams.ts';
import { oneLine } from '../library/plainText.ts';
import { syncWords } from './words.ts';

/** Ids of the teams whose end was said. No content. */
const memory = 'cuebook.toldEndings';

export function tellEndings(teams: Teams, state: vscode.Memento): vscode.Disposable {
  const look = async (): Promise<void> => {
    const overview = await teams.overview();
    if (!overview.ok) return;
    const ended = overview.value.teams.filter(({ sync }) => sync.kind === 'ended' && !isKnown(sync.why));
    const told = new Set(state.get<readonly WorkspaceId[]>(memory, []));
    const news = ended.filter(({ id }) => !told.has(id));
    if (news.length === 0) return;
    await state.update(
      memory,
      ended.map(({ id }) => id),
    );
    for (const team of news) void tell(team);
  };
  const stop = teams.onDidChange(({ overview }) => {
    if (overview) void look();
  });
  return new vscode.Disposable(stop);
}

/** Who left knows; that this device was taken out is said once for the account (settled.ts), not for each team. */
const isKnown = (why: SyncEnd): boolean => why === 'left' || why === 'deviceRevoked';

async function tell(team: TeamSummary): Promise<void> {
  const exportAll = vscode.l10n.t('Export…');
  const forget = vscode.l10n.t('Take It off This Computer…');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('The team "{0}": {1}.', oneLine(team.name, 60), syncWords(team.sync, vscode.l10n.t)),
    exportAll,
    forget,
  );
  if (answer === exportAll) await vscode.commands.executeCommand('cuebook.exportEverything');
  if (answer === forget) await vscode.commands.executeCommand('cuebook.forgetTeam', team.id);
}
