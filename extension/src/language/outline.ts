// The parts of a prompt: for the outline, the breadcrumbs and folding. Pure.

import type { BlockNode, PromptDocument, Span, TemplateNode } from '@cuebook/shared/format/promptDocument';
import { allNodes } from '@cuebook/shared/format/templateNodes';

export interface OutlineItem {
  readonly kind: 'frontMatter' | 'input' | 'message' | 'heading' | 'block';
  readonly name: string;
  readonly detail: string;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly children: readonly OutlineItem[];
}

export function outlineOf(document: PromptDocument): readonly OutlineItem[] {
  return [...frontMatterItem(document), ...document.messages.map((_, index) => messageItem(document, index))];
}

function frontMatterItem(document: PromptDocument): readonly OutlineItem[] {
  const { frontMatter, settings } = document;
  if (frontMatter === null) return [];
  const { span, content } = frontMatter;
  const children = settings.inputs.map(({ name, type, span: inputSpan, keySpan }): OutlineItem => {
    return { kind: 'input', name, detail: type, span: inputSpan, nameSpan: keySpan, children: [] };
  });
  const nameSpan = { start: span.start, end: Math.min(span.start + 3, content.start) };
  return [{ kind: 'frontMatter', name: 'front matter', detail: '', span, nameSpan, children }];
}

function messageItem(document: PromptDocument, index: number): OutlineItem {
  const message = document.messages[index];
  const { role, roleSpan, span, nodes } = message ?? {
    role: 'user',
    roleSpan: null,
    span: document.body,
    nodes: [],
  };
  const whole = { start: (roleSpan ?? span).start, end: Math.max(span.end, (roleSpan ?? span).end) };
  const children = [...headings(document, span), ...blocks(nodes)].toSorted(
    (one, other) => one.span.start - other.span.start,
  );
  return {
    kind: 'message',
    name: role,
    detail: '',
    span: whole,
    nameSpan: roleSpan ?? { start: whole.start, end: whole.start },
    children,
  };
}

/** Headings outside code blocks, flat: the level is in the name. */
function headings(document: PromptDocument, span: Span): readonly OutlineItem[] {
  const items: OutlineItem[] = [];
  let fence = '';
  const first = document.lines.place(span.start).line;
  for (let line = first; line < document.lines.lineCount && items.length < 500; line += 1) {
    const { start, end } = document.lines.line(line);
    if (start >= span.end) break;
    const text = document.text.slice(start, Math.min(end, start + 300));
    const marker = /^ {0,3}(```|~~~)/.exec(text)?.[1] ?? '';
    if (marker !== '' && (fence === '' || fence === marker)) fence = fence === '' ? marker : '';
    const heading = fence === '' ? /^(#{1,6})[ \t]+(.+)$/.exec(text) : null;
    if (heading === null) continue;
    const whole = { start, end };
    items.push({
      kind: 'heading',
      name: (heading[2] ?? '').trim(),
      detail: heading[1] ?? '',
      span: whole,
      nameSpan: whole,
      children: [],
    });
  }
  return items;
}

function blocks(nodes: readonly TemplateNode[]): readonly OutlineItem[] {
  return nodes.flatMap((node): readonly OutlineItem[] => {
    if (node.kind !== 'block') return [];
    const children = [...blocks(node.body), ...blocks(node.otherwise)];
    return [
      { kind: 'block', name: blockName(node), detail: '', span: node.span, nameSpan: node.open, children },
    ];
  });
}

function blockName({ block, path }: BlockNode): string {
  return `#${block} ${path.segments.join('.') || 'this'}`;
}

export interface Fold {
  readonly startLine: number;
  readonly endLine: number;
  readonly kind: 'region' | 'comment';
}

/** Front matter, messages, headings' sections, blocks, comments and code blocks of more than one line. */
export function foldsOf(document: PromptDocument): readonly Fold[] {
  const fold = (span: Span, kind: Fold['kind'] = 'region'): Fold => ({
    startLine: document.lines.place(span.start).line,
    endLine: document.lines.place(Math.max(span.start, span.end - 1)).line,
    kind,
  });
  const messages = document.messages.flatMap(({ roleSpan, span, nodes }) => [
    ...(roleSpan === null ? [] : [fold({ start: roleSpan.start, end: span.end })]),
    ...allNodes(nodes).flatMap((node) => {
      if (node.kind === 'comment') return [fold(node.span, 'comment')];
      return node.kind === 'block' ? [fold(node.span)] : [];
    }),
    ...sections(document, span).map((section) => fold(section)),
    ...codeBlocks(document.text, span).map((block) => fold(block)),
  ]);
  const front = document.frontMatter === null ? [] : [fold(document.frontMatter.span)];
  return [...front, ...messages].filter(({ startLine, endLine }) => endLine > startLine);
}

function sections(document: PromptDocument, span: Span): readonly Span[] {
  const all = headings(document, span);
  return all.map(({ detail, span: own }, index) => {
    const next = all.slice(index + 1).find((other) => other.detail.length <= detail.length);
    return { start: own.start, end: next?.span.start ?? span.end };
  });
}

function codeBlocks(text: string, span: Span): readonly Span[] {
  const inside = text.slice(span.start, span.end);
  const fences = [...inside.matchAll(/^ {0,3}(```|~~~).*$/gm)];
  return fences.flatMap((open, index): readonly Span[] => {
    const close = fences[index + 1];
    if (index % 2 === 1 || close === undefined) return [];
    return [{ start: span.start + open.index, end: span.start + close.index + close[0].length }];
  });
}
