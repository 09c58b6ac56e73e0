// Which lines of a text come from which lines of another: a longest common subsequence (Myers' algorithm, from the
// library `diff`), of lines as numbers (lines.ts).

import { diffArrays } from 'diff';

/**
 * For each line of `after` the line of `before` that it is, or -1. Rising where it is not -1. What would take too long
 * (thousands of changes between lines that both sides have) counts as rewritten.
 */
export function matchLines(before: Int32Array, after: Int32Array): Int32Array {
  const matches = new Int32Array(after.length).fill(-1);
  const { start, end } = commonEnds(before, after);
  for (let line = 0; line < start; line += 1) matches[line] = line;
  for (let line = 1; line <= end; line += 1) matches[after.length - line] = before.length - line;
  // A line that the other side does not have matches nothing: leaving it out makes a rewritten text cheap.
  const old = shared(before, after, { start, end });
  const now = shared(after, before, { start, end });
  if (old.length === 0 || now.length === 0) return matches;
  const changes = diffArrays(
    old.map((line) => before[line]),
    now.map((line) => after[line]),
    { maxEditLength: MOST_CHANGES },
  );
  let [left, right] = [0, 0];
  for (const { added, removed, count } of changes ?? []) {
    if (!added && !removed) {
      for (let step = 0; step < count; step += 1) {
        matches[now[right + step] ?? 0] = old[left + step] ?? -1;
      }
    }
    if (!added) left += count;
    if (!removed) right += count;
  }
  return matches;
}

const MOST_CHANGES = 1500;

interface Ends {
  readonly start: number;
  readonly end: number;
}

/** How many lines both begin and end with; they do not overlap. */
function commonEnds(before: Int32Array, after: Int32Array): Ends {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  const last = (lines: Int32Array): number | undefined => lines[lines.length - 1 - end];
  while (end < shorter - start && last(before) === last(after)) end += 1;
  return { start, end };
}

/** Places in the middle of `lines` that hold something which the middle of `others` holds too. */
function shared(lines: Int32Array, others: Int32Array, { start, end }: Ends): readonly number[] {
  const there = new Set(others.subarray(start, others.length - end));
  const found: number[] = [];
  for (let line = start; line < lines.length - end; line += 1) {
    if (there.has(lines[line] ?? -1)) found.push(line);
  }
  return found;
}

/** A stretch of lines that was replaced by another; one of them may be empty. */
export interface Replaced {
  readonly before: { readonly first: number; readonly count: number };
  readonly after: { readonly first: number; readonly count: number };
}

export function replacedLines(before: Int32Array, after: Int32Array): readonly Replaced[] {
  const matches = matchLines(before, after);
  const found: Replaced[] = [];
  let [left, right] = [0, 0];
  const close = (toLeft: number, toRight: number): void => {
    if (left === toLeft && right === toRight) return;
    const [removed, added] = [toLeft - left, toRight - right];
    found.push({ before: { first: left, count: removed }, after: { first: right, count: added } });
  };
  for (let line = 0; line < matches.length; line += 1) {
    const match = matches[line] ?? -1;
    if (match === -1) continue;
    close(match, line);
    [left, right] = [match + 1, line + 1];
  }
  close(before.length, after.length);
  return found;
}
