import { expect, test } from 'vitest';
import { coerceInput } from './inputs.ts';
import type { InputType } from './promptDocument.ts';

function coerce(type: InputType, raw: unknown, choices: readonly string[] | null = null): unknown {
  const result = coerceInput({ name: 'n', type, enum: choices }, raw);
  return result.ok ? result.value : result.problem;
}

test.each([
  ['string', 'x', 'x'],
  ['string', 3, '3'],
  ['number', ' 2.5 ', 2.5],
  ['number', 7, 7],
  ['boolean', 'Yes', true],
  ['boolean', 'false', false],
  ['array', 'a\n\n b \r\nc', ['a', 'b', 'c']],
  ['array', '[1, "x"]', [1, 'x']],
  ['array', ['x'], ['x']],
  ['object', '{"a": [1]}', { a: [1] }],
  ['image', 'data:image/png;base64,AAAA', 'data:image/png;base64,AAAA'],
] as const)('for an input of type %s, %j means %j', (type, raw, expected) => {
  expect(coerce(type, raw)).toEqual(expected);
});

test.each([
  ['number', ''],
  ['number', 'many'],
  ['number', 'Infinity'],
  ['boolean', '1'],
  ['array', '[1'],
  ['object', '[1]'],
  ['object', 'x'],
  ['string', ['x']],
  ['image', 'https://example.com/x.png'],
  ['image', 'data:text/html;base64,AAAA'],
] as const)('for an input of type %s, %j is refused with a sentence that names it', (type, raw) => {
  expect(coerce(type, raw)).toMatch(/^`n` must be .+\.$/);
});

test('a value outside the choices is refused with the choices', () => {
  expect(coerce('string', 'c', ['a', 'b'])).toBe('`n` must be one of a, b.');
});
