// Whether a workspace is on a server: without one nothing waits to be synced, and saying "not synced" would be noise.

import * as vscode from 'vscode';
import type { WorkspaceId } from '../../library/api.ts';
import type { Teams } from '../../library/teams.ts';

export interface Syncing extends vscode.Disposable {
  of(workspace: WorkspaceId): Promise<boolean>;
  readonly onDidChange: vscode.Event<void>;
}

export function createSyncing(teams: Teams): Syncing {
  const changed = new vscode.EventEmitter<void>();
  let asked: Promise<ReadonlySet<WorkspaceId>> | null = null;
  const stop = teams.onDidChange(({ overview }) => {
    if (!overview) return;
    asked = null;
    changed.fire();
  });
  return {
    onDidChange: changed.event,
    async of(workspace) {
      asked ??= syncedWorkspaces(teams);
      return (await asked).has(workspace);
    },
    dispose() {
      stop();
      changed.dispose();
    },
  };
}

export async function syncedWorkspaces(teams: Teams): Promise<ReadonlySet<WorkspaceId>> {
  const overview = await teams.overview();
  if (!overview.ok) return new Set();
  const synced = overview.value.teams.filter(({ sync }) => sync.kind !== 'local' && sync.kind !== 'ended');
  return new Set(synced.map(({ id }) => id));
}
