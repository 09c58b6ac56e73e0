import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chosenLines, conflictRegions, hasConflictMarkers } from './conflictText.ts';

const conflict = ['a', '<<<<<<< mine', 'm1', 'm2', '=======', 't1', '>>>>>>> theirs', 'z'].join('\n');

test('a side of a conflict is taken without its markers', () => {
  const [region] = conflictRegions(conflict);
  if (!region) throw new Error('no region found');
  expect([region.start, region.end]).toEqual([1, 6]);
  expect(chosenLines(region, 'mine')).toEqual(['m1', 'm2']);
  expect(chosenLines(region, 'theirs')).toEqual(['t1']);
  expect(chosenLines(region, 'both')).toEqual(['m1', 'm2', 't1']);
});

test('the common base between the sides belongs to neither', () => {
  const text = '<<<<<<<\nm\n||||||| base\nb\n=======\nt\n>>>>>>>\n';
  expect(conflictRegions(text).map(({ mine, theirs }) => [mine, theirs])).toEqual([[['m'], ['t']]]);
});

test('headings, quotes and longer rows of signs are no conflict', () => {
  expect(hasConflictMarkers('Title\n=======\n')).toBe(false);
  expect(hasConflictMarkers('<<<<<<<<\na\n=======\nb\n>>>>>>>>\n')).toBe(false);
  expect(hasConflictMarkers(' <<<<<<< a\n=======\n>>>>>>> b\n')).toBe(false);
  expect(hasConflictMarkers('<<<<<<< only the start of one\n')).toBe(false);
});

test('several conflicts and Windows line ends are found', () => {
  const twice = `${conflict}\n${conflict}`.replaceAll('\n', '\r\n');
  expect(conflictRegions(twice)).toHaveLength(2);
});

test('choosing a side in every conflict leaves no marker', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', '', '- c'), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(lines, lines, lines), { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts
        .map(([plain, mine, theirs]) =>
          [...plain, '<<<<<<< x', ...mine, '=======', ...theirs, '>>>>>>> y'].join('\n'),
        )
        .join('\n');
      let result = text;
      for (;;) {
        const [region] = conflictRegions(result);
        if (!region) break;
        const all = result.split('\n');
        all.splice(region.start, region.end - region.start + 1, ...chosenLines(region, 'both'));
        result = all.join('\n');
      }
      expect(result.split('\n').filter((line) => line !== '')).toEqual(
        parts.flat(2).filter((line) => line !== ''),
      );
    }),
  );
});
