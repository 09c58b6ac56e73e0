// The library as a tree: asks the library for one level at a time, and again when something changed. Nothing is asked,
// and so no worker starts, before the view is visible.

import * as vscode from 'vscode';
import type {
  Library,
  LibraryResult,
  LibraryStatus,
  PromptId,
  PromptSummary,
  WorkspaceSummary,
} from '../../library/api.ts';
import type { LibraryNode, WorkspaceNode } from './nodes.ts';
import type { Schedule } from './idleDrafts.ts';
import { sentenceOf } from './problems.ts';
import { createRefreshGate } from './refreshGate.ts';
import { treeItemOf } from './treeRows.ts';
import { whereabouts } from './workspaceWords.ts';

/** Value of the context key `cuebook.libraryState`: decides which welcome text an empty view shows. */
export type LibraryState = 'empty' | 'ready' | 'keyMissing' | 'damaged' | 'failed';

export interface LibraryTree extends vscode.TreeDataProvider<LibraryNode>, vscode.Disposable {
  readonly onDidChangeState: vscode.Event<LibraryState>;
  /** A line above the rows; empty for none. */
  readonly onDidChangeMessage: vscode.Event<string>;
  /** Whether there is a workspace to take something to. */
  readonly onDidChangeSeveral: vscode.Event<boolean>;
  filter(): string;
  setFilter(text: string): void;
  refresh(): void;
  /** The node of a prompt in its folder, for `TreeView.reveal`. */
  nodeOf(id: PromptId): Promise<LibraryNode | null>;
}

/** More rows than this help nobody; the message says that there are more. */
const filterLimit = 500;

export function createLibraryTree(library: Library, schedule: Schedule): LibraryTree {
  const changed = new vscode.EventEmitter<LibraryNode | undefined>();
  const stateChanged = new vscode.EventEmitter<LibraryState>();
  const messageChanged = new vscode.EventEmitter<string>();
  const severalChanged = new vscode.EventEmitter<boolean>();
  const gate = createRefreshGate(() => changed.fire(undefined), schedule);
  let filter = '';

  const rootsFor = async (status: LibraryStatus): Promise<readonly LibraryNode[]> => {
    if (status.kind !== 'ready') {
      stateChanged.fire(stateOf(status));
      messageChanged.fire(status.kind === 'unavailable' ? sentenceOf(status.problem) : '');
      return [];
    }
    severalChanged.fire(status.workspaces.length > 1);
    const { nodes, message } =
      filter === ''
        ? await wholeTree(library, status.workspaces)
        : await filteredTree(library, filter, filterLimit);
    stateChanged.fire(nodes.length === 0 && filter === '' ? 'empty' : 'ready');
    messageChanged.fire(message);
    return nodes;
  };

  const subscription = library.onDidChange((change) => {
    if (change.tree || change.status) gate.request();
  });

  return {
    onDidChangeTreeData: changed.event,
    onDidChangeState: stateChanged.event,
    onDidChangeMessage: messageChanged.event,
    onDidChangeSeveral: severalChanged.event,
    getTreeItem: treeItemOf,
    getParent: (node) => node.parent,
    async getChildren(node) {
      const answered = gate.asked();
      try {
        return [...(node ? await childrenOf(library, node) : await rootsFor(await library.status()))];
      } finally {
        answered();
      }
    },
    filter: () => filter,
    setFilter(text) {
      filter = text.trim();
      gate.request();
    },
    refresh: () => gate.request(),
    nodeOf: async (id) => nodeOf(library, id),
    dispose() {
      subscription();
      gate.dispose();
      changed.dispose();
      stateChanged.dispose();
      messageChanged.dispose();
      severalChanged.dispose();
    },
  };
}

function stateOf(status: Exclude<LibraryStatus, { kind: 'ready' }>): LibraryState {
  if (status.kind === 'keyMissing') return 'keyMissing';
  return status.problem.code === 'corrupt' ? 'damaged' : 'failed';
}

interface Roots {
  readonly nodes: readonly LibraryNode[];
  readonly message: string;
}

async function wholeTree(library: Library, workspaces: readonly WorkspaceSummary[]): Promise<Roots> {
  const nodes = workspaces.map((workspace) => workspaceNode(workspace, workspaces));
  const levels = await Promise.all(nodes.map(async (node) => childrenOf(library, node)));
  // A team shows also before it has a prompt.
  const isEmpty = levels.length < 2 && levels.every((level) => level.length === 0);
  if (isEmpty) return { nodes: [], message: '' };
  const favourites = orEmpty(await library.list({ favourites: true, limit: 1 }));
  const heading: LibraryNode = { kind: 'favourites', key: 'favourites', parent: null };
  return { nodes: favourites.length > 0 ? [heading, ...nodes] : nodes, message: '' };
}

async function filteredTree(library: Library, filter: string, limit: number): Promise<Roots> {
  const prompts = orEmpty(await library.list({ filter, limit: limit + 1 }));
  const shown = prompts.slice(0, limit);
  const nodes = shown.map((prompt) => promptNode(prompt, null, true));
  return { nodes, message: filterMessage(filter, prompts.length, limit) };
}

function filterMessage(filter: string, count: number, limit: number): string {
  if (count === 0) return vscode.l10n.t('No prompt matches “{0}”.', filter);
  if (count > limit) return vscode.l10n.t('The first {0} prompts that match “{1}”.', limit, filter);
  return vscode.l10n.t('Filtered by “{0}”.', filter);
}

async function childrenOf(library: Library, node: LibraryNode): Promise<readonly LibraryNode[]> {
  switch (node.kind) {
    case 'workspace':
      return level(library, node, { workspaceId: node.workspace.id, folderId: null });
    case 'folder':
      return level(library, node, { workspaceId: node.folder.workspaceId, folderId: node.folder.id });
    case 'favourites': {
      const prompts = orEmpty(await library.list({ favourites: true, limit: filterLimit }));
      return prompts.map((prompt) => promptNode(prompt, node, true));
    }
    case 'prompt':
      return links(library, node, node.prompt);
    case 'links':
      return linked(library, node, node.relation, node.prompt.id);
    case 'partial':
    case 'missingPartial':
    case 'trashedFolder':
    case 'trashedPrompt':
      return [];
  }
}

async function level(
  library: Library,
  parent: LibraryNode,
  of: Parameters<Library['children']>[0],
): Promise<readonly LibraryNode[]> {
  const result = await library.children(of);
  // VS Code shows the message; an empty level would say that there is nothing.
  if (!result.ok) throw new Error(sentenceOf(result.problem));
  return [
    ...result.value.folders.map((folder): LibraryNode => ({
      kind: 'folder',
      key: `${parent.key}/${folder.id}`,
      parent,
      folder,
    })),
    ...result.value.prompts.map((prompt) => promptNode(prompt, parent, false)),
  ];
}

async function links(
  library: Library,
  parent: LibraryNode,
  prompt: PromptSummary,
): Promise<readonly LibraryNode[]> {
  const users = orEmpty(await library.usedBy(prompt.id));
  const nodes: LibraryNode[] = [];
  if (prompt.includes.length > 0) nodes.push(linksNode(parent, 'includes', prompt));
  if (users.length > 0) nodes.push(linksNode(parent, 'usedBy', prompt));
  return nodes;
}

function linksNode(parent: LibraryNode, relation: 'includes' | 'usedBy', prompt: PromptSummary): LibraryNode {
  return { kind: 'links', key: `${parent.key}/${relation}`, parent, relation, prompt };
}

async function linked(
  library: Library,
  parent: LibraryNode,
  relation: 'includes' | 'usedBy',
  id: PromptId,
): Promise<readonly LibraryNode[]> {
  if (relation === 'usedBy') {
    return orEmpty(await library.usedBy(id)).map((prompt) => partialNode(parent, prompt, prompt.id));
  }
  return orEmpty(await library.includes(id)).map(({ target, reference }, index) =>
    target
      ? partialNode(parent, target, `${index}`)
      : { kind: 'missingPartial', key: `${parent.key}/${index}`, parent, reference },
  );
}

function partialNode(parent: LibraryNode, prompt: PromptSummary, segment: string): LibraryNode {
  return { kind: 'partial', key: `${parent.key}/${segment}`, parent, prompt };
}

function promptNode(prompt: PromptSummary, parent: LibraryNode | null, showPath: boolean): LibraryNode {
  const key = parent ? `${parent.key}/${prompt.id}` : prompt.id;
  return { kind: 'prompt', key, parent, prompt, showPath };
}

function workspaceNode(workspace: WorkspaceSummary, all: readonly WorkspaceSummary[]): WorkspaceNode {
  const where = whereabouts(workspace, all, vscode.l10n.t);
  return { kind: 'workspace', key: workspace.id, parent: null, workspace, where };
}

async function nodeOf(library: Library, id: PromptId): Promise<LibraryNode | null> {
  const [prompt, status] = await Promise.all([library.prompt(id), library.status()]);
  if (!prompt.ok || status.kind !== 'ready') return null;
  const workspace = status.workspaces.find((candidate) => candidate.id === prompt.value.workspaceId);
  if (!workspace) return null;
  const all = orEmpty(await library.folders(workspace.id));
  const chain = [];
  for (let at = prompt.value.folderId; at !== null && chain.length < 100;) {
    const folder = all.find((candidate) => candidate.id === at);
    if (!folder) return null;
    chain.unshift(folder);
    at = folder.parentId;
  }
  let parent: LibraryNode = workspaceNode(workspace, status.workspaces);
  for (const folder of chain) parent = { kind: 'folder', key: `${parent.key}/${folder.id}`, parent, folder };
  return promptNode(prompt.value, parent, false);
}

/** What only adds to the tree is left out if it cannot be read. */
function orEmpty<T>(result: LibraryResult<readonly T[]>): readonly T[] {
  return result.ok ? result.value : [];
}
