// Template text → tree with places: a logic-light subset of Handlebars. Never throws; what is no tag of this language
// becomes an `invalid` node with a problem at its place. One pass, no recursion, time proportional to the text.

import { t } from '@vscode/l10n';
import { limits } from './limits.ts';
import type { BlockNode, PathExpression, TemplateNode } from './promptDocument.ts';
import type { Report } from './report.ts';
import { readTag, type Tag } from './tag.ts';
import type { Span } from './text.ts';

/** A stretch of a text to be read as a template; `escapes`: see `splitRoles`. */
export interface TemplateSource {
  readonly text: string;
  readonly span: Span;
  readonly escapes: readonly number[];
}

export function parseTemplate(source: TemplateSource, report: Report): readonly TemplateNode[] {
  return buildTree(source, scanTags(source, report), report);
}

interface ScannedTag {
  readonly span: Span;
  /** `span`, or the whole line with its break for a block tag or comment that stands alone on it. */
  readonly outer: Span;
  readonly tag: Tag | { readonly kind: 'comment' };
}

/** Every `{{` that is not escaped, in order. */
function scanTags({ text, span }: TemplateSource, report: Report): readonly ScannedTag[] {
  const tags: ScannedTag[] = [];
  const find = {
    open: createFinder(text, '{{'),
    close: createFinder(text, '}}'),
    commentClose: createFinder(text, '--}}'),
  };
  for (let at = find.open(span.start); at !== -1 && at < span.end;) {
    if (isEscaped(text, at, span.start)) {
      at = find.open(at + 2);
      continue;
    }
    const scanned = scanTag(text, at, span, find);
    tags.push(scanned);
    if (tags.length >= limits.tags) {
      report.add({
        code: 'tooLarge',
        severity: 'error',
        span: scanned.span,
        message: t('The message has more than {0} tags; what follows is not read.', limits.tags),
        action: t('Split it into partials, or write {0} where braces are meant as text.', '`\\{{`'),
      });
      break;
    }
    at = find.open(scanned.span.end);
  }
  return tags;
}

interface Finders {
  readonly open: (from: number) => number;
  readonly close: (from: number) => number;
  readonly commentClose: (from: number) => number;
}

/** `indexOf` for rising positions that never looks at a stretch twice. */
function createFinder(text: string, needle: string): (from: number) => number {
  let last = { from: 0, found: text.indexOf(needle) };
  return (from) => {
    const isKnown = from >= last.from && (last.found === -1 || from <= last.found);
    if (!isKnown) last = { from, found: text.indexOf(needle, from) };
    return last.found;
  };
}

/** An odd number of backslashes before the braces makes them text. */
function isEscaped(text: string, at: number, from: number): boolean {
  let count = 0;
  while (at - count - 1 >= from && text[at - count - 1] === '\\') count += 1;
  return count % 2 === 1;
}

function scanTag(text: string, start: number, within: Span, find: Finders): ScannedTag {
  if (text[start + 2] === '!') return scanComment(text, start, within, find);
  const isTriple = text[start + 2] === '{';
  const contentStart = start + (isTriple ? 3 : 2);
  const contentEnd = find.close(contentStart);
  const end = contentEnd + (isTriple ? 3 : 2);
  const isOpen = contentEnd === -1 || end > within.end || hasBracesWithin(contentStart, contentEnd, find);
  if (isOpen || (isTriple && text[contentEnd + 2] !== '}')) {
    const span = { start, end: start + 2 };
    return { span, outer: span, tag: { kind: 'invalid', reason: t('It is never closed with {0}.', '`}}`') } };
  }
  const span = { start, end };
  const tag = readTag(text, { start: contentStart, end: contentEnd });
  const mayStandAlone = !isTriple && (tag.kind === 'open' || tag.kind === 'else' || tag.kind === 'close');
  return { span, outer: mayStandAlone ? wholeLine(text, span, within) : span, tag };
}

function hasBracesWithin(start: number, end: number, find: Finders): boolean {
  const next = find.open(start);
  return next !== -1 && next < end;
}

function scanComment(text: string, start: number, within: Span, find: Finders): ScannedTag {
  const isLong = text.startsWith('{{!--', start);
  const close = isLong ? find.commentClose(start + 5) : find.close(start + 3);
  const end = close + (isLong ? 4 : 2);
  if (close === -1 || end > within.end) {
    const span = { start, end: start + 2 };
    return { span, outer: span, tag: { kind: 'invalid', reason: t('The comment is never closed.') } };
  }
  const span = { start, end };
  return { span, outer: wholeLine(text, span, within), tag: { kind: 'comment' } };
}

/** Handlebars' rule: a tag alone on its line takes the line with it. */
function wholeLine(text: string, span: Span, within: Span): Span {
  let { start, end } = span;
  while (start > within.start && (text[start - 1] === ' ' || text[start - 1] === '\t')) start -= 1;
  while (end < within.end && (text[end] === ' ' || text[end] === '\t')) end += 1;
  const startsLine = start === within.start || text[start - 1] === '\n' || text[start - 1] === '\r';
  const endsLine = end === within.end || text[end] === '\n' || text[end] === '\r';
  if (!startsLine || !endsLine) return span;
  if (text[end] === '\r' && end < within.end) end += 1;
  if (text[end] === '\n' && end < within.end) end += 1;
  return { start, end };
}

interface OpenBlock {
  readonly tag: ScannedTag;
  readonly block: BlockNode['block'];
  readonly path: PathExpression;
  readonly body: TemplateNode[];
  readonly otherwise: TemplateNode[];
  elseTag: Span | null;
  /** True for the inner block of `{{else if}}`: closes together with the block around it. */
  readonly isChained: boolean;
}

function buildTree(
  source: TemplateSource,
  tags: readonly ScannedTag[],
  report: Report,
): readonly TemplateNode[] {
  const root: TemplateNode[] = [];
  const stack: OpenBlock[] = [];
  const current = (): TemplateNode[] => {
    const top = stack.at(-1);
    if (top === undefined) return root;
    return top.elseTag === null ? top.body : top.otherwise;
  };
  let from = source.span.start;
  for (const scanned of tags) {
    pushText(current(), source, { start: from, end: scanned.outer.start }, true);
    from = Math.max(from, scanned.outer.end);
    addTag(scanned, { stack, current, report, text: source.text });
  }
  pushText(current(), source, { start: from, end: source.span.end }, false);
  closeRest(stack, current, source.span.end, report);
  return root;
}

interface Building {
  readonly stack: OpenBlock[];
  readonly current: () => TemplateNode[];
  readonly report: Report;
  readonly text: string;
}

function addTag(scanned: ScannedTag, building: Building): void {
  const { tag, span } = scanned;
  switch (tag.kind) {
    case 'comment':
      building.current().push({ kind: 'comment', span });
      return;
    case 'value':
      building.current().push({ kind: 'value', span, path: tag.path });
      return;
    case 'partial':
      building.current().push({ ...tag, span });
      return;
    case 'open':
      openBlock(scanned, tag, building);
      return;
    case 'else':
      addElse(scanned, tag.path, building);
      return;
    case 'close':
      closeBlock(scanned, tag.block, building);
      return;
    case 'invalid':
      addInvalid(span, tag.reason, building);
      return;
  }
}

function addInvalid(span: Span, reason: string, { current, report, text }: Building): void {
  current().push({ kind: 'invalid', span, reason });
  report.add({
    code: 'tagInvalid',
    severity: 'error',
    span,
    message: `\`${text.slice(span.start, Math.min(span.end, span.start + 80))}\` is not a tag. ${reason}`,
    action: t('Correct it, or write {0} if the braces are meant as text.', '`\\{{`'),
  });
}

function openBlock(
  tag: ScannedTag,
  { block, path }: { readonly block: BlockNode['block']; readonly path: PathExpression },
  building: Building,
  isChained = false,
): void {
  if (building.stack.length >= limits.blockDepth) {
    building.report.add({
      code: 'blockTooDeep',
      severity: 'error',
      span: tag.span,
      message: t('Blocks are nested deeper than {0} levels.', limits.blockDepth),
      action: t('Move the inner part into a partial.'),
    });
    building.current().push({ kind: 'invalid', span: tag.span, reason: t('Blocks are nested too deeply.') });
    return;
  }
  building.stack.push({ tag, block, path, body: [], otherwise: [], elseTag: null, isChained });
}

function addElse(scanned: ScannedTag, path: PathExpression | null, building: Building): void {
  const top = building.stack.at(-1);
  if (top === undefined || top.elseTag !== null) {
    const reason =
      top === undefined ? t('It stands in no block.') : t('Its block has an {0} already.', '`{{else}}`');
    reportMismatch(scanned.span, building, t('This {0} is misplaced. {1}', '`{{else}}`', reason));
    return;
  }
  top.elseTag = scanned.span;
  if (path !== null) openBlock(scanned, { block: 'if', path }, building, true);
}

function closeBlock(scanned: ScannedTag, name: string, building: Building): void {
  const open = building.stack.findLastIndex((block) => !block.isChained && block.block === name);
  if (open === -1) {
    reportMismatch(
      scanned.span,
      building,
      t('{0} closes a block that was not opened in this message.', `\`{{/${name}}}\``),
    );
    return;
  }
  while (building.stack.length > open + 1) finishTop(building, scanned.span.start, null);
  finishTop(building, scanned.span.end, scanned.span);
}

/** Takes the innermost block off the stack and hangs it into the tree. */
function finishTop({ stack, current, report }: Building, end: number, close: Span | null): void {
  const top = stack.pop();
  if (top === undefined) return;
  if (close === null && !top.isChained) reportUnclosed(top, report);
  const { tag, block, path, body, otherwise, elseTag } = top;
  const span = { start: tag.span.start, end };
  current().push({ kind: 'block', span, block, path, open: tag.span, body, elseTag, otherwise, close });
}

function closeRest(stack: OpenBlock[], current: () => TemplateNode[], end: number, report: Report): void {
  while (stack.length > 0) finishTop({ stack, current, report, text: '' }, end, null);
}

function reportUnclosed(block: OpenBlock, report: Report): void {
  report.add({
    code: 'blockUnclosed',
    severity: 'error',
    span: block.tag.span,
    message: t('{0} is not closed in this message.', `\`{{#${block.block}}}\``),
    action: t('Add {0} where the block ends.', `\`{{/${block.block}}}\``),
    name: block.block,
  });
}

function reportMismatch(span: Span, { current, report }: Building, message: string): void {
  current().push({ kind: 'invalid', span, reason: message });
  report.add({
    code: 'blockMismatched',
    severity: 'error',
    span,
    message,
    action: t('Remove it, or open the block it belongs to.'),
  });
}

function pushText(nodes: TemplateNode[], source: TemplateSource, span: Span, isBeforeTag: boolean): void {
  if (span.start >= span.end) return;
  nodes.push({ kind: 'text', span, text: unescapeText(source, span, isBeforeTag) });
}

/** Halves the backslashes before `{{` and drops the one before a role line. */
function unescapeText({ text, escapes }: TemplateSource, span: Span, isBeforeTag: boolean): string {
  const raw = dropOffsets(text, span, escapes);
  const beforeBraces = isBeforeTag ? /(\\+)(\{\{|$)/g : /(\\+)(\{\{)/g;
  return raw.replaceAll(beforeBraces, (_, slashes: string, rest: string) => {
    return slashes.slice(0, Math.floor(slashes.length / 2)) + rest;
  });
}

function dropOffsets(text: string, span: Span, offsets: readonly number[]): string {
  const parts: string[] = [];
  let from = span.start;
  for (let index = firstFrom(offsets, span.start); index < offsets.length; index += 1) {
    const offset = offsets[index] ?? span.end;
    if (offset >= span.end) break;
    parts.push(text.slice(from, offset));
    from = offset + 1;
  }
  parts.push(text.slice(from, span.end));
  return parts.join('');
}

/** Index of the first of the rising offsets that is at least `start`. */
function firstFrom(offsets: readonly number[], start: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
