import { expect, test } from 'vitest';
import { isSafePath } from './exportPath.ts';

test('an exported file stays below the folder that was picked', () => {
  expect(['a.cue.md', 'a/b c/d.json'].every(isSafePath)).toBe(true);
  const unsafe = ['', '/a', 'a/', '../a', 'a/../b', 'a//b', './a', 'C:\\a', 'a\\b', 'a:b', 'a\u0000b'];
  expect(unsafe.filter(isSafePath)).toEqual([]);
});
