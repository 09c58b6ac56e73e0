// Marks left of lines that are not saved, or saved but not synced yet.

import * as vscode from 'vscode';
import type { Block, LineOrigins } from './lineHistory.ts';

export interface ChangeMarks extends vscode.Disposable {
  /** `syncs`: whether this prompt is on a server at all; without one nothing waits to be synced. */
  show(editor: vscode.TextEditor, origins: LineOrigins, syncs: boolean): void;
  hide(editor: vscode.TextEditor): void;
}

export function createChangeMarks(extensionUri: vscode.Uri): ChangeMarks {
  const mark = (name: string): vscode.TextEditorDecorationType =>
    vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      dark: { gutterIconPath: vscode.Uri.joinPath(extensionUri, 'media', `${name}-dark.svg`) },
      light: { gutterIconPath: vscode.Uri.joinPath(extensionUri, 'media', `${name}-light.svg`) },
      gutterIconSize: 'contain',
      overviewRulerColor: new vscode.ThemeColor(`cuebook.${name}Foreground`),
      overviewRulerLane: vscode.OverviewRulerLane.Left,
    });
  const unsaved = mark('unsaved');
  const unsynced = mark('unsynced');
  return {
    show(editor, { blocks }, syncs) {
      const rangesOf = (chosen: readonly Block[]) =>
        chosen.map(({ first, last }) => new vscode.Range(first, 0, last, 0));
      editor.setDecorations(unsaved, rangesOf(blocks.filter(({ kind }) => kind === 'unsaved')));
      const waiting = blocks.filter(({ version }) => syncs && version?.synced === false);
      editor.setDecorations(unsynced, rangesOf(waiting));
    },
    hide(editor) {
      editor.setDecorations(unsaved, []);
      editor.setDecorations(unsynced, []);
    },
    dispose: () => vscode.Disposable.from(unsaved, unsynced).dispose(),
  };
}
