// Splits a body into messages. A line that holds nothing but `system:`, `user:` or `assistant:` from its first column
// starts a message; inside a fenced code block it is text, and `\user:` is that text anywhere. This happens before any
// value is known, so no value can start a message.

import { t } from '@vscode/l10n';
import type { Role } from './promptDocument.ts';
import type { Report } from './report.ts';
import type { LineIndex, Span } from './text.ts';

export interface RoleSection {
  readonly role: Role;
  /** Null for text before the first role line. */
  readonly roleSpan: Span | null;
  /** The text of the message, blank lines at both ends left out. */
  readonly span: Span;
}

export interface Sections {
  readonly sections: readonly RoleSection[];
  /** Offsets of the backslashes that keep a role line text; they are not part of the text. */
  readonly escapes: readonly number[];
}

const roleLine = /^(\\*)(system|user|assistant):[ \t]*$/;

export function splitRoles(text: string, body: Span, lines: LineIndex, report: Report): Sections {
  const { roleLines, escapes, fenced } = scanRoleLines(text, body, lines);
  for (const span of fenced) reportFenced(text, span, report);
  const starts = roleLines.map(({ role, span }) => ({ role, roleSpan: span }));
  const sections: RoleSection[] = [];
  const lead = trimBlankLines(text, { start: body.start, end: starts[0]?.roleSpan.start ?? body.end });
  if (lead.start < lead.end || starts.length === 0)
    sections.push({ role: 'user', roleSpan: null, span: lead });
  if (lead.start < lead.end && starts.length > 0) reportLead(lead, report);
  for (const [index, { role, roleSpan }] of starts.entries()) {
    const end = starts[index + 1]?.roleSpan.start ?? body.end;
    sections.push({ role, roleSpan, span: trimBlankLines(text, { start: roleSpan.end, end }) });
  }
  return { sections, escapes };
}

export interface RoleLines {
  readonly roleLines: readonly { readonly role: Role; readonly span: Span }[];
  readonly escapes: readonly number[];
  /** Role lines inside code blocks. */
  readonly fenced: readonly Span[];
}

export function scanRoleLines(text: string, body: Span, lines: LineIndex): RoleLines {
  const roleLines: { role: Role; span: Span }[] = [];
  const escapes: number[] = [];
  const fenced: Span[] = [];
  const closingOf = createFenceSearch(text, lines);
  let fenceEnd = -1;
  for (let number = lines.place(body.start).line; number < lines.lineCount; number += 1) {
    const span = lines.line(number);
    if (span.start < body.start) continue;
    // Longer lines are neither; this keeps the patterns away from very long ones.
    const line = span.end - span.start > 200 ? text.slice(span.start, span.start + 200) : slice(text, span);
    const match = span.end - span.start > 200 ? null : roleLine.exec(line);
    if (number < fenceEnd) {
      if (match !== null) fenced.push(span);
      continue;
    }
    if (match === null) {
      const closing = closingOf(line, number);
      if (closing !== null) fenceEnd = closing;
    } else if (match[1] === '') roleLines.push({ role: match[2] as Role, span });
    else escapes.push(span.start);
  }
  return { roleLines, escapes, fenced };
}

const openingFence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
const closingFence = /^ {0,3}(`{3,}|~{3,})[ \t]*$/;

/** Answers the line that closes the code block that `line` opens (CommonMark), or null: then it opens none. */
function createFenceSearch(text: string, lines: LineIndex): (line: string, number: number) => number | null {
  // Once no fence of this length closes, no later one that is as long does: keeps the search linear.
  const neverClosed = { '`': Infinity, '~': Infinity };
  return (line, number) => {
    const marker = openingFence.exec(line)?.[1];
    if (marker === undefined) return null;
    const kind = marker.startsWith('~') ? '~' : '`';
    if (marker.length >= neverClosed[kind]) return null;
    for (let next = number + 1; next < lines.lineCount; next += 1) {
      const span = lines.line(next);
      if (span.end - span.start > 200) continue;
      const closing = closingFence.exec(slice(text, span))?.[1];
      if (closing?.startsWith(kind) === true && closing.length >= marker.length) return next;
    }
    neverClosed[kind] = marker.length;
    return null;
  };
}

function slice(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

/** Leaves out blank lines at the start and all white space at the end. */
export function trimBlankLines(text: string, { start, end }: Span): Span {
  let last = end;
  while (last > start && isSpace(text[last - 1])) last -= 1;
  let first = start;
  for (let at = start; at < last && isSpace(text[at]); at += 1) {
    if (text[at] === '\n' || text[at] === '\r') first = at + 1;
  }
  return { start: Math.min(first, last), end: last };
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function reportFenced(text: string, span: Span, report: Report): void {
  report.add({
    code: 'roleInCodeBlock',
    severity: 'info',
    span,
    message: t('`{0}` is text here: it stands inside a code block.', slice(text, span).trim()),
    action: t('If it should start a message, close the code block before it.'),
  });
}

function reportLead(span: Span, report: Report): void {
  report.add({
    code: 'textBeforeRole',
    severity: 'warning',
    span,
    message: t('Text before the first role line is a user message of its own.'),
    action: t('Put it below a role line (`system:` or `user:`), or remove it.'),
  });
}
