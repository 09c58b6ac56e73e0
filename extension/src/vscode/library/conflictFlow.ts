// The way through a conflict: told once, both sides side by side, and it ends only when no marker is left in the saved
// text *and* the user says so. Until then everything that is saved is a draft; both versions stay in the history.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { parsePromptUri } from '../promptUri.ts';
import { completeMergeEditor, openConflict } from './conflictEditor.ts';
import { chosenLines, conflictRegions, hasConflictMarkers, type ConflictChoice } from './conflictText.ts';
import type { SaveReason } from './openDocuments.ts';
import { oneLine } from './plainText.ts';
import { valueOrShown } from './problems.ts';

export interface ConflictFlow {
  /** An explicit save waits for an answer, so the merge editor opens; an auto save only says that there is one. */
  arose(id: PromptId, reason: SaveReason): Promise<void>;
  /** The saved text has no markers any more: asks if the conflict is over. */
  offerToFinish(id: PromptId): Promise<void>;
  /** Ends the conflict with the text as it is now, saved. Says why if it cannot. */
  finish(id: PromptId): Promise<boolean>;
}

export function createConflictFlow(library: Library): ConflictFlow {
  // While the user's own "Finish Merge" saves the text there is nothing to offer.
  const finishing = new Set<PromptId>();

  const finish = async (id: PromptId): Promise<boolean> => {
    finishing.add(id);
    try {
      return (await completeMergeEditor()) && (await endConflict(library, id));
    } finally {
      finishing.delete(id);
    }
  };

  return {
    async arose(id, reason) {
      if (reason === 'auto' && !(await askToMerge(library, id))) return;
      await markersShown(id);
      await openConflict(library, id);
    },
    async offerToFinish(id) {
      if (!finishing.has(id) && (await askToFinish())) await finish(id);
    },
    finish,
  };
}

async function askToMerge(library: Library, id: PromptId): Promise<boolean> {
  const merge = vscode.l10n.t('Merge…');
  const prompt = await library.prompt(id);
  if (!prompt.ok) return false;
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t(
      'The same lines of "{0}" were changed elsewhere. Both versions are kept; merge them when you like.',
      oneLine(prompt.value.name, 60),
    ),
    merge,
  );
  return answer === merge;
}

async function askToFinish(): Promise<boolean> {
  const finish = vscode.l10n.t('Finish Merge');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('No conflict is left in the text. Make it the new version?'),
    finish,
    vscode.l10n.t('Not Yet'),
  );
  return answer === finish;
}

/**
 * Waits until an open document shows its conflict: the merge editor merges what it can by itself only if it finds
 * markers when it opens. Gives up after a moment, since the user may have typed on meanwhile.
 */
async function markersShown(id: PromptId): Promise<void> {
  const lacksMarkers = vscode.workspace.textDocuments.some(
    (document) => parsePromptUri(document.uri)?.id === id && !hasConflictMarkers(document.getText()),
  );
  if (!lacksMarkers) return;
  const shown = Promise.withResolvers<null>();
  const subscription = vscode.workspace.onDidChangeTextDocument(({ document }) => {
    if (parsePromptUri(document.uri)?.id === id && hasConflictMarkers(document.getText()))
      shown.resolve(null);
  });
  const timer = setTimeout(() => shown.resolve(null), 3000);
  await shown.promise;
  clearTimeout(timer);
  subscription.dispose();
}

async function endConflict(library: Library, id: PromptId): Promise<boolean> {
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
