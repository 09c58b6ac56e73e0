// Finds folders and prompts by the names in a path. For `workspace.fs`; documents themselves are found by id.

import * as vscode from 'vscode';
import type {
  FolderId,
  FolderSummary,
  Library,
  PromptSummary,
  WorkspaceId,
  WorkspaceSummary,
} from '../../library/api.ts';
import { isPromptFile, withoutExtension } from './promptPath.ts';
import { sentenceOf, valueOrThrow } from './problems.ts';

export type Found =
  | { readonly kind: 'folder'; readonly folder: FolderSummary }
  | { readonly kind: 'prompt'; readonly prompt: PromptSummary };

export interface Children {
  readonly folders: readonly FolderSummary[];
  readonly prompts: readonly PromptSummary[];
}

export interface PathLookup {
  /** Throws FileNotFound for a workspace that is not there, Unavailable while the library is closed. */
  workspace(uri: vscode.Uri): Promise<WorkspaceSummary>;
  children(uri: vscode.Uri, folderId: FolderId | null): Promise<Children>;
  /** The folder that the names lead to (null = top). Throws FileNotFound. */
  folder(uri: vscode.Uri, names: readonly string[]): Promise<FolderId | null>;
  /** What the path names, or null. Throws FileNotFound if the folder it should lie in is missing. */
  find(
    uri: vscode.Uri,
    path: { readonly folders: readonly string[]; readonly last: string },
  ): Promise<Found | null>;
}

export function createPathLookup(library: Pick<Library, 'status' | 'children'>): PathLookup {
  const children = async (uri: vscode.Uri, folderId: FolderId | null): Promise<Children> =>
    valueOrThrow(await library.children({ workspaceId: uri.authority as WorkspaceId, folderId }), uri);

  const folder = async (uri: vscode.Uri, names: readonly string[]): Promise<FolderId | null> => {
    let at: FolderId | null = null;
    for (const name of names) {
      const { folders } = await children(uri, at);
      const next = folders.find((candidate) => sameName(candidate.name, name));
      if (!next) throw vscode.FileSystemError.FileNotFound(uri);
      at = next.id;
    }
    return at;
  };

  return {
    async workspace(uri) {
      const status = await library.status();
      switch (status.kind) {
        case 'ready': {
          const found = status.workspaces.find((workspace) => workspace.id === uri.authority);
          if (!found) throw vscode.FileSystemError.FileNotFound(uri);
          return found;
        }
        case 'keyMissing':
          throw vscode.FileSystemError.Unavailable(
            vscode.l10n.t('The library is locked: open the Cuebook view to unlock it.'),
          );
        case 'unavailable':
          throw vscode.FileSystemError.Unavailable(sentenceOf(status.problem));
      }
    },
    children,
    folder,
    async find(uri, path) {
      const { folders, prompts } = await children(uri, await folder(uri, path.folders));
      if (isPromptFile(path.last)) {
        const name = withoutExtension(path.last);
        const prompt = prompts.find((candidate) => sameName(candidate.name, name));
        if (prompt) return { kind: 'prompt', prompt };
      }
      const found = folders.find((candidate) => sameName(candidate.name, path.last));
      return found ? { kind: 'folder', folder: found } : null;
    },
  };
}

/** Names are stored in NFC; a path that came through macOS may be decomposed. */
function sameName(stored: string, given: string): boolean {
  return stored === given.normalize('NFC');
}
