import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskKey, redactKey } from './redact.ts';

const keyCharacters = fc.string({
  minLength: 8,
  maxLength: 80,
  unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_')),
});

test('whatever surrounds a key, none of it stays', () => {
  fc.assert(
    fc.property(keyCharacters, fc.string(), fc.string(), (key, before, after) => {
      expect(redactKey(before + key + after, key)).not.toContain(key);
    }),
  );
});

test('a text without the key stays as it is', () => {
  const text = 'The model `gpt-4.1` does not exist, see https://example.com/docs.';
  expect(redactKey(text, 'sk-proj-zzzzzzzzzzzz')).toBe(text);
  expect(redactKey(text, null)).toBe(text);
});

test('a text with a key too short to be told from a word is dropped whole', () => {
  expect(redactKey('wrong key: abc', 'abc')).toBe('');
  expect(redactKey('wrong key', 'abc')).toBe('wrong key');
});

test.each([
  ['sk-proj-abcdefghijklmnopqrstuvwxyz9', 'sk-proj-abc…xyz9'],
  ['sk-ant-api03-abcdefghijklmnopqrstuvwx', 'sk-ant-api03…uvwx'],
  ['AIzaSyA1234567890abcdefghijklmnopqrs', 'AIz…pqrs'],
  ['local-key-1234', '…34'],
  ['ollama', '…'],
])('%s is shown as %s', (key, mask) => {
  expect(maskKey(key)).toBe(mask);
});

test('a mask gives away at most sixteen characters, and never most of a short key', () => {
  fc.assert(
    fc.property(keyCharacters, (key) => {
      const shown = maskKey(key).replace('…', '').length;
      expect(shown).toBeLessThanOrEqual(16);
      expect(shown).toBeLessThan(key.length * 0.81);
    }),
  );
});
