import { expect, test } from 'vitest';
import { conflictMarkers, mergeDocuments } from './merge.ts';

const base =
  '---\n# About\ndescription: d\ntags: [a]\ninputs:\n  x: string\n  y: string\n---\none\ntwo\nthree\n';

test('changes of different keys and lines merge, and formatting stays', () => {
  const mine = base.replace('tags: [a]', 'tags:   [a, b]   # mine').replace('one', 'ONE');
  const theirs = base.replace('description: d', 'description: "D"').replace('three', 'THREE');
  expect(mergeDocuments({ base, mine, theirs })).toEqual({
    kind: 'clean',
    text: '---\n# About\ndescription: "D"\ntags:   [a, b]   # mine\ninputs:\n  x: string\n  y: string\n---\nONE\ntwo\nTHREE\n',
  });
});

test('neighbouring keys are no conflict, as neighbouring lines would be', () => {
  const mine = base.replace('description: d', 'description: m');
  const theirs = base.replace('tags: [a]', 'tags: [t]');
  expect(mergeDocuments({ base, mine, theirs })).toMatchObject({ kind: 'clean' });
});

test('inputs merge one by one', () => {
  const mine = base
    .replace('  x: string', '  x: number')
    .replace('  y: string\n', '  y: string\n  m: string\n');
  const theirs = base.replace('  y: string\n', '  y: boolean\n  t: string\n');
  expect(mergeDocuments({ base, mine, theirs })).toEqual({
    kind: 'clean',
    text: base.replace('  x: string\n  y: string\n', '  x: number\n  y: boolean\n  t: string\n  m: string\n'),
  });
});

test('keys that both add in different places are all kept, with their comments', () => {
  const mine = base.replace('tags: [a]', '# why\nmodel: a/b\ntags: [a]');
  const theirs = base.replace('---\none', 'name: n\n---\none');
  expect(mergeDocuments({ base, mine, theirs })).toEqual({
    kind: 'clean',
    text: base.replace('tags: [a]', '# why\nmodel: a/b\ntags: [a]').replace('---\none', 'name: n\n---\none'),
  });
});

test('a removed key stays removed; removed here and changed there is a conflict', () => {
  const mine = base.replace('tags: [a]\n', '');
  expect(mergeDocuments({ base, mine, theirs: base.replace('one', 'ONE') })).toMatchObject({
    text: mine.replace('one', 'ONE'),
  });
  const theirs = base.replace('tags: [a]', 'tags: [t]');
  expect(mergeDocuments({ base, mine, theirs })).toMatchObject({
    kind: 'conflict',
    regions: [{ field: 'tags', base: 'tags: [a]\n', mine: '', theirs: 'tags: [t]\n' }],
  });
});

test('the same place changed twice stands between markers, at the region that is given', () => {
  const outcome = mergeDocuments({ base, mine: base.replace('two', 'M'), theirs: base.replace('two', 'T') });
  const region = `${conflictMarkers.mine}\nM\n${conflictMarkers.middle}\nT\n${conflictMarkers.theirs}\n`;
  expect(outcome).toMatchObject({ kind: 'conflict', text: base.replace('two\n', region) });
  if (outcome.kind !== 'conflict') return;
  expect(outcome.regions).toHaveLength(1);
  const { start, end } = outcome.regions[0]?.span ?? { start: 0, end: 0 };
  expect(outcome.text.slice(start, end)).toBe(region);
});

test('one side that only changed its line breaks is no conflict', () => {
  const windows = base.replaceAll('\n', '\r\n');
  const mine = windows.replace('one', 'ONE');
  expect(mergeDocuments({ base, mine, theirs: base.replace('three', 'THREE') })).toEqual({
    kind: 'clean',
    text: mine.replace('three', 'THREE'),
  });
  expect(mergeDocuments({ base: windows, mine, theirs: windows.replace('one', 'TWO') })).toMatchObject({
    kind: 'conflict',
    regions: [{ mine: 'ONE\r\n', theirs: 'TWO\r\n' }],
  });
});

test('front matter that one side adds meets text that the other changes', () => {
  const added = '---\nname: n\n---\n';
  expect(mergeDocuments({ base: 'a\nb\n', mine: `${added}a\nb\n`, theirs: 'a\nB\n' })).toEqual({
    kind: 'clean',
    text: `${added}a\nB\n`,
  });
});

test('front matter that does not parse is merged by line', () => {
  const broken = base.replace('tags: [a]', 'tags: [a');
  const outcome = mergeDocuments({
    base: broken,
    mine: broken.replace('one', 'ONE'),
    theirs: broken.replace('three', 'T'),
  });
  expect(outcome).toEqual({ kind: 'clean', text: broken.replace('one', 'ONE').replace('three', 'T') });
});

test('texts of one line repeated are not matched line by line', () => {
  const lines = '\n'.repeat(20_000);
  const outcome = mergeDocuments({
    base: `a${lines}b`,
    mine: `m${lines}${lines}b`,
    theirs: `a${lines}${lines}t`,
  });
  expect(outcome.kind).toBe('conflict');
});
