// Completion, hover, outline and folding: hands the editor's questions to the worker and its answers back.

import * as vscode from 'vscode';
import type { Language, OutlineSymbol, Suggestions } from '../../language/api.ts';
import type { Suggestion } from '../../language/completions.ts';
import type { HoverPart } from '../../language/hover.ts';
import type { OutlineItem } from '../../language/outline.ts';
import { selector, textOf, toPosition, toRange } from './places.ts';
import { inSlices } from './slices.ts';

export function registerProviders(language: Language): vscode.Disposable {
  const { languages } = vscode;
  return vscode.Disposable.from(
    languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: async (document, position) => {
          const found = await language.complete(textOf(language, document), toPosition(position));
          return found && new vscode.CompletionList(found.items.map(toItem), found.isIncomplete);
        },
      },
      '{',
      '>',
      '#',
      '/',
      '@',
      '.',
    ),
    languages.registerHoverProvider(selector, {
      provideHover: async (document, position) => {
        const found = await language.hover(textOf(language, document), toPosition(position));
        return found && new vscode.Hover(found.parts.map(toMarkdown), toRange(found.range));
      },
    }),
    languages.registerDocumentSymbolProvider(selector, {
      provideDocumentSymbols: async (document) => {
        const outline = await language.outline(textOf(language, document));
        return outline && toSymbols(outline);
      },
    }),
    languages.registerFoldingRangeProvider(selector, {
      provideFoldingRanges: async (document) => {
        const folds = await language.folds(textOf(language, document));
        return (
          folds &&
          inSlices(
            folds,
            ({ startLine, endLine, kind }) => new vscode.FoldingRange(startLine, endLine, foldingKinds[kind]),
          )
        );
      },
    }),
  );
}

function toItem(suggestion: Suggestions['items'][number]): vscode.CompletionItem {
  const { label, kind, insert, isSnippet, range, typed, detail, documentation } = suggestion;
  const item = new vscode.CompletionItem(label, completionKinds[kind]);
  item.insertText = isSnippet ? new vscode.SnippetString(insert) : insert;
  item.range = toRange(range);
  item.filterText = kind === 'partial' ? filterTextOf(label, typed) : label;
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

/** Messages hold most of an outline, so their parts go in slices too. */
async function toSymbols(outline: readonly OutlineSymbol[]): Promise<vscode.DocumentSymbol[]> {
  const symbols: vscode.DocumentSymbol[] = [];
  for (const { children, ...item } of outline) {
    const symbol = toSymbol({ ...item, children: [] });
    symbol.children = await inSlices(children, toSymbol);
    symbols.push(symbol);
  }
  return symbols;
}

function toSymbol(item: OutlineSymbol): vscode.DocumentSymbol {
  const range = toRange(item.range);
  const symbol = new vscode.DocumentSymbol(
    item.name || '…',
    item.detail,
    symbolKinds[item.kind],
    range,
    range.intersection(toRange(item.nameRange)) ?? new vscode.Range(range.start, range.start),
  );
  symbol.children = item.children.map(toSymbol);
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
