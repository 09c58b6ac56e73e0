// Account logs of everybody, as a server shows them. An account is named by the hash of its log's first entry, so a
// server that shows other keys shows another account, and is found out at the first byte.

import type { AccountId } from '../encoding/ids.ts';
import { EMPTY_HISTORY, extendAccountAsFar, type AccountHistory } from '../team/history.ts';
import type { Alarm, AlarmCode } from './alarms.ts';
import { healAccount, mayHeal } from './healing.ts';
import { findingOfHead, nextIndex, takePart, type LogFinding } from './logs.ts';
import type { AccountLogPart } from './messages.ts';
import { answeredRead, readOnce, type Read } from './reads.ts';
import { replaceAlarms, type ClientState, type ClientTools, type Outcome } from './state.ts';

const LOG_ALARMS: ReadonlySet<AlarmCode> = new Set(['logShorter', 'invalidEntry', 'newerRules']);

export function takeAccountLog(tools: ClientTools, state: ClientState, part: AccountLogPart): Outcome {
  const { account } = part;
  const before = state.accounts.get(account) ?? EMPTY_HISTORY;
  const { history, finding } = verifiedPart(tools, before, part);
  const gained = history.entries.length > before.entries.length;
  const isHealed = finding?.kind === 'shorter' && mayHeal(state, account);
  const from = finding === null ? nextIndex(history, part.head) : null;
  const isExhausted = !gained && (from === null || from >= part.from);
  // It names an end and does not show it, though it was asked: that is as if it ended before.
  const isWithheld = isExhausted && from !== null;
  const missing = Math.max(1, (part.head?.index ?? 0) + 1 - history.entries.length);
  const found = isWithheld ? ({ kind: 'shorter', missing } as const) : isHealed ? null : finding;
  const read: Read = { kind: 'readAccountLog', account, from: from ?? 0 };
  const answered = answeredRead(state, read, !isExhausted);
  const replaced = replaceAlarms(
    gained ? { ...answered, accounts: new Map(answered.accounts).set(account, history) } : answered,
    (alarm) => alarm.account === account && LOG_ALARMS.has(alarm.code),
    found === null ? [] : [alarmFor(account, found)],
  );
  const healed = isHealed
    ? healAccount(replaced.state, account, missingEnd(history, part))
    : { state: replaced.state, requests: [] };
  const next = from === null || isWithheld ? [] : [read];
  return { ...readOnce(healed.state, [...healed.requests, ...next]), raised: replaced.raised };
}

type AccountFinding = LogFinding | { readonly kind: 'otherAccount' };

function verifiedPart(
  tools: ClientTools,
  before: AccountHistory,
  part: AccountLogPart,
): { readonly history: AccountHistory; readonly finding: AccountFinding | null } {
  const taken = takePart(before, part, (history: AccountHistory, entries) =>
    extendAccountAsFar(tools, history, entries),
  );
  const [first] = taken.history.states;
  if (first !== undefined && first.id !== part.account) {
    return { history: before, finding: { kind: 'otherAccount' } };
  }
  return { ...taken, finding: taken.finding ?? findingOfHead(taken.history, null, part.head) };
}

function missingEnd(history: AccountHistory, { head }: AccountLogPart) {
  const from = (head?.index ?? -1) + 1;
  return { from, entries: history.entries.slice(from).map(({ bytes }) => bytes) };
}

function alarmFor(account: AccountId, finding: AccountFinding): Alarm {
  switch (finding.kind) {
    case 'otherAccount':
      return { code: 'swappedKey', account };
    case 'fork':
      return { code: 'logFork', account, index: finding.index };
    case 'invalid':
      // The very first entry makes the account: another one is another account's.
      return { code: finding.index === 0 ? 'swappedKey' : 'invalidEntry', account, index: finding.index };
    case 'newer':
      return { code: 'newerRules', account, index: finding.index };
    case 'shorter':
      return { code: 'logShorter', account, missing: finding.missing };
  }
}
