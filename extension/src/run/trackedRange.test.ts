import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { replaceRanges, trackChange, trackEdit, type TextChange, type TrackedRange } from './trackedRange.ts';

const range: TrackedRange = { start: 10, end: 20, changed: false };

test.each<[string, TextChange, TrackedRange]>([
  [
    'text typed before moves the range',
    { offset: 3, length: 0, text: 'abc' },
    { start: 13, end: 23, changed: false },
  ],
  [
    'text deleted before moves the range',
    { offset: 0, length: 5, text: '' },
    { start: 5, end: 15, changed: false },
  ],
  [
    'text typed exactly at the start stays outside',
    { offset: 10, length: 0, text: 'ab' },
    { start: 12, end: 22, changed: false },
  ],
  [
    'text typed exactly at the end stays outside',
    { offset: 20, length: 0, text: 'ab' },
    { start: 10, end: 20, changed: false },
  ],
  [
    'text typed inside is part of it',
    { offset: 15, length: 0, text: 'ab' },
    { start: 10, end: 22, changed: true },
  ],
  [
    'text after it does not matter',
    { offset: 25, length: 4, text: '' },
    { start: 10, end: 20, changed: false },
  ],
  [
    'replacing all of it keeps the range around the new text',
    { offset: 10, length: 10, text: 'xyz' },
    { start: 10, end: 13, changed: true },
  ],
  [
    'a change across the start cuts it off',
    { offset: 5, length: 10, text: 'xy' },
    { start: 7, end: 12, changed: true },
  ],
  [
    'a change across the end cuts it off',
    { offset: 15, length: 10, text: 'xy' },
    { start: 10, end: 15, changed: true },
  ],
  [
    'a change around all of it leaves nothing',
    { offset: 5, length: 30, text: 'xy' },
    { start: 7, end: 7, changed: true },
  ],
])('%s', (_name, change, expected) => {
  expect(trackChange(range, change)).toEqual(expected);
});

/** Not overlapping, in no order, within `length`. */
function changesWithin(length: number): fc.Arbitrary<TextChange[]> {
  return fc
    .array(
      fc.tuple(fc.nat(length), fc.nat(6), fc.string({ maxLength: 5, unit: fc.constantFrom('x', 'y') })),
      {
        maxLength: 4,
      },
    )
    .map((raw) => {
      const changes: TextChange[] = [];
      let free = 0;
      for (const [offset, size, text] of [...raw].sort((a, b) => a[0] - b[0])) {
        const start = Math.max(free, offset);
        const end = Math.min(length, start + size);
        if (start > length) continue;
        changes.push({ offset: start, length: end - start, text });
        free = end + 1;
      }
      return changes;
    });
}

function apply(text: string, changes: readonly TextChange[]): string {
  return [...changes]
    .sort((a, b) => b.offset - a.offset)
    .reduce(
      (all, change) => all.slice(0, change.offset) + change.text + all.slice(change.offset + change.length),
      text,
    );
}

test('a range that no edit reached into always holds the same text', () => {
  fc.assert(
    fc.property(
      fc
        .string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', 'b', 'c') })
        .chain((text) =>
          fc.tuple(fc.constant(text), fc.nat(text.length), fc.nat(text.length), changesWithin(text.length)),
        ),
      ([text, one, other, changes]) => {
        const before = { start: Math.min(one, other), end: Math.max(one, other), changed: false };
        const after = trackEdit(before, changes);
        const edited = apply(text, changes);
        expect(after.start).toBeGreaterThanOrEqual(0);
        expect(after.end).toBeGreaterThanOrEqual(after.start);
        expect(after.end).toBeLessThanOrEqual(edited.length);
        if (!after.changed) {
          expect(edited.slice(after.start, after.end)).toBe(text.slice(before.start, before.end));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('ranges are replaced without moving each other', () => {
  const at = (start: number, end: number): TrackedRange => ({ start, end, changed: false });
  expect(
    replaceRanges('one two three', [
      { range: at(0, 3), text: '1' },
      { range: at(8, 13), text: 'drei' },
    ]),
  ).toBe('1 two drei');
});
