// The rendered messages of a prompt beside it: what a run would send, with example values. Never calls a model.

import * as vscode from 'vscode';
import type { RunMessage } from '../../library/api.ts';
import type { TokenCount } from '../../models/api.ts';
import { promptIdOf } from '../library/nodes.ts';
import { sentenceOf } from '../library/problems.ts';
import { languageId, parsePromptUri, promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { createDelayed } from './delayed.ts';
import { modelFor } from './modelFor.ts';
import { previewText, renderPreview } from './previewText.ts';
import type { PromptSources } from './sources.ts';

const previewScheme = 'cuebook-preview';
/** Milliseconds without a change. */
const delay = 200;

export interface Preview extends vscode.Disposable {
  show(target: unknown): Promise<void>;
}

export function createPreview(
  sources: PromptSources,
  services: Services,
  failed: (error: unknown) => void,
): Preview {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const delayed = createDelayed(delay, failed);
  const counts = createCounts(services.models);
  const refresh = (source: vscode.Uri): void => {
    const uri = previewUri(source);
    const isShown = vscode.workspace.textDocuments.some((each) => each.uri.toString() === uri.toString());
    if (isShown) delayed.request(uri.toString(), async () => changed.fire(uri));
  };
  const deps: ContentDeps = { sources, services, counts, counted: refresh };
  const all = vscode.Disposable.from(
    changed,
    delayed,
    vscode.workspace.registerTextDocumentContentProvider(previewScheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: async (uri) => contentOf(deps, sourceOf(uri)),
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.languageId === languageId) refresh(document.uri);
    }),
    // Counts may have come while VS Code was still opening the preview.
    vscode.workspace.onDidOpenTextDocument(({ uri }) => {
      if (uri.scheme === previewScheme) refresh(sourceOf(uri));
    }),
    sources.onDidChange(() => {
      for (const { uri } of vscode.workspace.textDocuments) {
        if (uri.scheme === previewScheme) refresh(sourceOf(uri));
      }
    }),
  );
  return { show: async (target) => show(services, target), dispose: () => all.dispose() };
}

async function show(services: Services, target: unknown): Promise<void> {
  const source = await sourceFor(services, target);
  if (source === null) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a prompt to see its messages.'));
    return;
  }
  await vscode.window.showTextDocument(previewUri(source), {
    viewColumn: vscode.ViewColumn.Beside,
    preserveFocus: true,
    preview: true,
  });
}

async function sourceFor({ library }: Services, target: unknown): Promise<vscode.Uri | null> {
  if (target instanceof vscode.Uri) return target;
  const id = promptIdOf(target);
  if (id === null) {
    const active = vscode.window.activeTextEditor?.document;
    return active?.languageId === languageId ? active.uri : null;
  }
  const found = await library.prompt(id);
  return found.ok ? promptUri(found.value) : null;
}

/** The source stands in the query; the path is what the tab shows. */
function previewUri(source: vscode.Uri): vscode.Uri {
  const name =
    source.path
      .split('/')
      .at(-1)
      ?.replace(/\.cue\.md$/, '') ?? '';
  const path = `/${vscode.l10n.t('{0} (messages)', name)}.md`;
  return vscode.Uri.from({ scheme: previewScheme, path, query: source.toString() });
}

function sourceOf(preview: vscode.Uri): vscode.Uri {
  return vscode.Uri.parse(preview.query, true);
}

interface ContentDeps {
  readonly sources: PromptSources;
  readonly services: Services;
  readonly counts: Counts;
  /** Called when counts are there that were missing. */
  readonly counted: (source: vscode.Uri) => void;
}

async function contentOf(deps: ContentDeps, source: vscode.Uri): Promise<string> {
  const { sources, services, counts } = deps;
  const document = await vscode.workspace.openTextDocument(source);
  const prompt = sources.parsed(document);
  const id = parsePromptUri(source)?.id;
  const stored = id === undefined ? null : await services.library.prompt(id);
  if (stored?.ok === false) return sentenceOf(stored.problem);
  const [partials, lastValues] = await Promise.all([
    sources.partials(document),
    sources.lastValues(document),
  ]);
  const outcome = renderPreview(prompt, {
    partials: partials.resolve,
    lastValues,
    ...(id !== undefined && { key: id }),
  });
  const model = modelFor(prompt);
  const messages = outcome.ok ? outcome.messages.map(({ role, content }) => ({ role, content })) : [];
  const known = counts.of(model, messages, () => deps.counted(source));
  return previewText(outcome, {
    intro: vscode.l10n.t('These messages would be sent. No model was called.'),
    tokens: (index) => (known === null ? '' : tokenText(known[index] ?? null)),
    total:
      known === null ? '' : vscode.l10n.t('Together {0}, counted for {1}.', tokenText(sum(known)), model),
    problems: vscode.l10n.t('The prompt cannot be rendered:'),
    line: (line) => vscode.l10n.t('line {0}', line),
  });
}

interface Counts {
  /** Null while they are being counted; `counted` is called then, once. */
  of(model: string, messages: readonly RunMessage[], counted: () => void): readonly TokenCount[] | null;
}

/** The messages come at once, their counts when the tokenizer is there. Keeps the last set of messages only. */
function createCounts(models: Services['models']): Counts {
  let last: { readonly key: string; readonly counts: readonly TokenCount[] | null } | null = null;
  return {
    of: (model, messages, counted) => {
      const key = JSON.stringify([model, messages]);
      if (last?.key === key) return last.counts;
      last = { key, counts: null };
      const count = async (): Promise<void> => {
        const counts = await Promise.all(
          messages.map(async (message) => models.countTokens(model, [message])),
        );
        if (last?.key !== key) return;
        last = { key, counts };
        counted();
      };
      // Without counts the preview is still what was asked for.
      void count().catch(() => undefined);
      return null;
    },
  };
}

function sum(counts: readonly TokenCount[]): TokenCount {
  return {
    tokens: counts.reduce((total, { tokens }) => total + tokens, 0),
    estimated: counts.some(({ estimated }) => estimated),
  };
}

function tokenText(count: TokenCount | null): string {
  if (count === null) return '';
  return count.estimated
    ? vscode.l10n.t('about {0} tokens', count.tokens)
    : vscode.l10n.t('{0} tokens', count.tokens);
}
