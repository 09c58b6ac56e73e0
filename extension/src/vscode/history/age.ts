// How old something is, in the words of the user's language, and how warm that is. Pure.

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** “3 days ago”; “now” below a minute, and for what another computer's clock puts into the future. */
export function ageOf(savedAt: number, now: number, language: string): string {
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const age = now - savedAt;
  for (const [unit, length] of units) {
    if (age >= length) return words.format(-Math.floor(age / length), unit);
  }
  return words.format(0, 'second');
}

/** 1: changed today; 5: older than a year. */
export type Warmth = 1 | 2 | 3 | 4 | 5;

const days: readonly (readonly [Warmth, number])[] = [
  [1, 1],
  [2, 7],
  [3, 30],
  [4, 365],
];

export function warmthOf(savedAt: number, now: number): Warmth {
  const age = (now - savedAt) / 86_400_000;
  return days.find(([, limit]) => age < limit)?.[0] ?? 5;
}
