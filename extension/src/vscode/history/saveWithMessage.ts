// Saves with a few words on what the version changes. The words travel with the save itself (saveMessages.ts), so the
// version is made with them and needs no amending.

import * as vscode from 'vscode';
import { parsePromptUri } from '../promptUri.ts';
import type { SaveMessages } from '../saveMessages.ts';

/** Of the active editor. `given`: the message, from a program. */
export async function saveWithMessage(messages: SaveMessages, given: unknown): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || parsePromptUri(document.uri) === null) return;
  const message =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Save with Message'),
          prompt: vscode.l10n.t('What this version changes, and why. Empty saves without a message.'),
        });
  if (message === undefined) return;
  const key = document.uri.toString();
  messages.put(key, message.trim());
  try {
    // VS Code's own command: it also saves a document whose last edits were auto-saved, which makes them a version.
    await vscode.commands.executeCommand('workbench.action.files.save');
  } finally {
    messages.take(key);
  }
}
