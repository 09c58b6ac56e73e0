// What the tree shows, as data. A node is handed to menus and commands, so it carries what they need: the summaries.
// Every node has a key that is unique in its view and stays the same over refreshes.

import * as vscode from 'vscode';
import type {
  FolderId,
  FolderSummary,
  PromptId,
  PromptSummary,
  WorkspaceId,
  WorkspaceSummary,
} from '../../library/api.ts';
import { parsePromptUri } from '../promptUri.ts';

interface NodeBase {
  readonly key: string;
  readonly parent: LibraryNode | null;
}

export interface WorkspaceNode extends NodeBase {
  readonly kind: 'workspace';
  readonly workspace: WorkspaceSummary;
  /** What tells it from others of its name; empty if nothing has to. */
  readonly where: string;
}
export interface FavouritesNode extends NodeBase {
  readonly kind: 'favourites';
}
export interface FolderNode extends NodeBase {
  readonly kind: 'folder';
  readonly folder: FolderSummary;
}
export interface PromptNode extends NodeBase {
  readonly kind: 'prompt';
  readonly prompt: PromptSummary;
  /** True where the tree is a flat list (favourites, filter) and the folder has to be named. */
  readonly showPath: boolean;
}
export interface LinksNode extends NodeBase {
  readonly kind: 'links';
  readonly relation: 'includes' | 'usedBy';
  readonly prompt: PromptSummary;
}
/** A prompt below "Includes" or "Used by". */
export interface PartialNode extends NodeBase {
  readonly kind: 'partial';
  readonly prompt: PromptSummary;
}
export interface MissingPartialNode extends NodeBase {
  readonly kind: 'missingPartial';
  readonly reference: string;
}
export interface TrashedFolderNode extends NodeBase {
  readonly kind: 'trashedFolder';
  readonly folder: FolderSummary;
}
export interface TrashedPromptNode extends NodeBase {
  readonly kind: 'trashedPrompt';
  readonly prompt: PromptSummary;
}

export type LibraryNode =
  | WorkspaceNode
  | FavouritesNode
  | FolderNode
  | PromptNode
  | LinksNode
  | PartialNode
  | MissingPartialNode
  | TrashedFolderNode
  | TrashedPromptNode;

export type ItemId = PromptId | FolderId;

export function isLibraryNode(value: unknown): value is LibraryNode {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && 'key' in value && 'parent' in value
  );
}

/** The prompt or folder that a node stands for; null for headings. */
export function itemIdOf(node: LibraryNode): ItemId | null {
  switch (node.kind) {
    case 'prompt':
    case 'partial':
    case 'trashedPrompt':
      return node.prompt.id;
    case 'folder':
    case 'trashedFolder':
      return node.folder.id;
    case 'workspace':
    case 'favourites':
    case 'links':
    case 'missingPartial':
      return null;
  }
}

/** All prompts and folders that the arguments of a command mean: rows, addresses or ids, each once. */
export function itemIdsOf(values: readonly unknown[]): readonly ItemId[] {
  const ids = values.map((value) => (isLibraryNode(value) ? itemIdOf(value) : promptIdOf(value)));
  return [...new Set(ids.filter((id): id is ItemId => id !== null))];
}

const idPattern = /^[a-z2-7]{26}$/;

/** The prompt that a command's argument means: a tree node, a `cuebook:` address, or an id; null for anything else. */
export function promptIdOf(argument: unknown): PromptId | null {
  if (typeof argument === 'string') return idPattern.test(argument) ? (argument as PromptId) : null;
  if (argument instanceof vscode.Uri) return parsePromptUri(argument)?.id ?? null;
  if (!isLibraryNode(argument) || !('prompt' in argument)) return null;
  return argument.prompt.id;
}

/** The folder that a command's argument means; null is the top, undefined says that it means none. */
export function folderIdOf(argument: unknown): FolderId | null | undefined {
  if (isLibraryNode(argument)) return folderOfNode(argument);
  if (typeof argument !== 'object' || argument === null || !('folderId' in argument)) return undefined;
  const { folderId } = argument;
  if (folderId === null) return null;
  return typeof folderId === 'string' && idPattern.test(folderId) ? (folderId as FolderId) : undefined;
}

/** The workspace of the row that a command's argument means; null if it means none. */
export function workspaceIdOf(argument: unknown): WorkspaceId | null {
  if (!isLibraryNode(argument)) return null;
  switch (argument.kind) {
    case 'workspace':
      return argument.workspace.id;
    case 'folder':
    case 'trashedFolder':
      return argument.folder.workspaceId;
    case 'prompt':
    case 'partial':
    case 'links':
    case 'trashedPrompt':
      return argument.prompt.workspaceId;
    case 'favourites':
    case 'missingPartial':
      return null;
  }
}

function folderOfNode(node: LibraryNode): FolderId | null | undefined {
  switch (node.kind) {
    case 'workspace':
      return null;
    case 'folder':
      return node.folder.id;
    case 'prompt':
    case 'partial':
      return node.prompt.folderId;
    case 'favourites':
    case 'links':
    case 'missingPartial':
    case 'trashedFolder':
    case 'trashedPrompt':
      return undefined;
  }
}
