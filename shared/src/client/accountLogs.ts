// Account logs of everybody, as a server shows them. An account is named by the hash of its log's first entry, so a
// server that shows other keys shows another account, and is found out at the first byte.

import type { AccountId } from '../encoding/ids.ts';
import { EMPTY_HISTORY, extendAccountAsFar, type AccountHistory } from '../team/history.ts';
import type { Alarm, AlarmCode } from './alarms.ts';
import { isHealing } from './healing.ts';
import { findingOfHead, nextIndex, takePart, type LogFinding } from './logs.ts';
import type { AccountLogPart, Request } from './messages.ts';
import { answeredRead, readOnce, type Read } from './reads.ts';
import { replaceAlarms, type ClientState, type ClientTools, type Outcome } from './state.ts';

const LOG_ALARMS: ReadonlySet<AlarmCode> = new Set(['logShorter', 'invalidEntry', 'newerRules']);

export function takeAccountLog(tools: ClientTools, state: ClientState, part: AccountLogPart): Outcome {
  const { account } = part;
  const before = state.accounts.get(account) ?? EMPTY_HISTORY;
  const taken = takePart(before, part, (history: AccountHistory, entries) =>
    extendAccountAsFar(tools, history, entries),
  );
  const [first] = taken.history.states;
  const isOther = first !== undefined && first.id !== account;
  const history = isOther ? before : taken.history;
  const gained = history.entries.length > before.entries.length;
  const finding = taken.finding ?? findingOfHead(history, null, part.head);
  const found = isOther ? [{ code: 'swappedKey', account } as const] : alarmsFor(account, finding);
  const from = found.length === 0 ? nextIndex(history, part.head) : null;
  const isExhausted = !gained && (from === null || from >= part.from);
  // It names an end and does not show it, though it was asked: that is as if it ended before.
  const isWithheld = isExhausted && from !== null;
  const missing = Math.max(1, (part.head?.index ?? 0) + 1 - history.entries.length);
  const read: Read = { kind: 'readAccountLog', account, from: from ?? 0 };
  const answered = answeredRead(state, read, !isExhausted);
  const healed =
    finding?.kind === 'shorter' && isHealing(state, account) ? missingEnd(account, history, part) : null;
  const replaced = replaceAlarms(
    gained ? { ...answered, accounts: new Map(answered.accounts).set(account, history) } : answered,
    (alarm) => alarm.account === account && LOG_ALARMS.has(alarm.code),
    isWithheld ? [{ code: 'logShorter', account, missing }] : found.filter(() => healed === null),
  );
  const next: readonly Request[] = healed !== null ? [healed] : from === null || isWithheld ? [] : [read];
  return { ...readOnce(replaced.state, next), raised: replaced.raised };
}

/** What a restored server lacks of an account log: back as it was. */
const missingEnd = (account: AccountId, history: AccountHistory, { head }: AccountLogPart): Request => {
  const from = (head?.index ?? -1) + 1;
  const entries = history.entries.slice(from).map(({ bytes }) => bytes);
  return { kind: 'healAccountLog', account, from, entries };
};

function alarmsFor(account: AccountId, finding: LogFinding | null): readonly Alarm[] {
  switch (finding?.kind) {
    case undefined:
      return [];
    case 'fork':
      return [{ code: 'logFork', account, index: finding.index }];
    case 'invalid':
      // The very first entry makes the account: another one is another account's.
      return [{ code: finding.index === 0 ? 'swappedKey' : 'invalidEntry', account, index: finding.index }];
    case 'newer':
      return [{ code: 'newerRules', account, index: finding.index }];
    case 'shorter':
      return [{ code: 'logShorter', account, missing: finding.missing }];
  }
}
