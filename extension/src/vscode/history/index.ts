// The history of prompts in the editor. Light at activation: registers the view, the marks and the commands. What stands
// beside a text is loaded with the first prompt that is shown, everything else when it is used.

import * as vscode from 'vscode';
import { languageId, scheme } from '../promptUri.ts';
import type { Feature, Services } from '../services.ts';
import { createHistoryCommands } from './commands.ts';
import type { InlineHistory } from './inline.ts';
import { registerUnreadMarks } from './unread.ts';
import { createVersionsView } from './versionsView.ts';

export const registerHistory: Feature = (services) => {
  const view = createVersionsView(services, (task, milliseconds) => {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  });
  const inline = createInlineLoader(services);
  return vscode.Disposable.from(
    view,
    inline,
    registerUnreadMarks(services.library),
    createHistoryCommands({ services, view, inline: inline.load }),
  );
};

interface InlineLoader extends vscode.Disposable {
  /** Null once the extension is being shut down. */
  readonly load: () => Promise<InlineHistory | null>;
}

function createInlineLoader(services: Services): InlineLoader {
  let loading: Promise<InlineHistory | null> | null = null;
  let isDisposed = false;
  const start = async (): Promise<InlineHistory | null> => {
    const { createInlineHistory } = await import('./inline.ts');
    return isDisposed ? null : createInlineHistory(services);
  };
  const load = async (): Promise<InlineHistory | null> => (loading ??= start());
  const loadFor = (document: vscode.TextDocument | undefined): void => {
    if (document?.languageId === languageId && document.uri.scheme === scheme) void load();
  };
  const shown = vscode.window.onDidChangeActiveTextEditor((editor) => loadFor(editor?.document));
  loadFor(vscode.window.activeTextEditor?.document);
  return {
    load,
    dispose() {
      isDisposed = true;
      shown.dispose();
      void loading?.then((inline) => inline?.dispose());
    },
  };
}
