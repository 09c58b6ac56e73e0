// The rendered messages of a prompt beside it: what a run would send, with example values. Never calls a model.

import * as vscode from 'vscode';
import type { RenderOutcome } from '@cuebook/shared/format/render';
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
  const refresh = (source: vscode.Uri): void => {
    const uri = previewUri(source);
    const isShown = vscode.workspace.textDocuments.some((each) => each.uri.toString() === uri.toString());
    if (isShown) delayed.request(uri.toString(), async () => changed.fire(uri));
  };
  const all = vscode.Disposable.from(
    changed,
    delayed,
    vscode.workspace.registerTextDocumentContentProvider(previewScheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: async (uri) => contentOf(sources, services, sourceOf(uri)),
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.languageId === languageId) refresh(document.uri);
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

async function contentOf(sources: PromptSources, services: Services, source: vscode.Uri): Promise<string> {
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
  const counts = await countEach(services, model, outcome);
  return previewText(outcome, {
    intro: vscode.l10n.t('These messages would be sent. No model was called.'),
    tokens: (index) => tokenText(counts[index] ?? null),
    total: vscode.l10n.t('Together {0}, counted for {1}.', tokenText(sum(counts)), model),
    problems: vscode.l10n.t('The prompt cannot be rendered:'),
    line: (line) => vscode.l10n.t('line {0}', line),
  });
}

async function countEach(
  { models }: Services,
  model: string,
  outcome: RenderOutcome,
): Promise<readonly TokenCount[]> {
  if (!outcome.ok) return [];
  return Promise.all(
    outcome.messages.map(async ({ role, content }) => models.countTokens(model, [{ role, content }])),
  );
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
