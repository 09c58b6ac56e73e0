// Variables of other tools' prompts and what they are called here: VS Code's `${…}` and the `$ARGUMENTS` and `$1` of
// Claude commands. Used on import and on paste.

import { t } from '@vscode/l10n';
import { isInputName } from './settings.ts';
import type { Span } from './text.ts';

export interface Alias extends Span {
  /** As it stands in the text. */
  readonly written: string;
  /** The name that it has here, without braces. */
  readonly name: string;
  /** What the other tool shows as a hint; empty if nothing. */
  readonly hint: string;
  /** False for a value that the editor supplies: then it needs no declaration. */
  readonly isInput: boolean;
  /** Inside a code block: then `${file}` may well be code. */
  readonly isInCode: boolean;
}

export interface AliasOptions {
  /** `$1` … `$9` mean arguments. Elsewhere they are shell or awk. */
  readonly positional: boolean;
}

const builtInAliases: Readonly<Record<string, string>> = {
  selection: 'selection',
  selectedText: 'selection',
  file: 'file',
  fileBasename: 'fileName',
};

const pattern =
  /\$\{(?:(?<builtIn>selection|selectedText|file|fileBasename)|input:(?<input>[^:{}$\r\n]{1,100})(?::(?<hint>[^{}\r\n]{0,500}))?)\}|\$ARGUMENTS(?![\w])|\$(?<position>[1-9])(?!\d)/g;

/** All aliases in the text, in order. One next to a brace or behind a backslash is left out: there it is code. */
export function findAliases(text: string, { positional }: AliasOptions): readonly Alias[] {
  const isInCode = createCodeTest(text);
  return [...text.matchAll(pattern)].flatMap((match): readonly Alias[] => {
    const written = match[0];
    const span = { start: match.index, end: match.index + written.length };
    if (/[\\{$]/.test(text[span.start - 1] ?? '') || text[span.end] === '}') return [];
    const { builtIn, input, hint = '', position } = match.groups ?? {};
    const base = { ...span, written, isInCode: isInCode(span.start) };
    if (builtIn !== undefined)
      return [{ ...base, name: builtInAliases[builtIn] ?? builtIn, hint: '', isInput: false }];
    if (input !== undefined) return inputAlias(input, { ...base, hint });
    if (position === undefined)
      return [{ ...base, name: 'arguments', hint: t('What to work on'), isInput: true }];
    return positional
      ? [{ ...base, name: `argument${position}`, hint: t('Argument {0}', position), isInput: true }]
      : [];
  });
}

function inputAlias(written: string, base: Omit<Alias, 'name' | 'isInput'>): readonly Alias[] {
  const name = written.trim().replaceAll(/[^\p{L}\p{N}_-]+/gu, '-');
  return isInputName(name) ? [{ ...base, name, isInput: true }] : [];
}

/** Fenced code blocks, roughly: from a fence to the next one. Asked with rising offsets only. */
function createCodeTest(text: string): (offset: number) => boolean {
  const fences = [...text.matchAll(/^ {0,3}(?:```|~~~)/gm)].map((match) => match.index);
  let passed = 0;
  return (offset) => {
    while ((fences[passed] ?? Infinity) <= offset) passed += 1;
    return passed % 2 === 1;
  };
}

/** For a paste: the text with tags, and the inputs that it needs. Code blocks stay as they are. */
export function convertAliases(
  text: string,
  options: AliasOptions,
): {
  readonly text: string;
  readonly inputs: readonly { readonly name: string; readonly description: string }[];
} {
  const aliases = findAliases(text, options).filter(
    (alias) => !alias.isInCode || alias.written.startsWith('${input:'),
  );
  const parts: string[] = [];
  let from = 0;
  for (const alias of aliases) {
    parts.push(text.slice(from, alias.start), `{{${alias.name}}}`);
    from = alias.end;
  }
  parts.push(text.slice(from));
  return { text: parts.join(''), inputs: inputsOf(aliases) };
}

/** One declaration a name; the first hint that says something. */
export function inputsOf(aliases: readonly Alias[]): readonly { name: string; description: string }[] {
  const inputs = new Map<string, string>();
  for (const { name, hint, isInput } of aliases) {
    if (isInput) inputs.set(name, inputs.get(name) || hint.trim());
  }
  return [...inputs].map(([name, description]) => ({ name, description }));
}
