// How long the active prompt is, in tokens: a quiet entry in the status bar, and a warning if it is longer than its
// model's context. Off with a setting; nothing is counted then.

import * as vscode from 'vscode';
import type { PreviewAnswer } from '../../language/api.ts';
import { languageId } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { createDelayed } from './delayed.ts';
import { isEditable, textOf, toRange } from './places.ts';
import type { Counted, TokenCounts } from './tokenCounts.ts';

/** Milliseconds without a change: counting is the least urgent thing here. */
const delay = 1_000;
const setting = 'tokenCount.enabled';

export function createTokenCount(
  services: Services,
  counts: TokenCounts,
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
      const preview = await services.language.preview(textOf(services.language, document));
      const counted = preview && (await counts.of(preview));
      const limit = counted && (await contextOf(services, counted.model));
      if (!isCurrent()) return;
      show(item, counted);
      if (isEditable(document) && !document.isClosed && preview !== null)
        collection.set(document.uri, tooLong(preview, counted, limit));
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

/** Null if it is not known. */
async function contextOf({ models }: Services, model: string): Promise<number | null> {
  const known = await models.knownModels();
  return known.find(({ id }) => id === model)?.contextTokens ?? null;
}

function show(item: vscode.StatusBarItem, counted: Counted | null): void {
  if (counted === null) {
    item.hide();
    return;
  }
  const { tokens, estimated, model } = counted;
  item.text = estimated ? vscode.l10n.t('~{0} tokens', tokens) : vscode.l10n.t('{0} tokens', tokens);
  item.tooltip = vscode.l10n.t(
    'The messages of this prompt with what a chat adds around them, counted for {0}. Select to see them.',
    model,
  );
  item.accessibilityInformation = { label: vscode.l10n.t('The prompt has {0} tokens', tokens) };
  item.show();
}

function tooLong(
  { models }: PreviewAnswer,
  counted: Counted | null,
  limit: number | null,
): vscode.Diagnostic[] {
  if (counted === null || limit === null || counted.tokens <= limit) return [];
  const named = models.find(({ value }) => value === counted.model);
  const diagnostic = new vscode.Diagnostic(
    named === undefined ? new vscode.Range(0, 0, 0, 0) : toRange(named.range),
    vscode.l10n.t(
      'The prompt has about {0} tokens, more than the {1} that {2} takes.\nShorten it, or name another model.',
      counted.tokens,
      limit,
      counted.model,
    ),
    vscode.DiagnosticSeverity.Warning,
  );
  diagnostic.source = 'Cuebook';
  diagnostic.code = 'contextTooLong';
  return [diagnostic];
}
