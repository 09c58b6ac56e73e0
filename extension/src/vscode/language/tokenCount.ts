// How long the active prompt is, in tokens: a quiet entry in the status bar, and a warning if it is longer than its
// model's context. Off with a setting; nothing is counted then.

import * as vscode from 'vscode';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import { languageId, parsePromptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { createDelayed } from './delayed.ts';
import { modelFor } from './modelFor.ts';
import { isEditable, spanToRange } from './places.ts';
import { renderPreview } from './previewText.ts';
import type { PromptSources } from './sources.ts';

/** Milliseconds without a change: counting is the least urgent thing here. */
const delay = 1_000;
const setting = 'tokenCount.enabled';

export function createTokenCount(
  sources: PromptSources,
  services: Services,
  failed: (error: unknown) => void,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('cuebook.tokens', vscode.StatusBarAlignment.Right, 90);
  item.name = vscode.l10n.t('Tokens of the prompt');
  item.command = 'cuebook.previewMessages';
  const collection = vscode.languages.createDiagnosticCollection('cuebook-tokens');
  const delayed = createDelayed(delay, failed);
  const update = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId !== languageId || !isOn()) {
      item.hide();
      delayed.cancel('count');
      return;
    }
    delayed.request('count', async (isCurrent) => {
      const counted = await count({ sources, services }, document);
      if (!isCurrent()) return;
      show(item, counted);
      if (isEditable(document) && !document.isClosed)
        collection.set(document.uri, tooLong(sources.parsed(document), counted));
    });
  };
  update();
  return vscode.Disposable.from(
    item,
    collection,
    delayed,
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document === vscode.window.activeTextEditor?.document) update();
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri)),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (!change.affectsConfiguration('cuebook')) return;
      collection.clear();
      update();
    }),
  );
}

function isOn(): boolean {
  return vscode.workspace.getConfiguration('cuebook').get<boolean>(setting, true);
}

interface Counted {
  readonly model: string;
  readonly tokens: number;
  readonly estimated: boolean;
  /** Null if it is not known. */
  readonly contextTokens: number | null;
}

async function count(
  { sources, services }: { readonly sources: PromptSources; readonly services: Services },
  document: vscode.TextDocument,
): Promise<Counted | null> {
  const prompt = sources.parsed(document);
  const [partials, lastValues] = await Promise.all([
    sources.partials(document),
    sources.lastValues(document),
  ]);
  const id = parsePromptUri(document.uri)?.id;
  const outcome = renderPreview(prompt, {
    partials: partials.resolve,
    lastValues,
    ...(id !== undefined && { key: id }),
  });
  if (!outcome.ok) return null;
  const model = modelFor(prompt);
  const messages = outcome.messages.map(({ role, content }) => ({ role, content }));
  const [counted, known] = await Promise.all([
    services.models.countTokens(model, messages),
    services.models.knownModels(),
  ]);
  return {
    ...counted,
    model,
    contextTokens: known.find(({ id: name }) => name === model)?.contextTokens ?? null,
  };
}

function show(item: vscode.StatusBarItem, counted: Counted | null): void {
  if (counted === null) {
    item.hide();
    return;
  }
  const { tokens, estimated, model } = counted;
  item.text = estimated ? vscode.l10n.t('~{0} tokens', tokens) : vscode.l10n.t('{0} tokens', tokens);
  item.tooltip = vscode.l10n.t('The messages of this prompt, counted for {0}. Select to see them.', model);
  item.accessibilityInformation = { label: vscode.l10n.t('The prompt has {0} tokens', tokens) };
  item.show();
}

function tooLong(prompt: PromptDocument, counted: Counted | null): vscode.Diagnostic[] {
  if (counted === null || counted.contextTokens === null || counted.tokens <= counted.contextTokens)
    return [];
  const field = prompt.settings.models.find(({ value }) => value === counted.model);
  const diagnostic = new vscode.Diagnostic(
    spanToRange(prompt, field?.span ?? { start: 0, end: 0 }),
    vscode.l10n.t(
      'The prompt has about {0} tokens, more than the {1} that {2} takes.\nShorten it, or name another model.',
      counted.tokens,
      counted.contextTokens,
      counted.model,
    ),
    vscode.DiagnosticSeverity.Warning,
  );
  diagnostic.source = 'Cuebook';
  diagnostic.code = 'contextTooLong';
  return [diagnostic];
}
