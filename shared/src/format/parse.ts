// Text → prompt document. Never throws, whatever the text: problems are values with places, and the text itself stays
// in the document as it was given.

import { t } from '@vscode/l10n';
import { findFrontMatter, readFrontMatter } from './frontMatter.ts';
import { limits } from './limits.ts';
import type { FrontMatter, MessageTemplate, PromptDocument } from './promptDocument.ts';
import { createReport, type Report } from './report.ts';
import { splitRoles } from './roles.ts';
import { emptySettings, readSettings } from './settings.ts';
import { parseTemplate } from './template.ts';
import { createLineIndex, type LineIndex, type Span } from './text.ts';

export function parseDocument(text: string): PromptDocument {
  const lines = createLineIndex(text);
  const report = createReport(lines);
  if (text.length > limits.documentLength) return unparsed(text, lines, report);
  const frontMatter = parseFrontMatter(text, report);
  const bodyStart = frontMatter?.span.end ?? (text.startsWith('\uFEFF') ? 1 : 0);
  const body: Span = { start: bodyStart, end: text.length };
  return {
    text,
    lines,
    frontMatter,
    settings: frontMatter?.root ? readSettings(frontMatter.root, report) : emptySettings,
    body,
    messages: parseMessages(text, body, lines, report),
    problems: report.diagnostics,
  };
}

function parseFrontMatter(text: string, report: Report): FrontMatter | null {
  const found = findFrontMatter(text);
  switch (found.kind) {
    case 'none':
      return null;
    case 'found':
      return readFrontMatter(text, found, report);
    case 'unclosed':
      report.add({
        code: 'frontMatterUnclosed',
        severity: 'warning',
        span: found.open,
        message: t('The front matter is never closed, so the whole document is body.'),
        action: t('Add a line `---` where the front matter ends; for a rule at the top write `***` instead.'),
      });
      return null;
  }
}

function parseMessages(
  text: string,
  body: Span,
  lines: LineIndex,
  report: Report,
): readonly MessageTemplate[] {
  const { sections, escapes } = splitRoles(text, body, lines, report);
  return sections.map(({ role, roleSpan, span }) => ({
    role,
    roleSpan,
    span,
    nodes: parseTemplate({ text, span, escapes }, report),
  }));
}

function unparsed(text: string, lines: LineIndex, report: Report): PromptDocument {
  report.add({
    code: 'tooLarge',
    severity: 'error',
    span: { start: 0, end: 0 },
    message: t('The prompt is longer than {0} characters, so it is not read.', limits.documentLength),
    action: t('Split it into partials, or give the long part as an input.'),
  });
  const body = { start: 0, end: text.length };
  return {
    text,
    lines,
    frontMatter: null,
    settings: emptySettings,
    body,
    messages: [],
    problems: report.diagnostics,
  };
}
