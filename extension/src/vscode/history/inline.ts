// History beside the text of open prompts. Loaded with the first prompt that is shown; draws what the layers' settings
// ask for, and asks the library nothing while all of them are off.

import * as vscode from 'vscode';
import type { LibraryChange } from '../../library/api.ts';
import { createDelayed } from '../language/delayed.ts';
import { parsePromptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { createAnnotations } from './annotations.ts';
import { createChangeMarks } from './changeMarks.ts';
import { registerChangeHover } from './changeHover.ts';
import { hoverPlace, isOn, onDidChangeLayers } from './layers.ts';
import { registerLenses } from './lenses.ts';
import { blockAt, createLineHistory, type LineHistory } from './lineHistory.ts';
import { createSyncing } from './syncing.ts';
import type { VersionPlace } from './versionLink.ts';

export interface InlineHistory extends vscode.Disposable {
  /** The version that introduced the line with the caret, and the line in it; null if that is not known. */
  lineUnderCaret(): (VersionPlace & { readonly line: number }) | null;
}

/** A frame or two: a caret that is held down does not draw at each line that it passes. */
const drawingPause = 40;

export function createInlineHistory(services: Services): InlineHistory {
  const { library, teams, context } = services;
  // Only the kind of error: its message may quote a prompt.
  const failed = (error: unknown): void =>
    services.log.error(`History beside a text failed: ${error instanceof Error ? error.name : typeof error}`);
  const lines = createLineHistory(library, failed);
  const annotations = createAnnotations();
  const marks = createChangeMarks(context.extensionUri);
  const syncing = createSyncing(teams);
  const drawing = createDelayed(drawingPause, failed);

  const draw = async (): Promise<void> => {
    for (const editor of vscode.window.visibleTextEditors) {
      const place = parsePromptUri(editor.document.uri);
      if (place === null) continue;
      const marked = isOn('changeMarks');
      drawEditor(editor, marked && (await syncing.of(place.workspaceId)));
    }
  };
  const drawEditor = (editor: vscode.TextEditor, syncs: boolean): void => {
    if (isAnyOn()) lines.want(editor.document);
    const origins = lines.of(editor.document);
    const isActive = editor === vscode.window.activeTextEditor;
    annotations.showCurrentLine(editor, isActive && isOn('currentLine') ? origins : null);
    // What stands before the lines moves with the text, so it stays until the newer answer is there.
    if (!isOn('allLines')) annotations.hideAllLines(editor);
    else if (origins !== null) annotations.showAllLines(editor, origins);
    if (!isOn('changeMarks')) marks.hide(editor);
    else if (origins !== null) marks.show(editor, origins, syncs);
  };
  const drawSoon = (): void => drawing.request('', draw);

  const onLibraryChange = ({ texts, tree }: LibraryChange): void => {
    if (texts.length === 0 && !tree) return;
    lines.outdate(tree ? null : texts.map(({ id }) => id));
    drawSoon();
  };
  const isPrompt = ({ uri }: vscode.TextDocument): boolean => parsePromptUri(uri) !== null;
  const subscriptions = vscode.Disposable.from(
    lines,
    annotations,
    marks,
    syncing,
    drawing,
    new vscode.Disposable(library.onDidChange(onLibraryChange)),
    lines.onDidChange(drawSoon),
    syncing.onDidChange(() => {
      lines.outdate(null);
      drawSoon();
    }),
    onDidChangeLayers(drawSoon),
    vscode.window.onDidChangeVisibleTextEditors(drawSoon),
    vscode.window.onDidChangeActiveTextEditor(drawSoon),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
      if (isPrompt(textEditor.document)) drawSoon();
    }),
    vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => {
      if (isPrompt(textEditor.document) && isOn('allLines')) drawSoon();
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (isPrompt(document)) drawSoon();
    }),
    registerChangeHover({ library, lines }),
    registerLenses({ library, lines, syncing }),
  );
  drawSoon();
  return { lineUnderCaret: () => lineUnderCaret(lines), dispose: () => subscriptions.dispose() };
}

function isAnyOn(): boolean {
  const layers = ['currentLine', 'allLines', 'changeMarks', 'changeLens'] as const;
  return layers.some(isOn) || hoverPlace() === 'line';
}

function lineUnderCaret(lines: LineHistory): (VersionPlace & { readonly line: number }) | null {
  const editor = vscode.window.activeTextEditor;
  const origins = editor ? lines.of(editor.document) : null;
  const at = editor?.selection.active.line ?? 0;
  const block = blockAt(origins, at);
  if (origins === null || block === null || block.version === null) return null;
  const { promptId } = origins;
  return { promptId, revisionId: block.version.revisionId, line: block.firstInVersion + at - block.first };
}
