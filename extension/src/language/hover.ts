// What the editor says about a place of a prompt. Pure. Our own words are Markdown; what people wrote is never.

import { builtInDescriptions, isBuiltIn } from '@cuebook/shared/format/builtIns';
import { findInput } from '@cuebook/shared/format/edits';
import { parseDocument } from '@cuebook/shared/format/parse';
import type {
  InputDeclaration,
  PlainValue,
  PromptDocument,
  Span,
} from '@cuebook/shared/format/promptDocument';
import { t } from '@vscode/l10n';
import { keyDocs } from './keyDocs.ts';
import { targetAt } from './target.ts';

export type HoverPart =
  | { readonly kind: 'markdown'; readonly text: string }
  /** Somebody's text: shown as it is, without meaning. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string };

export interface HoverFacts {
  /** The last value that a run was given; undefined if none is known. */
  readonly lastValue: (name: string) => unknown;
  readonly partial: (reference: string) => { readonly path: string; readonly text: string } | null;
}

export interface HoverContent {
  readonly span: Span;
  readonly parts: readonly HoverPart[];
}

export function hoverAt(document: PromptDocument, offset: number, facts: HoverFacts): HoverContent | null {
  const target = targetAt(document, offset);
  if (target === null) return null;
  const { span } = target;
  switch (target.kind) {
    case 'input':
      return { span, parts: describeInput(document, target.name, facts) };
    case 'partial':
      return { span, parts: describePartial(target.reference, facts) };
    case 'key':
      return keyed(span, target.path);
    case 'block':
      return keyed(span, target.name);
  }
}

function keyed(span: Span, path: string): HoverContent | null {
  const text = keyDocs()[path];
  return text === undefined ? null : { span, parts: [{ kind: 'markdown', text }] };
}

function describeInput(document: PromptDocument, name: string, facts: HoverFacts): readonly HoverPart[] {
  const declaration = findInput(document, name);
  const parts: HoverPart[] = [{ kind: 'markdown', text: headline(name, declaration) }];
  if (declaration !== null && declaration.description !== '')
    parts.push({ kind: 'text', text: declaration.description });
  if (isBuiltIn(name)) parts.push({ kind: 'markdown', text: builtInDescriptions()[name] });
  if (declaration?.enum)
    parts.push({ kind: 'text', text: t('One of: {0}', declaration.enum.map(toText).join(', ')) });
  if (declaration?.default !== undefined)
    parts.push({ kind: 'text', text: `Default: ${toText(declaration.default)}` });
  const last = facts.lastValue(name);
  if (last !== undefined && last !== null && last !== '') {
    parts.push(
      { kind: 'markdown', text: t('Last value:') },
      { kind: 'code', text: shorten(toText(last as PlainValue)) },
    );
  }
  return parts;
}

function headline(name: string, declaration: InputDeclaration | null): string {
  if (declaration === null) return isBuiltIn(name) ? '**Value from the editor**' : '**Undeclared input**';
  return `**Input**, ${declaration.type}${declaration.required ? ', required' : ''}`;
}

function describePartial(reference: string, facts: HoverFacts): readonly HoverPart[] {
  const partial = facts.partial(reference);
  if (partial === null)
    return [{ kind: 'markdown', text: t('**Partial**: there is no prompt of this name.') }];
  const document = parseDocument(partial.text);
  const body = document.text.slice(document.body.start).trim();
  return [
    { kind: 'markdown', text: '**Partial**' },
    { kind: 'text', text: partial.path },
    ...(document.settings.description === null
      ? []
      : [{ kind: 'text', text: document.settings.description.value } as const]),
    { kind: 'code', text: shorten(body) },
  ];
}

function toText(value: PlainValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const shownLines = 12;
const shownLength = 1200;

function shorten(text: string): string {
  const lines = text.slice(0, shownLength).split('\n');
  const cut = lines.length > shownLines || text.length > shownLength;
  return lines.slice(0, shownLines).join('\n') + (cut ? '\n…' : '');
}
