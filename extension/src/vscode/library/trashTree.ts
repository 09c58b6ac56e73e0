// The trash: what was deleted and when, newest first, until it is restored or deleted for good.

import * as vscode from 'vscode';
import type { Library } from '../../library/api.ts';
import type { Schedule } from './idleDrafts.ts';
import type { LibraryNode } from './nodes.ts';
import { createRefreshGate } from './refreshGate.ts';
import { treeItemOf } from './treeRows.ts';

export interface TrashTree extends vscode.TreeDataProvider<LibraryNode>, vscode.Disposable {}

export function createTrashTree(library: Library, schedule: Schedule): TrashTree {
  const changed = new vscode.EventEmitter<undefined>();
  const gate = createRefreshGate(() => changed.fire(undefined), schedule);
  const subscription = library.onDidChange((change) => {
    if (change.tree || change.status) gate.request();
  });
  return {
    onDidChangeTreeData: changed.event,
    getTreeItem: treeItemOf,
    async getChildren(node) {
      if (node) return [];
      const answered = gate.asked();
      try {
        return [...(await trashedNodes(library))];
      } finally {
        answered();
      }
    },
    dispose() {
      subscription();
      gate.dispose();
      changed.dispose();
    },
  };
}

async function trashedNodes(library: Library): Promise<readonly LibraryNode[]> {
  const result = await library.trashed();
  if (!result.ok) return [];
  const folders = result.value.folders.map((folder) => ({
    at: folder.trashedAt ?? 0,
    node: { kind: 'trashedFolder', key: folder.id, parent: null, folder } satisfies LibraryNode,
  }));
  const prompts = result.value.prompts.map((prompt) => ({
    at: prompt.trashedAt ?? 0,
    node: { kind: 'trashedPrompt', key: prompt.id, parent: null, prompt } satisfies LibraryNode,
  }));
  return [...folders, ...prompts].sort((a, b) => b.at - a.at).map(({ node }) => node);
}
