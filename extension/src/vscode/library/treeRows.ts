// How a node of the tree looks and which menus it has. Everything that teammates wrote is plain text here.

import * as vscode from 'vscode';
import type { PromptSummary } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import type { LibraryNode, PromptNode, WorkspaceNode } from './nodes.ts';
import { labelOf, oneLine } from './plainText.ts';
import { workspaceName } from './workspaceWords.ts';

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function treeItemOf(node: LibraryNode): vscode.TreeItem {
  const item = itemFor(node);
  item.id = node.key;
  return item;
}

function itemFor(node: LibraryNode): vscode.TreeItem {
  switch (node.kind) {
    case 'workspace':
      return workspaceRow(node);
    case 'favourites':
      return row({
        label: vscode.l10n.t('Favourites'),
        icon: 'star-full',
        context: 'favourites',
        state: Expanded,
      });
    case 'folder':
      return row({ label: node.folder.name, icon: 'folder', context: 'folder', state: Collapsed });
    case 'prompt':
      return promptRow(node);
    case 'links':
      return row({
        label: node.relation === 'includes' ? vscode.l10n.t('Includes') : vscode.l10n.t('Used by'),
        icon: node.relation === 'includes' ? 'references' : 'type-hierarchy-sub',
        context: 'links',
        state: Collapsed,
      });
    case 'partial':
      return openable(
        row({
          label: node.prompt.name,
          description: folderPathOf(node.prompt),
          tooltip: tooltipOf(node.prompt),
          icon: 'symbol-snippet',
          context: 'partial',
          state: None,
        }),
        node.prompt,
      );
    case 'missingPartial':
      return row({
        label: node.reference,
        description: vscode.l10n.t('not found'),
        tooltip: vscode.l10n.t('No prompt has this name. Create it, or correct the reference.'),
        icon: 'warning',
        context: 'missingPartial',
        state: None,
      });
    case 'trashedFolder':
      return row({
        label: node.folder.name,
        description: trashedOn(node.folder.trashedAt),
        icon: 'folder',
        context: 'trashedFolder',
        state: None,
      });
    case 'trashedPrompt':
      return openable(
        row({
          label: node.prompt.name,
          description: trashedOn(node.prompt.trashedAt),
          tooltip: tooltipOf(node.prompt),
          icon: 'note',
          context: 'trashedPrompt',
          state: None,
        }),
        node.prompt,
      );
  }
}

function promptRow(node: PromptNode): vscode.TreeItem {
  const { prompt } = node;
  const item = row({
    label: prompt.name,
    description: descriptionOf(node),
    tooltip: tooltipOf(prompt),
    icon: iconOf(prompt),
    context: contextOf(prompt),
    state: Collapsed,
  });
  // Marks of who has it open, and of what was not seen yet, are drawn by address.
  item.resourceUri = promptUri(prompt);
  return openable(item, prompt);
}

/** `prompt`, then what menus ask for, in a fixed order: `prompt.favourite.conflict.unread`. */
function contextOf(prompt: PromptSummary): string {
  return [
    'prompt',
    prompt.favourite ? 'favourite' : '',
    prompt.hasConflict ? 'conflict' : '',
    prompt.unread ? 'unread' : '',
  ]
    .filter((part) => part !== '')
    .join('.');
}

function iconOf(prompt: PromptSummary): string {
  if (prompt.hasConflict) return 'git-merge';
  if (!prompt.verified) return 'sync';
  return 'note';
}

function descriptionOf({ prompt, showPath }: PromptNode): string {
  if (prompt.hasConflict) return vscode.l10n.t('two versions to merge');
  if (!prompt.verified) return vscode.l10n.t('checking…');
  // What it is for is in the tooltip: beside the name it would take the room of the name.
  return showPath ? folderPathOf(prompt) : '';
}

function folderPathOf(prompt: PromptSummary): string {
  return oneLine(prompt.path.split('/').slice(0, -1).join(' / '), 100);
}

function tooltipOf(prompt: PromptSummary): string {
  const tags = prompt.tags.map((tag) => `#${tag}`).join(' ');
  const versions =
    prompt.versions === 1 ? vscode.l10n.t('1 version') : vscode.l10n.t('{0} versions', prompt.versions);
  const state = prompt.hasDraft ? `${versions}, ${vscode.l10n.t('unsaved draft')}` : versions;
  return [prompt.path, prompt.description, tags, prompt.models.join(', '), state]
    .map((line) => oneLine(line, 200))
    .filter((line) => line !== '')
    .join('\n');
}

/** Personal prompts may be here twice: those of this computer, and those that an account has on its server. */
function workspaceRow({ workspace, where }: WorkspaceNode): vscode.TreeItem {
  return row({
    label: workspaceName(workspace, vscode.l10n.t),
    ...(where !== '' && { description: where }),
    icon: workspace.kind === 'personal' ? 'account' : 'organization',
    context: 'workspace',
    state: Expanded,
  });
}

function trashedOn(at: number | null): string {
  return at === null ? '' : vscode.l10n.t('deleted {0}', new Date(at).toLocaleDateString());
}

function row(look: {
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  readonly icon: string;
  readonly context: string;
  readonly state: vscode.TreeItemCollapsibleState;
}): vscode.TreeItem {
  const item = new vscode.TreeItem(labelOf(look.label), look.state);
  item.iconPath = new vscode.ThemeIcon(look.icon);
  item.contextValue = look.context;
  // A string, not a MarkdownString: it is shown as it is.
  item.tooltip = look.tooltip ?? oneLine(look.label, 200);
  if (look.description !== undefined) item.description = labelOf(look.description);
  return item;
}

function openable(item: vscode.TreeItem, prompt: PromptSummary): vscode.TreeItem {
  const uri = promptUri(prompt);
  item.command = { command: 'vscode.open', title: vscode.l10n.t('Open'), arguments: [uri] };
  return item;
}
