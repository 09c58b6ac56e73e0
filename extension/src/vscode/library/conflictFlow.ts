// The way through a conflict: told once, both sides side by side, and it ends only when no marker is left in the saved
// text *and* the user says so. Until then everything that is saved is a draft; both versions stay in the history.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { parsePromptUri } from '../promptUri.ts';
import { openConflict } from './conflictEditor.ts';
import { chosenLines, conflictRegions, hasConflictMarkers, type ConflictChoice } from './conflictText.ts';
import type { SaveReason } from './openDocuments.ts';
import { valueOrShown } from './problems.ts';

/** An explicit save waits for an answer, so the merge editor opens; an auto save only says that there is one. */
export async function conflictArose(library: Library, id: PromptId, reason: SaveReason): Promise<void> {
  if (reason === 'explicit') return openConflict(library, id);
  const merge = vscode.l10n.t('Merge…');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('The same lines were changed elsewhere. Both versions are kept; merge them when you like.'),
    merge,
  );
  if (answer === merge) await openConflict(library, id);
}

export async function offerToFinish(library: Library, id: PromptId): Promise<void> {
  const finish = vscode.l10n.t('Finish Merge');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('No conflict is left in the text. Make it the new version?'),
    finish,
    vscode.l10n.t('Not Yet'),
  );
  if (answer === finish) await finishConflict(library, id);
}

/** Ends the conflict with the text as it is saved. Says why if it cannot. */
export async function finishConflict(library: Library, id: PromptId): Promise<boolean> {
  const open = vscode.workspace.textDocuments.find(
    (document) => document.isDirty && parsePromptUri(document.uri)?.id === id,
  );
  if (open) await open.save();
  const text = valueOrShown(await library.read(id));
  if (!text) return false;
  if (hasConflictMarkers(text.text)) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('There are still conflict markers in the text. Choose a side at each, then finish.'),
    );
    return false;
  }
  return valueOrShown(await library.resolveConflict(id, text.text)) !== null;
}

/** Takes a side of the conflict that begins at `line`. False if the document no longer has one there. */
export async function acceptSide(uri: vscode.Uri, line: number, choice: ConflictChoice): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(uri);
  const lineEnd = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
  const region = conflictRegions(plain(document)).find(({ start }) => start === line);
  if (!region) return false;
  const lines = chosenLines(region, choice);
  const range = document.validateRange(new vscode.Range(region.start, 0, region.end + 1, 0));
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, lines.map((text) => `${text}${lineEnd}`).join(''));
  return vscode.workspace.applyEdit(edit);
}

function plain(document: vscode.TextDocument): string {
  return document.getText().replaceAll('\r\n', '\n');
}
