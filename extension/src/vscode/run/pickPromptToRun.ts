// Which prompt to run: the ones run last first, then favourites, then the rest; as you type also what matches inside the
// texts. A library of hundreds never floods the list: VS Code filters a bounded part, the library searches the rest.

import * as vscode from 'vscode';
import type { Library, PromptId, PromptSummary } from '../../library/api.ts';
import { parseRecent, recentKey } from '../../run/promptMemory.ts';
import { createLatestOnly } from '../library/latestOnly.ts';
import { labelOf } from '../library/plainText.ts';
import { sentenceOf } from '../library/problems.ts';
import { promptUri } from '../promptUri.ts';

interface PromptItem extends vscode.QuickPickItem {
  readonly prompt: PromptSummary | null;
}

/** So many rows VS Code gets to filter; beyond them the library's search brings what matches. */
const listed = 500;
const found = 50;

export async function pickPromptToRun(library: Library, title: string): Promise<PromptSummary | null> {
  const pick = vscode.window.createQuickPick<PromptItem>();
  pick.title = title;
  pick.placeholder = vscode.l10n.t('Loading prompts…');
  pick.matchOnDescription = true;
  pick.busy = true;
  let base: readonly PromptItem[] = [];
  const searches = createLatestOnly(
    async (query: string) => (query.trim().length < 2 ? [] : textHits(library, query, base)),
    (hits) => {
      pick.busy = false;
      pick.items = [...base, ...hits];
    },
  );
  const load = async (): Promise<void> => {
    base = await loadItems(library, pick);
    pick.items = base;
    pick.busy = false;
    if (pick.value !== '') searches.ask(pick.value);
  };
  try {
    return await new Promise<PromptSummary | null>((resolve) => {
      pick.onDidChangeValue((query) => searches.ask(query));
      pick.onDidAccept(() => {
        const prompt = pick.selectedItems[0]?.prompt;
        if (prompt) resolve(prompt);
      });
      pick.onDidTriggerItemButton(({ item }) => {
        if (item.prompt) void vscode.window.showTextDocument(promptUri(item.prompt));
        resolve(null);
      });
      pick.onDidHide(() => resolve(null));
      pick.show();
      void load();
    });
  } finally {
    searches.stop();
    pick.dispose();
  }
}

async function loadItems(
  library: Library,
  pick: vscode.QuickPick<PromptItem>,
): Promise<readonly PromptItem[]> {
  const [all, recent] = await Promise.all([library.list({ limit: listed }), recentPrompts(library)]);
  if (!all.ok) {
    pick.placeholder = sentenceOf(all.problem);
    return [];
  }
  const prompts = all.value;
  pick.placeholder =
    prompts.length === 0
      ? vscode.l10n.t('No prompts yet. Make one with “Cuebook: New Prompt”.')
      : vscode.l10n.t('Which prompt?');
  const shown = new Set(recent.map(({ id }) => id));
  const rest = prompts.filter(({ id }) => !shown.has(id));
  const favourites = rest.filter(({ favourite }) => favourite);
  const others = rest.filter(({ favourite }) => !favourite);
  return [
    ...group(vscode.l10n.t('run recently'), recent),
    ...group(vscode.l10n.t('favourites'), favourites),
    ...group(vscode.l10n.t('all prompts'), others),
  ];
}

async function recentPrompts(library: Library): Promise<readonly PromptSummary[]> {
  const remembered = await library.recall(recentKey);
  const ids: readonly PromptId[] = remembered.ok ? parseRecent(remembered.value) : [];
  const prompts = await Promise.all(ids.slice(0, 10).map(async (id) => library.prompt(id)));
  return prompts.flatMap((prompt) => (prompt.ok && prompt.value.trashedAt === null ? [prompt.value] : []));
}

function group(label: string, prompts: readonly PromptSummary[]): readonly PromptItem[] {
  if (prompts.length === 0) return [];
  return [separator(label), ...prompts.map((prompt) => itemOf(prompt))];
}

function separator(label: string): PromptItem {
  return { label, kind: vscode.QuickPickItemKind.Separator, prompt: null };
}

/** Matches in texts, and matches in names beyond the listed part. */
async function textHits(
  library: Library,
  query: string,
  base: readonly PromptItem[],
): Promise<readonly PromptItem[]> {
  const hits = await library.search(query, found);
  if (!hits.ok) return [];
  const known = new Set(base.map((item) => item.prompt?.id));
  const more = hits.value.filter(({ prompt, matched }) => matched === 'body' || !known.has(prompt.id));
  if (more.length === 0) return [];
  return [
    separator(vscode.l10n.t('found by the words')),
    ...more.map(({ prompt, excerpt }) => ({
      ...itemOf(prompt),
      ...(excerpt === '' ? {} : { detail: labelOf(excerpt) }),
      alwaysShow: true,
    })),
  ];
}

function itemOf(prompt: PromptSummary): PromptItem {
  const folder = prompt.path.split('/').slice(0, -1).join(' / ');
  return {
    prompt,
    label: labelOf(prompt.name),
    description: labelOf([folder, prompt.description].filter(Boolean).join(' — ')),
    buttons: [{ iconPath: new vscode.ThemeIcon('go-to-file'), tooltip: vscode.l10n.t('Open Prompt') }],
  };
}
