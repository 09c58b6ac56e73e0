// The texts that the code says to users: the first argument of every `t(…)`, `vscode.l10n.t(…)`, in English. Also finds
// sentences that no `t` is put around, which nobody could translate.

import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { repositoryRoot } from '../root.ts';

export interface SourceText {
  readonly text: string;
  /** `extension/src/….ts:12` */
  readonly place: string;
}

export interface SourceTexts {
  readonly said: readonly SourceText[];
  /** Sentences outside `t`, and calls of `t` with something else than one literal. */
  readonly unsaid: readonly SourceText[];
}

const sources = ['extension/src/**/*.ts', 'shared/src/format/**/*.ts'];

export async function readSourceTexts(): Promise<SourceTexts> {
  const said: SourceText[] = [];
  const unsaid: SourceText[] = [];
  for await (const file of glob(sources, { cwd: repositoryRoot })) {
    if (file.endsWith('.test.ts')) continue;
    const found = textsOf(file, await readFile(path.join(repositoryRoot, file), 'utf8'));
    said.push(...found.said);
    unsaid.push(...found.unsaid);
  }
  return { said, unsaid };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Exported for the test. */
export function textsOf(file: string, source: string): SourceTexts {
  const lines = source.split('\n');
  let length = 0;
  const ends = lines.map((line) => (length += line.length + 1));
  const lineOf = (offset: number): number => ends.findIndex((end) => offset < end) + 1;
  const placed = (text: string, at: Span): SourceText & Span => ({
    text,
    place: `${file}:${lineOf(at.start)}`,
    start: at.start,
    end: at.end,
  });
  const said: (SourceText & Span)[] = [];
  const wrong: (SourceText & Span)[] = [];
  const literals: (SourceText & Span)[] = [];
  /** What users never read: errors that are thrown (broken invariants), lines of the log, and what is said already. */
  const elsewhere: Span[] = [];
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message ?? ''}`);
  new Visitor({
    CallExpression(node) {
      const name = calleeName(node.callee);
      if (name.endsWith('.t') || name === 't') {
        const [first] = node.arguments;
        const text = first === undefined ? null : literalText(first);
        if (text !== null) said.push(placed(text, node));
        else wrong.push(placed(source.slice(node.start, node.end), node));
        if (first !== undefined) elsewhere.push(first);
      } else if (
        node.callee.type === 'Super' ||
        /(^|\.)(debug|info|warn|error|trace|log|executeCommand)$/.test(name)
      )
        elsewhere.push(node);
    },
    NewExpression: (node) => void (calleeName(node.callee).endsWith('Error') && elsewhere.push(node)),
    ImportDeclaration: (node) => void elsewhere.push(node),
    TSLiteralType: (node) => void elsewhere.push(node),
    Literal(node) {
      if (typeof node.value === 'string') literals.push(placed(node.value, node));
    },
    TemplateLiteral(node) {
      literals.push(placed(node.quasis.map(({ value }) => value.cooked ?? '').join('…'), node));
    },
  }).visit(program);
  const isElsewhere = (at: Span): boolean =>
    elsewhere.some(({ start, end }) => start <= at.start && at.end <= end);
  const marked = (at: SourceText & Span): boolean =>
    /\/\/ not for users/.test(lines[Number(at.place.split(':').at(-1)) - 2] ?? '');
  return {
    said,
    unsaid: [
      ...wrong,
      ...literals.filter((it) => isSentence(it.text) && !isElsewhere(it) && !marked(it)),
    ].map(({ text, place }) => ({ text, place })),
  };
}

/** Begins like a sentence or a title and has a second word, or ends like a sentence. SQL begins with a word in capitals. */
function isSentence(text: string): boolean {
  if (/^\s*\p{Lu}{2,}\b/u.test(text)) return false;
  const begins = /^[“"`…(]*\p{Lu}[\p{L}’'-]*,? [\p{L}…`"“]/u.test(text);
  return begins || /\p{Ll}\. \p{Lu}/u.test(text) || /\p{Ll} \S+ .*[\p{L}…`"][.?!]$/u.test(text);
}

function calleeName(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type !== 'MemberExpression' || node['computed'] === true) return '';
  return `${calleeName(node['object'])}.${calleeName(node['property'])}`;
}

function literalText(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
  if (node.type === 'BinaryExpression' && node['operator'] === '+') {
    const [left, right] = [literalText(node['left']), literalText(node['right'])];
    return left === null || right === null ? null : left + right;
  }
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node['quasis']) || node['quasis'].length > 1)
    return null;
  const [only] = node['quasis'] as { readonly value: { readonly cooked: string } }[];
  return only?.value.cooked ?? null;
}

function isNode(node: unknown): node is { readonly type: string; readonly [key: string]: unknown } {
  return typeof node === 'object' && node !== null && 'type' in node && typeof node.type === 'string';
}
