// The versions view: follows the prompt in the active editor, or shows the one it was asked for until another prompt is
// opened. Asks nothing, and loads nothing, before it is visible.

import * as vscode from 'vscode';
import type { LibraryChange, PromptId } from '../../library/api.ts';
import { labelOf } from '../library/plainText.ts';
import type { Schedule } from '../library/idleDrafts.ts';
import { sentenceOf } from '../library/problems.ts';
import { createRefreshGate } from '../library/refreshGate.ts';
import { promptOfVersion } from '../library/virtualTexts.ts';
import { parsePromptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import type { VersionNode } from './versionNodes.ts';

export interface VersionsView extends vscode.Disposable {
  /** Shows the versions of this prompt and brings the view to the front. */
  show(id: PromptId): Promise<void>;
  more(): void;
  /** The prompt whose versions are shown; null before there was one. */
  promptId(): PromptId | null;
  selection(): readonly VersionNode[];
}

const rowsAtOnce = 100;

export function createVersionsView({ library, teams }: Services, schedule: Schedule): VersionsView {
  const changed = new vscode.EventEmitter<undefined>();
  const gate = createRefreshGate(() => changed.fire(undefined), schedule);
  let shownId: PromptId | null = null;
  let shownRows = rowsAtOnce;

  const rows = async (id: PromptId): Promise<readonly VersionNode[]> => {
    const [prompt, { topRows }, { syncedWorkspaces }] = await Promise.all([
      library.prompt(id),
      import('./versionRows.ts'),
      import('./syncing.ts'),
    ]);
    if (!prompt.ok) throw new Error(sentenceOf(prompt.problem));
    view.description = labelOf(prompt.value.name);
    const syncs = (await syncedWorkspaces(teams)).has(prompt.value.workspaceId);
    return topRows(library, { prompt: prompt.value, syncs, shown: shownRows });
  };

  const provider: vscode.TreeDataProvider<VersionNode> = {
    onDidChangeTreeData: changed.event,
    // A row comes from getChildren, which has loaded what draws it.
    getTreeItem: async (node) => (await import('./versionRows.ts')).itemOf(node),
    getParent: (node) => node.parent,
    async getChildren(node) {
      const answered = gate.asked();
      try {
        if (node) return [...(await (await import('./versionRows.ts')).rowsBelow(library, node))];
        return shownId === null ? [] : [...(await rows(shownId))];
      } finally {
        answered();
      }
    },
  };
  const view = vscode.window.createTreeView('cuebook.versions', {
    treeDataProvider: provider,
    canSelectMany: true,
    showCollapseAll: true,
  });

  const follow = (id: PromptId | null): void => {
    if (id === null || id === shownId) return;
    shownId = id;
    shownRows = rowsAtOnce;
    void vscode.commands.executeCommand('setContext', 'cuebook.versionsOf', true);
    gate.request();
  };
  const followEditor = (editor: vscode.TextEditor | undefined): void =>
    follow(editor ? shownIn(editor) : null);
  const onChange = ({ texts, tree, status }: LibraryChange): void => {
    if (shownId !== null && (tree || status || texts.some(({ id }) => id === shownId))) gate.request();
  };
  followEditor(vscode.window.activeTextEditor);
  const subscriptions = vscode.Disposable.from(
    changed,
    view,
    new vscode.Disposable(library.onDidChange(onChange)),
    vscode.window.onDidChangeActiveTextEditor(followEditor),
  );

  return {
    async show(id) {
      follow(id);
      await vscode.commands.executeCommand('cuebook.versions.focus');
    },
    more() {
      shownRows += rowsAtOnce;
      gate.request();
    },
    promptId: () => shownId,
    selection: () => view.selection,
    dispose() {
      gate.dispose();
      subscriptions.dispose();
    },
  };
}

/** The prompt that an editor shows, or one of its versions. */
function shownIn({ document: { uri } }: vscode.TextEditor): PromptId | null {
  return parsePromptUri(uri)?.id ?? promptOfVersion(uri);
}
