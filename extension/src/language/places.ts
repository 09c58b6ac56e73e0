// From offsets of a parsed text to the editor's lines and characters, and back. Pure.

import type { PromptDocument, TextEdit } from '@cuebook/shared/format/promptDocument';
import { applyEdits } from '@cuebook/shared/format/text';
import type { Edit, Position } from './api.ts';

export function offsetOf({ lines, text }: PromptDocument, { line, character }: Position): number {
  return Math.min(lines.line(line).start + character, text.length);
}

/** Thousands of edits keep the editor busy for long: then one edit writes the whole text. */
const mostEdits = 1_000;

export function withRanges(document: PromptDocument, edits: readonly TextEdit[]): readonly Edit[] {
  const few =
    edits.length <= mostEdits
      ? edits
      : [{ start: 0, end: document.text.length, text: applyEdits(document.text, edits) }];
  return few.map((edit) => ({ range: document.lines.range(edit), text: edit.text }));
}
