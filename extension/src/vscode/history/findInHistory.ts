// "Which version introduced this text?": as you type, or of what is selected.

import * as vscode from 'vscode';
import type { Library, LibraryProblem, PromptId } from '../../library/api.ts';
import type { TextAppearance } from '../../library/history.ts';
import { createLatestOnly } from '../library/latestOnly.ts';
import { labelOf } from '../library/plainText.ts';
import { promptFor } from '../library/promptActions.ts';
import { sentenceOf } from '../library/problems.ts';
import { promptOfVersion } from '../library/virtualTexts.ts';
import { parsePromptUri } from '../promptUri.ts';
import { showVersionChange } from './compare.ts';
import { versionItem, type VersionItem } from './pickVersion.ts';

interface AppearanceItem extends VersionItem {
  readonly appearance: TextAppearance;
}

type Found =
  | { readonly ok: true; readonly value: readonly TextAppearance[] }
  | { readonly ok: false; readonly problem: LibraryProblem };

/** Shorter texts are everywhere. */
const shortest = 2;

/** `given`: a text to look for; else what is selected in the active editor. */
export async function findInHistory(library: Library, argument: unknown, given: unknown): Promise<void> {
  const active = vscode.window.activeTextEditor;
  const prompt = await promptFor(library, argument, vscode.l10n.t('Find in History'));
  if (!prompt) return;
  const text = typeof given === 'string' ? given : selectedIn(active, prompt.id);
  const found = await pickAppearance(library, prompt.id, text);
  if (!found) return;
  const place = { promptId: prompt.id, revisionId: found.version.revisionId };
  await showVersionChange(library, place, found.what === 'introduced' ? found.line : undefined);
}

/** What is selected in the prompt itself or in one of its versions; empty for nothing. */
function selectedIn(editor: vscode.TextEditor | undefined, id: PromptId): string {
  if (!editor || editor.selection.isEmpty) return '';
  const { document, selection } = editor;
  const shown = parsePromptUri(document.uri)?.id ?? promptOfVersion(document.uri);
  return shown === id ? document.getText(selection) : '';
}

async function pickAppearance(library: Library, id: PromptId, text: string): Promise<TextAppearance | null> {
  const pick = vscode.window.createQuickPick<AppearanceItem>();
  pick.title = vscode.l10n.t('Which version introduced this text?');
  pick.placeholder = vscode.l10n.t('A text that is or was in this prompt');
  pick.matchOnDescription = true;
  // A quick pick has one line: a selection of several is looked for as it is until something else is typed.
  pick.value = text.includes('\n') ? '' : text;
  if (text.includes('\n'))
    pick.placeholder = vscode.l10n.t('The selected lines; type to look for something else');
  const queries = createLatestOnly(
    async (query: string): Promise<Found> =>
      query.length < shortest
        ? { ok: true, value: [] }
        : library.introduced(id, { text: query, ignoreCase: true }),
    (found) => {
      pick.busy = false;
      if (found.ok) pick.items = found.value.map(appearanceItem);
      else pick.placeholder = sentenceOf(found.problem);
    },
  );
  const ask = (query: string): void => {
    pick.busy = true;
    queries.ask(query);
  };
  try {
    return await new Promise<TextAppearance | null>((resolve) => {
      pick.onDidChangeValue(ask);
      pick.onDidAccept(() => resolve(pick.activeItems[0]?.appearance ?? null));
      pick.onDidHide(() => resolve(null));
      pick.show();
      ask(text);
    });
  } finally {
    queries.stop();
    pick.dispose();
  }
}

function appearanceItem(appearance: TextAppearance): AppearanceItem {
  const item = versionItem(appearance.version);
  const isNew = appearance.what === 'introduced';
  const what = isNew
    ? vscode.l10n.t('introduced in line {0}', appearance.line + 1)
    : vscode.l10n.t('removed');
  return {
    ...item,
    appearance,
    label: `$(${isNew ? 'diff-added' : 'diff-removed'}) ${item.label}`,
    detail: labelOf(what),
    // The library has matched already, in texts that the row does not show.
    alwaysShow: true,
  };
}
