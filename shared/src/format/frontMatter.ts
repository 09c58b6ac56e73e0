// Finds the front matter and reads its YAML into a light tree with places. Aliases are refused instead of expanded and
// depth is measured before anything recursive sees the text, so a hostile document costs no more than its length.

import { Composer, CST, isAlias, isMap, isScalar, isSeq, Parser, type ParsedNode, type YAMLMap } from 'yaml';
import { t } from '@vscode/l10n';
import { limits } from './limits.ts';
import type { FrontMatter, YamlEntry, YamlMap, YamlNode } from './promptDocument.ts';
import type { Report } from './report.ts';
import type { Span } from './text.ts';

const byteOrderMark = '\uFEFF';
const fence = /^---[ \t]*$/;

export type FrontMatterSpans =
  | { readonly kind: 'none' }
  | { readonly kind: 'unclosed'; readonly open: Span }
  | { readonly kind: 'found'; readonly span: Span; readonly content: Span };

/** Front matter starts on the first line with `---` and ends at the next line that is `---`. */
export function findFrontMatter(text: string): FrontMatterSpans {
  const start = text.startsWith(byteOrderMark) ? 1 : 0;
  const open = lineAt(text, start);
  if (!fence.test(text.slice(open.start, open.end))) return { kind: 'none' };
  for (let line = open; line.next < text.length;) {
    line = lineAt(text, line.next);
    if (fence.test(text.slice(line.start, line.end))) {
      return {
        kind: 'found',
        span: { start, end: line.next },
        content: { start: open.next, end: line.start },
      };
    }
  }
  return { kind: 'unclosed', open: { start: open.start, end: open.end } };
}

function lineAt(text: string, start: number): Span & { readonly next: number } {
  const lineBreak = /\r\n|\r|\n/g;
  lineBreak.lastIndex = start;
  const match = lineBreak.exec(text);
  return match === null
    ? { start, end: text.length, next: text.length }
    : { start, end: match.index, next: lineBreak.lastIndex };
}

export function readFrontMatter(
  text: string,
  { span, content }: { readonly span: Span; readonly content: Span },
  report: Report,
): FrontMatter {
  return { span, content, root: readYaml(text.slice(content.start, content.end), content.start, report) };
}

function readYaml(source: string, offset: number, report: Report): YamlMap | null {
  const whole = { start: offset, end: offset + source.length };
  if (source.length > limits.frontMatterLength) {
    report.add({
      code: 'tooLarge',
      severity: 'error',
      span: whole,
      message: t(
        'The front matter is longer than {0} characters, so it is not read.',
        limits.frontMatterLength,
      ),
      action: t('Move long texts into the body or into partials.'),
    });
    return null;
  }
  const contents = composeYaml(source, offset, report);
  if (contents === 'invalid') return null;
  if (contents === null) return { kind: 'map', span: whole, flow: false, entries: [] };
  const root = convert(contents, { source, offset, report });
  if (root?.kind === 'map') return root;
  report.add({
    code: 'frontMatterInvalid',
    severity: 'error',
    span: root?.span ?? whole,
    message: t('The front matter is not a list of `key: value` lines.'),
    action: t('Write one `key: value` a line between the two `---` lines, or remove both lines.'),
  });
  return null;
}

function composeYaml(source: string, offset: number, report: Report): ParsedNode | null | 'invalid' {
  const invalid = (position: Span, message: string, action: string): 'invalid' => {
    report.add({ code: 'frontMatterInvalid', severity: 'error', span: position, message, action });
    return 'invalid';
  };
  const tokens = [...new Parser().parse(source)];
  if (isTooDeep(tokens)) {
    return invalid(
      { start: offset, end: offset + source.length },
      t('The front matter is nested deeper than {0} levels.', limits.yamlDepth),
      t('Make it flatter.'),
    );
  }
  const composer = new Composer({ uniqueKeys: false, schema: 'core', logLevel: 'silent' });
  // `true`: a text of directives alone is a document too, and its error is found.
  const documents = [...composer.compose(tokens, true, source.length)];
  const first = documents[0];
  if (first === undefined) return null;
  const second = documents[1];
  if (second !== undefined) {
    const start = offset + second.range[0];
    return invalid(
      { start, end: start },
      t('The front matter holds two YAML documents.'),
      t('Keep only one.'),
    );
  }
  const error = first.errors[0];
  if (error !== undefined) {
    const start = offset + Math.min(error.pos[0], source.length);
    const end = offset + Math.min(Math.max(error.pos[1], error.pos[0]), source.length);
    return invalid({ start, end }, t('This is not valid YAML: {0}', error.message), yamlAdvice(error.code));
  }
  return first.contents;
}

function yamlAdvice(code: string): string {
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return t('If a text contains `: `, put it in quotes.');
    case 'TAB_AS_INDENT':
      return t('Indent with spaces instead of tabs.');
    case 'BAD_SCALAR_START':
      return t('Put a text that begins with a special character in quotes.');
    default:
      return t('Correct the YAML; texts with special characters are safest in quotes.');
  }
}

function isTooDeep(tokens: readonly CST.Token[]): boolean {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [];
  const push = (token: CST.Token | null | undefined, depth: number): void => {
    if (token) open.push({ token, depth });
  };
  for (const token of tokens) push(token, 0);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > limits.yamlDepth) return true;
    if (token.type === 'document') push(token.value, depth);
    if (!CST.isCollection(token)) continue;
    for (const item of token.items) {
      push(item.key, depth + 1);
      push(item.value, depth + 1);
    }
  }
  return false;
}

interface Source {
  readonly source: string;
  readonly offset: number;
  readonly report: Report;
}

/** Depth is bounded by `isTooDeep`. Null for a value that is not written at all. */
function convert(node: ParsedNode | null, from: Source): YamlNode | null {
  if (node === null) return null;
  const span = spanOf(node, from);
  if (isMap(node)) return convertMap(node, span, from);
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(item as ParsedNode | null, from));
    return {
      kind: 'list',
      span,
      flow: node.flow === true,
      items: items.map(
        (item) => item ?? { kind: 'scalar', span: { start: span.end, end: span.end }, value: null },
      ),
    };
  }
  if (isAlias(node)) {
    from.report.add({
      code: 'aliasNotAllowed',
      severity: 'error',
      span,
      message: t('Aliases (`*name`) are not read in front matter.'),
      action: t('Write the value out.'),
    });
    return { kind: 'scalar', span, value: null };
  }
  if (span.start === span.end) return null;
  return { kind: 'scalar', span, value: isScalar(node) ? plainScalar(node.value) : null };
}

function plainScalar(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return null;
}

function convertMap(map: YAMLMap, span: Span, from: Source): YamlMap {
  const entries: YamlEntry[] = [];
  const seen = new Set<string>();
  for (const pair of map.items) {
    const keyNode = pair.key as ParsedNode;
    const keySpan = spanOf(keyNode, from);
    const key = isScalar(keyNode)
      ? String(keyNode.value)
      : from.source.slice(keyNode.range[0], keyNode.range[1]);
    if (seen.has(key)) reportDuplicate(key, keySpan, from.report);
    else entries.push({ key, keySpan, value: convert(pair.value as ParsedNode | null, from) });
    seen.add(key);
  }
  return { kind: 'map', span, flow: map.flow === true, entries };
}

function reportDuplicate(key: string, span: Span, report: Report): void {
  report.add({
    code: 'duplicateKey',
    severity: 'error',
    span,
    message: t('`{0}` is given twice; only the first counts.', key),
    action: t('Remove one of the two.'),
    name: key,
  });
}

function spanOf(node: ParsedNode, { source, offset }: Source): Span {
  const [start, valueEnd] = node.range;
  const trimmed = source.slice(start, valueEnd).trimEnd().length;
  return { start: offset + start, end: offset + start + trimmed };
}
