// Search over names, tags and texts as you type, in a quick pick; also the picker of commands that need a prompt.

import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { Library, LibraryProblem, PromptSummary, SearchHit, SearchProgress } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import { createLatestOnly } from './latestOnly.ts';
import { labelOf, oneLine } from './plainText.ts';
import { sentenceOf } from './problems.ts';

interface HitItem extends vscode.QuickPickItem {
  /** Null: a row that only says something. */
  readonly hit: SearchHit | null;
}

const limit = 100;

/** Opens the prompt that the user picks, at the line that matched. */
export async function searchPrompts(library: Library, query = ''): Promise<void> {
  const hit = await pickHit(library, {
    title: vscode.l10n.t('Search Prompts'),
    placeholder: vscode.l10n.t('Words in names, tags and texts'),
    query,
  });
  if (!hit) return;
  const at = new vscode.Position(hit.line, 0);
  const options = hit.matched === 'body' ? { selection: new vscode.Range(at, at) } : {};
  await vscode.window.showTextDocument(promptUri(hit.prompt), options);
}

/** The prompt that the user picks, or null. */
export async function pickPrompt(library: Library, title: string): Promise<PromptSummary | null> {
  const hit = await pickHit(library, { title, placeholder: vscode.l10n.t('Which prompt?'), query: '' });
  return hit?.prompt ?? null;
}

interface PickOptions {
  readonly title: string;
  readonly placeholder: string;
  readonly query: string;
}

async function pickHit(library: Library, options: PickOptions): Promise<SearchHit | null> {
  const pick = vscode.window.createQuickPick<HitItem>();
  pick.title = options.title;
  pick.placeholder = options.placeholder;
  pick.value = options.query;
  pick.keepScrollPosition = false;
  const show = (answer: Hits, more: readonly HitItem[] = []): void => {
    if (!answer.ok) {
      pick.placeholder = sentenceOf(answer.problem);
      return;
    }
    const items = [...more, ...answer.hits.map(itemOf)];
    // A click on a row that is being replaced by its like would be lost.
    if (!isDeepStrictEqual(pick.items, items)) pick.items = items;
  };
  const meanwhile = createMeanwhile(library, show);
  const queries = createLatestOnly(
    async (query: string) => hitsFor(library, query),
    (answer) => {
      meanwhile.stop();
      pick.busy = false;
      show(answer);
    },
  );
  const ask = (query: string): void => {
    pick.busy = true;
    meanwhile.show(query);
    queries.ask(query);
  };
  try {
    return await new Promise<SearchHit | null>((resolve) => {
      pick.onDidChangeValue(ask);
      pick.onDidAccept(() => {
        const hit = pick.selectedItems[0]?.hit;
        if (hit) resolve(hit);
      });
      pick.onDidHide(() => resolve(null));
      pick.show();
      // Warms the index while the user is still typing the first word.
      void library.search('', 1);
      ask(options.query);
    });
  } finally {
    queries.stop();
    meanwhile.stop();
    pick.dispose();
  }
}

type Hits =
  | { readonly ok: true; readonly hits: readonly SearchHit[] }
  | { readonly ok: false; readonly problem: LibraryProblem };

/** Milliseconds after which a search says that it is still reading, and between two looks at how far it is. */
const patience = 250;

interface Meanwhile {
  show(query: string): void;
  stop(): void;
}

/** While the first search reads all texts: how far it is, and what is found without them. */
function createMeanwhile(
  library: Library,
  show: (answer: Hits, more: readonly HitItem[]) => void,
): Meanwhile {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let query = '';
  const look = async (): Promise<void> => {
    const own = timer;
    const [progress, named] = await Promise.all([
      library.searchProgress(),
      library.list({ filter: query, limit }),
    ]);
    if (timer !== own) return;
    if (progress.ok && progress.value !== null && named.ok)
      show(hitsOf(named.value), [progressItem(progress.value)]);
    again();
  };
  const again = (): void => {
    timer = setTimeout(() => void look(), patience);
  };
  return {
    show: (text) => {
      query = text;
      if (timer === null && text.trim() !== '') again();
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}

function progressItem({ read, total }: SearchProgress): HitItem {
  return {
    hit: null,
    label: `$(loading~spin) ${vscode.l10n.t('Reading the texts: {0} of {1}', read.toLocaleString(), total.toLocaleString())}`,
    detail: vscode.l10n.t('Until then only names and tags are searched.'),
    alwaysShow: true,
  };
}

function hitsOf(prompts: readonly PromptSummary[]): Hits {
  return { ok: true, hits: prompts.map((prompt) => ({ prompt, matched: 'name', excerpt: '', line: 0 })) };
}

async function hitsFor(library: Library, query: string): Promise<Hits> {
  if (query.trim() !== '') {
    const found = await library.search(query, limit);
    return found.ok ? { ok: true, hits: found.value } : found;
  }
  const all = await library.list({ limit });
  return all.ok ? hitsOf(all.value) : all;
}

function itemOf(hit: SearchHit): HitItem {
  const folder = hit.prompt.path.split('/').slice(0, -1).join(' / ');
  const detail = hit.excerpt || hit.prompt.description;
  return {
    hit,
    label: labelOf(hit.prompt.name),
    description: labelOf([folder, ...hit.prompt.tags.map((tag) => `#${tag}`)].filter(Boolean).join('  ')),
    ...(detail === '' ? {} : { detail: labelOf(oneLine(detail, 120)) }),
    // The library has matched already, in texts that the row does not show.
    alwaysShow: true,
  };
}
