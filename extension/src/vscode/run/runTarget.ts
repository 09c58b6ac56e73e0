// Where a run's text came from: the document and the selections in it, followed through edits from the moment the
// command was called, so that an answer goes to the right place however long it took.

import * as vscode from 'vscode';
import { trackEdit, type TrackedRange } from '../../run/trackedRange.ts';

export interface RunTarget extends vscode.Disposable {
  readonly uri: vscode.Uri;
  readonly languageId: string;
  /** The selected texts as they were when the command was called; empty if nothing was selected. */
  readonly selected: readonly string[];
  /** Where they are now, or why nobody knows. Opens the document if it was closed. */
  locate(): Promise<Located>;
  /** The last selection or, where nothing was selected, the cursor, where it is now. */
  readonly cursor: () => TrackedRange;
}

export type Located =
  | { readonly ok: true; readonly document: vscode.TextDocument; readonly ranges: readonly TrackedRange[] }
  | { readonly ok: false; readonly problem: string };

/** Schemes of documents that a user looks at but whose text is not theirs to run on. */
const foreignSchemes: ReadonlySet<string> = new Set([
  'cuebook',
  'cuebook-result',
  'cuebook-version',
  'cuebook-conflict',
  'cuebook-report',
  'output',
  'comment',
  'vscode-scm',
]);

/** The editor that a run takes its text from: the active one, or beside an open prompt the one next to it. */
export function editorForRun(): vscode.TextEditor | null {
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  return editors.find((editor) => editor && !foreignSchemes.has(editor.document.uri.scheme)) ?? null;
}

export function createRunTarget(editor: vscode.TextEditor): RunTarget {
  const { document } = editor;
  const { uri, languageId } = document;
  const selections = [...editor.selections].sort((a, b) => a.start.compareTo(b.start));
  const toRange = (selection: vscode.Selection): TrackedRange => ({
    start: document.offsetAt(selection.start),
    end: document.offsetAt(selection.end),
    changed: false,
  });
  const filled = selections.filter((selection) => !selection.isEmpty);
  const selected = filled.map((selection) => document.getText(selection));
  let ranges = filled.map(toRange);
  let cursor = toRange(selections.at(-1) ?? editor.selection);
  let wasClosed = false;

  const subscriptions = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document.uri.toString() !== uri.toString()) return;
      const changes = event.contentChanges.map((change) => ({
        offset: change.rangeOffset,
        length: change.rangeLength,
        text: change.text,
      }));
      ranges = ranges.map((range) => trackEdit(range, changes));
      cursor = trackEdit(cursor, changes);
    }),
    vscode.workspace.onDidCloseTextDocument((closed) => {
      wasClosed ||= closed.uri.toString() === uri.toString();
    }),
  );

  return {
    uri,
    languageId,
    selected,
    cursor: () => cursor,
    async locate() {
      const found = await openAgain(uri);
      if (found === null) {
        return { ok: false, problem: vscode.l10n.t('The document is closed and cannot be opened again.') };
      }
      // Edits that were thrown away with the document were tracked too: look for the texts themselves.
      if (wasClosed || ranges.some((range) => range.changed && range.start === range.end)) {
        const places = findTexts(found.getText(), selected, ranges);
        if (places === null) {
          return { ok: false, problem: vscode.l10n.t('The selected text is no longer in the document.') };
        }
        ranges = places;
        wasClosed = false;
      }
      return { ok: true, document: found, ranges };
    },
    dispose: () => subscriptions.dispose(),
  };
}

async function openAgain(uri: vscode.Uri): Promise<vscode.TextDocument | null> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return open;
  if (uri.scheme === 'untitled') return null;
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return null;
  }
}

/** Each text at its old place, else at the only place where it is. Null if one of them is nowhere or in doubt. */
function findTexts(
  text: string,
  selected: readonly string[],
  ranges: readonly TrackedRange[],
): TrackedRange[] | null {
  const places: TrackedRange[] = [];
  for (const [index, wanted] of selected.entries()) {
    const old = ranges[index]?.start ?? 0;
    const start = text.startsWith(wanted, old) ? old : onlyPlace(text, wanted);
    if (start === null) return null;
    places.push({ start, end: start + wanted.length, changed: false });
  }
  return places;
}

function onlyPlace(text: string, wanted: string): number | null {
  const first = text.indexOf(wanted);
  return first >= 0 && text.indexOf(wanted, first + 1) < 0 ? first : null;
}

export function toEditorRange(document: vscode.TextDocument, range: TrackedRange): vscode.Range {
  return new vscode.Range(document.positionAt(range.start), document.positionAt(range.end));
}
