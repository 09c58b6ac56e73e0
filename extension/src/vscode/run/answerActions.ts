// What is done with an answer besides replacing the selection: below it, to the clipboard, as a document of its own.

import * as vscode from 'vscode';
import { answerDocument, answerFor } from '../../run/answerText.ts';
import type { RunTarget } from './runTarget.ts';
import { editorForRun } from './runTarget.ts';

export async function copyAnswer(answer: string): Promise<void> {
  await vscode.env.clipboard.writeText(answer);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Answer copied'), 3000);
}

/** On a line of its own below the selection (or the cursor) that the run was called with. One edit, one undo. */
export async function insertBelow(answer: string, target: RunTarget | null): Promise<void> {
  const place = await placeBelow(target);
  if (place === null) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('There is no document to insert the answer into. Open it as a document instead.'),
    );
    return;
  }
  const { document, line } = place;
  const end = document.lineAt(line).range.end;
  const { text } = answerFor(answer, document.languageId);
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, end, `\n${text}`);
  if (!(await vscode.workspace.applyEdit(edit))) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('The document did not take the text. Is it read-only?'),
    );
    return;
  }
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const begin = new vscode.Position(line + 1, 0);
  const lines = text.split(/\r\n|\r|\n/);
  const last = new vscode.Position(line + lines.length, lines.at(-1)?.length ?? 0);
  editor.selection = new vscode.Selection(begin, last);
  editor.revealRange(new vscode.Range(begin, last));
}

async function placeBelow(
  target: RunTarget | null,
): Promise<{ readonly document: vscode.TextDocument; readonly line: number } | null> {
  const located = (await target?.locate()) ?? null;
  if (target !== null && located?.ok === true) {
    const { document, ranges } = located;
    const { end } = ranges.at(-1) ?? target.cursor();
    // A selection of whole lines ends at the beginning of the next one.
    const position = document.positionAt(end);
    const isWholeLine = position.character === 0 && ranges.length > 0 && position.line > 0;
    return { document, line: isWholeLine ? position.line - 1 : position.line };
  }
  const editor = editorForRun();
  return editor === null ? null : { document: editor.document, line: editor.selection.end.line };
}

/** Untitled, in the language of the answer: the user decides whether and where it is saved. */
export async function openAnswer(answer: string): Promise<void> {
  const { language, text } = answerDocument(answer);
  const known = await vscode.languages.getLanguages();
  const languageId = languageIds[language] ?? language;
  const document = await vscode.workspace.openTextDocument({
    content: text,
    language: known.includes(languageId) ? languageId : 'plaintext',
  });
  await vscode.window.showTextDocument(document, { preview: false });
}

/** What models write after a fence, where VS Code's id is another. */
const languageIds: Readonly<Record<string, string>> = {
  ts: 'typescript',
  tsx: 'typescriptreact',
  js: 'javascript',
  jsx: 'javascriptreact',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  cs: 'csharp',
  'c++': 'cpp',
  'c#': 'csharp',
  sh: 'shellscript',
  bash: 'shellscript',
  shell: 'shellscript',
  zsh: 'shellscript',
  ps1: 'powershell',
  yml: 'yaml',
  md: 'markdown',
  kt: 'kotlin',
  text: 'plaintext',
  txt: 'plaintext',
};
