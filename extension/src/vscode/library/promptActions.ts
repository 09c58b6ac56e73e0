// What the user can do to prompts and folders from menus and the palette. Each asks for what it needs, makes one call
// to the library, and shows a failure; the views follow by the library's change event.

import * as vscode from 'vscode';
import type {
  FolderId,
  FolderSummary,
  Library,
  PromptId,
  PromptSummary,
  WorkspaceId,
} from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import type { Across } from './acrossWorkspaces.ts';
import { folderIdOf, promptIdOf, workspaceIdOf, type ItemId } from './nodes.ts';
import { labelOf, oneLine } from './plainText.ts';
import { valueOrShown, wentWell } from './problems.ts';
import { partialTag } from './reference.ts';
import { pickPrompt } from './search.ts';
import { workspaceChoice } from './workspaceWords.ts';

/** A new prompt is something that runs: the selection, and a place to say what to do with it. */
const newPromptText = `---
description: 
tags: []
---
Explain what this does, in plain words:

{{selection}}
`;

/** Slashes in a name make folders. `argument` may be a row, or `{ folderId?, name?, text? }` for a key or a link. */
export async function newPrompt(library: Library, argument: unknown): Promise<PromptSummary | null> {
  const place = await placeOf(library, argument);
  if (!place) return null;
  const typed =
    textIn(argument, 'name') ??
    (await vscode.window.showInputBox({
      title: vscode.l10n.t('New Prompt'),
      prompt: vscode.l10n.t('A name. Slashes make folders: “review/security”.'),
      validateInput: (value) => nameProblem(value, { slashes: true }),
    }));
  if (typed === undefined) return null;
  const segments = typed.split('/').map((segment) => segment.trim());
  const name = segments.at(-1) ?? '';
  const text = textIn(argument, 'text') ?? newPromptText;
  const made = valueOrShown(
    await library.createPrompts([{ ...place, name, path: segments.slice(0, -1), text }]),
  );
  const prompt = made?.[0];
  if (!prompt) return null;
  await vscode.window.showTextDocument(promptUri(prompt), { preview: false });
  return prompt;
}

export async function newFolder(library: Library, argument: unknown): Promise<void> {
  const place = await placeOf(library, argument);
  if (!place) return;
  const name =
    textIn(argument, 'name') ??
    (await vscode.window.showInputBox({
      title: vscode.l10n.t('New Folder'),
      prompt: vscode.l10n.t('A name for the folder'),
      validateInput: (value) => nameProblem(value),
    }));
  if (name === undefined) return;
  const { workspaceId, folderId } = place;
  wentWell(await library.createFolder({ workspaceId, parentId: folderId, name: name.trim() }));
}

export async function renameItem(library: Library, argument: unknown, given: unknown): Promise<void> {
  const item = await itemFor(library, argument, vscode.l10n.t('Rename Prompt'));
  if (!item) return;
  const name =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Rename'),
          prompt: vscode.l10n.t('References from other prompts keep working.'),
          value: item.name,
          validateInput: (value) => nameProblem(value),
        });
  if (name === undefined || name.trim() === item.name) return;
  wentWell(await library.rename(item.id, name.trim()));
}

export async function duplicatePrompt(library: Library, argument: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Duplicate Prompt'));
  const copy = prompt && valueOrShown(await library.duplicate(prompt.id));
  if (copy) await vscode.window.showTextDocument(promptUri(copy));
}

export async function moveItems(library: Library, given: readonly ItemId[]): Promise<void> {
  const ids = given.length > 0 ? given : await oneId(library, vscode.l10n.t('Move Prompt'));
  const [first] = ids;
  const workspaceId = first === undefined ? null : await workspaceOf(library, first);
  if (workspaceId === null) return;
  const folders = valueOrShown(await library.folders(workspaceId));
  if (!folders) return;
  const target = await vscode.window.showQuickPick(folderItems(folders), {
    title: vscode.l10n.t('Move to Folder'),
  });
  if (target) wentWell(await library.move(ids, target.folderId));
}

export async function takeItemsAcross(
  library: Library,
  how: Across,
  given: readonly ItemId[],
): Promise<void> {
  const title = how === 'copy' ? vscode.l10n.t('Copy Prompt') : vscode.l10n.t('Move Prompt');
  const ids = given.length > 0 ? given : await oneId(library, title);
  const places = await Promise.all(ids.map(async (id) => workspaceOf(library, id)));
  const from = places.filter((place) => place !== null);
  if (from.length === 0) return;
  const { takeAcross } = await import('./acrossWorkspaces.ts');
  await takeAcross(library, how, { ids, from });
}

async function workspaceOf(library: Library, id: ItemId): Promise<WorkspaceId | null> {
  const prompt = await library.prompt(id as PromptId);
  if (prompt.ok) return prompt.value.workspaceId;
  const folder = valueOrShown(await library.folder(id as FolderId));
  return folder?.workspaceId ?? null;
}

export async function trashItems(library: Library, given: readonly ItemId[]): Promise<void> {
  const ids = given.length > 0 ? given : await oneId(library, vscode.l10n.t('Delete Prompt'));
  if (ids.length === 0 || !wentWell(await library.trash(ids))) return;
  // It is in the trash now; the offer to undo may stand as long as it likes.
  void offerUndo(library, ids);
}

async function offerUndo(library: Library, ids: readonly ItemId[]): Promise<void> {
  const undo = vscode.l10n.t('Undo');
  const message =
    ids.length === 1
      ? vscode.l10n.t('Moved to the trash. It can be restored from there.')
      : vscode.l10n.t('{0} items moved to the trash. They can be restored from there.', ids.length);
  if ((await vscode.window.showInformationMessage(message, undo)) === undo) {
    wentWell(await library.restore(ids));
  }
}

export async function restoreItems(library: Library, ids: readonly ItemId[]): Promise<void> {
  if (ids.length > 0) wentWell(await library.restore(ids));
}

export async function purgeItems(library: Library, ids: readonly ItemId[]): Promise<void> {
  if (ids.length === 0) return;
  const question =
    ids.length === 1
      ? vscode.l10n.t('Delete this for good, with all its versions?')
      : vscode.l10n.t('Delete these {0} items for good, with all their versions?', ids.length);
  if (await confirmed(question)) wentWell(await library.purge(ids));
}

export async function emptyTrash(library: Library): Promise<void> {
  const trashed = valueOrShown(await library.trashed());
  if (!trashed) return;
  const ids = [...trashed.folders, ...trashed.prompts].map((item) => item.id);
  if (ids.length === 0) return;
  if (await confirmed(vscode.l10n.t('Delete everything in the trash for good, with all versions?'))) {
    wentWell(await library.purge(ids));
  }
}

export async function setFavourite(library: Library, argument: unknown, favourite: boolean): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Favourite'));
  if (prompt) wentWell(await library.setFavourite(prompt.id, favourite));
}

export async function copyReference(library: Library, argument: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Copy Reference'));
  if (!prompt) return;
  await vscode.env.clipboard.writeText(partialTag(prompt.path));
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied: paste it into another prompt.'), 3000);
}

export async function openPrompt(library: Library, argument: unknown, line: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Open Prompt'));
  if (!prompt) return;
  if (typeof line !== 'number' || !(line >= 0)) {
    await vscode.window.showTextDocument(promptUri(prompt));
    return;
  }
  const at = new vscode.Position(Math.floor(line), 0);
  await vscode.window.showTextDocument(promptUri(prompt), { selection: new vscode.Range(at, at) });
}

/** The prompt that the argument means, else the one in the active editor, else the one that the user picks. */
export async function promptFor(
  library: Library,
  argument: unknown,
  title: string,
): Promise<PromptSummary | null> {
  const id = promptIdOf(argument) ?? promptIdOf(vscode.window.activeTextEditor?.document.uri);
  return id === null ? pickPrompt(library, title) : valueOrShown(await library.prompt(id));
}

interface Place {
  readonly workspaceId: WorkspaceId;
  readonly folderId: FolderId | null;
}

/** Where something new goes: the folder or workspace that the argument means, else the workspace that the user picks. */
export async function placeOf(library: Library, argument: unknown): Promise<Place | null> {
  const folderId = folderIdOf(argument) ?? null;
  if (folderId !== null) {
    const folder = valueOrShown(await library.folder(folderId));
    return folder && { workspaceId: folder.workspaceId, folderId };
  }
  const named = workspaceIdOf(argument);
  // A program that says what to make is not asked where.
  const isSaid = textIn(argument, 'name') !== undefined;
  const workspaceId = named ?? (isSaid ? await firstWorkspace(library) : await chooseWorkspace(library));
  return workspaceId && { workspaceId, folderId: null };
}

/** Asked only where there are teams too. */
async function chooseWorkspace(library: Library): Promise<WorkspaceId | null> {
  const status = await library.status();
  if (status.kind !== 'ready' || status.workspaces.length < 2) return firstWorkspace(library);
  const rows = status.workspaces.map((each) => workspaceChoice(each, status.workspaces, vscode.l10n.t));
  const picked = await vscode.window.showQuickPick(rows, { title: vscode.l10n.t('Where does it go?') });
  return picked?.id ?? null;
}

/** The personal workspace, or null after it was said why there is none. */
export async function firstWorkspace(library: Library): Promise<WorkspaceId | null> {
  const status = await library.status();
  if (status.kind === 'ready') return status.workspaces[0]?.id ?? null;
  if (status.kind === 'unavailable') {
    valueOrShown({ ok: false, problem: status.problem });
  } else {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('The library is locked: open the Cuebook view to unlock it.'),
    );
  }
  return null;
}

async function oneId(library: Library, title: string): Promise<readonly ItemId[]> {
  const prompt = await promptFor(library, undefined, title);
  return prompt ? [prompt.id] : [];
}

async function itemFor(
  library: Library,
  argument: unknown,
  title: string,
): Promise<{ readonly id: PromptId | FolderId; readonly name: string } | null> {
  const isFolder = typeof argument === 'object' && argument !== null && 'folder' in argument;
  const folderId = isFolder ? folderIdOf(argument) : undefined;
  if (folderId) return valueOrShown(await library.folder(folderId));
  return promptFor(library, argument, title);
}

function folderItems(folders: readonly FolderSummary[]) {
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const pathOf = (folder: FolderSummary, depth = 0): string => {
    const parent = folder.parentId === null || depth > 100 ? undefined : byId.get(folder.parentId);
    return parent ? `${pathOf(parent, depth + 1)} / ${folder.name}` : folder.name;
  };
  const items = folders
    .filter((folder) => folder.trashedAt === null)
    .map((folder) => ({ label: labelOf(pathOf(folder)), folderId: folder.id as FolderId | null }))
    .sort((a, b) => a.label.localeCompare(b.label));
  return [{ label: vscode.l10n.t('Top of the library'), folderId: null }, ...items];
}

async function confirmed(question: string): Promise<boolean> {
  const yes = vscode.l10n.t('Delete for Good');
  const detail = vscode.l10n.t('This cannot be undone.');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) === yes;
}

function textIn(argument: unknown, key: 'name' | 'text'): string | undefined {
  if (typeof argument !== 'object' || argument === null || 'kind' in argument) return undefined;
  const value: unknown = (argument as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'string' ? value : undefined;
}

/** Only what can be said while typing; the library has the last word. */
function nameProblem(value: string, allowed: { readonly slashes: boolean } = { slashes: false }) {
  const segments = allowed.slashes ? value.split('/') : [value];
  if (segments.some((segment) => segment.trim() === '')) return vscode.l10n.t('Enter a name.');
  if (!allowed.slashes && value.includes('/')) return vscode.l10n.t('A name cannot contain a slash.');
  if (segments.some((segment) => oneLine(segment, 1000).length > 120)) {
    return vscode.l10n.t('A name has at most 120 characters.');
  }
  return undefined;
}
