// Three-way merge of front matter: key by key, on the text's own lines. A field is its lines, with the comments above.

import { mergeLines, type MergePiece } from './mergeLines.ts';
import type { PromptDocument, YamlMap } from './promptDocument.ts';
import type { Span } from './text.ts';

/** Front matter, or a map inside it, cut into whole lines. Joined in order they are the text again. */
export interface Fields {
  /** What stands before the first key: for front matter the `---` line. */
  readonly head: string;
  readonly fields: readonly TextField[];
  /** What stands behind the last key: for front matter the closing `---` line. */
  readonly tail: string;
}

export interface TextField {
  readonly key: string;
  readonly text: string;
  /** The field's value, if it is a map on lines of its own. */
  readonly inner: Fields | null;
}

export interface FieldSides {
  readonly base: Fields;
  readonly mine: Fields;
  readonly theirs: Fields;
}

/** No fields and empty texts for a document without front matter; null if it cannot be cut at its keys. */
export function splitFields(document: PromptDocument): Fields | null {
  const { frontMatter, text } = document;
  if (frontMatter === null) return { head: text.slice(0, document.body.start), fields: [], tail: '' };
  if (frontMatter.root === null || frontMatter.root.flow) return null;
  if (document.problems.some(({ code }) => code === 'duplicateKey')) return null;
  const { span, content, root } = frontMatter;
  const inner = cut(document, root, content);
  if (inner === null) return null;
  const byteOrderMark = text.slice(0, span.start);
  return {
    head: byteOrderMark + text.slice(span.start, content.start) + inner.head,
    fields: inner.fields,
    tail: inner.tail + text.slice(content.end, span.end),
  };
}

/** Cuts `within`, which is whole lines, at the lines where the map's keys begin. Null if two keys share a line. */
function cut(document: PromptDocument, map: YamlMap, within: Span): Fields | null {
  const { text, lines } = document;
  const starts: number[] = [];
  for (const { keySpan } of map.entries) {
    const start = lines.line(lines.place(keySpan.start).line).start;
    if (start < within.start || start <= (starts.at(-1) ?? -1)) return null;
    if (text.slice(start, keySpan.start).trim() !== '') return null;
    starts.push(start);
  }
  const cuts = starts.map((start, index) =>
    includeComments(text, start, startOfPrevious(starts, index, within)),
  );
  const fields = map.entries.map(({ key, keySpan, value }, index): TextField => {
    const span = { start: cuts[index] ?? within.end, end: cuts[index + 1] ?? within.end };
    const inner = value?.kind === 'map' && !value.flow ? cutInner(document, value, { keySpan, span }) : null;
    return { key, text: text.slice(span.start, span.end), inner };
  });
  return { head: text.slice(within.start, cuts[0] ?? within.end), fields, tail: '' };
}

function startOfPrevious(starts: readonly number[], index: number, within: Span): number {
  return index === 0 ? within.start : (starts[index - 1] ?? within.start);
}

function cutInner(
  document: PromptDocument,
  value: YamlMap,
  { keySpan, span }: { readonly keySpan: Span; readonly span: Span },
): Fields | null {
  const keyLine = document.lines.place(keySpan.start).line;
  const valueStart = document.lines.line(keyLine + 1).start;
  if (value.span.start < valueStart) return null;
  const inner = cut(document, value, { start: valueStart, end: span.end });
  return inner && { ...inner, head: document.text.slice(span.start, valueStart) + inner.head };
}

/** Comment lines right above a key belong to it. */
function includeComments(text: string, start: number, limit: number): number {
  let at = start;
  while (at > limit) {
    const lineStart = text.lastIndexOf('\n', at - 2) + 1;
    if (lineStart <= limit - 1 || !/^[ \t]*#/.test(text.slice(lineStart, at))) break;
    at = lineStart;
  }
  return Math.max(at, limit);
}

export function mergeFields({ base, mine, theirs }: FieldSides): readonly MergePiece[] {
  return [
    ...mergeLines({ base: base.head, mine: mine.head, theirs: theirs.head }, null),
    ...mergedOrder(base, mine, theirs).flatMap((key) => mergeField(key, { base, mine, theirs })),
    ...mergeLines({ base: base.tail, mine: mine.tail, theirs: theirs.tail }, null),
  ];
}

/** Mine's order; what only theirs has follows the key that it follows there. */
function mergedOrder(base: Fields, mine: Fields, theirs: Fields): readonly string[] {
  const mineKeys = mine.fields.map((field) => field.key);
  const baseKeys = base.fields.map((field) => field.key);
  const order =
    mineKeys.join('\n') === baseKeys.join('\n') ? theirs.fields.map((field) => field.key) : mineKeys;
  const others = order === mineKeys ? theirs : mine;
  const result = [...order];
  for (const [index, { key }] of others.fields.entries()) {
    if (result.includes(key)) continue;
    const before = others.fields[index - 1]?.key;
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, key);
  }
  return result;
}

function mergeField(key: string, sides: FieldSides): readonly MergePiece[] {
  const find = (fields: Fields): TextField | undefined => fields.fields.find((field) => field.key === key);
  const [base, mine, theirs] = [find(sides.base), find(sides.mine), find(sides.theirs)];
  const texts = { base: base?.text ?? '', mine: mine?.text ?? '', theirs: theirs?.text ?? '' };
  const isSettled = texts.mine === texts.theirs || texts.mine === texts.base || texts.theirs === texts.base;
  if (!isSettled && mine?.inner && theirs?.inner) {
    const inner = base === undefined ? { head: '', fields: [], tail: '' } : base.inner;
    if (inner !== null) return mergeFields({ base: inner, mine: mine.inner, theirs: theirs.inner });
  }
  return mergeLines(texts, key);
}
