// Replace Selection: the document beside what it would become, in VS Code's own diff, to accept or reject. Accepting is
// one edit and so one undo. The right side is a virtual document in memory; nothing of it is written anywhere.

import * as vscode from 'vscode';
import { replaceRanges } from '../../run/trackedRange.ts';
import { toEditorRange, type Located, type RunTarget } from './runTarget.ts';

export const resultScheme = 'cuebook-result';

export interface Replacement {
  readonly target: RunTarget;
  /** One for each selection. */
  readonly texts: readonly string[];
  /** True if only a part of the answer goes in: the title says so. */
  readonly partial: boolean;
}

export interface SelectionReplacer extends vscode.Disposable {
  propose(replacement: Replacement): Promise<void>;
  accept(): Promise<void>;
  reject(): Promise<void>;
}

interface Review {
  readonly replacement: Replacement;
  readonly resultUri: vscode.Uri;
  /** What stood at the ranges when the user last saw the comparison. */
  seen: readonly string[];
  result: string;
}

export function createSelectionReplacer(): SelectionReplacer {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  /** The one that can be accepted. */
  let review: Review | null = null;
  /** The same, or the one that ended last. */
  let last: Review | null = null;
  let count = 0;

  const setReview = (next: Review | null): void => {
    review = next;
    last = next ?? last;
    void vscode.commands.executeCommand('setContext', 'cuebook.reviewing', next !== null);
  };

  const end = async (): Promise<void> => {
    const ended = review;
    setReview(null);
    if (ended) await closeComparison(ended.resultUri);
  };

  /** Shows the comparison with the document as it is now. */
  const refresh = async (current: Review): Promise<void> => {
    const located = await current.replacement.target.locate();
    if (review !== current || !located.ok) return;
    current.result = resultOf(located, current.replacement.texts);
    changed.fire(current.resultUri);
  };

  const subscriptions = vscode.Disposable.from(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(resultScheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => {
        // VS Code may still ask for a comparison that has just ended, or that it brought back after a reload.
        const known = last?.resultUri.toString() === uri.toString() ? last.result : null;
        return known ?? vscode.l10n.t('This comparison has ended. Run the prompt again.');
      },
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (review && document.uri.toString() === review.replacement.target.uri.toString())
        void refresh(review);
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      const mine = review?.resultUri.toString();
      if (mine !== undefined && closed.some((tab) => resultUriOf(tab)?.toString() === mine)) setReview(null);
    }),
  );

  return {
    async propose(replacement) {
      const { target } = replacement;
      const located = await target.locate();
      if (!located.ok) return refuse(located.problem);
      const readOnly = await whyReadOnly(target.uri);
      if (readOnly !== null) return refuse(readOnly);
      await end();
      count += 1;
      const fileName = target.uri.path.split('/').at(-1) ?? 'document';
      const resultUri = vscode.Uri.from({ scheme: resultScheme, path: `/${count}/${fileName}` });
      setReview({
        replacement,
        resultUri,
        seen: textsAt(located),
        result: resultOf(located, replacement.texts),
      });
      await vscode.commands.executeCommand(
        'vscode.diff',
        target.uri,
        resultUri,
        titleOf(fileName, replacement.partial),
        { preview: true },
      );
    },

    async accept() {
      const current = review;
      if (!current) return;
      const { target, texts } = current.replacement;
      const located = await target.locate();
      if (!located.ok) return refuse(located.problem);
      const now = textsAt(located);
      if (now.some((text, index) => text !== current.seen[index])) {
        current.seen = now;
        await refresh(current);
        void vscode.window.showWarningMessage(
          vscode.l10n.t(
            'The text inside the selection was changed meanwhile. The comparison shows it as it is now: look at it, then accept again.',
          ),
        );
        return;
      }
      if (!(await applyTexts(located, texts))) {
        return refuse(vscode.l10n.t('VS Code did not take the change.'));
      }
      await end();
      await showReplaced(target);
    },

    async reject() {
      const target = review?.replacement.target;
      await end();
      if (target) await vscode.window.showTextDocument(target.uri, { preview: false });
    },

    dispose() {
      review = null;
      subscriptions.dispose();
    },
  };
}

function titleOf(fileName: string, partial: boolean): string {
  return partial
    ? vscode.l10n.t('{0}: Replace Selection? (the answer’s code only)', fileName)
    : vscode.l10n.t('{0}: Replace Selection?', fileName);
}

type Found = Located & { readonly ok: true };

function textsAt({ document, ranges }: Found): readonly string[] {
  return ranges.map((range) => document.getText(toEditorRange(document, range)));
}

function resultOf({ document, ranges }: Found, texts: readonly string[]): string {
  const endOfLine = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
  const replacements = ranges.map((range, index) => ({
    range,
    text: (texts[index] ?? '').replaceAll(/\r\n|\r|\n/g, endOfLine),
  }));
  return replaceRanges(document.getText(), replacements);
}

async function applyTexts({ document, ranges }: Found, texts: readonly string[]): Promise<boolean> {
  const edit = new vscode.WorkspaceEdit();
  for (const [index, range] of ranges.entries()) {
    edit.replace(document.uri, toEditorRange(document, range), texts[index] ?? '');
  }
  return vscode.workspace.applyEdit(edit);
}

async function showReplaced(target: RunTarget): Promise<void> {
  const located = await target.locate();
  if (!located.ok) return;
  const selections = located.ranges.map((range) => toEditorRange(located.document, range));
  const editor = await vscode.window.showTextDocument(located.document, { preview: false });
  editor.selections = selections.map((range) => new vscode.Selection(range.start, range.end));
}

async function closeComparison(resultUri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const mine = tabs.filter((tab) => resultUriOf(tab)?.toString() === resultUri.toString());
  if (mine.length > 0) await vscode.window.tabGroups.close(mine);
}

export function resultUriOf(tab: vscode.Tab): vscode.Uri | null {
  const { input } = tab;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === resultScheme
    ? input.modified
    : null;
}

/** Null if the document can be written. */
async function whyReadOnly(uri: vscode.Uri): Promise<string | null> {
  const reason = vscode.l10n.t(
    'The document is read-only. Copy the answer, or open it as a document of its own.',
  );
  if (uri.scheme === 'untitled') return null;
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false) return reason;
  try {
    const { permissions = 0 } = await vscode.workspace.fs.stat(uri);
    return (permissions & vscode.FilePermission.Readonly) === 0 ? null : reason;
  } catch {
    return null;
  }
}

function refuse(problem: string): void {
  void vscode.window.showWarningMessage(problem);
}
