// The prompts that include a prompt: where they do, and how to point them to its new name.

import * as vscode from 'vscode';
import { parseDocument } from '@cuebook/shared/format/parse';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import { partialNodes } from '@cuebook/shared/format/templateNodes';
import type { Library, PromptId } from '../../library/api.ts';
import { promptIdOf } from '../library/nodes.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import { movedPartials } from './movedPartials.ts';
import { spanToRange } from './places.ts';
import type { KnownPartials, PromptSources } from './sources.ts';

/** Prompts that are looked at for one answer. */
const maximumUsers = 500;

export interface ReferenceDeps {
  readonly sources: PromptSources;
  readonly library: Library;
  readonly token?: vscode.CancellationToken;
}

interface User {
  readonly uri: vscode.Uri;
  readonly prompt: PromptDocument;
  readonly partials: KnownPartials;
}

export async function referencesTo(deps: ReferenceDeps, id: PromptId): Promise<vscode.Location[]> {
  const locations: vscode.Location[] = [];
  for await (const { uri, prompt, partials } of usersOf(deps, id)) {
    const nodes = prompt.messages.flatMap(({ nodes: all }) => partialNodes(all));
    const own = nodes.filter(({ reference }) => partials.find(reference)?.target?.id === id);
    locations.push(
      ...own.map(({ referenceSpan }) => new vscode.Location(uri, spanToRange(prompt, referenceSpan))),
    );
  }
  return locations;
}

/** The text in the editor counts, if the prompt is open there. */
async function* usersOf({ sources, library, token }: ReferenceDeps, id: PromptId): AsyncGenerator<User> {
  const users = await library.usedBy(id);
  for (const user of users.ok ? users.value.slice(0, maximumUsers) : []) {
    if (token?.isCancellationRequested === true) return;
    const open = vscode.workspace.textDocuments.find(
      (document) => parsePromptUri(document.uri)?.id === user.id,
    );
    const stored = open === undefined ? await library.read(user.id) : null;
    if (open === undefined && stored?.ok !== true) continue;
    const prompt =
      open === undefined ? parseDocument(stored?.ok === true ? stored.value.text : '') : sources.parsed(open);
    yield {
      uri: open?.uri ?? promptUri(user),
      prompt,
      partials: await sources.partialsOfText(prompt, user.id),
    };
  }
}

/** Shows the changes in VS Code's own refactor preview; the user takes the ones that are wanted. */
export async function updateReferences(
  sources: PromptSources,
  library: Library,
  target: unknown,
): Promise<void> {
  const id = promptIdOf(target ?? vscode.window.activeTextEditor?.document.uri);
  if (id === null) return;
  const edit = new vscode.WorkspaceEdit();
  const metadata = { label: vscode.l10n.t('References to the renamed prompt'), needsConfirmation: true };
  let count = 0;
  for await (const { uri, prompt, partials } of usersOf({ sources, library }, id)) {
    for (const moved of movedPartials(prompt, partials.find)) {
      if (partials.find(moved.reference)?.target?.id !== id) continue;
      edit.replace(uri, spanToRange(prompt, moved.span), moved.edit.text, metadata);
      count += 1;
    }
  }
  if (count > 0) await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  else
    void vscode.window.showInformationMessage(vscode.l10n.t('All references to this prompt use its name.'));
}
