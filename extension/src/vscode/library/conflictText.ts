// Conflict markers in a text: finding them and taking a side. Pure. The markers are those that git, VS Code's merge
// editor and the library's merge write; a `|||||||` part with the common base may lie between.

export type ConflictChoice = 'mine' | 'theirs' | 'both';

/** Line numbers are zero-based; `end` is the line of `>>>>>>>`. */
export interface ConflictRegion {
  readonly start: number;
  readonly end: number;
  readonly mine: readonly string[];
  readonly theirs: readonly string[];
}

export function conflictRegions(text: string): readonly ConflictRegion[] {
  const lines = text.split('\n');
  const regions: ConflictRegion[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const region = regionAt(lines, at);
    if (!region) continue;
    regions.push(region);
    at = region.end;
  }
  return regions;
}

export function hasConflictMarkers(text: string): boolean {
  return conflictRegions(text).length > 0;
}

/** The lines that take the place of `region.start` … `region.end`. */
export function chosenLines(region: ConflictRegion, choice: ConflictChoice): readonly string[] {
  switch (choice) {
    case 'mine':
      return region.mine;
    case 'theirs':
      return region.theirs;
    case 'both':
      return [...region.mine, ...region.theirs];
  }
}

function regionAt(lines: readonly string[], start: number): ConflictRegion | null {
  if (!isMarker(lines[start], '<')) return null;
  const middle = next(lines, '=', start + 1);
  const end = middle === null ? null : next(lines, '>', middle + 1);
  if (middle === null || end === null) return null;
  const base = next(lines.slice(0, middle), '|', start + 1);
  return { start, end, mine: lines.slice(start + 1, base ?? middle), theirs: lines.slice(middle + 1, end) };
}

/** The next such marker before another conflict begins. */
function next(lines: readonly string[], sign: string, from: number): number | null {
  for (let at = from; at < lines.length; at += 1) {
    if (isMarker(lines[at], sign)) return at;
    if (isMarker(lines[at], '<')) return null;
  }
  return null;
}

/** Seven signs, then nothing or a space and a label. A line of eight or more is somebody's heading. */
function isMarker(line: string | undefined, sign: string): boolean {
  if (line === undefined || !line.startsWith(sign.repeat(7))) return false;
  const after = line[7];
  return after === undefined || after === ' ' || after === '\r';
}
