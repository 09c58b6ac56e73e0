// Marks prompts that teammates changed since they were last looked at here, in the tree and at tabs.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { parsePromptUri } from '../promptUri.ts';
import { isOn, onDidChangeLayers } from './layers.ts';

export function registerUnreadMarks(library: Library): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  let unread: ReadonlySet<PromptId> | null = null;
  const refresh = async (): Promise<void> => {
    const answer = await library.unread();
    const now = new Set(answer.ok ? answer.value.map(({ id }) => id) : []);
    const isSame = unread?.size === now.size && [...now].every((id) => unread?.has(id) === true);
    unread = now;
    if (!isSame) changed.fire(undefined);
    // A change that comes in before the user's eyes is seen. In a window without focus nobody looks.
    if (vscode.window.state.focused) see(vscode.window.visibleTextEditors);
  };
  const see = (editors: readonly vscode.TextEditor[]): void => {
    const ids = editors.flatMap(({ document }) => parsePromptUri(document.uri)?.id ?? []);
    const news = ids.filter((id) => unread?.has(id) === true);
    if (news.length > 0) void library.markSeen(news);
  };
  /** Asked with the first prompt that is drawn, so that marks alone start no worker. */
  let first: Promise<void> | null = null;
  const stop = library.onDidChange((change) => {
    if (change.tree && first !== null) void refresh();
  });
  const provider = vscode.window.registerFileDecorationProvider({
    onDidChangeFileDecorations: changed.event,
    provideFileDecoration: (uri) => {
      const id = parsePromptUri(uri)?.id;
      if (id === undefined || !isOn('unreadMarks')) return undefined;
      if (first === null) first = refresh();
      return unread?.has(id) === true ? mark() : undefined;
    },
  });
  return vscode.Disposable.from(
    changed,
    provider,
    new vscode.Disposable(stop),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
      // Moved by the user, and not by a text that has changed under the caret.
      if (kind !== undefined) see([textEditor]);
    }),
    onDidChangeLayers(() => changed.fire(undefined)),
  );
}

function mark(): vscode.FileDecoration {
  return new vscode.FileDecoration(
    // No dot: at a tab a dot says that it is not saved.
    '◆',
    vscode.l10n.t('Changed by others since you last looked'),
    new vscode.ThemeColor('cuebook.unreadForeground'),
  );
}
