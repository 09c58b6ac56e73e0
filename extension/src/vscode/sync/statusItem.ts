// The status bar's entry for teams, with a menu. Not there while nothing is on any server.

import * as vscode from 'vscode';
import type { Teams } from '../../library/teams.ts';
import { statusWords } from './words.ts';

export const syncMenuCommand = 'cuebook.syncMenu';

/** Says that there is something to show, so that a window of somebody without a server asks the library nothing. */
const memory = 'cuebook.hasServer';

export const hasServer = (state: vscode.Memento): boolean => state.get<boolean>(memory, false);

export function createStatusItem(teams: Teams, state: vscode.Memento): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('cuebook.sync', vscode.StatusBarAlignment.Left, 0);
  item.name = vscode.l10n.t('Cuebook teams');
  item.command = syncMenuCommand;
  const progress = createViewProgress();
  let asked = 0;
  const refresh = async (): Promise<void> => {
    asked += 1;
    const own = asked;
    const overview = await teams.overview();
    if (own !== asked || !overview.ok) return;
    progress.set(overview.value.teams.some(({ sync }) => sync.kind === 'catchingUp'));
    const words = statusWords(overview.value, vscode.l10n.t);
    if (hasServer(state) !== (words !== null)) void state.update(memory, words !== null);
    if (words === null) {
      item.hide();
      return;
    }
    item.text = `$(${words.icon}) ${words.text}`;
    item.tooltip = words.tooltip;
    item.accessibilityInformation = { label: vscode.l10n.t('Cuebook teams: {0}', words.text) };
    item.backgroundColor = words.needsAttention
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    item.show();
  };
  const stop = teams.onDidChange(({ overview }) => {
    if (overview) void refresh();
  });
  if (hasServer(state)) void refresh();
  return vscode.Disposable.from(item, progress, { dispose: stop });
}

/** The library's view shows that more is coming, while what is there can be used. */
function createViewProgress(): { set(isBusy: boolean): void } & vscode.Disposable {
  let end: (() => void) | null = null;
  const finish = (): void => {
    end?.();
    end = null;
  };
  return {
    set(isBusy) {
      if (!isBusy) return finish();
      if (end !== null) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      end = resolve;
      void vscode.window.withProgress({ location: { viewId: 'cuebook.library' } }, async () => promise);
    },
    dispose: finish,
  };
}
