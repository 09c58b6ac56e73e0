import { expect, test } from 'vitest';
import { ageOf, warmthOf } from './age.ts';

const now = Date.UTC(2026, 5, 15, 12);
const minutes = 60_000;
const days = 86_400_000;

test('an age is said in the largest unit that it fills', () => {
  expect(ageOf(now - 59_000, now, 'en')).toBe('now');
  expect(ageOf(now - 5 * minutes, now, 'en')).toBe('5 minutes ago');
  expect(ageOf(now - 23 * 60 * minutes, now, 'en')).toBe('23 hours ago');
  expect(ageOf(now - 1 * days, now, 'en')).toBe('yesterday');
  expect(ageOf(now - 13 * days, now, 'en')).toBe('last week');
  expect(ageOf(now - 400 * days, now, 'en')).toBe('last year');
});

test('an age is said in the language of the user', () => {
  expect(ageOf(now - 3 * days, now, 'de')).toBe('vor 3 Tagen');
});

test('what a wrong clock puts into the future is now', () => {
  expect(ageOf(now + 9 * days, now, 'en')).toBe('now');
  expect(warmthOf(now + 9 * days, now)).toBe(1);
});

test('warmth falls with age and never leaves its five steps', () => {
  const steps = [0, 1, 7, 30, 365, 100_000].map((age) => warmthOf(now - age * days, now));
  expect(steps).toEqual([1, 2, 3, 4, 5, 5]);
});
