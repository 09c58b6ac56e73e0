import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { finished, madeHistory, recordAt, type MadeVersion } from './fixture.ts';
import { appearances, type Appearance } from './introduced.ts';
import { createTextIndex } from './textIndex.ts';

function search(versions: readonly MadeVersion[], text: string, ignoreCase = false): readonly Appearance[] {
  const { graph, read, last } = madeHistory(versions);
  return finished(createTextIndex(), (index) =>
    appearances(index, graph, { text, ignoreCase, starts: [last], read }),
  );
}

const shown = (found: readonly Appearance[]): readonly string[] =>
  found.map(({ record, what, line }) => `${record} ${what} ${line}`);

test('a text is introduced where it is and was not, and removed where it was and is not', () => {
  const versions: readonly MadeVersion[] = [
    { parents: [], text: 'Be brief.\n' },
    { parents: [0], text: 'Hello.\nBe kind.\nBe brief.\n' },
    { parents: [1], text: 'Hello.\nBe brief.\n' },
    { parents: [2], text: 'Be kind.\n' },
  ];
  expect(shown(search(versions, 'kind'))).toEqual([
    'record1 introduced 1',
    'record2 removed 1',
    'record3 introduced 0',
  ]);
  expect(shown(search(versions, 'Hello.\r\nBe'))).toEqual(['record1 introduced 0', 'record3 removed 0']);
  expect(search(versions, 'KIND')).toEqual([]);
  expect(search(versions, 'KIND', true)).toHaveLength(3);
  expect(search(versions, '')).toEqual([]);
});

test('a merge introduces what neither side had, and nothing that one of them brings', () => {
  const versions: readonly MadeVersion[] = [
    { parents: [], text: 'a\n' },
    { parents: [0], text: 'a\nmine\n' },
    { parents: [0], text: 'theirs\na\n' },
    { parents: [1, 2], text: 'theirs\na\nmine\nboth\n', kind: 'merge' },
  ];
  expect(shown(search(versions, 'theirs'))).toEqual(['record2 introduced 0']);
  expect(shown(search(versions, 'both'))).toEqual(['record3 introduced 3']);
});

test('it says what looking through every whole text says', () => {
  const text = fc
    .array(fc.constantFrom('a', 'ab', 'b', ''), { maxLength: 6 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''));
  const query = fc
    .array(fc.constantFrom('a', 'ab', 'b', ''), { minLength: 1, maxLength: 3 })
    .map((lines) => lines.join('\n'));
  const parents = fc.array(fc.nat(100), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, parents), { minLength: 1, maxLength: 10 }),
      query,
      (given, wanted) => {
        fc.pre(wanted !== '');
        const versions = given.map(([text, before], place): MadeVersion => ({
          parents: place === 0 ? [] : [...new Set([place - 1, ...before.map((one) => one % place)])],
          text,
        }));
        const has = (place: number): boolean => versions[place]?.text.includes(wanted) ?? false;
        const expected = versions.flatMap(({ parents }, place) => {
          if (has(place) && !parents.some(has)) return [`${recordAt(place)} introduced`];
          return !has(place) && parents.length > 0 && parents.every(has)
            ? [`${recordAt(place)} removed`]
            : [];
        });
        expect(
          search(versions, wanted)
            .map(({ record, what }) => `${record} ${what}`)
            .sort(),
        ).toEqual(expected.sort());
      },
    ),
    { numRuns: 500 },
  );
});
