// The last change of a line, under the mouse: its text before and after, its version, author and message, and links. The
// links carry ids only; everything that a teammate wrote is appended as text or as a block of code.

import * as vscode from 'vscode';
import type { Library } from '../../library/api.ts';
import type { ChangeHunk, VersionChange, VersionSummary } from '../../library/history.ts';
import { oneLine } from '../library/plainText.ts';
import { languageId, scheme } from '../promptUri.ts';
import { hoverPlace, isOn } from './layers.ts';
import { blockAt, type LineHistory, type LineOrigins } from './lineHistory.ts';
import type { VersionPlace } from './versionLink.ts';
import { aboutAuthor, authorOf, agoOf, dateOf, messageOf, numberOf } from './words.ts';

export interface ChangeHoverDeps {
  readonly library: Library;
  readonly lines: LineHistory;
}

export const hoverCommands = [
  'cuebook.showVersionChange',
  'cuebook.restoreVersion',
  'cuebook.copyVersionLink',
];

export function registerChangeHover({ library, lines }: ChangeHoverDeps): vscode.Disposable {
  return vscode.languages.registerHoverProvider(
    { scheme, language: languageId },
    {
      async provideHover(document, position, token) {
        if (!isAsked(document, position)) return null;
        const origins = lines.of(document);
        const block = blockAt(origins, position.line);
        if (origins === null || block === null) return null;
        if (block.version === null) return block.kind === 'untrusted' ? unverified() : null;
        const change = await library.change(origins.promptId, block.version.revisionId);
        if (token.isCancellationRequested || !change.ok) return null;
        const line = block.firstInVersion + position.line - block.first;
        return new vscode.Hover(hoverText(origins, change.value, line));
      },
    },
  );
}

function unverified(): vscode.Hover {
  const text = vscode.l10n.t(
    'Whose these lines are could not be verified: the history of this prompt has a version that nobody can be trusted to have made.',
  );
  return new vscode.Hover(new vscode.MarkdownString().appendText(text));
}

/** Over what stands beside a line, or anywhere on it: as the setting says. */
function isAsked(document: vscode.TextDocument, position: vscode.Position): boolean {
  const place = hoverPlace();
  if (place !== 'annotation') return place === 'line';
  if (isOn('allLines') && position.character === 0) return true;
  const active = vscode.window.activeTextEditor;
  const isBeside = position.isEqual(document.lineAt(position.line).range.end);
  return isBeside && isOn('currentLine') && active?.document === document && isCaretIn(active, position.line);
}

function isCaretIn(editor: vscode.TextEditor, line: number): boolean {
  return editor.selection.active.line === line;
}

export function hoverText(
  { promptId, newest }: Pick<LineOrigins, 'promptId' | 'newest'>,
  { version, before, hunks }: VersionChange,
  line: number,
): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  markdown.isTrusted = { enabledCommands: hoverCommands };
  const { author, savedAt } = version;
  markdown.appendText(`${authorOf(author)}, ${agoOf(savedAt)} (${dateOf(savedAt)})\n\n`);
  const about = aboutAuthor(author);
  if (about !== '') markdown.appendText(`${about}\n\n`);
  markdown.appendText(`${versionLine(version)}\n\n`);
  const hunk = hunks.find((each) => holds(each, line));
  if (hunk) markdown.appendCodeblock(linesOf(hunk), 'diff');
  if (before === null) markdown.appendText(`${vscode.l10n.t('The first version.')}\n\n`);
  const { revisionId } = version;
  return markdown.appendMarkdown(links({ promptId, revisionId }, revisionId === newest));
}

function versionLine(version: VersionSummary): string {
  const labels = version.labels.map((label) => oneLine(label, 60));
  return [`${numberOf(version)} · ${messageOf(version)}`, ...labels].join(' · ');
}

function holds({ after }: ChangeHunk, line: number): boolean {
  return after.first <= line && line < after.first + after.lines.length;
}

const linesShown = 12;
const lineLength = 160;

function linesOf({ before, after }: ChangeHunk): string {
  return [...side('-', before.lines), ...side('+', after.lines)].join('\n');
}

function side(sign: string, lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, linesShown).map((line) => `${sign} ${cut(line)}`);
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `${sign} ${vscode.l10n.t('… {0} more lines', more)}`];
}

/** Spaces are kept: they may be the change. */
function cut(line: string): string {
  const plain = line.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
  return plain.length <= lineLength ? plain : `${plain.slice(0, lineLength)}…`;
}

function links(place: VersionPlace, isNewest: boolean): string {
  const argument = encodeURIComponent(JSON.stringify([place]));
  const link = (title: string, command: string): string => `[${title}](command:${command}?${argument})`;
  return [
    link(vscode.l10n.t('Show Change'), 'cuebook.showVersionChange'),
    ...(isNewest ? [] : [link(vscode.l10n.t('Restore'), 'cuebook.restoreVersion')]),
    link(vscode.l10n.t('Copy Link'), 'cuebook.copyVersionLink'),
  ].join(' \u00A0|\u00A0 ');
}
