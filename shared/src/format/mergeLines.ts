// Three-way merge of lines (diff3), and conflict markers for what it cannot decide.

import { diff3Merge } from 'node-diff3';
import type { ConflictRegion, MergeOutcome, MergeSides } from './merge.ts';

export const conflictMarkers = {
  mine: '<<<<<<< Mine',
  middle: '=======',
  theirs: '>>>>>>> Theirs',
} as const;

export type MergePiece =
  | { readonly kind: 'text'; readonly text: string }
  | ({ readonly kind: 'conflict'; readonly field: string | null } & MergeSides);

/** Lines with their breaks. */
export function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

export function mergeLines(sides: MergeSides, field: string | null): readonly MergePiece[] {
  const { base, mine, theirs } = sides;
  if (mine === theirs || theirs === base) return textPiece(mine);
  if (mine === base) return textPiece(theirs);
  const lines = { base: splitLines(base), mine: splitLines(mine), theirs: splitLines(theirs) };
  const { before, after } = commonEnds(lines);
  const middle = {
    base: lines.base.slice(before, lines.base.length - after),
    mine: lines.mine.slice(before, lines.mine.length - after),
    theirs: lines.theirs.slice(before, lines.theirs.length - after),
  };
  return [
    ...textPiece(lines.mine.slice(0, before).join('')),
    ...(isTooCostly(middle) ? [conflictOf(middle, field)] : mergeMiddle(middle, field)),
    ...textPiece(lines.mine.slice(lines.mine.length - after).join('')),
  ];
}

interface Lines {
  readonly base: readonly string[];
  readonly mine: readonly string[];
  readonly theirs: readonly string[];
}

function mergeMiddle({ base, mine, theirs }: Lines, field: string | null): readonly MergePiece[] {
  const regions = diff3Merge([...mine], [...base], [...theirs], { excludeFalseConflicts: true });
  return regions.flatMap(({ ok, conflict }): readonly MergePiece[] => {
    if (ok !== undefined) return textPiece(ok.join(''));
    if (conflict === undefined) return [];
    return [conflictOf({ base: conflict.o, mine: conflict.a, theirs: conflict.b }, field)];
  });
}

function conflictOf({ base, mine, theirs }: Lines, field: string | null): MergePiece {
  return { kind: 'conflict', field, base: base.join(''), mine: mine.join(''), theirs: theirs.join('') };
}

function textPiece(text: string): readonly MergePiece[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}

/** Lines that all three begin and end with need no merging. */
function commonEnds({ base, mine, theirs }: Lines): { readonly before: number; readonly after: number } {
  const shortest = Math.min(base.length, mine.length, theirs.length);
  let before = 0;
  while (before < shortest && base[before] === mine[before] && base[before] === theirs[before]) before += 1;
  let after = 0;
  const last = (lines: readonly string[]): string | undefined => lines[lines.length - 1 - after];
  while (after < shortest - before && last(base) === last(mine) && last(base) === last(theirs)) after += 1;
  return { before, after };
}

/** The matching looks at every pair of equal lines; a text of one line repeated would make that quadratic. */
function isTooCostly({ base, mine, theirs }: Lines): boolean {
  const counts = new Map<string, number>();
  for (const line of base) counts.set(line, (counts.get(line) ?? 0) + 1);
  let pairs = 0;
  for (const line of [...mine, ...theirs]) pairs += counts.get(line) ?? 0;
  return pairs > 4_000_000;
}

export function renderPieces(pieces: readonly MergePiece[], lineBreak: string): MergeOutcome {
  const regions: ConflictRegion[] = [];
  let text = '';
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      text += piece.text;
      continue;
    }
    if (text !== '' && !text.endsWith('\n')) text += lineBreak;
    const { field, base, mine, theirs } = piece;
    const start = text.length;
    text += renderConflict(piece, lineBreak);
    regions.push({ span: { start, end: text.length }, field, base, mine, theirs });
  }
  return regions.length === 0 ? { kind: 'clean', text } : { kind: 'conflict', text, regions };
}

function renderConflict({ mine, theirs }: Pick<MergeSides, 'mine' | 'theirs'>, lineBreak: string): string {
  const whole = (side: string): string => (side === '' || side.endsWith('\n') ? side : side + lineBreak);
  return [
    conflictMarkers.mine + lineBreak,
    whole(mine),
    conflictMarkers.middle + lineBreak,
    whole(theirs),
    conflictMarkers.theirs + lineBreak,
  ].join('');
}
