// Places of the language and of the editor: both count lines and UTF-16 units from zero.

import * as vscode from 'vscode';
import type { Edit, Language, Position, TextId } from '../../language/api.ts';
import type { Range } from '@cuebook/shared/format/promptDocument';
import { languageId, parsePromptUri } from '../promptUri.ts';

export const selector: vscode.DocumentSelector = { language: languageId };

export function toRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

/** What crosses to the worker: a class of VS Code's does not. */
export function toPosition({ line, character }: vscode.Position): Position {
  return { line, character };
}

export function toEdits(edits: readonly Edit[]): vscode.TextEdit[] {
  return edits.map(({ range, text }) => vscode.TextEdit.replace(toRange(range), text));
}

/** The document as it is now, for a question about it. */
export function textOf(language: Language, document: vscode.TextDocument): TextId {
  return language.at({
    key: document.uri.toString(),
    version: document.version,
    opened: () => ({
      text: document.getText(),
      promptKey: parsePromptUri(document.uri)?.id ?? null,
    }),
  });
}

/** A prompt that somebody can change: not a version, a side of a diff or a preview. */
export function isEditable(document: vscode.TextDocument): boolean {
  const { scheme } = document.uri;
  if (document.languageId !== languageId) return false;
  return scheme === 'untitled' || vscode.workspace.fs.isWritableFileSystem(scheme) === true;
}
