// What an import tells afterwards: a Markdown document that reads well as it is. What needs a look comes first and file
// by file; what went as expected is counted. Foreign text stands in code spans, so it is text in a preview too. Pure.

import { t } from '@vscode/l10n';
import { oneLine } from './plainText.ts';

export interface ReportNote {
  /** A key or a piece of the file. */
  readonly what: string;
  /** A sentence of ours. */
  readonly reason: string;
  /** From 1; null if it is about the whole file. */
  readonly line: number | null;
}

/** What became of one file. */
export interface ImportOutcome {
  readonly path: string;
  /** Path in the library; null if it was not imported. */
  readonly importedAs: string | null;
  readonly mapped: readonly ReportNote[];
  readonly kept: readonly ReportNote[];
  readonly notMapped: readonly ReportNote[];
  readonly problem: string | null;
}

const notesShown = 10;
const groupsShown = 50;

export function importReport(outcomes: readonly ImportOutcome[]): string {
  const imported = outcomes.filter(({ importedAs }) => importedAs !== null);
  const failed = outcomes.filter(({ problem }) => problem !== null);
  const look = imported.filter(({ notMapped }) => notMapped.length > 0);
  return [
    `# ${t('Import report')}`,
    failed.length === 0
      ? t('{0} imported.', prompts(imported.length))
      : t('{0} imported, {1} not.', prompts(imported.length), files(failed.length)),
    ...section(t('Not imported'), failed.map(failedLine)),
    ...section(t('Imported, but please look'), look.flatMap(lookLines)),
    ...section(t('Mapped'), groupLines(imported.map(({ mapped }) => mapped))),
    ...section(t('Kept as it was'), groupLines(imported.map(({ kept }) => kept))),
    ...section(t('All prompts'), imported.map(importedLine)),
    '',
  ].join('\n\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, lines.join('\n')];
}

function failedLine({ path, problem }: ImportOutcome): string {
  return `- ${code(path)}: ${oneLine(problem ?? '', 300)}`;
}

function importedLine({ path, importedAs }: ImportOutcome): string {
  return `- ${code(path)} → ${code(importedAs ?? '')}`;
}

function lookLines(outcome: ImportOutcome): readonly string[] {
  const { notMapped } = outcome;
  const more = notMapped.length - notesShown;
  return [
    importedLine(outcome),
    ...notMapped.slice(0, notesShown).map(noteLine),
    ...(more > 0 ? [`  - ${t('and {0} more of these', more)}`] : []),
  ];
}

function noteLine({ what, reason, line }: ReportNote): string {
  const place = line === null ? '' : `${t('line {0}:', line)} `;
  return `  - ${place}${code(what)} ${oneLine(reason, 300)}`;
}

/** The same thing in many files is one line that says in how many. */
function groupLines(files: readonly (readonly ReportNote[])[]): readonly string[] {
  const groups = new Map<string, { readonly note: ReportNote; files: number }>();
  for (const notes of files) {
    for (const [key, note] of new Map(notes.map((note) => [`${note.what}\n${note.reason}`, note]))) {
      const group = groups.get(key) ?? { note, files: 0 };
      group.files += 1;
      groups.set(key, group);
    }
  }
  const all = [...groups.values()].sort((a, b) => b.files - a.files);
  const more = all.length - groupsShown;
  return [
    ...all.slice(0, groupsShown).map(groupLine),
    ...(more > 0
      ? [`- ${t('and {0} more, each in {1} or fewer', more, prompts(all[groupsShown]?.files ?? 1))}`]
      : []),
  ];
}

function groupLine(group: { readonly note: ReportNote; readonly files: number }): string {
  const { note } = group;
  return `- ${t('{0} in {1}.', code(note.what), prompts(group.files))} ${oneLine(note.reason, 300)}`;
}

/** CommonMark: a code span ends at a run of as many backticks as it began with. */
export function code(text: string): string {
  const line = oneLine(text, 200);
  const runs = line.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

function prompts(count: number): string {
  return count === 1 ? t('1 prompt') : t('{0} prompts', count);
}

function files(count: number): string {
  return count === 1 ? t('1 file') : t('{0} files', count);
}
