// What a client remembers of a log so that nobody can take it back: the highest head that it ever verified.

import type { LogHead } from '../record/header.ts';

/**
 * How a log that is shown compares to what was pinned. `shorter`: entries are missing, as after a restore from a backup;
 * the pinned entry is not there to compare. `forked`: another entry stands at the pinned index, so somebody signed two;
 * an alarm, read-only, and never healed automatically.
 */
export type PinComparison =
  | { readonly kind: 'same' }
  | { readonly kind: 'longer' }
  | { readonly kind: 'shorter'; readonly missing: number }
  | { readonly kind: 'forked'; readonly index: number };

/** `entries`: verified, from index 0. */
export function compareWithPin(
  entries: readonly { readonly hash: LogHead['hash'] }[],
  pin: LogHead,
): PinComparison {
  const missing = pin.index + 1 - entries.length;
  if (missing > 0) return { kind: 'shorter', missing };
  if (entries[pin.index]?.hash !== pin.hash) return { kind: 'forked', index: pin.index };
  return missing === 0 ? { kind: 'same' } : { kind: 'longer' };
}
