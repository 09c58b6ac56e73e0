// The commands of the library, in one table. A handler loads what it does when it is used; arguments come from menus,
// keys and links, so every handler takes them as unknown.

import * as vscode from 'vscode';
import type { FolderId, PromptId } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import type { ConflictFlow } from './conflictFlow.ts';
import { itemIdsOf, promptIdOf, type ItemId, type LibraryNode } from './nodes.ts';
import type { LibraryTree } from './tree.ts';
import { promptOfConflict, type VirtualTexts } from './virtualTexts.ts';

type Handler = (...given: readonly unknown[]) => Promise<unknown>;

export interface LibraryCommands {
  /** Ids and handlers, for registering and for the test that compares them with the manifest. */
  register(): vscode.Disposable;
  readonly importFiles: (uris: readonly vscode.Uri[], folderId: FolderId | null) => Promise<void>;
}

/** Argument of the tree's own keys in the manifest: keys carry no row. */
const bySelection = 'selection';

export function createLibraryCommands(deps: {
  readonly services: Services;
  readonly tree: LibraryTree;
  readonly texts: VirtualTexts;
  readonly conflicts: () => Promise<ConflictFlow>;
  readonly reveal: (id: PromptId) => Promise<void>;
  /** The rows that are selected in the tree: what its keys mean. */
  readonly selection: () => readonly LibraryNode[];
}): LibraryCommands {
  const { services, tree, texts, conflicts, reveal, selection } = deps;
  const { library, language, context } = services;
  const actions = async () => import('./promptActions.ts');

  const importFiles = async (uris: readonly vscode.Uri[], folderId: FolderId | null): Promise<void> => {
    const { importPrompts } = await import('./importPrompts.ts');
    await importPrompts(
      { library, language, reports: texts.reports },
      { uris, folderId, declareInputs: null },
    );
  };

  /** What a menu command is for: the selected rows if there are several, else the clicked one. */
  const itemsOf = ([clicked, selected]: readonly unknown[]): readonly ItemId[] => {
    if (clicked === bySelection) return itemIdsOf(selection());
    const rows: readonly unknown[] = Array.isArray(selected) ? selected : [];
    return itemIdsOf(rows.length > 0 ? rows : [clicked]);
  };
  const nodeOf = (argument: unknown): unknown => (argument === bySelection ? selection()[0] : argument);

  const handlers: Readonly<Record<string, Handler>> = {
    'cuebook.newPrompt': async (at) => {
      const prompt = await (await actions()).newPrompt(library, at);
      if (!prompt) return undefined;
      await reveal(prompt.id);
      return promptUri(prompt);
    },
    'cuebook.newFolder': async (at) => (await actions()).newFolder(library, at),
    'cuebook.openPrompt': async (at, line) => (await actions()).openPrompt(library, at, line),
    'cuebook.renameItem': async (at, name) => (await actions()).renameItem(library, nodeOf(at), name),
    'cuebook.duplicatePrompt': async (at) => (await actions()).duplicatePrompt(library, at),
    'cuebook.moveItem': async (...given) => (await actions()).moveItems(library, itemsOf(given)),
    'cuebook.copyToWorkspace': async (...given) =>
      (await actions()).takeItemsAcross(library, 'copy', itemsOf(given)),
    'cuebook.moveToWorkspace': async (...given) =>
      (await actions()).takeItemsAcross(library, 'move', itemsOf(given)),
    'cuebook.trashItem': async (...given) => (await actions()).trashItems(library, itemsOf(given)),
    'cuebook.restoreItem': async (...given) => (await actions()).restoreItems(library, itemsOf(given)),
    'cuebook.purgeItem': async (...given) => (await actions()).purgeItems(library, itemsOf(given)),
    'cuebook.emptyTrash': async () => (await actions()).emptyTrash(library),
    'cuebook.addFavourite': async (at) => (await actions()).setFavourite(library, at, true),
    'cuebook.removeFavourite': async (at) => (await actions()).setFavourite(library, at, false),
    'cuebook.copyReference': async (at) => (await actions()).copyReference(library, at),
    'cuebook.searchPrompts': async (query) =>
      (await import('./search.ts')).searchPrompts(library, typeof query === 'string' ? query : ''),
    'cuebook.filterLibrary': async (text) => filterTree(tree, text),
    'cuebook.clearFilter': async () => filterTree(tree, ''),
    'cuebook.refreshLibrary': async () => tree.refresh(),
    'cuebook.importPrompts': async (given, options) => {
      const { askAndImport } = await import('./importPrompts.ts');
      await askAndImport({ library, language, reports: texts.reports }, given, options);
    },
    'cuebook.exportItem': async (at, target) =>
      (await import('./exportPrompts.ts')).exportItem(library, at, target),
    'cuebook.exportEverything': async (target) =>
      (await import('./exportPrompts.ts')).exportScope(library, { kind: 'everything' }, target),
    'cuebook.addSamples': async () =>
      (await import('./samples.ts')).addSamples(library, context.extensionUri),
    'cuebook.openConflict': async (at) => {
      const id = promptInQuestion(at);
      if (id) await (await import('./conflictEditor.ts')).openConflict(library, id);
    },
    'cuebook.finishConflict': async (at) => {
      const id = promptInQuestion(at);
      return id ? (await conflicts()).finish(id) : false;
    },
    'cuebook.acceptConflictSide': async (uri, line, choice) => {
      if (!(uri instanceof vscode.Uri) || typeof line !== 'number') return false;
      if (choice !== 'mine' && choice !== 'theirs' && choice !== 'both') return false;
      return (await import('./conflictFlow.ts')).acceptSide(uri, line, choice);
    },
  };

  return {
    importFiles,
    register: () =>
      vscode.Disposable.from(
        ...Object.entries(handlers).map(([id, handler]) => vscode.commands.registerCommand(id, handler)),
      ),
  };
}

function promptInQuestion(argument: unknown): PromptId | null {
  const active = vscode.window.activeTextEditor?.document.uri;
  return promptIdOf(argument) ?? promptIdOf(active) ?? (active ? promptOfConflict(active) : null);
}

async function filterTree(tree: LibraryTree, given: unknown): Promise<void> {
  const text = typeof given === 'string' ? given : await askForFilter(tree.filter());
  if (text === undefined) return;
  tree.setFilter(text);
  await vscode.commands.executeCommand('setContext', 'cuebook.filtered', tree.filter() !== '');
  if (tree.filter() !== '') await vscode.commands.executeCommand('cuebook.library.focus');
}

async function askForFilter(now: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Filter Prompts'),
    prompt: vscode.l10n.t('Words of a name, or “tag:” and a tag. Empty shows everything.'),
    value: now,
  });
}
