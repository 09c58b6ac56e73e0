// The rendered messages of a prompt beside it: what a run would send, with example values. Never calls a model.

import * as vscode from 'vscode';
import type { PreviewAnswer } from '../../language/api.ts';
import { promptIdOf } from '../library/nodes.ts';
import { sentenceOf } from '../library/problems.ts';
import { languageId, parsePromptUri, promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { createDelayed } from './delayed.ts';
import { textOf } from './places.ts';
import { previewText } from './previewText.ts';
import type { Counted, TokenCounts } from './tokenCounts.ts';

const previewScheme = 'cuebook-preview';
/** Milliseconds without a change. */
const delay = 200;

export interface Preview extends vscode.Disposable {
  show(target: unknown): Promise<void>;
}

export interface PreviewDeps {
  readonly services: Services;
  readonly counts: TokenCounts;
  readonly libraryChanged: vscode.Event<void>;
  readonly failed: (error: unknown) => void;
}

export function createPreview({ services, counts, libraryChanged, failed }: PreviewDeps): Preview {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const delayed = createDelayed(delay, failed);
  const refresh = (source: vscode.Uri): void => {
    const uri = previewUri(source);
    const isShown = vscode.workspace.textDocuments.some((each) => each.uri.toString() === uri.toString());
    if (isShown) delayed.request(uri.toString(), async () => changed.fire(uri));
  };
  const deps: ContentDeps = { services, counts, counted: refresh };
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
    libraryChanged(() => {
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
  readonly services: Services;
  readonly counts: TokenCounts;
  /** Called when counts are there that were missing. */
  readonly counted: (source: vscode.Uri) => void;
}

async function contentOf(deps: ContentDeps, source: vscode.Uri): Promise<string> {
  const { library, language } = deps.services;
  const document = await vscode.workspace.openTextDocument(source);
  const id = parsePromptUri(source)?.id;
  const stored = id === undefined ? null : await library.prompt(id);
  if (stored?.ok === false) return sentenceOf(stored.problem);
  const preview = await language.preview(textOf(language, document));
  // The text changed meanwhile: the next look is under way.
  if (preview === null) return vscode.l10n.t('The prompt is being read…');
  const known = await countsNow(deps, preview, source);
  return previewText(preview.outcome, {
    intro: vscode.l10n.t('These messages would be sent. No model was called.'),
    tokens: (index) => (known === null ? '' : tokenText(known.messages[index] ?? 0, known.estimated)),
    total:
      known === null
        ? ''
        : vscode.l10n.t(
            'Together {0}, with what a chat adds around them, counted for {1}.',
            tokenText(known.tokens, known.estimated),
            known.model,
          ),
    problems: vscode.l10n.t('The prompt cannot be rendered:'),
    line: (line) => vscode.l10n.t('line {0}', line),
  });
}

/** Milliseconds that a preview waits for its counts: the first one waits for the tokenizer. */
const patience = 50;

/** Null while they are being counted; the preview is asked for once more then. */
async function countsNow(
  { counts, counted }: ContentDeps,
  preview: PreviewAnswer,
  source: vscode.Uri,
): Promise<Counted | null> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, patience, 'late');
  // Without counts the preview is still what was asked for.
  const counting = counts.of(preview).catch(() => null);
  const first = await Promise.race([counting, late]);
  clearTimeout(timer);
  if (first !== 'late') return first;
  const askAgain = async (): Promise<void> => {
    if ((await counting) !== null) counted(source);
  };
  void askAgain();
  return null;
}

function tokenText(tokens: number, estimated: boolean): string {
  return estimated ? vscode.l10n.t('about {0} tokens', tokens) : vscode.l10n.t('{0} tokens', tokens);
}
