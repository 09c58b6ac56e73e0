// Sample prompts that come with the extension: good enough to be used as they are, and small enough to learn from.

import * as vscode from 'vscode';
import type { Library, NewPrompt } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import { firstWorkspace } from './promptActions.ts';
import { valueOrShown } from './problems.ts';
import { isPromptFile, withoutExtension } from './promptPath.ts';

/** Adds those samples that are not in the sample folder yet, and opens the first. Answers with how many were added. */
export async function addSamples(library: Library, extensionUri: vscode.Uri): Promise<number> {
  const workspaceId = await firstWorkspace(library);
  if (!workspaceId) return 0;
  const folder = vscode.l10n.t('Samples');
  const samples = await readSamples(vscode.Uri.joinPath(extensionUri, 'samples'));
  const present = await namesIn(library, folder);
  const missing = samples.filter(({ name }) => !present.has(name));
  const prompts = missing.map(({ name, text }): NewPrompt => ({
    workspaceId,
    folderId: null,
    name,
    text,
    path: [folder],
    isSample: true,
  }));
  const made = prompts.length === 0 ? [] : valueOrShown(await library.createPrompts(prompts));
  if (!made) return 0;
  if (made.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('The samples are in your library already.'));
    return 0;
  }
  const first = made.find(({ name }) => name === 'review-code') ?? made[0];
  if (first) await vscode.window.showTextDocument(promptUri(first));
  return made.length;
}

async function readSamples(
  folder: vscode.Uri,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const files = entries.map(([name]) => name).filter(isPromptFile);
  return Promise.all(
    files.sort().map(async (file) => ({
      name: withoutExtension(file),
      text: new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, file))),
    })),
  );
}

/** A sample that the user renamed or moved is not missed; one that was changed is not replaced. */
async function namesIn(library: Library, folder: string): Promise<ReadonlySet<string>> {
  const all = await library.list({ limit: 10_000 });
  if (!all.ok) return new Set();
  const prefix = `${folder}/`;
  return new Set(all.value.filter(({ path }) => path.startsWith(prefix)).map(({ name }) => name));
}
