// What one version changed of another, as lines.

import { createLineTable, linesOf } from './lines.ts';
import { replacedLines } from './matchLines.ts';

/** Lines that were replaced, without their breaks. One side may be empty. */
export interface LineChange {
  readonly before: { readonly first: number; readonly lines: readonly string[] };
  readonly after: { readonly first: number; readonly lines: readonly string[] };
}

export function changesBetween(before: string, after: string): readonly LineChange[] {
  const sides = { before: linesOf(before), after: linesOf(after) };
  const table = createLineTable();
  const replaced = replacedLines(table.numbers(sides.before), table.numbers(sides.after));
  const part = (
    side: keyof typeof sides,
    { first, count }: { readonly first: number; readonly count: number },
  ) => ({
    first,
    lines: sides[side].slice(first, first + count),
  });
  return replaced.map((change) => ({
    before: part('before', change.before),
    after: part('after', change.after),
  }));
}

/** In lines, as a diff counts them. */
export function changeSize(
  before: string,
  after: string,
): { readonly added: number; readonly removed: number } {
  const table = createLineTable();
  const [added, removed] = [{ count: 0 }, { count: 0 }];
  for (const change of replacedLines(table.numbers(linesOf(before)), table.numbers(linesOf(after)))) {
    added.count += change.after.count;
    removed.count += change.before.count;
  }
  return { added: added.count, removed: removed.count };
}
