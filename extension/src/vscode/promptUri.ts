// A prompt's address in VS Code: `cuebook://<workspace>/<promptId>/<name>.cue.md`.
// The id decides; the name is decoration (docs/decisions, Document identity), so an old name still resolves.

import * as vscode from 'vscode';
import type { PromptId, PromptSummary, WorkspaceId } from '../library/api.ts';

export const scheme = 'cuebook';
export const languageId = 'cuebook-prompt';
export const extensionOfPrompts = '.cue.md';

const idPattern = /^[a-z2-7]{26}$/;

export function promptUri(prompt: Pick<PromptSummary, 'id' | 'workspaceId' | 'name'>): vscode.Uri {
  return vscode.Uri.from({
    scheme,
    authority: prompt.workspaceId,
    path: `/${prompt.id}/${prompt.name}${extensionOfPrompts}`,
  });
}

/** Null for anything that is not a prompt's address. */
export function parsePromptUri(
  uri: vscode.Uri,
): { workspaceId: WorkspaceId; id: PromptId; fileName: string } | null {
  if (uri.scheme !== scheme) return null;
  const [, id = '', fileName = ''] = uri.path.split('/');
  if (!idPattern.test(id) || fileName === '') return null;
  return { workspaceId: uri.authority as WorkspaceId, id: id as PromptId, fileName };
}
