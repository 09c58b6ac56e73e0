// The history in the panel: pages of past runs as the library finds them. The library keeps them sealed; here is only
// what is shown.

import * as vscode from 'vscode';
import type { Library, RunSummary } from '../../library/api.ts';
import type { HistoryView } from '../../run/panelProtocol.ts';
import { createLatestOnly } from '../library/latestOnly.ts';
import { wentWell } from '../library/problems.ts';

export interface RunHistory {
  isEnabled(): boolean;
  search(query: string): void;
  refresh(): void;
  more(): Promise<void>;
  clear(): Promise<void>;
  dispose(): void;
}

const pageSize = 30;
/** Runs that the panel lists at most. */
const shownLimit = 600;

export function createRunHistory(library: Library, show: (history: HistoryView) => void): RunHistory {
  let shown: HistoryView = emptyHistory;
  const set = (history: HistoryView): void => {
    shown = history;
    show(history);
  };
  const pages = createLatestOnly(
    async (query: string) => pageOf(library, query),
    (runs, query) => set({ enabled: isHistoryEnabled(), query, runs, more: runs.length === pageSize }),
  );
  const stopListening = library.onDidChange((change) => {
    if (change.runs) pages.ask(shown.query);
  });
  return {
    isEnabled: isHistoryEnabled,
    search: (query) => pages.ask(query),
    refresh: () => pages.ask(shown.query),
    async more() {
      const last = shown.runs.at(-1);
      if (!last || shown.runs.length >= shownLimit) return;
      const { query } = shown;
      const next = await pageOf(library, query, last);
      if (shown.query !== query) return;
      set({ ...shown, runs: [...shown.runs, ...next], more: next.length === pageSize });
    },
    async clear() {
      const yes = vscode.l10n.t('Clear History');
      const answer = await vscode.window.showWarningMessage(
        vscode.l10n.t('Delete all runs of the local history?'),
        { modal: true, detail: vscode.l10n.t('They cannot be brought back.') },
        yes,
      );
      if (answer === yes && wentWell(await library.clearRuns()))
        set({ ...emptyHistory, enabled: isHistoryEnabled() });
    },
    dispose() {
      pages.stop();
      stopListening();
    },
  };
}

export const emptyHistory: HistoryView = { enabled: true, query: '', runs: [], more: false };

function isHistoryEnabled(): boolean {
  return vscode.workspace.getConfiguration('cuebook').get<boolean>('runHistory.enabled', true);
}

async function pageOf(library: Library, query: string, after?: RunSummary): Promise<readonly RunSummary[]> {
  const runs = await library.runs({
    limit: pageSize,
    ...(query === '' ? {} : { query }),
    ...(after === undefined ? {} : { before: after.id }),
  });
  return runs.ok ? runs.value : [];
}
