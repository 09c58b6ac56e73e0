// The library in the editor: documents, tree, trash, search, import and export. Light at activation: registers, and asks
// the library nothing before a view is visible or a document opens; what a command needs is loaded when it is used.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { promptUri, scheme } from '../promptUri.ts';
import type { Feature, Services } from '../services.ts';
import { createLibraryCommands } from './commands.ts';
import { registerConflictLenses } from './conflictLenses.ts';
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
  keep(registerDocuments(services));
  const texts = keep(registerVirtualTexts(library));
  keep(registerConflictLenses(library));
  const tree = keep(createLibraryTree(library));
  const commands = createLibraryCommands({
    services,
    tree,
    texts,
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
  const trash = keep(createTrashTree(library));
  keep(vscode.window.createTreeView('cuebook.trash', { treeDataProvider: trash, canSelectMany: true }));
  keep(
    tree.onDidChangeState((state) => {
      void vscode.commands.executeCommand('setContext', 'cuebook.libraryState', state);
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

function registerDocuments({ library, context }: Services): vscode.Disposable {
  const documents = createOpenDocuments({ library, memory: context.workspaceState, schedule });
  const fileSystem = createPromptFileSystem({ library, documents });
  return vscode.Disposable.from(
    documents,
    fileSystem,
    fileSystem.onDidNotice((notice) => void say(library, notice)),
    vscode.workspace.registerFileSystemProvider(scheme, fileSystem, { isCaseSensitive: true }),
  );
}

async function say(library: Library, notice: SaveNotice): Promise<void> {
  switch (notice.kind) {
    case 'conflict':
      return (await import('./conflictFlow.ts')).conflictArose(library, notice.id, notice.reason);
    case 'conflictMayEnd':
      return (await import('./conflictFlow.ts')).offerToFinish(library, notice.id);
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
