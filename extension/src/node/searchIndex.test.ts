import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PromptId } from '../library/api.ts';
import { createSearchIndex, fold, type SearchSource } from './searchIndex.ts';

const source = (id: string, rest: Partial<SearchSource>): SearchSource => ({
  id: id as PromptId,
  name: id,
  tags: [],
  text: '',
  ...rest,
});

test('among equals the shorter name comes first, then the alphabet decides', () => {
  const index = createSearchIndex();
  for (const name of ['review zeta', 'review alpha', 'review']) index.set(source(name, { name }));
  expect(index.search('review', 9).map((match) => match.id)).toEqual(
    ['review', 'review zeta', 'review alpha'].toSorted(
      (left, right) => left.length - right.length || (left < right ? -1 : 1),
    ),
  );
});

test('upper case and diacritics do not matter, on either side', () => {
  const index = createSearchIndex();
  index.set(source('a', { text: 'Crème brûlée\nŻółć' }));
  for (const query of ['creme BRULEE', 'CRÈME', 'brûlée']) expect(index.search(query, 9)).toHaveLength(1);
});

test('a match in the body names its line as it stands in the text, and shows some of it', () => {
  const index = createSearchIndex();
  const long = `${'ä'.repeat(300)} needle ${'ö'.repeat(300)}`;
  index.set(source('a', { text: `first\r\nsecond\n${long}\n` }));
  const [match] = index.search('needle', 9);
  expect(match).toMatchObject({ matched: 'body', line: 2 });
  expect(match?.excerpt).toContain('needle');
  expect(match?.excerpt.length).toBeLessThanOrEqual(120);
});

test('what was removed is not found any more', () => {
  const index = createSearchIndex();
  index.set(source('a', { text: 'needle' }));
  expect(index.search('needle', 9)).toHaveLength(1);
  index.delete('a' as PromptId);
  expect(index.search('needle', 9)).toEqual([]);
});

test('an empty query finds nothing', () => {
  const index = createSearchIndex();
  index.set(source('a', {}));
  expect(index.search('', 9)).toEqual([]);
  expect(index.search('  \n', 9)).toEqual([]);
});

const word = fc.stringMatching(/^[a-cÄ\n ]{0,6}$/);
const sources = fc
  .array(fc.record({ name: word, tags: fc.array(word, { maxLength: 2 }), text: word }), { maxLength: 12 })
  .map((list) => list.map((each, at) => ({ ...each, id: `${at}` as PromptId })));

test('every prompt that has all words is found, and no other, however the query was typed', () => {
  fc.assert(
    fc.property(sources, word, (list, query) => {
      const index = createSearchIndex();
      for (const each of list) index.set(each);
      const words = fold(query)
        .split(/\s+/)
        .filter((each) => each !== '');
      const wanted = list
        .filter(({ name, tags, text }) => {
          const parts = [name, text, ...tags].map(fold);
          return words.length > 0 && words.every((each) => parts.some((part) => part.includes(each)));
        })
        .map((each) => each.id);
      // Typed letter by letter, so that each search narrows the one before.
      for (let length = 1; length < query.length; length += 1) index.search(query.slice(0, length), 3);
      const found = index.search(query, 99).map((match) => match.id);
      expect(found.toSorted()).toEqual(wanted.toSorted());
    }),
  );
});
