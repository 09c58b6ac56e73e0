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
  type Origins,
  type ReadText,
  type TextIndex,
  type VersionLines,
} from './textIndex.ts';
import { lineage, type VersionGraph } from './versionGraph.ts';

/** Lines in a row that one version introduced in a row; `record` null: no version has them yet. */
export interface OriginRun {
  readonly first: number;
  readonly count: number;
  readonly record: RecordId | null;
  /** Line in the text of that version. */
  readonly firstInVersion: number;
}

/** Of the text of one version. */
export function* originsOf(
  index: TextIndex,
  graph: VersionGraph,
  { record, read }: { readonly record: RecordId; readonly read: ReadText },
): Generator<undefined, Origins> {
  const order = lineage(graph, [record]);
  yield* indexTexts(index, graph, { order, read });
  const before = index.blamed;
  const start = before !== null && leadsOn(graph, order, before) ? before : null;
  const done = start?.versions.length ?? 0;
  const known = new Map<RecordId, Origins>();
  const last = start?.versions.at(-1);
  if (start !== null && last !== undefined) known.set(last, start);
  const rest = order.slice(done);
  const waiting = followerCounts(graph, rest);
  let at = done;
  for (const version of eachText(index, graph, { order: rest, known: linesIn(known) })) {
    const parents = graph.parentsOf(version.record);
    const origins = parents.map((parent) => known.get(parent) ?? NO_ORIGINS);
    known.set(version.record, inherited(version, at, origins));
    for (const parent of parents) release(waiting, parent, () => known.delete(parent));
    at += 1;
    yield;
  }
  index.blamed = { ...(known.get(record) ?? NO_ORIGINS), versions: order };
  return index.blamed;
}

const linesIn = (known: ReadonlyMap<RecordId, Origins>): ReadonlyMap<RecordId, Int32Array> =>
  new Map([...known].map(([record, { lines }]) => [record, lines]));

const NO_ORIGINS: Origins = {
  versions: [],
  lines: new Int32Array(),
  version: new Int32Array(),
  line: new Int32Array(),
};

/** Whether what was found last holds still, and what came after it follows nothing but it: only that is new then. */
function leadsOn(graph: VersionGraph, order: readonly RecordId[], { versions }: Origins): boolean {
  if (versions.length > order.length || versions.some((record, at) => order[at] !== record)) return false;
  const reached = new Set([versions.at(-1)]);
  return order.slice(versions.length).every((record) => {
    reached.add(record);
    const parents = graph.parentsOf(record);
    return parents.length > 0 && parents.every((parent) => reached.has(parent));
  });
}

/** `at`: the version's own place. */
function inherited(version: VersionLines, at: number, parents: readonly Origins[]): Origins {
  const { lines } = version;
  const whole = parents[version.parents.findIndex((parent) => isEqual(parent, lines))];
  if (whole !== undefined) return whole;
  const own: Origins = {
    versions: [],
    lines,
    version: new Int32Array(lines.length).fill(-1),
    line: new Int32Array(lines.length),
  };
  for (const [place, parent] of parents.entries()) {
    if (place === 0 && version.change !== undefined) takeAround(own, parent, version.change);
    else take(own, parent, matchLines(parent.lines, lines));
  }
  for (let line = 0; line < lines.length; line += 1) {
    if (own.version[line] !== -1) continue;
    own.version[line] = at;
    own.line[line] = line;
  }
  return own;
}

/** Lines that are nobody's yet and that the parent has are the parent's. `first`: where the matches begin. */
function take(own: Origins, parent: Origins, matches: Int32Array, first = { own: 0, parent: 0 }): void {
  for (let at = 0; at < matches.length; at += 1) {
    const match = matches[at] ?? -1;
    const line = first.own + at;
    if (match === -1 || own.version[line] !== -1) continue;
    own.version[line] = parent.version[first.parent + match] ?? -1;
    own.line[line] = parent.line[first.parent + match] ?? 0;
  }
}

/** Against the first parent it is known where the texts differ: only that is matched. */
function takeAround(own: Origins, parent: Origins, change: NonNullable<VersionLines['change']>): void {
  const { at, removed, added } = change;
  for (const part of ['version', 'line'] as const) {
    own[part].set(parent[part].subarray(0, at));
    own[part].set(parent[part].subarray(at + removed), at + added.length);
  }
  take(own, parent, matchLines(parent.lines.subarray(at, at + removed), added), { own: at, parent: at });
}

function isEqual(left: Int32Array, right: Int32Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

/** Of a text that is no version yet; what the version does not have is nobody's. */
export function originsInText(index: TextIndex, origins: Origins, text: string): Origins {
  const lines = index.table.known(linesOf(text));
  const own: Origins = {
    versions: origins.versions,
    lines,
    version: new Int32Array(lines.length).fill(-1),
    line: new Int32Array(lines.length),
  };
  take(own, origins, matchLines(origins.lines, lines));
  return own;
}

export function originRuns({ versions, version, line }: Origins): readonly OriginRun[] {
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
