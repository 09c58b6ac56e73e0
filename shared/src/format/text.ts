// Places in a text. Offsets, lines and characters count UTF-16 units from zero, as VS Code does; a line ends with
// LF, CRLF or a lone CR.

/** Half-open stretch of a text, in UTF-16 offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Place {
  readonly offset: number;
  /** Zero-based. */
  readonly line: number;
  /** Zero-based, in UTF-16 units. */
  readonly character: number;
}

export interface Range {
  readonly start: Place;
  readonly end: Place;
}

/** Replaces `span` by `text`. Edits of one list never overlap. */
export interface TextEdit extends Span {
  readonly text: string;
}

export interface LineIndex {
  readonly lineCount: number;
  place(offset: number): Place;
  range(span: Span): Range;
  /** The line without its line break. */
  line(number: number): Span;
}

export function createLineIndex(text: string): LineIndex {
  const starts = [0];
  const breaks = /\r\n|\r|\n/g;
  while (breaks.exec(text) !== null) starts.push(breaks.lastIndex);

  const startOf = (line: number): number => starts[line] ?? text.length;
  const place = (offset: number): Place => {
    const line = lastAtOrBefore(starts, offset);
    return { offset, line, character: offset - startOf(line) };
  };
  return {
    lineCount: starts.length,
    place,
    range: ({ start, end }) => ({ start: place(start), end: place(end) }),
    line: (number) => ({
      start: startOf(number),
      end: endOfLine(text, startOf(number), startOf(number + 1)),
    }),
  };
}

/** Greatest index whose entry is at most `value`; entries rise, the first is at most `value`. */
function lastAtOrBefore(entries: readonly number[], value: number): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((entries[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function endOfLine(text: string, start: number, nextStart: number): number {
  let end = nextStart;
  if (end > start && text[end - 1] === '\n') end -= 1;
  if (end > start && text[end - 1] === '\r') end -= 1;
  return end;
}

/** Applies edits given in any order. Overlapping edits are a broken invariant. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const edit of edits.toSorted((one, other) => one.start - other.start || one.end - other.end)) {
    if (edit.start < from) throw new Error('Edits overlap');
    parts.push(text.slice(from, edit.start), edit.text);
    from = edit.end;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

/** The line break that the text uses first; LF for a text without one. */
export function lineBreakOf(text: string): '\n' | '\r\n' {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}
