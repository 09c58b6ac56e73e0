// Export of a prompt, a folder or everything, as plain files, to any folder that VS Code can write to. Never replaces a
// file without having asked.

import * as vscode from 'vscode';
import type { ExportFile, ExportScope, Library } from '../../library/api.ts';
import { folderIdOf, isLibraryNode } from './nodes.ts';
import { promptFor } from './promptActions.ts';
import { valueOrShown } from './problems.ts';
import { isSafePath } from './exportPath.ts';

export async function exportItem(library: Library, argument: unknown, target: unknown): Promise<void> {
  const scope = await scopeOf(library, argument);
  if (scope) await exportScope(library, scope, target);
}

/** `target` is asked for when it is not an address. Answers with the number of files written, null if given up. */
export async function exportScope(
  library: Library,
  scope: ExportScope,
  target?: unknown,
): Promise<number | null> {
  const folder = target instanceof vscode.Uri ? target : await pickTarget();
  if (!folder) return null;
  const started = valueOrShown(await library.exportStart(scope));
  if (!started) return null;
  const written = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title: vscode.l10n.t('Exporting…') },
    async (progress, token) => {
      const writer = createWriter(folder);
      while (!token.isCancellationRequested) {
        const files = valueOrShown(await library.exportNext(started.exportId));
        if (!files || files.length === 0) break;
        for (const file of files) await writer.write(file, token);
        progress.report({ increment: (100 * files.length) / Math.max(1, started.fileCount) });
      }
      return writer.written();
    },
  );
  void sayDone(folder, written);
  return written;
}

async function scopeOf(library: Library, argument: unknown): Promise<ExportScope | null> {
  if (isLibraryNode(argument)) {
    if (argument.kind === 'workspace') return { kind: 'everything' };
    const folderId = argument.kind === 'folder' ? folderIdOf(argument) : null;
    if (folderId) return { kind: 'folder', id: folderId };
  }
  const prompt = await promptFor(library, argument, vscode.l10n.t('Export Prompt'));
  return prompt && { kind: 'prompt', id: prompt.id };
}

async function pickTarget(): Promise<vscode.Uri | null> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
    title: vscode.l10n.t('Export to Folder'),
    openLabel: vscode.l10n.t('Export Here'),
  });
  return picked?.[0] ?? null;
}

interface Writer {
  write(file: ExportFile, token: vscode.CancellationToken): Promise<void>;
  written(): number;
}

function createWriter(folder: vscode.Uri): Writer {
  let replace: boolean | null = null;
  let count = 0;
  return {
    async write(file, token) {
      if (token.isCancellationRequested || !isSafePath(file.path)) return;
      const uri = vscode.Uri.joinPath(folder, ...file.path.split('/'));
      const there = await contentOf(uri);
      if (there !== null && same(there, file.bytes)) return;
      if (there !== null) {
        replace ??= await askReplace();
        if (!replace) return;
      }
      await vscode.workspace.fs.writeFile(uri, file.bytes);
      count += 1;
    },
    written: () => count,
  };
}

async function askReplace(): Promise<boolean> {
  const replace = vscode.l10n.t('Replace');
  const keep = vscode.l10n.t('Keep What Is There');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('The folder has files of the same names with other contents. Replace them?'),
    { modal: true },
    replace,
    keep,
  );
  return answer === replace;
}

async function contentOf(uri: vscode.Uri): Promise<Uint8Array | null> {
  try {
    return await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return null;
    throw error;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

async function sayDone(folder: vscode.Uri, written: number): Promise<void> {
  const open = vscode.l10n.t('Show Folder');
  const message = vscode.l10n.t(
    '{0} files exported. They are plain text: whoever has them can read them.',
    written,
  );
  // Only what this machine's file browser can show.
  const actions = folder.scheme === 'file' ? [open] : [];
  if ((await vscode.window.showInformationMessage(message, ...actions)) === open) {
    await vscode.commands.executeCommand('revealFileInOS', folder);
  }
}
