// Characters that a reader does not see and a model reads: the carrier of hidden instructions in shared prompts.

import type { Span } from './text.ts';

export interface HiddenCharacters {
  /** A run of hidden characters without a visible one between them. */
  readonly span: Span;
  readonly count: number;
  /** What they are, such as `right-to-left override (U+202E)`; each kind once. */
  readonly kinds: readonly string[];
  /** The text that Unicode tag characters spell; empty if there are none. */
  readonly spelled: string;
}

// Control characters and what Unicode calls default-ignorable: format marks, fillers, selectors, tags.
const candidates = /(?![\t\n\r])[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\uFFF9-\uFFFB]/gu;

/** A byte-order mark at the very start, joiners in emoji and in scripts that need them, and flags do not count. */
export function findHiddenCharacters(text: string): readonly HiddenCharacters[] {
  const runs: HiddenRun[] = [];
  for (const { 0: character, index } of text.matchAll(candidates)) {
    if (isHarmless(text, index, character)) continue;
    const last = runs.at(-1);
    const end = index + character.length;
    if (last?.end === index) {
      last.end = end;
      last.characters.push(character);
    } else runs.push({ start: index, end, characters: [character] });
  }
  return runs.map(describeRun);
}

interface HiddenRun {
  readonly start: number;
  end: number;
  readonly characters: string[];
}

function isHarmless(text: string, index: number, character: string): boolean {
  const before = characterBefore(text, index);
  const after = text.codePointAt(index + character.length);
  const next = after === undefined ? '' : String.fromCodePoint(after);
  const code = character.codePointAt(0) ?? 0;
  if (code === 0xfeff) return index === 0;
  if (code === 0xfe0e || code === 0xfe0f) return before !== '' && !isSelector(before);
  if (code >= 0xfe00 && code <= 0xfe0d) return /[\p{Script=Han}\p{Sm}\p{Script=Myanmar}]/u.test(before);
  if (code >= 0xe0100 && code <= 0xe01ef) return /\p{Script=Han}/u.test(before);
  if (code === 0x200d && isEmojiPart(before) && /\p{Extended_Pictographic}/u.test(next)) return true;
  if (code === 0x200c || code === 0x200d)
    return needsJoiners(before) && (next === '' || !/[\p{sc=Latin}]/u.test(next));
  if (code === 0x180b || code === 0x180e) return /\p{Script=Mongolian}/u.test(before);
  if (code >= 0xe0020 && code <= 0xe007f) return isFlag(text, index);
  return false;
}

function characterBefore(text: string, index: number): string {
  const isPair = index > 1 && /[\uDC00-\uDFFF]/.test(text[index - 1] ?? '');
  return text.slice(isPair ? index - 2 : index - 1, index);
}

function isSelector(character: string): boolean {
  return /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u.test(character);
}

function isEmojiPart(character: string): boolean {
  return /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]/u.test(character);
}

/** Scripts whose spelling uses zero-width joiners. */
function needsJoiners(before: string): boolean {
  return (
    /[\p{L}\p{M}]/u.test(before) &&
    !/[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Han}\p{sc=Hangul}]/u.test(before)
  );
}

/** Flags of regions (England, Scotland, Wales, …): a black flag, at most six tag letters or digits, an end tag. */
function isFlag(text: string, index: number): boolean {
  const around = text.slice(Math.max(0, index - 14), index + 16);
  const flags = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}/gu;
  const at = index - Math.max(0, index - 14);
  return [...around.matchAll(flags)].some((flag) => flag.index <= at && at < flag.index + flag[0].length);
}

const names: readonly (readonly [number, number, string])[] = [
  [0x00, 0x1f, 'control character'],
  [0x7f, 0x9f, 'control character'],
  [0xad, 0xad, 'soft hyphen'],
  [0x200b, 0x200b, 'zero-width space'],
  [0x200c, 0x200c, 'zero-width non-joiner'],
  [0x200d, 0x200d, 'zero-width joiner'],
  [0x200e, 0x200f, 'direction mark'],
  [0x061c, 0x061c, 'direction mark'],
  [0x2028, 0x2029, 'line separator'],
  [0x202a, 0x202b, 'direction embedding'],
  [0x202c, 0x202c, 'end of direction'],
  [0x202d, 0x202d, 'left-to-right override'],
  [0x202e, 0x202e, 'right-to-left override'],
  [0x2060, 0x2060, 'word joiner'],
  [0x2066, 0x2069, 'direction isolate'],
  [0xfe00, 0xfe0f, 'variation selector'],
  [0xfeff, 0xfeff, 'zero-width no-break space'],
  [0xe0000, 0xe007f, 'tag character'],
  [0xe0100, 0xe01ef, 'variation selector'],
];

function describeRun({ start, end, characters }: HiddenRun): HiddenCharacters {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  const spelled = codes
    .filter((code) => code >= 0xe0020 && code <= 0xe007e)
    .map((code) => String.fromCodePoint(code - 0xe0000))
    .join('');
  return {
    span: { start, end },
    count: codes.length,
    kinds: [...new Set(codes.map(nameOf))].slice(0, 5),
    spelled,
  };
}

function nameOf(code: number): string {
  const name = names.find(([from, to]) => code >= from && code <= to)?.[2] ?? 'invisible character';
  return `${name} (U+${code.toString(16).toUpperCase().padStart(4, '0')})`;
}
