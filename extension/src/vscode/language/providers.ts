// Completion, hover, outline and folding: hands the editor's questions to the pure parts and their answers back.

import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import { suggestAt, type Suggestion, type Surroundings } from './completions.ts';
import { hoverAt, type HoverPart } from './hover.ts';
import { foldsOf, outlineOf, type OutlineItem } from './outline.ts';
import { selector, spanToRange } from './places.ts';
import type { PromptSources } from './sources.ts';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';

export function registerProviders(sources: PromptSources, services: Services): vscode.Disposable {
  const { languages } = vscode;
  return vscode.Disposable.from(
    languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: async (document, position) =>
          complete(sources, services, { document, position }),
      },
      '{',
      '>',
      '#',
      '/',
      '@',
      '.',
    ),
    languages.registerHoverProvider(selector, {
      provideHover: async (document, position) => hover(sources, { document, position }),
    }),
    languages.registerDocumentSymbolProvider(selector, {
      provideDocumentSymbols: (document) => {
        const prompt = sources.parsed(document);
        return outlineOf(prompt).map((item) => toSymbol(item, prompt));
      },
    }),
    languages.registerFoldingRangeProvider(selector, {
      provideFoldingRanges: (document) =>
        foldsOf(sources.parsed(document)).map(
          ({ startLine, endLine, kind }) => new vscode.FoldingRange(startLine, endLine, foldingKinds[kind]),
        ),
    }),
  );
}

interface At {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
}

async function complete(
  sources: PromptSources,
  services: Services,
  { document, position }: At,
): Promise<vscode.CompletionList> {
  const prompt = sources.parsed(document);
  const names = createSoon();
  const around: Surroundings = {
    prompts: async () => sources.prompts(),
    models: async () => modelsToName(services, names.soon),
    partialText: async (reference) => (await sources.partials(document)).find(reference)?.text ?? null,
  };
  const suggestions = await suggestAt(prompt, document.offsetAt(position), around);
  const items = suggestions.map((suggestion) => toItem(suggestion, prompt));
  return new vscode.CompletionList(items, names.isLate());
}

/** Milliseconds that a completion waits for a list of models; what comes later is there at the next key. */
const patience = 500;

type Soon = <T>(work: Thenable<readonly T[]>) => Promise<readonly T[]>;

function createSoon(): { readonly soon: Soon; readonly isLate: () => boolean } {
  let late = false;
  const soon: Soon = async (work) => {
    const { promise, resolve } = Promise.withResolvers<readonly never[]>();
    const timer = setTimeout(() => {
      late = true;
      resolve([]);
    }, patience);
    try {
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  return { soon, isLate: () => late };
}

/** Known models, VS Code's own, and the providers that the user has set up: there the rest is typed. */
async function modelsToName(
  { models, keys }: Services,
  soon: Soon,
): Promise<readonly { id: string; label: string }[]> {
  const [known, editor] = await Promise.all([soon(models.knownModels()), soon(vscode.lm.selectChatModels())]);
  const named = new Set(known.map(({ provider }) => provider));
  return [
    ...known,
    ...editor.map(({ vendor, id, name }) => ({ id: `vscode/${vendor}/${id}`, label: name })),
    ...keys
      .endpoints()
      .filter(({ id, kind }) => !named.has(id) && kind !== 'vscode')
      .map(({ id, label }) => ({ id: `${id}/`, label })),
  ];
}

function toItem(suggestion: Suggestion, prompt: PromptDocument): vscode.CompletionItem {
  const { label, kind, insert, isSnippet, replace, detail, documentation } = suggestion;
  const item = new vscode.CompletionItem(label, completionKinds[kind]);
  item.insertText = isSnippet ? new vscode.SnippetString(insert) : insert;
  item.range = spanToRange(prompt, replace);
  item.filterText =
    kind === 'partial' ? filterTextOf(label, prompt.text.slice(replace.start, replace.end)) : label;
  if (detail !== '') item.detail = detail;
  // A plain string is shown as text: it may be a teammate's.
  if (documentation !== '') item.documentation = documentation;
  return item;
}

/** The typed quote is part of what is replaced, so it has to be part of what is matched. */
function filterTextOf(label: string, typed: string): string {
  const quote = /^["']/.exec(typed)?.[0] ?? '';
  return quote + label;
}

const completionKinds: Readonly<Record<Suggestion['kind'], vscode.CompletionItemKind>> = {
  key: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
  input: vscode.CompletionItemKind.Variable,
  builtIn: vscode.CompletionItemKind.Constant,
  partial: vscode.CompletionItemKind.File,
  block: vscode.CompletionItemKind.Keyword,
  role: vscode.CompletionItemKind.Keyword,
  model: vscode.CompletionItemKind.EnumMember,
};

async function hover(sources: PromptSources, { document, position }: At): Promise<vscode.Hover | null> {
  const prompt = sources.parsed(document);
  const [partials, lastValues] = await Promise.all([
    sources.partials(document),
    sources.lastValues(document),
  ]);
  const content = hoverAt(prompt, document.offsetAt(position), {
    lastValue: (name) => (Object.hasOwn(lastValues, name) ? lastValues[name] : undefined),
    partial: (reference) => {
      const found = partials.find(reference);
      return found?.target && found.text !== null ? { path: found.target.path, text: found.text } : null;
    },
  });
  return content && new vscode.Hover(content.parts.map(toMarkdown), spanToRange(prompt, content.span));
}

function toMarkdown(part: HoverPart): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  switch (part.kind) {
    case 'markdown':
      return markdown.appendMarkdown(part.text);
    case 'text':
      return markdown.appendText(part.text);
    case 'code':
      return markdown.appendCodeblock(part.text, 'markdown');
  }
}

function toSymbol(item: OutlineItem, prompt: PromptDocument): vscode.DocumentSymbol {
  const range = spanToRange(prompt, item.span);
  const symbol = new vscode.DocumentSymbol(
    item.name || '…',
    item.detail,
    symbolKinds[item.kind],
    range,
    range.intersection(spanToRange(prompt, item.nameSpan)) ?? new vscode.Range(range.start, range.start),
  );
  symbol.children = item.children.map((child) => toSymbol(child, prompt));
  return symbol;
}

const symbolKinds: Readonly<Record<OutlineItem['kind'], vscode.SymbolKind>> = {
  frontMatter: vscode.SymbolKind.Object,
  input: vscode.SymbolKind.Variable,
  message: vscode.SymbolKind.Class,
  heading: vscode.SymbolKind.String,
  block: vscode.SymbolKind.Event,
};

const foldingKinds = {
  region: undefined,
  comment: vscode.FoldingRangeKind.Comment,
} as const;
