// "Show Sync Log": what syncing did, in plain words, newest first. A read-only document in memory.

import * as vscode from 'vscode';
import type { SyncLogLine, Teams, TeamsOverview } from '../../library/teams.ts';
import { sentenceOfTeams } from './settled.ts';
import { logWords, syncWords } from './words.ts';

const scheme = 'cuebook-sync';
const address = vscode.Uri.from({ scheme, path: '/Cuebook Sync Log' });
const lines = 1_000;

export interface SyncLog extends vscode.Disposable {
  show(): Promise<void>;
}

export function createSyncLog(teams: Teams): SyncLog {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const stop = teams.onDidChange(({ syncLog, overview }) => {
    const isOpen = vscode.workspace.textDocuments.some(({ uri }) => uri.scheme === scheme);
    if (isOpen && (syncLog || overview)) changed.fire(address);
  });
  const registration = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: async () => {
      const [overview, log] = await Promise.all([teams.overview(), teams.syncLog(lines)]);
      if (!log.ok) return sentenceOfTeams(log.problem);
      return textOf(overview.ok ? overview.value : null, log.value);
    },
  });
  return {
    show: async () => {
      await vscode.window.showTextDocument(address, { preview: true });
    },
    dispose: () => vscode.Disposable.from(changed, registration, { dispose: stop }).dispose(),
  };
}

function textOf(overview: TeamsOverview | null, log: readonly SyncLogLine[]): string {
  const names = new Map(overview?.teams.map(({ id, name }) => [id, name]));
  const now = overview?.teams.map(({ name, sync }) => `${name}: ${syncWords(sync, vscode.l10n.t)}`) ?? [];
  const past = log.map((line) => {
    const time = new Date(line.at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
    const place = line.workspace === null ? (line.server ?? '') : (names.get(line.workspace) ?? '');
    return `${time}  ${place === '' ? '' : `${place}: `}${logWords(line, vscode.l10n.t)}`;
  });
  return [
    vscode.l10n.t('Now'),
    ...now.map((line) => `  ${line}`),
    '',
    vscode.l10n.t('Before, newest first'),
    ...past.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
