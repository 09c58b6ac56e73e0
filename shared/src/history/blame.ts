// Which version introduced which line. A line that a version has from one of its parents is that parent's, the first
// parent asked first; the rest is its own. A merge whose text is one parent's is that parent's altogether. So a line that
// was taken out and brought back, by a restore too, belongs to the version that brought it back.

import type { RecordId } from '../encoding/ids.ts';
import { linesOf } from './lines.ts';
import { matchLines } from './matchLines.ts';
import {
  eachText,
  followerCounts,
  indexTexts,
  release,
  type ReadText,
  type TextIndex,
  type VersionLines,
} from './textIndex.ts';
import { lineage, type VersionGraph } from './versionGraph.ts';

/** Of each line the version that introduced it, as a place in `versions`, and its line there. */
export interface Origins {
  readonly versions: readonly RecordId[];
  readonly lines: Int32Array;
  readonly version: Int32Array;
  readonly line: Int32Array;
}

/** Lines in a row that one version introduced in a row; `record` null: no version has them yet. */
export interface OriginRun {
  readonly first: number;
  readonly count: number;
  readonly record: RecordId | null;
  /** Line in the text of that version. */
  readonly firstInVersion: number;
}

interface OwnOrigins {
  readonly version: Int32Array;
  readonly line: Int32Array;
}

/** Of the text of one version. */
export function* originsOf(
  index: TextIndex,
  graph: VersionGraph,
  { record, read }: { readonly record: RecordId; readonly read: ReadText },
): Generator<undefined, Origins> {
  const order = lineage(graph, [record]);
  yield* indexTexts(index, graph, { order, read });
  const known = new Map<RecordId, OwnOrigins>();
  const waiting = followerCounts(graph, order);
  let at = 0;
  let lines: Int32Array = new Int32Array();
  for (const version of eachText(index, graph, order)) {
    const parents = graph.parentsOf(version.record);
    const origins = parents.map((parent) => known.get(parent) ?? NO_ORIGINS);
    known.set(version.record, inherited(version, at, origins));
    for (const parent of parents) release(waiting, parent, () => known.delete(parent));
    at += 1;
    ({ lines } = version);
    yield;
  }
  return { versions: order, lines, ...(known.get(record) ?? NO_ORIGINS) };
}

const NO_ORIGINS: OwnOrigins = { version: new Int32Array(), line: new Int32Array() };

/** `at`: the version's own place. */
function inherited(version: VersionLines, at: number, parents: readonly OwnOrigins[]): OwnOrigins {
  const { lines } = version;
  const same = version.parents.findIndex((parent) => isEqual(parent, lines));
  const whole = parents[same];
  if (whole !== undefined) return whole;
  const own = { version: new Int32Array(lines.length).fill(-1), line: new Int32Array(lines.length) };
  for (const [place, parent] of version.parents.entries()) {
    take(
      own,
      parents[place] ?? NO_ORIGINS,
      place === 0 ? matchChange(version, parent) : matchLines(parent, lines),
    );
  }
  for (let line = 0; line < lines.length; line += 1) {
    if (own.version[line] !== -1) continue;
    own.version[line] = at;
    own.line[line] = line;
  }
  return own;
}

/** Lines that are nobody's yet and that the parent has are the parent's. */
function take(own: OwnOrigins, parent: OwnOrigins, matches: Int32Array): void {
  for (const [line, match] of matches.entries()) {
    if (match === -1 || own.version[line] !== -1) continue;
    own.version[line] = parent.version[match] ?? -1;
    own.line[line] = parent.line[match] ?? 0;
  }
}

/** Against the first parent it is known where the texts differ: only that is matched. */
function matchChange({ lines, change }: VersionLines, parent: Int32Array): Int32Array {
  if (change === undefined) return matchLines(parent, lines);
  const { at, removed, added } = change;
  const matches = new Int32Array(lines.length);
  for (let line = 0; line < at; line += 1) matches[line] = line;
  const inside = matchLines(parent.subarray(at, at + removed), added);
  for (const [line, match] of inside.entries()) matches[at + line] = match === -1 ? -1 : at + match;
  const shift = removed - added.length;
  for (let line = at + added.length; line < lines.length; line += 1) matches[line] = line + shift;
  return matches;
}

function isEqual(left: Int32Array, right: Int32Array): boolean {
  return left.length === right.length && left.every((line, at) => line === right[at]);
}

/** Of a text that is no version yet; what the version does not have is nobody's. */
export function originsInText(index: TextIndex, origins: Origins, text: string): Origins {
  const lines = index.table.known(linesOf(text));
  const own = { version: new Int32Array(lines.length).fill(-1), line: new Int32Array(lines.length) };
  take(own, origins, matchLines(origins.lines, lines));
  return { versions: origins.versions, lines, ...own };
}

export function originRuns({ versions, version, line }: Omit<Origins, 'lines'>): readonly OriginRun[] {
  const runs: OriginRun[] = [];
  let first = 0;
  for (let at = 1; at <= version.length; at += 1) {
    const isSame =
      at < version.length &&
      version[at] === version[first] &&
      (version[at] === -1 || line[at] === (line[first] ?? 0) + at - first);
    if (isSame) continue;
    const record = versions[version[first] ?? -1] ?? null;
    runs.push({ first, count: at - first, record, firstInVersion: line[first] ?? 0 });
    first = at;
  }
  return runs;
}
