import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeIcons, labelOf, oneLine } from './plainText.ts';

test('a name cannot put an icon into the tree', () => {
  expect(escapeIcons('$(trash) all $(bug)')).not.toMatch(/\$\(/);
  fc.assert(fc.property(fc.string(), (text) => !labelOf(text).includes('$(')));
});

test('a label is one line without characters that turn the reading direction', () => {
  expect(oneLine('a\n\tb\u2028c\u202Ed', 50)).toBe('a b cd');
  const unit = fc.constantFrom('a', '\n', '\r', '\u2028', '\u202E', '\u0000', '$', '(', '😀');
  fc.assert(fc.property(fc.string({ unit }), (text) => !/[\n\r\u2028\u202e]/.test(labelOf(text))));
});

test('a long label is cut between characters, never inside one', () => {
  expect(oneLine('😀'.repeat(10), 4)).toBe('😀😀😀…');
});
