// Which versions brought a text into a prompt, or took it out: those that have it while none of their parents does, or
// the other way round. The text is looked for line by line, so a search over thousands of versions looks at each
// different line once; line breaks of any kind are equal.

import type { RecordId } from '../encoding/ids.ts';
import type { LineTable } from './lines.ts';
import { eachText, indexTexts, type ReadText, type TextIndex } from './textIndex.ts';
import { lineage, type VersionGraph } from './versionGraph.ts';

export interface Appearance {
  readonly record: RecordId;
  readonly what: 'introduced' | 'removed';
  /** In this version if it was introduced, else in its first parent that has it. */
  readonly line: number;
}

export interface TextSearch {
  readonly text: string;
  readonly ignoreCase: boolean;
  /** The versions to look through, with all before them. */
  readonly starts: readonly RecordId[];
  readonly read: ReadText;
}

/** In the order of the versions, oldest first. Nothing for an empty text. */
export function* appearances(
  index: TextIndex,
  graph: VersionGraph,
  { text, ignoreCase, starts, read }: TextSearch,
): Generator<undefined, readonly Appearance[]> {
  if (text === '') return [];
  const order = lineage(graph, starts);
  yield* indexTexts(index, graph, { order, read });
  const finds = lineFinder(index.table, text, ignoreCase);
  const found: Appearance[] = [];
  const places = new Map<RecordId, number>();
  for (const { record, lines, change } of eachText(index, graph, { order })) {
    const parents = graph.parentsOf(record);
    const before = parents.map((parent) => places.get(parent) ?? -1);
    const isUnchanged = change?.removed === 0 && change.added.length === 0;
    const place = isUnchanged ? (before[0] ?? -1) : finds(lines);
    places.set(record, place);
    const had = before.find((at) => at !== -1);
    if (place !== -1 && had === undefined) found.push({ record, what: 'introduced', line: place });
    if (place === -1 && had !== undefined && before.every((at) => at !== -1)) {
      found.push({ record, what: 'removed', line: had });
    }
    yield;
  }
  return found;
}

/** First line of the text in given lines, or -1. */
function lineFinder(table: LineTable, text: string, ignoreCase: boolean): (lines: Int32Array) => number {
  const fold = (line: string): string => (ignoreCase ? line.toLowerCase() : line);
  const wanted = fold(text).split(/\r?\n/u);
  const [first = ''] = wanted;
  const last = wanted.at(-1) ?? '';
  const matchers: readonly ((line: string) => boolean)[] =
    wanted.length === 1
      ? [(line) => line.includes(first)]
      : wanted.map((part, at) => {
          if (at === 0) return (line) => line.endsWith(first);
          return at === wanted.length - 1 ? (line) => line.startsWith(last) : (line) => line === part;
        });
  const fits = matchers.map((matches) => {
    const known = new Uint8Array(table.lines.length);
    for (const [number, line] of table.lines.entries()) known[number] = matches(fold(line)) ? 1 : 0;
    return known;
  });
  // After the last break there may be nothing more: a text that ends in one is there if its lines are.
  const isEndOpen = wanted.length > 1 && last === '';
  const fitsAt = (lines: Int32Array, start: number): boolean =>
    fits.every((known, step) => {
      const line = lines[start + step];
      return line === undefined ? isEndOpen && step === fits.length - 1 : known[line] === 1;
    });
  return (lines) => {
    const [start] = fits;
    for (let at = 0; at < lines.length; at += 1) {
      if (start?.[lines[at] ?? 0] === 1 && fitsAt(lines, at)) return at;
    }
    return -1;
  };
}
