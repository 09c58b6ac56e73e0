// "Did you mean": the candidate that is a slip of the keyboard away.

/** Null if no candidate is within two edits (one for short names). Case, `-` and `_` do not count. */
export function closestName(name: string, candidates: Iterable<string>): string | null {
  return createNameFinder(candidates)(name);
}

/** `closestName` for many names: candidates are prepared once, and no name is looked for twice. */
export function createNameFinder(candidates: Iterable<string>): (name: string) => string | null {
  let prepared: readonly Prepared[] | null = null;
  const found = new Map<string, string | null>();
  return (name) => {
    prepared ??= Array.from(candidates, (candidate) => ({ candidate, simple: simplify(candidate) }));
    const known = found.get(name);
    if (known !== undefined) return known;
    const closest = closestOf(name, prepared);
    found.set(name, closest);
    return closest;
  };
}

interface Prepared {
  readonly candidate: string;
  readonly simple: string;
}

function closestOf(name: string, candidates: readonly Prepared[]): string | null {
  const wanted = simplify(name);
  if (wanted.length > 64) return null;
  let best: { readonly candidate: string; readonly distance: number } | null = null;
  for (const { candidate, simple: other } of candidates) {
    const allowed = Math.min(wanted.length, other.length) <= 4 ? 1 : 2;
    if (candidate === name || Math.abs(wanted.length - other.length) > allowed) continue;
    const distance = editDistance(wanted, other, allowed);
    if (distance <= allowed && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

function simplify(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/**
 * Levenshtein distance where swapping two neighbours is one edit (optimal string alignment). Stops once it must be
 * greater than `most`.
 */
function editDistance(one: string, other: string, most: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    // A swap skips one row, so two rows beyond the limit stay beyond it.
    if (Math.min(...last) > most && Math.min(...current) > most) return most + 1;
    beforeLast = last;
    last = current;
  }
  return last[other.length] ?? 0;
}
