// How a workspace is named, and what tells it from another of the same name.

import type { WorkspaceId, WorkspaceSummary } from '../../library/api.ts';
import type { Translate } from '../../run/translate.ts';
import { labelOf } from './plainText.ts';

export function workspaceName({ kind, name }: WorkspaceSummary, t: Translate): string {
  return kind === 'personal' ? t('Personal') : name;
}

/** Where it is: said of the personal prompts that are on a server, and of all that share their name. Empty: not needed. */
export function whereabouts(
  workspace: WorkspaceSummary,
  all: readonly WorkspaceSummary[],
  t: Translate,
): string {
  const { id, kind, server } = workspace;
  const name = workspaceName(workspace, t);
  const hasTwin = all.some((other) => other.id !== id && workspaceName(other, t) === name);
  if (server !== null) return kind === 'personal' || hasTwin ? new URL(server).host : '';
  return hasTwin ? t('on this computer only') : '';
}

/** A workspace as a row to choose; `all`: those that it must be told from. */
export function workspaceChoice(
  workspace: WorkspaceSummary,
  all: readonly WorkspaceSummary[],
  t: Translate,
): { readonly label: string; readonly description: string; readonly id: WorkspaceId } {
  const icon = workspace.kind === 'personal' ? 'account' : 'organization';
  return {
    label: `$(${icon}) ${labelOf(workspaceName(workspace, t))}`,
    description: whereabouts(workspace, all, t),
    id: workspace.id,
  };
}
