// Where a selection is after the document was edited. Offsets are UTF-16 code units, as VS Code's are.

/** One content change of a document, in the offsets of the text before it. */
export interface TextChange {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

export interface TrackedRange {
  readonly start: number;
  readonly end: number;
  /** True once an edit reached into the range; edits that only touch its borders do not count. */
  readonly changed: boolean;
}

/**
 * Moves `range` past one change. Text inserted exactly at a border stays outside. A change that reaches across a border
 * pulls that border to the near side of its own text: what was typed there is not part of the range.
 */
export function trackChange(range: TrackedRange, change: TextChange): TrackedRange {
  const changeEnd = change.offset + change.length;
  const shift = change.text.length - change.length;
  if (changeEnd <= range.start) return { ...range, start: range.start + shift, end: range.end + shift };
  if (change.offset >= range.end) return range;
  const startsInside = change.offset >= range.start;
  const endsInside = changeEnd <= range.end;
  if (startsInside && endsInside) return { ...range, end: range.end + shift, changed: true };
  if (startsInside) return { ...range, end: change.offset, changed: true };
  const afterChange = change.offset + change.text.length;
  return { start: afterChange, end: endsInside ? range.end + shift : afterChange, changed: true };
}

/** All changes of one edit. Their offsets are those of the text before the edit, so the last one is applied first. */
export function trackEdit(range: TrackedRange, changes: readonly TextChange[]): TrackedRange {
  return [...changes].sort((a, b) => b.offset - a.offset).reduce(trackChange, range);
}

/** `text` with each range replaced. Ranges must not overlap. */
export function replaceRanges(
  text: string,
  replacements: readonly { readonly range: TrackedRange; readonly text: string }[],
): string {
  return [...replacements]
    .sort((a, b) => b.range.start - a.range.start)
    .reduce((all, { range, text: by }) => all.slice(0, range.start) + by + all.slice(range.end), text);
}
