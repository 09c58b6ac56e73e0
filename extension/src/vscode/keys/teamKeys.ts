// Asks before a team's provider key is used for the first time, and at another address again.

import * as vscode from 'vscode';
import type { WorkspaceId } from '../../library/api.ts';
import type { SharedKey } from '../../library/teams.ts';
import { oneLine } from '../library/plainText.ts';
import type { Services } from '../services.ts';
import { createRunKeys, type RunKeys } from './runKeys.ts';

type KeyServices = Pick<Services, 'keys' | 'teams'>;

export async function keysForRun(services: KeyServices, workspace: WorkspaceId | null): Promise<RunKeys> {
  const { keys, teams } = services;
  return createRunKeys({ keys, teams, ask: async (id, key) => askToUse(services, id, key) }, workspace);
}

async function askToUse(
  { teams }: KeyServices,
  workspace: WorkspaceId,
  { label, address }: SharedKey,
): Promise<boolean> {
  const overview = await teams.overview();
  const team = overview.ok ? overview.value.teams.find(({ id }) => id === workspace) : undefined;
  const use = vscode.l10n.t('Use the Team’s Key');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t(
      'Run with the key that “{0}” shares for {1}?',
      oneLine(team?.name ?? '', 60),
      oneLine(label, 60),
    ),
    {
      modal: true,
      detail: [
        vscode.l10n.t('The prompt and what you give it are sent to:'),
        oneLine(address, 300),
        '',
        vscode.l10n.t(
          'An admin of the team chose this address. Cuebook asks again if it changes; a key of your own for this provider comes first.',
        ),
      ].join('\n'),
    },
    use,
  );
  return answer === use;
}
