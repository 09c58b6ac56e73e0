// What is being written at a place of a prompt: which key of the front matter, which part of which tag. Looks at the
// text before the cursor only, because what is being written does not parse yet. Pure.

import type { PromptDocument, Span } from '@cuebook/shared/format/promptDocument';

export type CursorContext =
  /** A key below `parent` (empty at the top). `parent` of an input's own keys is `inputs.*`. */
  | { readonly kind: 'key'; readonly parent: string; readonly word: Span }
  | { readonly kind: 'value'; readonly key: string; readonly parent: string; readonly word: Span }
  /** A name in a tag: `{{na|`, `{{#if na|`. `mayStart` if block words may stand there too. */
  | { readonly kind: 'name'; readonly word: Span; readonly mayStart: boolean; readonly isOpen: boolean }
  | { readonly kind: 'block'; readonly word: Span; readonly isOpen: boolean }
  | { readonly kind: 'close'; readonly word: Span; readonly isOpen: boolean }
  | { readonly kind: 'partial'; readonly word: Span; readonly isOpen: boolean }
  | { readonly kind: 'argument'; readonly reference: string; readonly word: Span; readonly isOpen: boolean }
  | { readonly kind: 'role'; readonly word: Span }
  | { readonly kind: 'none' };

const none: CursorContext = { kind: 'none' };

export function contextAt(document: PromptDocument, offset: number): CursorContext {
  const { frontMatter, body } = document;
  if (frontMatter !== null && offset >= frontMatter.content.start && offset <= frontMatter.content.end) {
    return frontMatterContext(document, offset);
  }
  return offset < body.start ? none : bodyContext(document, offset);
}

// ---- front matter

function frontMatterContext(document: PromptDocument, offset: number): CursorContext {
  const line = document.lines.place(offset).line;
  const { start } = document.lines.line(line);
  const before = document.text.slice(start, offset);
  const word = (text: string): Span => ({ start: offset - text.length, end: offset });
  if (/(?:^|\s)#/.test(before)) return none;
  const item = /^\s*-\s+["']?([^"'[\]{},]*)$/.exec(before);
  if (item !== null) {
    const path = parentsOf(document, line, indentOf(before));
    return {
      kind: 'value',
      key: path.at(-1) ?? '',
      parent: keyPath(path.slice(0, -1)),
      word: word(item[1] ?? ''),
    };
  }
  const flow = flowPath(before);
  const outer = parentsOf(document, line, indentOf(before));
  const value = /(?:^|[{,\s])([\w-]+):\s+(?:\[(?:[^\]]*,)?\s*)?["']?([^"'[\]{},]*)$/.exec(before);
  if (value !== null) {
    const parent = keyPath([...outer, ...flow.filter((key) => key !== value[1])]);
    return { kind: 'value', key: value[1] ?? '', parent, word: word(value[2] ?? '') };
  }
  const key = /(?:^|[{,])\s*([\w-]*)$/.exec(before);
  return key === null
    ? none
    : { kind: 'key', parent: keyPath([...outer, ...flow]), word: word(key[1] ?? '') };
}

/** Keys whose `{` is still open in the line, outermost first. */
function flowPath(before: string): readonly string[] {
  const open: string[] = [];
  for (const [, key, brace] of before.matchAll(/(?:([\w-]+):\s*)?([{}])/g)) {
    if (brace === '{') open.push(key ?? '');
    else open.pop();
  }
  return open;
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

/** Keys of the less indented lines above, outermost first. */
function parentsOf(document: PromptDocument, line: number, indent: number): readonly string[] {
  const parents: string[] = [];
  const first = document.lines.place(document.frontMatter?.content.start ?? 0).line;
  let within = indent;
  for (let above = line - 1; above >= first && within > 0; above -= 1) {
    const { start, end } = document.lines.line(above);
    const match = /^( *)([\w-]+):/.exec(document.text.slice(start, Math.min(end, start + 200)));
    if (match === null || (match[1] ?? '').length >= within) continue;
    within = (match[1] ?? '').length;
    parents.unshift(match[2] ?? '');
  }
  return parents;
}

/** `inputs.focus` becomes `inputs.*`: what may stand there does not depend on the name. */
function keyPath(keys: readonly string[]): string {
  const [first = '', ...rest] = keys;
  return [first, ...(first === 'inputs' ? rest.map(() => '*') : rest)].join('.');
}

// ---- body

const longestTag = 500;

function bodyContext(document: PromptDocument, offset: number): CursorContext {
  const { text, body } = document;
  const from = Math.max(body.start, offset - longestTag);
  const before = text.slice(from, offset);
  const open = before.lastIndexOf('{{');
  const isInTag = open !== -1 && before.indexOf('}}', open) === -1 && !isEscaped(before, open);
  if (!isInTag) return roleContext(document, offset);
  const inside = before.slice(open + 2).replace(/^\{/, '');
  return tagContext(inside, offset, !/^[^\r\n{]*\}\}/.test(text.slice(offset, offset + longestTag)));
}

function isEscaped(text: string, at: number): boolean {
  return (/\\*$/.exec(text.slice(0, at))?.[0].length ?? 0) % 2 === 1;
}

function tagContext(inside: string, offset: number, isOpen: boolean): CursorContext {
  const word = (text: string): Span => ({ start: offset - text.length, end: offset });
  if (inside.startsWith('!')) return none;
  if (inside.startsWith('>')) return partialContext(inside.slice(1), offset, isOpen);
  const block = /^#\s*(\w*)$/.exec(inside);
  if (block !== null) return { kind: 'block', word: word(block[1] ?? ''), isOpen };
  const close = /^\/\s*(\w*)$/.exec(inside);
  if (close !== null) return { kind: 'close', word: word(close[1] ?? ''), isOpen };
  const name = /^(?:#\s*\w+\s+|else\s+if\s+)?\s*([\p{L}\p{N}_.@/-]*)$/u.exec(inside);
  if (name === null) return none;
  const typed = name[1] ?? '';
  return { kind: 'name', word: word(typed), mayStart: inside.trim() === typed, isOpen };
}

function partialContext(inside: string, offset: number, isOpen: boolean): CursorContext {
  const reference = /^\s*(?:"([^"]*)|'([^']*)|([^\s"'=]*))$/.exec(inside);
  if (reference !== null) {
    const typed = reference[1] ?? reference[2] ?? reference[3] ?? '';
    const quote = reference[3] === undefined ? 1 : 0;
    return { kind: 'partial', word: { start: offset - typed.length - quote, end: offset }, isOpen };
  }
  const argument = /^\s*("[^"]*"|'[^']*'|[^\s"'=]+)\s+(?:.*\s)?([\w-]*)$/.exec(inside);
  if (argument !== null) {
    const named = (argument[1] ?? '').replaceAll(/^["']|["']$/g, '');
    const typed = argument[2] ?? '';
    return {
      kind: 'argument',
      reference: named,
      word: { start: offset - typed.length, end: offset },
      isOpen,
    };
  }
  const value = /=([\p{L}\p{N}_.@/-]*)$/u.exec(inside);
  if (value === null) return none;
  return {
    kind: 'name',
    word: { start: offset - (value[1] ?? '').length, end: offset },
    mayStart: false,
    isOpen,
  };
}

function roleContext(document: PromptDocument, offset: number): CursorContext {
  const { line } = document.lines.place(offset);
  const { start, end } = document.lines.line(line);
  const typed = document.text.slice(start, offset);
  if (end !== offset || !/^[a-z]+$/.test(typed)) return none;
  const above = line === 0 ? '' : document.text.slice(document.lines.line(line - 1).start, start).trim();
  const mayStart = above === '' || above === '---';
  return mayStart ? { kind: 'role', word: { start, end: offset } } : none;
}
