// A prompt uses the selection or the file, and there is none: what else could go there?

import * as vscode from 'vscode';
import type { RunTarget } from './runTarget.ts';
import { fileNameOf } from './editorValues.ts';
import type { AskText } from './askInputs.ts';

interface Source extends vscode.QuickPickItem {
  readonly read: () => Promise<string | null>;
}

/** The text, `''` for none, or null if the user gave up. */
export async function askForText(
  name: 'selection' | 'file',
  promptName: string,
  target: RunTarget | null,
  askText: AskText,
): Promise<string | null> {
  const wholeFile: Source[] =
    target === null
      ? []
      : [
          {
            label: `$(file) ${vscode.l10n.t('Use the Whole File')}`,
            description: fileNameOf(target.uri),
            read: async () => (await vscode.workspace.openTextDocument(target.uri)).getText(),
          },
        ];
  const sources: readonly Source[] = [
    ...wholeFile,
    {
      label: `$(clippy) ${vscode.l10n.t('Use the Clipboard')}`,
      read: async () => vscode.env.clipboard.readText(),
    },
    {
      label: `$(edit) ${vscode.l10n.t('Type the Text…')}`,
      read: async () => typed(name, promptName, askText),
    },
    { label: `$(circle-slash) ${vscode.l10n.t('Leave It Empty')}`, read: async () => '' },
  ];
  const chosen = await vscode.window.showQuickPick(sources, {
    title: promptName,
    placeHolder:
      name === 'selection'
        ? vscode.l10n.t('The prompt uses the selection, and nothing is selected.')
        : vscode.l10n.t('The prompt uses the active file, and no file is open.'),
    ignoreFocusOut: true,
  });
  return chosen ? chosen.read() : null;
}

async function typed(name: string, promptName: string, askText: AskText): Promise<string | null> {
  const { outcome, text } = await askText({
    title: promptName,
    name,
    description: '',
    value: '',
    problem: '',
    required: false,
    canGoBack: false,
  });
  return outcome === 'continue' ? text : null;
}
