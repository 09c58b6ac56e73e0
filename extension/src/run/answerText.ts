// Which part of an answer goes into a document. A model that was asked for code often wraps it in a fence, with or
// without words around it; the fence does not belong into a source file.
//
// - The answer is one fenced block and nothing else: its content.
// - One block with words around it, for a document that is not prose: its content, and the user is told.
// - Anything else: the whole answer.
// - Several selections: as many blocks as selections, in order; otherwise it cannot be divided.

import { t } from '@vscode/l10n';

export interface CodeBlock {
  /** First word after the fence, lower case; empty if there is none. */
  readonly language: string;
  readonly text: string;
}

export interface AnswerPart {
  readonly text: string;
  /** True if something of the answer was left out. */
  readonly partial: boolean;
}

const proseLanguages: ReadonlySet<string> = new Set([
  'markdown',
  'plaintext',
  'cuebook-prompt',
  'prompt',
  'latex',
  'restructuredtext',
  'git-commit',
]);

/** Opening line of a fence as CommonMark defines it: up to three spaces, three or more ticks or tildes, info string. */
const fencePattern = /^( {0,3})(`{3,}|~{3,})([^`\n]*)$/;

interface Fences {
  readonly blocks: readonly CodeBlock[];
  /** Whether anything but white space stands outside of the blocks. */
  readonly hasProse: boolean;
}

/** Fenced blocks at the top level, in order. A fence that never closes runs to the end. */
export function findCodeBlocks(answer: string): Fences {
  const blocks: CodeBlock[] = [];
  let hasProse = false;
  let open: { indent: number; fence: string; language: string; lines: string[] } | null = null;
  for (const line of answer.split(/\r?\n/)) {
    if (open === null) {
      const match = fencePattern.exec(line);
      if (match === null) hasProse ||= line.trim() !== '';
      else open = opened(match);
    } else if (closes(line, open.fence)) {
      blocks.push({ language: open.language, text: open.lines.join('\n') });
      open = null;
    } else {
      open.lines.push(line.replace(new RegExp(`^ {0,${open.indent}}`), ''));
    }
  }
  if (open !== null) blocks.push({ language: open.language, text: open.lines.join('\n') });
  return { blocks, hasProse };
}

function opened(match: RegExpExecArray): {
  indent: number;
  fence: string;
  language: string;
  lines: string[];
} {
  const [, indent = '', fence = '', info = ''] = match;
  return {
    indent: indent.length,
    fence,
    language: (info.trim().split(/\s+/)[0] ?? '').toLowerCase(),
    lines: [],
  };
}

function closes(line: string, fence: string): boolean {
  const trimmed = line.replace(/^ {0,3}/, '').trimEnd();
  return trimmed.length >= fence.length && trimmed === (fence[0] ?? '').repeat(trimmed.length);
}

/** What to put into a document of `languageId`. */
export function answerFor(answer: string, languageId: string): AnswerPart {
  const { blocks, hasProse } = findCodeBlocks(answer);
  const [only] = blocks;
  if (blocks.length !== 1 || only === undefined) return { text: answer.trim(), partial: false };
  if (!hasProse) return { text: only.text, partial: false };
  return proseLanguages.has(languageId)
    ? { text: answer.trim(), partial: false }
    : { text: only.text, partial: true };
}

export type Replacements =
  | { readonly ok: true; readonly texts: readonly string[]; readonly partial: boolean }
  | { readonly ok: false; readonly reason: string };

/**
 * One text for each selected text. A selection that ended with a line break keeps it, one that did not gets none, so
 * that the lines around stay where they are.
 */
export function replacementsFor(
  answer: string,
  selected: readonly string[],
  languageId: string,
): Replacements {
  if (answer.trim() === '') return { ok: false, reason: t('The answer is empty.') };
  const [first] = selected;
  if (first === undefined) return { ok: false, reason: t('Nothing was selected when the prompt was run.') };
  if (selected.length === 1) {
    const part = answerFor(answer, languageId);
    return { ok: true, texts: [withEndOf(first, part.text)], partial: part.partial };
  }
  const { blocks, hasProse } = findCodeBlocks(answer);
  if (blocks.length !== selected.length) {
    return {
      ok: false,
      reason: t(
        'There were {0} selections, but the answer does not have one code block for each.',
        selected.length,
      ),
    };
  }
  const texts = selected.map((text, index) => withEndOf(text, blocks[index]?.text ?? ''));
  return { ok: true, texts, partial: hasProse };
}

function withEndOf(selected: string, text: string): string {
  const end = /\r?\n$/.exec(selected)?.[0] ?? '';
  return text.replace(/(\r?\n)+$/, '') + end;
}

/** Language and text for “Open as Document”: the code of an answer that is one block, else the answer as Markdown. */
export function answerDocument(answer: string): { readonly language: string; readonly text: string } {
  const { blocks, hasProse } = findCodeBlocks(answer);
  const [only] = blocks;
  return blocks.length === 1 && only !== undefined && !hasProse && only.language !== ''
    ? { language: only.language, text: only.text }
    : { language: 'markdown', text: answer };
}
