// Places of the format and of the editor: both count lines and UTF-16 units from zero.

import * as vscode from 'vscode';
import type { PromptDocument, Range, Span, TextEdit } from '@cuebook/shared/format/promptDocument';
import { languageId } from '../promptUri.ts';

export const selector: vscode.DocumentSelector = { language: languageId };

export function toRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

export function spanToRange({ lines }: PromptDocument, span: Span): vscode.Range {
  return toRange(lines.range(span));
}

export function toEdits(document: PromptDocument, edits: readonly TextEdit[]): vscode.TextEdit[] {
  return edits.map((edit) => vscode.TextEdit.replace(spanToRange(document, edit), edit.text));
}

/** A prompt that somebody can change: not a version, a side of a diff or a preview. */
export function isEditable(document: vscode.TextDocument): boolean {
  const { scheme } = document.uri;
  if (document.languageId !== languageId) return false;
  return scheme === 'untitled' || vscode.workspace.fs.isWritableFileSystem(scheme) === true;
}
