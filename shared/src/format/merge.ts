// Three-way merge of prompt documents: front matter by field, body by line. Works on the text's own stretches, so
// comments, quoting and order stay as people wrote them. Never throws and never loses a side: what cannot be decided
// stands in the result between conflict markers.

import { mergeFields, splitFields } from './mergeFields.ts';
import { mergeLines, renderPieces, splitLines, type MergePiece } from './mergeLines.ts';
import { parseDocument } from './parse.ts';
import type { PromptDocument } from './promptDocument.ts';
import type { Span } from './text.ts';

export { conflictMarkers } from './mergeLines.ts';

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

export function mergeDocuments(sides: MergeSides): MergeOutcome {
  const { base, mine, theirs } = sides;
  if (mine === theirs || theirs === base) return { kind: 'clean', text: mine };
  if (mine === base) return { kind: 'clean', text: theirs };
  const { same, lineBreak } = withSameLineBreaks(sides);
  const lineBreakOfMarkers = lineBreak ?? '\n';
  const byField = mergeByField(same);
  const outcome = renderPieces(byField ?? mergeLines(same, null), '\n');
  const isBroken = byField !== null && outcome.kind === 'clean' && !isReadable(outcome.text);
  const merged = isBroken ? renderPieces(mergeLines(same, null), '\n') : outcome;
  return lineBreakOfMarkers === '\n' ? merged : withLineBreaks(merged);
}

/** Null if a side's front matter is not one that can be cut into fields. */
function mergeByField(sides: MergeSides): readonly MergePiece[] | null {
  const documents = {
    base: parseDocument(sides.base),
    mine: parseDocument(sides.mine),
    theirs: parseDocument(sides.theirs),
  };
  const fields = {
    base: splitFields(documents.base),
    mine: splitFields(documents.mine),
    theirs: splitFields(documents.theirs),
  };
  if (fields.base === null || fields.mine === null || fields.theirs === null) return null;
  const bodies = {
    base: bodyOf(documents.base),
    mine: bodyOf(documents.mine),
    theirs: bodyOf(documents.theirs),
  };
  return [
    ...mergeFields({ base: fields.base, mine: fields.mine, theirs: fields.theirs }),
    ...mergeLines(bodies, null),
  ];
}

function bodyOf({ text, body }: PromptDocument): string {
  return text.slice(body.start, body.end);
}

/** Merging fields must not make front matter that no longer parses out of three that did. */
function isReadable(text: string): boolean {
  const { frontMatter, problems } = parseDocument(text);
  return frontMatter?.root !== null && !problems.some(({ code }) => code === 'duplicateKey');
}

// ---- line breaks

/** If the sides differ in their line breaks, all get LF, so that only real changes count. */
function withSameLineBreaks(sides: MergeSides): {
  readonly same: MergeSides;
  readonly lineBreak: '\r\n' | null;
} {
  const styles = { base: isCrlf(sides.base), mine: isCrlf(sides.mine), theirs: isCrlf(sides.theirs) };
  const wanted = styles.mine === styles.base ? styles.theirs : styles.mine;
  const isSame = styles.base === styles.mine && styles.mine === styles.theirs;
  if (isSame && !styles.mine) return { same: sides, lineBreak: null };
  const { base, mine, theirs } = sides;
  return {
    same: { base: toLf(base), mine: toLf(mine), theirs: toLf(theirs) },
    lineBreak: wanted ? '\r\n' : null,
  };
}

/** True if most line breaks are CRLF. */
function isCrlf(text: string): boolean {
  const all = splitLines(text);
  const windows = all.filter((line) => line.endsWith('\r\n')).length;
  return windows * 2 > all.length;
}

function toLf(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function toCrlf(text: string): string {
  return text.replaceAll('\n', '\r\n');
}

function withLineBreaks(outcome: MergeOutcome): MergeOutcome {
  const text = toCrlf(outcome.text);
  if (outcome.kind === 'clean') return { kind: 'clean', text };
  const moved = (offset: number): number => toCrlf(outcome.text.slice(0, offset)).length;
  const regions = outcome.regions.map(({ span, field, base, mine, theirs }) => ({
    span: { start: moved(span.start), end: moved(span.end) },
    field,
    base: toCrlf(base),
    mine: toCrlf(mine),
    theirs: toCrlf(theirs),
  }));
  return { kind: 'conflict', text, regions };
}
