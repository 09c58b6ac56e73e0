// Reads what stands between `{{` and `}}`. Pure grammar: knows nothing of inputs or nesting.

import { t } from '@vscode/l10n';
import { limits } from './limits.ts';
import type { BlockName, LiteralExpression, PartialArgument, PathExpression } from './promptDocument.ts';
import type { Span } from './text.ts';

export type Tag =
  | { readonly kind: 'value'; readonly path: PathExpression }
  | { readonly kind: 'open'; readonly block: BlockName; readonly path: PathExpression }
  /** `path` is that of `{{else if path}}`. */
  | { readonly kind: 'else'; readonly path: PathExpression | null }
  | { readonly kind: 'close'; readonly block: string }
  | {
      readonly kind: 'partial';
      readonly reference: string;
      readonly referenceSpan: Span;
      readonly arguments: readonly PartialArgument[];
    }
  | { readonly kind: 'invalid'; readonly reason: string };

export const blockNames = ['if', 'unless', 'each'] as const;

/** `span` is the stretch between the braces. */
export function readTag(text: string, span: Span): Tag {
  if (span.end - span.start > limits.tagLength)
    return invalid(t('It is longer than {0} characters.', limits.tagLength));
  const words = splitWords(text, span);
  const [first, ...rest] = words;
  if (first === undefined) return invalid(t('It is empty.'));
  const sign = first.text[0] ?? '';
  if (sign === '#') return readOpen(dropSign(first), rest);
  if (sign === '/') return readClose(dropSign(first), rest);
  if (sign === '>') return readPartial([dropSign(first), ...rest].filter(isFilled));
  if (first.text === 'else') return readElse(rest);
  if (sign === '^' || sign === '&' || sign === '~')
    return invalid(t('{0} is not part of this language.', `\`{{${sign}\``));
  if (rest.length > 0)
    return invalid(t('It holds more than one word; there are no helpers with arguments here.'));
  return pathTag(first, (path) => ({ kind: 'value', path }));
}

interface Word extends Span {
  readonly text: string;
}

/** Splits at white space; a quoted text stays whole. */
function splitWords(text: string, { start, end }: Span): readonly Word[] {
  const words: Word[] = [];
  for (const match of text.slice(start, end).matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+|["']/g)) {
    const from = start + match.index;
    words.push({ text: match[0], start: from, end: from + match[0].length });
  }
  return words;
}

function dropSign(word: Word): Word {
  return { text: word.text.slice(1), start: word.start + 1, end: word.end };
}

function isFilled(word: Word): boolean {
  return word.text !== '';
}

function invalid(reason: string): Tag {
  return { kind: 'invalid', reason };
}

function readOpen(first: Word, rest: readonly Word[]): Tag {
  const [name, path, ...more] = [first, ...rest].filter(isFilled);
  const block = blockNames.find((each) => each === name?.text);
  if (block === undefined)
    return invalid(t('There is no block `#{0}`: only #if, #unless and #each.', name?.text ?? ''));
  if (path === undefined) return invalid(t('`#{0}` needs the name of a value.', block));
  if (more.length > 0) return invalid(t('`#{0}` takes one name and nothing else.', block));
  return pathTag(path, (read) => ({ kind: 'open', block, path: read }));
}

function readClose(first: Word, rest: readonly Word[]): Tag {
  const [name, ...more] = [first, ...rest].filter(isFilled);
  const block = blockNames.find((each) => each === name?.text);
  if (block === undefined || more.length > 0) return invalid(t('It closes no block of this language.'));
  return { kind: 'close', block };
}

function readElse(rest: readonly Word[]): Tag {
  const [keyword, path, ...more] = rest;
  if (keyword === undefined) return { kind: 'else', path: null };
  if (keyword.text !== 'if' || path === undefined || more.length > 0) {
    return invalid(t('After `else` only `if` and one name may follow.'));
  }
  return pathTag(path, (read) => ({ kind: 'else', path: read }));
}

function pathTag(word: Word, tag: (path: PathExpression) => Tag): Tag {
  const path = readPath(word);
  return path === null ? invalid(t('`{0}` is not a name.', shorten(word.text))) : tag(path);
}

const segment = /^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u;
const firstSegment = /^[\p{L}_][\p{L}\p{N}_-]*$/u;
const dataNames = ['index', 'key', 'first', 'last'] as const;

function readPath(word: Word): PathExpression | null {
  const span = { start: word.start, end: word.end };
  if (word.text.length > 300) return null;
  const data = dataNames.find((name) => `@${name}` === word.text);
  if (data !== undefined) return { kind: 'path', span, up: 0, data, segments: [], local: false };
  const [climb = ''] = /^(?:\.\.\/)*/.exec(word.text) ?? [];
  const parts = word.text.slice(climb.length).split('.');
  const local = parts[0] === 'this';
  const segments = local ? parts.slice(1) : parts;
  const isValid = segments.every((part, index) =>
    (index === 0 && !local ? firstSegment : segment).test(part),
  );
  return isValid ? { kind: 'path', span, up: climb.length / 3, data: null, segments, local } : null;
}

function readPartial(words: readonly Word[]): Tag {
  const [first, ...rest] = words;
  if (first === undefined) return invalid(t('It names no partial.'));
  const reference = unquote(first.text) ?? first.text;
  if (!isReference(reference, first.text))
    return invalid(t('`{0}` is not the name of a partial.', shorten(first.text)));
  const given: PartialArgument[] = [];
  for (const word of rest) {
    const argument = readArgument(word);
    if (argument === null) return invalid(t('`{0}` is not `key=value`.', shorten(word.text)));
    given.push(argument);
  }
  const referenceSpan = { start: first.start, end: first.end };
  return { kind: 'partial', reference, referenceSpan, arguments: given };
}

function isReference(reference: string, written: string): boolean {
  if (reference.trim() === '' || reference.length > 500) return false;
  return reference !== written || /^[^"'=#{}()|[\]]+$/.test(written);
}

function readArgument(word: Word): PartialArgument | null {
  const equals = word.text.indexOf('=');
  const name = word.text.slice(0, equals);
  if (equals < 1 || !firstSegment.test(name)) return null;
  const start = word.start + equals + 1;
  const value = readExpression({ text: word.text.slice(equals + 1), start, end: word.end });
  return value && { name, nameSpan: { start: word.start, end: word.start + equals }, value };
}

function readExpression(word: Word): PathExpression | LiteralExpression | null {
  const span = { start: word.start, end: word.end };
  const quoted = unquote(word.text);
  if (quoted !== null) return { kind: 'literal', span, value: quoted };
  if (word.text === 'true' || word.text === 'false')
    return { kind: 'literal', span, value: word.text === 'true' };
  if (word.text === 'null') return { kind: 'literal', span, value: null };
  if (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(word.text))
    return { kind: 'literal', span, value: Number(word.text) };
  return readPath(word);
}

function unquote(text: string): string | null {
  const quote = text[0];
  if (text.length < 2 || (quote !== '"' && quote !== "'") || text.indexOf(quote, 1) !== text.length - 1)
    return null;
  return text.slice(1, -1);
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
