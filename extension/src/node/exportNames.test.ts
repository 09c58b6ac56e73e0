import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNamesInUse, safeFileName } from './exportNames.ts';

test.each([
  ['plain name', 'plain name'],
  ['a/b\\c:d*e?"f<g>h|i', 'a_b_c_d_e__f_g_h_i'],
  ['con', '_con'],
  ['LPT1.txt', '_LPT1.txt'],
  ['console', 'console'],
  ['dots...', 'dots'],
  ['..', '_'],
  ['.hidden', '_.hidden'],
  ['', '_'],
  ['\u202Egnp.exe', '_gnp.exe'],
])('%j becomes %j', (name, safe) => {
  expect(safeFileName(name)).toBe(safe);
});

test('any name becomes one that every platform can hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (name) => {
      const safe = safeFileName(name);
      expect(safe).not.toBe('');
      expect(safe).not.toMatch(/[<>:"/\\|?*\p{Cc}]/u);
      expect(safe).not.toMatch(/^\.|[. ]$/);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(200);
    }),
  );
});

test('names that differ only in case or form get numbers', () => {
  const names = createNamesInUse();
  expect(['Name', 'name', 'NAME', 'é', 'e\u0301'].map((name) => names.take(name))).toEqual([
    'Name',
    'name (2)',
    'NAME (3)',
    'é',
    'e\u0301 (2)',
  ]);
});
