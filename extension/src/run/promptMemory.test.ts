import { expect, test } from 'vitest';
import type { PromptId } from '../library/api.ts';
import {
  emptyMemory,
  fingerprintOf,
  memoryToText,
  parseMemory,
  parseRecent,
  withRecent,
} from './promptMemory.ts';

const id = (letter: string): PromptId => letter.repeat(26) as PromptId;

test('memory comes back as it was', () => {
  const memory = { inputs: { focus: 'bugs', n: 3 }, fingerprint: 'f', revisionId: 'r', allowedHidden: null };
  expect(parseMemory(memoryToText(memory))).toEqual(memory);
});

test('memory that cannot be read is as if nothing was remembered', () => {
  for (const text of [null, '', '{', '[]', '{"inputs":3}']) expect(parseMemory(text)).toEqual(emptyMemory);
});

test('long answers are not remembered', () => {
  const memory = { ...emptyMemory, inputs: { long: 'x'.repeat(9000), short: 'y' } };
  expect(parseMemory(memoryToText(memory)).inputs).toEqual({ short: 'y' });
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`n${n}`, 'x'.repeat(7000)]));
  expect(memoryToText({ ...emptyMemory, inputs: many }).length).toBeLessThan(64 * 1024);
});

test('the prompt that was run last stands first, once', () => {
  const recent = [id('a'), id('b'), id('c')];
  expect(withRecent(recent, id('b'))).toEqual([id('b'), id('a'), id('c')]);
  expect(parseRecent(JSON.stringify(recent))).toEqual(recent);
  expect(parseRecent('["../x"]')).toEqual([]);
});

test('a fingerprint tells texts apart, also by where one ends', async () => {
  expect(await fingerprintOf(['a', 'b'])).toBe(await fingerprintOf(['a', 'b']));
  expect(await fingerprintOf(['ab', ''])).not.toBe(await fingerprintOf(['a', 'b']));
});
