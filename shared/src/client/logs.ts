// Takes what a server shows of a log, whichever of the two kinds it is, into the verified history. Owns the comparison
// of the two: what is new, what is missing, what contradicts what was verified or pinned before.

import type { LogHead } from '../record/header.ts';
import { equalBytes } from '../util/bytes.ts';
import type { ExtendedAsFar, LogHistory } from '../team/history.ts';
import type { LogEntry } from '../team/log.ts';
import { compareWithPin } from '../team/pins.ts';

/** A part of a log, from index `from` on, and where the server says that it ends. */
export interface LogPart {
  readonly from: number;
  readonly entries: readonly Uint8Array[];
  /** Null: the server has no such log. */
  readonly head: LogHead | null;
}

export type LogFinding =
  /** Another signed entry stands at this index. */
  | { readonly kind: 'fork'; readonly index: number }
  /** What stands at this index does not count. */
  | { readonly kind: 'invalid'; readonly index: number }
  | { readonly kind: 'newer'; readonly index: number }
  /** The server has this many entries less than were verified or pinned. */
  | { readonly kind: 'shorter'; readonly missing: number };

type History = LogHistory<Pick<LogEntry<unknown>, 'bytes' | 'hash'>, unknown>;

export interface TakenPart<H> {
  readonly history: H;
  /** Entries that follow and wait for the account log of somebody. */
  readonly waiting: readonly Uint8Array[];
  readonly finding: LogFinding | null;
}

export function takePart<H extends History>(
  history: H,
  part: LogPart,
  extend: (history: H, entries: readonly Uint8Array[]) => ExtendedAsFar<H>,
): TakenPart<H> {
  const nothing = { history, waiting: [] };
  const other = firstDifference(history, part);
  if (other !== null) {
    const before = firstEntries(history, part.from + other.at);
    const { refused } = extend(before, [other.bytes]);
    const index = part.from + other.at;
    return { ...nothing, finding: { kind: refused === null ? 'fork' : 'invalid', index } };
  }
  const have = history.entries.length;
  const extended = extend(history, part.from > have ? [] : part.entries.slice(have - part.from));
  const known = extended.history.entries.length;
  const { refused } = extended;
  if (refused?.code === 'missingAccount') {
    return { ...extended, waiting: part.entries.slice(known - part.from), finding: null };
  }
  if (refused === null) return { ...extended, waiting: [], finding: null };
  const isNewer = refused.code === 'newerRules' || refused.code === 'newerFormat';
  return { ...extended, waiting: [], finding: { kind: isNewer ? 'newer' : 'invalid', index: known } };
}

/** How the end that a server names compares with what was verified and, where that goes further, with what was pinned. */
export function findingOfHead(
  history: History,
  pin: LogHead | null,
  head: LogHead | null,
): LogFinding | null {
  const { length } = history.entries;
  if (pin !== null && pin.index < length) {
    const compared = compareWithPin(history.entries, pin);
    if (compared.kind === 'forked') return { kind: 'fork', index: compared.index };
  }
  const expected = Math.max(length, (pin?.index ?? -1) + 1);
  const shown = (head?.index ?? -1) + 1;
  return shown < expected ? { kind: 'shorter', missing: expected - shown } : null;
}

/** Where to read on until the history is as long as the server says, and has the entry that it names; null: it is so. */
export function nextIndex(history: History, head: LogHead | null): number | null {
  const { length } = history.entries;
  if (head === null) return null;
  if (head.index >= length) return length;
  return history.entries[head.index]?.hash === head.hash ? null : head.index;
}

function firstDifference(
  history: History,
  { from, entries }: LogPart,
): { readonly at: number; readonly bytes: Uint8Array } | null {
  for (const [at, bytes] of entries.entries()) {
    const known = history.entries[from + at];
    if (known === undefined) return null;
    if (!equalBytes(known.bytes, bytes)) return { at, bytes };
  }
  return null;
}

const firstEntries = <H extends History>(history: H, count: number): H => ({
  ...history,
  entries: history.entries.slice(0, count),
  states: history.states.slice(0, count),
});
