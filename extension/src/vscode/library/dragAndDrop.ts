// Dragging in the tree: prompts and folders into folders or favourites, prompts into an editor, files into the library.

import * as vscode from 'vscode';
import type { FolderId, Library } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import { folderIdOf, itemIdOf, workspaceIdOf, type LibraryNode } from './nodes.ts';
import { wentWell } from './problems.ts';

/** VS Code's own name for "rows of this tree". */
const rowsType = 'application/vnd.code.tree.cuebook.library';
const uriListType = 'text/uri-list';

export function createDragAndDrop(deps: {
  readonly library: Library;
  /** Files that were dropped, to be imported into the folder (null = top). */
  readonly importFiles: (uris: readonly vscode.Uri[], folderId: FolderId | null) => Promise<void>;
}): vscode.TreeDragAndDropController<LibraryNode> {
  const { library } = deps;
  return {
    dragMimeTypes: [uriListType],
    dropMimeTypes: [rowsType, uriListType, 'files'],
    handleDrag(nodes, data) {
      const uris = nodes.flatMap((node) => ('prompt' in node ? [promptUri(node.prompt).toString()] : []));
      data.set(rowsType, new vscode.DataTransferItem([...nodes]));
      data.set(uriListType, new vscode.DataTransferItem(uris.join('\r\n')));
    },
    async handleDrop(target, data) {
      const rows: unknown = data.get(rowsType)?.value;
      if (Array.isArray(rows)) {
        await dropRows(library, rows as readonly LibraryNode[], target);
        return;
      }
      const uris = await droppedFiles(data);
      if (uris.length > 0) await deps.importFiles(uris, (target && folderIdOf(target)) ?? null);
    },
  };
}

async function dropRows(
  library: Library,
  rows: readonly LibraryNode[],
  target: LibraryNode | undefined,
): Promise<void> {
  if (target?.kind === 'favourites') {
    for (const row of rows) if ('prompt' in row) wentWell(await library.setFavourite(row.prompt.id, true));
    return;
  }
  const folderId = target ? folderIdOf(target) : null;
  if (folderId === undefined) return;
  const to = target === undefined ? null : workspaceIdOf(target);
  const items = rows
    .filter((row) => row.kind === 'prompt' || row.kind === 'folder')
    .flatMap((row) => {
      const [id, from] = [itemIdOf(row), workspaceIdOf(row)];
      return id === null || from === null || id === folderId ? [] : [{ id, from }];
    });
  const staying = items.filter(({ from }) => to === null || from === to).map(({ id }) => id);
  if (staying.length > 0) wentWell(await library.move(staying, folderId));
  const leaving = items.filter(({ from }) => to !== null && from !== to);
  if (leaving.length === 0 || to === null) return;
  const { takeAcross } = await import('./acrossWorkspaces.ts');
  const [ids, from] = [leaving.map(({ id }) => id), leaving.map((item) => item.from)];
  await takeAcross(library, 'move', { ids, from, to: { workspaceId: to, folderId } });
}

/** Files of the editor come as addresses; files from outside as files, which have an address only on this machine. */
async function droppedFiles(data: vscode.DataTransfer): Promise<readonly vscode.Uri[]> {
  const listed = parseUriList((await data.get(uriListType)?.asString()) ?? '');
  if (listed.length > 0) return listed;
  const files = Array.from(data, ([, item]) => item.asFile()).filter((file) => file !== undefined);
  const uris = files.flatMap(({ uri }) => uri ?? []);
  if (uris.length < files.length) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This window cannot see where the files come from. Use “Import Prompts…” instead.'),
    );
  }
  return uris;
}

/** RFC 2483: one address a line, `#` starts a comment. */
function parseUriList(list: string): readonly vscode.Uri[] {
  return list
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      try {
        return [vscode.Uri.parse(line, true)];
      } catch {
        return [];
      }
    });
}
