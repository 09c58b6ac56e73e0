// Blame against a straightforward reference: whole texts, each version compared with each of its parents, no index, no
// short cuts.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordId } from '../encoding/ids.ts';
import { originRuns, originsInText, originsOf } from './blame.ts';
import { finished, madeHistory, recordAt, type MadeHistory, type MadeVersion } from './fixture.ts';
import { linesOf } from './lines.ts';
import { matchLines } from './matchLines.ts';
import { createTextIndex, type Origins } from './textIndex.ts';

const blame = ({ graph, read }: MadeHistory, record: RecordId, index = createTextIndex()): Origins =>
  finished(index, (given) => originsOf(given, graph, { record, read }));

const shownOf = ({ versions, version, line }: Origins): readonly string[] =>
  Array.from(version, (place, at) => `${versions[place] ?? 'nobody'}:${line[at]}`);

interface Line {
  readonly record: RecordId;
  readonly line: number;
}

/** For histories in which no two lines of one text are equal: which line comes from where is beyond doubt then. */
function reference(versions: readonly MadeVersion[]): readonly (readonly Line[])[] {
  const known: (readonly Line[])[] = [];
  for (const [place, { parents, text }] of versions.entries()) {
    const same = parents.find(
      (parent) => linesOf(versions[parent]?.text ?? '').join('\n') === linesOf(text).join('\n'),
    );
    known.push(
      same !== undefined
        ? (known[same] ?? [])
        : linesOf(text).map((line, at) => {
            for (const parent of parents) {
              const there = linesOf(versions[parent]?.text ?? '').indexOf(line);
              const origin = known[parent]?.[there];
              if (origin !== undefined) return origin;
            }
            return { record: recordAt(place), line: at };
          }),
    );
  }
  return known;
}

// ---- random histories: edits, branches, merges, restores

type Step =
  | {
      readonly kind: 'edit';
      readonly on: number;
      readonly at: number;
      readonly remove: number;
      readonly add: number;
    }
  | { readonly kind: 'merge'; readonly on: number; readonly other: number; readonly keep: number }
  | { readonly kind: 'restore'; readonly on: number; readonly from: number }
  | { readonly kind: 'take'; readonly on: number; readonly other: number };

const nat = fc.nat(1000);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('edit' as const),
        on: nat,
        at: nat,
        remove: fc.nat(3),
        add: fc.nat(4),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('merge' as const), on: nat, other: nat, keep: nat }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), on: nat, from: nat }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), on: nat, other: nat }) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Each new line is a line that never was before, and lines keep their order: nothing is ambiguous. */
function historyFrom(given: readonly Step[]): readonly MadeVersion[] {
  // All lines that ever were, in the one order that every text keeps.
  const order: string[] = [];
  const versions: MadeVersion[] = [];
  const after = (before: string | undefined): string => {
    const line = `line ${order.length + 1}`;
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, line);
    return line;
  };
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  const inOrder = (lines: Iterable<string>): readonly string[] =>
    [...new Set(lines)].sort((left, right) => order.indexOf(left) - order.indexOf(right));
  versions.push({ parents: [], text: text(inOrder([after(undefined), after(undefined), after(undefined)])) });
  const pick = (place: number): number => versions.length - 1 - (place % Math.min(3, versions.length));
  const linesAt = (place: number): readonly string[] => linesOf(versions[place]?.text ?? '');
  for (const step of given) {
    const on = pick(step.on);
    const lines = [...linesAt(on)];
    switch (step.kind) {
      case 'edit': {
        const at = lines.length === 0 ? 0 : step.at % (lines.length + 1);
        lines.splice(at, step.remove);
        for (let count = 0; count < step.add; count += 1) {
          lines.splice(at + count, 0, after(lines[at + count - 1]));
        }
        versions.push({ parents: [on], text: text(lines) });
        break;
      }
      case 'merge': {
        const other = pick(step.other);
        const both = inOrder([...lines, ...linesAt(other)]).filter((_, at) => (at + step.keep) % 5 !== 0);
        const own = step.keep % 3 === 0 ? inOrder([...both, after(both[0])]) : both;
        versions.push({ parents: on === other ? [on] : [on, other], text: text(own), kind: 'merge' });
        break;
      }
      case 'restore':
        versions.push({ parents: [on], text: text(linesAt(step.from % versions.length)), kind: 'restore' });
        break;
      case 'take': {
        const other = pick(step.other);
        versions.push({
          parents: on === other ? [on] : [on, other],
          text: text(linesAt(other)),
          kind: 'merge',
        });
        break;
      }
    }
  }
  return versions;
}

test('every line of every version is blamed as the straightforward reference does, over edits, merges and restores', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const versions = historyFrom(given);
      const made = madeHistory(versions);
      const expected = reference(versions);
      // One index for all, as in the product: what was asked before must not change an answer.
      const index = createTextIndex();
      for (const place of versions.keys()) {
        const shown = shownOf(blame(made, recordAt(place), index));
        expect(shown).toEqual(expected[place]?.map(({ record, line }) => `${record}:${line}`));
      }
    }),
    { numRuns: 300 },
  );
});

const words = fc.array(fc.constantFrom('', '---', 'a', 'b', 'c', '{{#if x}}', '{{/if}}'), { maxLength: 14 });
const breaks = fc.constantFrom('\n', '\r\n');
const texts = fc.array(
  fc
    .record({ lines: words, end: fc.boolean(), lineBreak: breaks })
    .map(({ lines, end, lineBreak }) => lines.join(lineBreak) + (end && lines.length > 0 ? lineBreak : '')),
  { minLength: 1, maxLength: 12 },
);

test('with lines that repeat, each line stands in the version that it is blamed on, and no version is blamed for more than it has to be', () => {
  fc.assert(
    fc.property(texts, (given) => {
      const versions = given.map((text, place): MadeVersion => ({
        parents: place === 0 ? [] : [place - 1],
        text,
      }));
      const made = madeHistory(versions);
      const origins = blame(made, made.last);
      const lines = linesOf(given.at(-1) ?? '');
      expect(origins.version).toHaveLength(lines.length);
      for (const [at, line] of lines.entries()) {
        const record = origins.versions[origins.version[at] ?? -1];
        expect(linesOf(made.read(record ?? recordAt(-1)) ?? '')[origins.line[at] ?? -1]).toBe(line);
      }
      const own = Array.from(origins.version).filter((place) => origins.versions[place] === made.last).length;
      const before = given.at(-2);
      expect(own).toBe(lines.length - (before === undefined ? 0 : commonLength(linesOf(before), lines)));
    }),
    { numRuns: 500 },
  );
});

/** Length of a longest common subsequence, by the textbook. */
function commonLength(left: readonly string[], right: readonly string[]): number {
  let above = Array.from({ length: right.length + 1 }, () => 0);
  for (const line of left) {
    const row = [0];
    for (const [at, other] of right.entries()) {
      row.push(line === other ? (above[at] ?? 0) + 1 : Math.max(row[at] ?? 0, above[at + 1] ?? 0));
    }
    above = row;
  }
  return above.at(-1) ?? 0;
}

test('matching keeps as many lines as can be kept, in order', () => {
  const numbers = fc.array(fc.nat(6), { maxLength: 30 });
  fc.assert(
    fc.property(numbers, numbers, (before, after) => {
      const matches = [...matchLines(Int32Array.from(before), Int32Array.from(after))];
      const kept = matches.filter((match) => match !== -1);
      expect(kept).toEqual([...kept].sort((left, right) => left - right));
      expect(new Set(kept).size).toBe(kept.length);
      for (const [at, match] of matches.entries()) if (match !== -1) expect(before[match]).toBe(after[at]);
      expect(kept).toHaveLength(commonLength(before.map(String), after.map(String)));
    }),
  );
});

test('what is asked one version after the other is what is asked of a fresh index', () => {
  fc.assert(
    fc.property(texts, (given) => {
      const made = madeHistory(
        given.map((text, place) => ({ parents: place === 0 ? [] : [place - 1], text })),
      );
      const index = createTextIndex();
      for (const place of given.keys()) {
        expect(shownOf(blame(made, recordAt(place), index))).toEqual(shownOf(blame(made, recordAt(place))));
      }
    }),
  );
});

test('lines that an editor has and no version are nobody’s; the others keep whose they are', () => {
  const made = madeHistory([
    { parents: [], text: 'one\ntwo\nthree\n' },
    { parents: [0], text: 'one\nTWO\nthree\n' },
  ]);
  const index = createTextIndex();
  const origins = blame(made, made.last, index);
  const runs = originRuns(originsInText(index, origins, 'zero\none\r\nTWO\r\nthree and more'));
  expect(runs).toEqual([
    { first: 0, count: 1, record: null, firstInVersion: 0 },
    { first: 1, count: 1, record: recordAt(0), firstInVersion: 0 },
    { first: 2, count: 1, record: recordAt(1), firstInVersion: 1 },
    { first: 3, count: 1, record: null, firstInVersion: 0 },
  ]);
});

test('changing line breaks, or ending the last line, makes nobody its author', () => {
  const made = madeHistory([
    { parents: [], text: 'one\ntwo' },
    { parents: [0], text: 'one\r\ntwo\r\n' },
    { parents: [1], text: 'one\ntwo\nthree' },
  ]);
  expect(shownOf(blame(made, made.last))).toEqual(['record0:0', 'record0:1', 'record2:2']);
});

test('a merge that takes one side as it is blames that side for all of it', () => {
  const made = madeHistory([
    { parents: [], text: 'a\nb\n' },
    { parents: [0], text: 'a\nx\nb\n' },
    { parents: [0], text: 'a\nx\nb\ny\n' },
    { parents: [1, 2], text: 'a\nx\nb\ny\n', kind: 'merge' },
  ]);
  expect(shownOf(blame(made, made.last))).toEqual(['record0:0', 'record2:1', 'record0:1', 'record2:3']);
});

test('a version that could not be verified is blamed for nothing, and what follows it keeps its authors', () => {
  const made = madeHistory([
    { parents: [], text: 'a\nb\n' },
    { parents: [0], text: 'a\nforged\nb\n', author: 'mallory', status: 'quarantined' },
    { parents: [1], text: 'a\nb\nc\n' },
  ]);
  expect(shownOf(blame(made, made.last))).toEqual(['record0:0', 'record0:1', 'record2:2']);
});

test('a version whose text the disk has lost is passed over', () => {
  const made = madeHistory([
    { parents: [], text: 'a\nb\n' },
    { parents: [0], text: 'lost' },
    { parents: [1], text: 'a\nb\nc\n' },
  ]);
  const read = (record: RecordId): string | null => (record === recordAt(1) ? null : made.read(record));
  expect(shownOf(blame({ ...made, read }, made.last))).toEqual(['record0:0', 'record0:1', 'record2:2']);
});

test('a record under the id of somebody else’s version is known as that', () => {
  const { graph } = madeHistory([
    { parents: [], text: 'a\n', author: 'alice' },
    { parents: [0], text: 'b\n', author: 'mallory', revisionId: 'revision0' },
    { parents: [1], text: 'b\n', author: 'alice', revisionId: 'revision0' },
  ]);
  expect([...graph.impostors]).toEqual([recordAt(1)]);
  expect(graph.byRevision.get('revision0' as never)?.author).toBe('alice');
});

test('two texts of half a megabyte with nothing and with everything in common are matched at once', () => {
  const numbers = (from: number): Int32Array => Int32Array.from({ length: 100_000 }, (_, at) => from + at);
  const start = performance.now();
  expect(matchLines(numbers(0), numbers(200_000)).every((match) => match === -1)).toBe(true);
  expect(matchLines(numbers(0), numbers(0)).every((match, at) => match === at)).toBe(true);
  expect(performance.now() - start).toBeLessThan(2000);
});
