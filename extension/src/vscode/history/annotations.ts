// What stands beside the lines of a prompt: after the current line who changed it last, when and why; before all lines,
// on demand, who and when, with a colour by age. Both are decorations: they change no text and no layout of it.

import * as vscode from 'vscode';
import type { VersionSummary } from '../../library/history.ts';
import { oneLine } from '../library/plainText.ts';
import { warmthOf, type Warmth } from './age.ts';
import { isOn } from './layers.ts';
import { blockAt, type Block, type LineOrigins } from './lineHistory.ts';
import { agoOf, authorOf, byLine, messageOf, numberOf } from './words.ts';

export interface Annotations extends vscode.Disposable {
  /** `origins` null: not known (yet), so nothing is said. */
  showCurrentLine(editor: vscode.TextEditor, origins: LineOrigins | null): void;
  showAllLines(editor: vscode.TextEditor, origins: LineOrigins): void;
  hideAllLines(editor: vscode.TextEditor): void;
}

const foreground = new vscode.ThemeColor('cuebook.annotationForeground');
const warmths: readonly Warmth[] = [1, 2, 3, 4, 5];
/** Characters before each line. */
const columnWidth = 30;
/** Lines around the visible ones that are annotated too, so that scrolling a little shows no gap. */
const margin = 60;

export function createAnnotations(): Annotations {
  const { createTextEditorDecorationType } = vscode.window;
  const afterLine = createTextEditorDecorationType({
    after: { color: foreground, margin: '0 0 0 3em', fontStyle: 'normal' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  const column = createTextEditorDecorationType({
    before: { color: foreground, width: `${columnWidth}ch`, margin: '0 1em 0 0.7em' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  const heat = warmths.map((warmth) =>
    createTextEditorDecorationType({
      isWholeLine: true,
      borderWidth: '0 0 0 3px',
      borderStyle: 'solid',
      borderColor: heatColor(warmth),
      overviewRulerColor: heatColor(warmth),
      overviewRulerLane: vscode.OverviewRulerLane.Left,
    }),
  );

  return {
    showCurrentLine(editor, origins) {
      editor.setDecorations(afterLine, origins === null ? [] : currentLine(editor, origins));
    },
    showAllLines(editor, origins) {
      editor.setDecorations(column, allLines(editor, origins));
      for (const [index, type] of heat.entries()) {
        const warm = origins.blocks.filter(({ version }) => warmthOfVersion(version) === warmths[index]);
        editor.setDecorations(
          type,
          warm.map(({ first, last }) => new vscode.Range(first, 0, last, 0)),
        );
      }
    },
    hideAllLines(editor) {
      for (const type of [column, ...heat]) editor.setDecorations(type, []);
    },
    dispose: () => vscode.Disposable.from(afterLine, column, ...heat).dispose(),
  };
}

function currentLine(editor: vscode.TextEditor, origins: LineOrigins): vscode.DecorationOptions[] {
  const at = editor.selection.active.line;
  const block = blockAt(origins, at);
  if (block === null) return [];
  const { end } = editor.document.lineAt(at).range;
  // Who and when stand before the line already.
  const contentText = isOn('allLines') ? whyOf(block) : besideLine(block);
  return [{ range: new vscode.Range(end, end), renderOptions: { after: { contentText } } }];
}

function besideLine({ kind, version }: Block): string {
  if (version === null) return kind === 'unsaved' ? vscode.l10n.t('You, not saved yet') : unverified();
  return oneLine(`${byLine(version)} · ${numberOf(version)} · ${messageOf(version)}`, 100);
}

function whyOf({ version }: Block): string {
  return version === null ? '' : oneLine(`${numberOf(version)} · ${messageOf(version)}`, 100);
}

function allLines(editor: vscode.TextEditor, { blocks }: LineOrigins): vscode.DecorationOptions[] {
  // One stretch, whatever is folded in it.
  const seen = editor.visibleRanges;
  const first = Math.min(...seen.map(({ start }) => start.line)) - margin;
  const last = Math.max(...seen.map(({ end }) => end.line)) + margin;
  const shown = { first, last: Math.min(last, editor.document.lineCount - 1) };
  return blocks.flatMap((block) => beforeLines(block, shown));
}

/** Said once for lines that came together: the eye finds where they end. */
function beforeLines(
  block: Block,
  shown: { readonly first: number; readonly last: number },
): vscode.DecorationOptions[] {
  const { first, last } = block;
  const from = Math.max(first, shown.first);
  const count = Math.max(0, Math.min(last, shown.last) - from + 1);
  return Array.from({ length: count }, (_, index) => {
    const at = new vscode.Position(from + index, 0);
    const contentText = from + index === first ? inColumn(block) : '\u00A0';
    return { range: new vscode.Range(at, at), renderOptions: { before: { contentText } } };
  });
}

/** Nobody's, so nobody is named. */
function unverified(): string {
  return vscode.l10n.t('could not be verified');
}

function inColumn({ kind, version }: Block): string {
  if (version === null) return kind === 'unsaved' ? vscode.l10n.t('not saved yet') : unverified();
  const age = agoOf(version.savedAt);
  const number = numberOf(version);
  const room = columnWidth - number.length - age.length - 5;
  return `${number} · ${oneLine(authorOf(version.author), room)}, ${age}`;
}

function heatColor(warmth: Warmth): vscode.ThemeColor {
  return new vscode.ThemeColor(`cuebook.heat${warmth}`);
}

function warmthOfVersion(version: VersionSummary | null): Warmth {
  return version === null ? 1 : warmthOf(version.savedAt, Date.now());
}
