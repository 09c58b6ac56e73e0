// The prompts that include a prompt: where they do, and how to point them to its new name.

import * as vscode from 'vscode';
import type { Inclusion, Language } from '../../language/api.ts';
import type { Library, PromptId, PromptSummary } from '../../library/api.ts';
import { promptIdOf } from '../library/nodes.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import { toRange } from './places.ts';
import { knownPartial } from './surroundings.ts';

/** Prompts that are looked at for one answer. */
const maximumUsers = 500;

export interface ReferenceDeps {
  readonly library: Library;
  readonly language: Language;
  readonly token?: vscode.CancellationToken;
}

interface User {
  readonly uri: vscode.Uri;
  readonly inclusions: readonly Inclusion[];
}

export async function referencesTo(deps: ReferenceDeps, id: PromptId): Promise<vscode.Location[]> {
  const locations: vscode.Location[] = [];
  for await (const { uri, inclusions } of usersOf(deps, id)) {
    locations.push(...inclusions.map(({ range }) => new vscode.Location(uri, toRange(range))));
  }
  return locations;
}

async function* usersOf(deps: ReferenceDeps, id: PromptId): AsyncGenerator<User> {
  const users = await deps.library.usedBy(id);
  for (const user of users.ok ? users.value.slice(0, maximumUsers) : []) {
    if (deps.token?.isCancellationRequested === true) return;
    const found = await inclusionsIn(deps, user, id);
    if (found !== null) yield found;
  }
}

/** The text in the editor counts, if the prompt is open there. */
async function inclusionsIn(
  { library, language }: ReferenceDeps,
  user: PromptSummary,
  of: PromptId,
): Promise<User | null> {
  const open = vscode.workspace.textDocuments.find(({ uri }) => parsePromptUri(uri)?.id === user.id);
  const stored = open === undefined ? await library.read(user.id) : null;
  const text = open?.getText() ?? (stored?.ok === true ? stored.value.text : null);
  if (text === null) return null;
  const partials = await library.partialsOf(text, user.id);
  if (!partials.ok) return null;
  const prompt = { text, key: user.id, partials: partials.value.map(knownPartial) };
  return {
    uri: open?.uri ?? promptUri(user),
    inclusions: (await language.inclusions(prompt, of)) ?? [],
  };
}

/** Shows the changes in VS Code's own refactor preview; the user takes the ones that are wanted. */
export async function updateReferences(deps: ReferenceDeps, target: unknown): Promise<void> {
  const id = promptIdOf(target ?? vscode.window.activeTextEditor?.document.uri);
  if (id === null) return;
  const edit = new vscode.WorkspaceEdit();
  const metadata = { label: vscode.l10n.t('References to the renamed prompt'), needsConfirmation: true };
  let count = 0;
  for await (const { uri, inclusions } of usersOf(deps, id)) {
    for (const { moved } of inclusions) {
      if (moved === null) continue;
      edit.replace(uri, toRange(moved.range), moved.text, metadata);
      count += 1;
    }
  }
  if (count > 0) await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  else
    void vscode.window.showInformationMessage(vscode.l10n.t('All references to this prompt use its name.'));
}
