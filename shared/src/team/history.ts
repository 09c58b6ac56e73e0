// A log with the state after each of its entries. Owns the two ways of looking into one: at an entry, and at a place in
// the feed. Grows by whole verified entries only.

import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { LogHead } from '../record/header.ts';
import { invariant } from '../util/invariant.ts';
import { succeed } from '../util/result.ts';
import { accountLog, type AccountEntry } from './accountEntry.ts';
import { foldAccountEntry, type AccountState, type FoldTools } from './accountFold.ts';
import type { LogFormat, LogEntry, LogProblem, LogResult } from './log.ts';
import { teamLog, type TeamEntry } from './teamEntry.ts';
import { foldTeamEntry } from './teamFold.ts';
import type { TeamState, TeamTools } from './teamState.ts';

export interface LogHistory<Entry, State> {
  readonly entries: readonly Entry[];
  /** As long as `entries`: the state after each. */
  readonly states: readonly State[];
}

export type AccountHistory = LogHistory<AccountEntry, AccountState>;
export type TeamHistory = LogHistory<TeamEntry, TeamState>;

export const EMPTY_HISTORY: LogHistory<never, never> = { entries: [], states: [] };

/** As far as entries were sound: those before the first that was not, and why that one was refused. */
export interface ExtendedAsFar<History> {
  readonly history: History;
  readonly refused: LogProblem | null;
}

/** Parses, verifies and folds; stops at the first entry that does not count. */
export const extendAccountAsFar = (
  tools: FoldTools,
  history: AccountHistory,
  entries: readonly Uint8Array[],
): ExtendedAsFar<AccountHistory> =>
  extendAsFar(tools.primitives, accountLog, history, entries, (state, entry) =>
    foldAccountEntry(tools, state, entry),
  );

/** Parses, verifies and folds; stops at the first entry that does not count. */
export const extendTeamAsFar = (
  tools: TeamTools,
  history: TeamHistory,
  entries: readonly Uint8Array[],
): ExtendedAsFar<TeamHistory> =>
  extendAsFar(tools.primitives, teamLog, history, entries, (state, entry) =>
    foldTeamEntry(tools, state, entry),
  );

/** Parses, verifies and folds; all or nothing. */
export const extendAccount = (
  tools: FoldTools,
  history: AccountHistory,
  entries: readonly Uint8Array[],
): LogResult<AccountHistory> => allOrNothing(extendAccountAsFar(tools, history, entries));

/** Parses, verifies and folds; all or nothing. */
export const extendTeam = (
  tools: TeamTools,
  history: TeamHistory,
  entries: readonly Uint8Array[],
): LogResult<TeamHistory> => allOrNothing(extendTeamAsFar(tools, history, entries));

const allOrNothing = <History>({ history, refused }: ExtendedAsFar<History>): LogResult<History> =>
  refused === null ? succeed(history) : { ok: false, problem: refused };

function extendAsFar<Body, State>(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  format: LogFormat<Body>,
  history: LogHistory<LogEntry<Body>, State>,
  added: readonly Uint8Array[],
  fold: (state: State | null, entry: LogEntry<Body>) => LogResult<State>,
): ExtendedAsFar<LogHistory<LogEntry<Body>, State>> {
  const entries = [...history.entries];
  const states = [...history.states];
  for (const bytes of added) {
    const entry = format.parse(primitives, bytes);
    if (!entry.ok) return { history: { entries, states }, refused: entry.problem };
    const state = fold(states.at(-1) ?? null, entry.value);
    if (!state.ok) return { history: { entries, states }, refused: state.problem };
    entries.push(entry.value);
    states.push(state.value);
  }
  return { history: { entries, states }, refused: null };
}

/** The newest state; throws for an empty history. */
export function latest<State>(history: LogHistory<unknown, State>): State {
  const state = history.states.at(-1);
  invariant(state !== undefined, 'a log has at least one entry');
  return state;
}

/** The state at an entry, if the history has exactly that entry at that index. */
export function stateAt<State extends { readonly head: LogHead }>(
  history: LogHistory<unknown, State>,
  head: LogHead,
): State | null {
  const state = history.states[head.index];
  return state?.head.hash === head.hash ? state : null;
}

/**
 * The state that judges the record with this Seq: of the last entry appended before it. Entries name the Seq after
 * which they stand, so an entry at position n judges from n + 1 on.
 */
export function stateBeforeSeq(history: TeamHistory, seq: number): TeamState | null {
  let [low, high] = [0, history.states.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((history.states[middle]?.position.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return history.states[low - 1] ?? null;
}
