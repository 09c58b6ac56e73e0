// The library in the editor: documents, tree, trash, search, import and export. Light at activation: registers, and asks
// the library nothing before a view is visible or a document opens; what a command needs is loaded when it is used.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { promptUri, scheme } from '../promptUri.ts';
import type { Feature, Services } from '../services.ts';
import { createLibraryCommands } from './commands.ts';
import type { ConflictFlow } from './conflictFlow.ts';
import { registerConflictLenses } from './conflictLenses.ts';
import { watchConflicts } from './conflictWatch.ts';
import { createDragAndDrop } from './dragAndDrop.ts';
import { createPromptFileSystem, type SaveNotice } from './fileSystem.ts';
import type { Schedule } from './idleDrafts.ts';
import { createOpenDocuments } from './openDocuments.ts';
import { createTrashTree } from './trashTree.ts';
import { createLibraryTree } from './tree.ts';
import { registerVirtualTexts } from './virtualTexts.ts';

export const registerLibrary: Feature = (services) => {
  const disposables: vscode.Disposable[] = [];
  const keep = <T extends vscode.Disposable>(disposable: T): T => {
    disposables.push(disposable);
    return disposable;
  };

  const { library } = services;
  const conflicts = lazyConflictFlow(library);
  keep(registerDocuments(services, conflicts));
  const texts = keep(registerVirtualTexts(library));
  keep(registerConflictLenses(library));
  const tree = keep(createLibraryTree(library, schedule));
  const commands = createLibraryCommands({
    services,
    tree,
    texts,
    conflicts,
    reveal: async (id) => reveal(id),
    selection: () => view.selection,
  });
  const view = keep(
    vscode.window.createTreeView('cuebook.library', {
      treeDataProvider: tree,
      canSelectMany: true,
      showCollapseAll: true,
      dragAndDropController: createDragAndDrop({ library, importFiles: commands.importFiles }),
    }),
  );
  const trash = keep(createTrashTree(library, schedule));
  keep(vscode.window.createTreeView('cuebook.trash', { treeDataProvider: trash, canSelectMany: true }));
  keep(
    tree.onDidChangeState((state) => {
      void vscode.commands.executeCommand('setContext', 'cuebook.libraryState', state);
    }),
  );
  keep(
    tree.onDidChangeSeveral((several) => {
      void vscode.commands.executeCommand('setContext', 'cuebook.severalWorkspaces', several);
    }),
  );
  keep(
    tree.onDidChangeMessage((message) => {
      view.message = message;
    }),
  );
  keep(commands.register());

  const reveal = async (id: PromptId): Promise<void> => {
    const node = view.visible ? await tree.nodeOf(id) : null;
    if (node) await view.reveal(node, { select: true, focus: false });
  };

  return vscode.Disposable.from(...disposables);
};

const schedule: Schedule = (task, milliseconds) => {
  const timer = setTimeout(task, milliseconds);
  return () => clearTimeout(timer);
};

/** One flow for all, loaded with the first conflict. */
function lazyConflictFlow(library: Library): () => Promise<ConflictFlow> {
  let flow: Promise<ConflictFlow> | null = null;
  const load = async (): Promise<ConflictFlow> =>
    (await import('./conflictFlow.ts')).createConflictFlow(library);
  return async () => (flow ??= load());
}

function registerDocuments(
  { library, context, saveMessages }: Services,
  conflicts: () => Promise<ConflictFlow>,
): vscode.Disposable {
  const documents = createOpenDocuments({ library, memory: context.workspaceState, schedule });
  const fileSystem = createPromptFileSystem({ library, documents, saveMessages });
  const watch = watchConflicts(
    library,
    (id) => void say(conflicts, { kind: 'conflict', id, reason: 'auto' }),
  );
  return vscode.Disposable.from(
    documents,
    fileSystem,
    fileSystem.onDidNotice((notice) => {
      if (notice.kind === 'conflict') watch.knows(notice.id);
      void say(conflicts, notice);
    }),
    watch,
    vscode.workspace.registerFileSystemProvider(scheme, fileSystem, { isCaseSensitive: true }),
  );
}

async function say(conflicts: () => Promise<ConflictFlow>, notice: SaveNotice): Promise<void> {
  switch (notice.kind) {
    case 'conflict':
      return (await conflicts()).arose(notice.id, notice.reason);
    case 'conflictMayEnd':
      return (await conflicts()).offerToFinish(notice.id);
    case 'restoredFromTrash':
      void vscode.window.showInformationMessage(
        vscode.l10n.t('This prompt was in the trash. Saving it has restored it.'),
      );
      return;
    case 'keptAsNew': {
      const message = vscode.l10n.t(
        'This prompt had been deleted for good. Your text was kept as a new prompt.',
      );
      const open = vscode.l10n.t('Open It');
      if ((await vscode.window.showWarningMessage(message, open)) === open) {
        await vscode.window.showTextDocument(promptUri(notice.prompt));
      }
      return;
    }
  }
}
