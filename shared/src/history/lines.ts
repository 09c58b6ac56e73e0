// Lines of texts, and lines as numbers: a history holds the same lines again and again, so each is kept once.
//
// A line's break is no part of it, so changing line breaks or ending a text with one changes no line. The empty line that
// an editor shows after the last break is none.

/** Without their breaks (`\n` or `\r\n`). */
export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return text.includes('\r') ? lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines;
}

export function countLines(text: string): number {
  let count = 0;
  let start = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
    count += 1;
    start = at + 1;
  }
  return start < text.length ? count + 1 : count;
}

/** Numbers for lines; equal lines have one number. */
export interface LineTable {
  readonly lines: readonly string[];
  /** Characters of all lines. */
  size(): number;
  /** Adds those that are not known. */
  numbers(lines: readonly string[]): Int32Array;
  /** -1 for a line that is not known. */
  known(lines: readonly string[]): Int32Array;
}

export function createLineTable(): LineTable {
  const lines: string[] = [];
  const places = new Map<string, number>();
  let size = 0;
  const add = (line: string): number => {
    // A copy of its own: a part of a text would keep the whole text in memory.
    const own = ` ${line}`.slice(1);
    lines.push(own);
    places.set(own, lines.length - 1);
    size += own.length;
    return lines.length - 1;
  };
  return {
    lines,
    size: () => size,
    numbers: (given) => Int32Array.from(given, (line) => places.get(line) ?? add(line)),
    known: (given) => Int32Array.from(given, (line) => places.get(line) ?? -1),
  };
}
