// The one place that knows VS Code's merge editor. It has no public API: `_open.mergeEditor` is VS Code's own command,
// with the argument `{ base, input1, input2, output }` (mergeEditor/browser/commands/commands.ts, `IRelaxedOpenArgs`),
// `mergeEditor.acceptMerge` its "Complete Merge", which answers `{ successful }`; the Git extension uses both.
// Where it is missing or throws, the document itself opens, with conflict markers and actions above them.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import { labelOf } from './plainText.ts';
import { valueOrShown } from './problems.ts';
import { conflictUri } from './virtualTexts.ts';

export type OpenCommand = (command: string, ...rest: readonly unknown[]) => Thenable<unknown>;

/**
 * Ends the merge editor if it is the active one, as its own button does: it asks about places that are still open, saves
 * and closes. False if the user thought better of it; true also where no merge editor is active.
 */
export async function completeMergeEditor(
  execute: OpenCommand = vscode.commands.executeCommand,
): Promise<boolean> {
  try {
    const answer: unknown = await execute('mergeEditor.acceptMerge');
    const refused =
      typeof answer === 'object' && answer !== null && 'successful' in answer && !answer.successful;
    return !refused;
  } catch {
    return true;
  }
}

/** Shows both sides of a prompt's conflict. `execute` is VS Code's; a test passes one that throws. */
export async function openConflict(
  library: Library,
  id: PromptId,
  execute: OpenCommand = vscode.commands.executeCommand,
): Promise<void> {
  const prompt = valueOrShown(await library.prompt(id));
  if (!prompt) return;
  const output = promptUri(prompt);
  const title = labelOf(prompt.name);
  try {
    await execute('_open.mergeEditor', {
      base: conflictUri(prompt, 'base'),
      input1: { uri: conflictUri(prompt, 'theirs'), title: vscode.l10n.t('Theirs'), description: title },
      input2: { uri: conflictUri(prompt, 'mine'), title: vscode.l10n.t('Mine'), description: title },
      output,
    });
  } catch {
    await vscode.window.showTextDocument(output);
  }
}
