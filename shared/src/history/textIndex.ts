// The texts of a prompt's versions in memory, as lines that are numbers and as what each version replaced in the one
// before it. Opening a text from the disk is what costs; so each is opened once, and what is kept of it is small.
//
// Work is given as generators: each `yield` is a place where somebody else may go first.

import type { RecordId } from '../encoding/ids.ts';
import { countLines, createLineTable, linesOf, type LineTable } from './lines.ts';
import type { VersionGraph } from './versionGraph.ts';

/** In the text of `base`, `removed` lines from `at` on were replaced by `added`. */
interface IndexedText {
  readonly base: RecordId | null;
  readonly at: number;
  readonly removed: number;
  readonly added: Int32Array;
}

export interface TextIndex {
  readonly table: LineTable;
  readonly texts: Map<RecordId, IndexedText>;
  /** What was opened last: most often the next version follows it. */
  readonly recent: Map<RecordId, string>;
  /** Of the version that was asked for last: somebody types in it, or has just saved the next one. */
  blamed: Origins | null;
}

/** Of each line of a text the version that introduced it, as a place in `versions`, and its line there. */
export interface Origins {
  /** The version itself is the last. */
  readonly versions: readonly RecordId[];
  readonly lines: Int32Array;
  readonly version: Int32Array;
  readonly line: Int32Array;
}

/** Null if the disk has lost it. */
export type ReadText = (record: RecordId) => string | null;

const RECENT = 4;

export const createTextIndex = (): TextIndex => ({
  table: createLineTable(),
  texts: new Map(),
  recent: new Map(),
  blamed: null,
});

/** About how many bytes it takes. */
export function weightOf(index: TextIndex): number {
  let numbers = 0;
  for (const { added } of index.texts.values()) numbers += added.length;
  return index.table.size() * 2 + index.table.lines.length * 64 + numbers * 4 + index.texts.size * 160;
}

/** Opens what is not in the index yet. `order`: each after its parents (`lineage`). */
export function* indexTexts(
  index: TextIndex,
  graph: VersionGraph,
  { order, read }: { readonly order: readonly RecordId[]; readonly read: ReadText },
): Generator<undefined, void> {
  for (const record of order) {
    const base = graph.parentsOf(record)[0] ?? null;
    if (index.texts.get(record)?.base === base) continue;
    index.texts.set(record, indexed(index, { record, base, read }));
    yield;
  }
  index.recent.clear();
}

function indexed(
  index: TextIndex,
  {
    record,
    base,
    read,
  }: { readonly record: RecordId; readonly base: RecordId | null; readonly read: ReadText },
): IndexedText {
  const text = recentText(index, record, read);
  const before = base === null ? '' : recentText(index, base, read);
  // A text that the disk has lost changes nothing: what follows it is compared with what was before it.
  if (text === null) return { base, at: 0, removed: 0, added: new Int32Array() };
  if (before === null) return { base, at: 0, removed: lineCount(index, base), added: numbers(index, text) };
  const { start, endBefore, endAfter } = changedPart(before, text);
  return {
    base,
    at: countLines(before.slice(0, start)),
    removed: countLines(before.slice(start, endBefore)),
    added: numbers(index, text.slice(start, endAfter)),
  };
}

const numbers = (index: TextIndex, text: string): Int32Array => index.table.numbers(linesOf(text));

function recentText(index: TextIndex, record: RecordId, read: ReadText): string | null {
  const known = index.recent.get(record) ?? read(record);
  if (known === null) return null;
  index.recent.delete(record);
  index.recent.set(record, known);
  const [oldest] = index.recent.keys();
  if (index.recent.size > RECENT && oldest !== undefined) index.recent.delete(oldest);
  return known;
}

function lineCount(index: TextIndex, record: RecordId | null): number {
  let count = 0;
  for (let next = record; next !== null;) {
    const text = index.texts.get(next);
    if (text === undefined) return count;
    count += text.added.length - text.removed;
    next = text.base;
  }
  return count;
}

/** Where two texts differ, in whole lines: from `start` on, to an end in each. */
function changedPart(
  before: string,
  after: string,
): { readonly start: number; readonly endBefore: number; readonly endAfter: number } {
  const same = sameStart(before, after);
  const start = same === 0 ? 0 : before.lastIndexOf('\n', same - 1) + 1;
  const most = Math.min(before.length, after.length) - start;
  // The first break within the common end: whole lines follow it.
  const at = before.indexOf('\n', before.length - sameEnd(before, after, most));
  const kept = at === -1 ? 0 : before.length - at - 1;
  return { start, endBefore: before.length - kept, endAfter: after.length - kept };
}

const STRIDE = 1024;

/** Long stretches are compared by the platform at once. */
function sameStart(left: string, right: string): number {
  const most = Math.min(left.length, right.length);
  let at = 0;
  while (at + STRIDE <= most && left.slice(at, at + STRIDE) === right.slice(at, at + STRIDE)) at += STRIDE;
  while (at < most && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  return at;
}

function sameEnd(left: string, right: string, most: number): number {
  const part = (text: string, from: number): string =>
    text.slice(text.length - from - STRIDE, text.length - from);
  const code = (text: string, from: number): number => text.charCodeAt(text.length - 1 - from);
  let from = 0;
  while (from + STRIDE <= most && part(left, from) === part(right, from)) from += STRIDE;
  while (from < most && code(left, from) === code(right, from)) from += 1;
  return from;
}

/** Gives each version's lines in turn, parents first; all of `order` have to be in the index. `known`: lines of versions before. */
export function* eachText(
  index: TextIndex,
  graph: VersionGraph,
  {
    order,
    known,
  }: { readonly order: readonly RecordId[]; readonly known?: ReadonlyMap<RecordId, Int32Array> },
): Generator<VersionLines, void> {
  const waiting = followerCounts(graph, order);
  const lines = new Map(known);
  for (const record of order) {
    const parents = graph.parentsOf(record);
    const change = index.texts.get(record);
    const base = parents[0] === undefined ? NO_LINES : (lines.get(parents[0]) ?? NO_LINES);
    const own = change === undefined ? base : withChange(base, change);
    yield { record, lines: own, parents: parents.map((parent) => lines.get(parent) ?? NO_LINES), change };
    lines.set(record, own);
    for (const parent of parents) release(waiting, parent, () => lines.delete(parent));
  }
}

export interface VersionLines {
  readonly record: RecordId;
  readonly lines: Int32Array;
  /** Lines of its parents, in their order. */
  readonly parents: readonly Int32Array[];
  /** Against the first parent. */
  readonly change: Pick<IndexedText, 'at' | 'removed' | 'added'> | undefined;
}

const NO_LINES = new Int32Array();

/** How many of `order` have a version as their parent: when all were given, its lines are not needed any more. */
export function followerCounts(graph: VersionGraph, order: readonly RecordId[]): Map<RecordId, number> {
  const counts = new Map<RecordId, number>();
  for (const record of order) {
    for (const parent of graph.parentsOf(record)) counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  return counts;
}

export function release(counts: Map<RecordId, number>, record: RecordId, forget: () => void): void {
  const left = (counts.get(record) ?? 0) - 1;
  counts.set(record, left);
  if (left <= 0) forget();
}

function withChange(
  base: Int32Array,
  { at, removed, added }: Pick<IndexedText, 'at' | 'removed' | 'added'>,
): Int32Array {
  const lines = new Int32Array(base.length - removed + added.length);
  lines.set(base.subarray(0, at));
  lines.set(added, at);
  lines.set(base.subarray(at + removed), at + added.length);
  return lines;
}
