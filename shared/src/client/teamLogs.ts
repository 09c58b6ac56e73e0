// Team logs as a server shows them: verified and folded, held against the pin, and against the feed, of which every
// entry names the place at which it was appended.

import type { AccountId, WorkspaceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { extendTeamAsFar, type TeamHistory } from '../team/history.ts';
import { teamLog, type TeamEntry } from '../team/teamEntry.ts';
import type { TeamTools } from '../team/teamState.ts';
import type { Alarm, AlarmCode } from './alarms.ts';
import { findingOfHead, takePart, type LogFinding, type TakenPart } from './logs.ts';
import type { TeamLogPart } from './messages.ts';
import { answeredRead } from './reads.ts';
import {
  accountAt,
  replaceAlarms,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type LocalFeed,
  type Outcome,
  type WaitingEntry,
  type WorkspaceState,
} from './state.ts';

const LOG_ALARMS: ReadonlySet<AlarmCode> = new Set(['invalidEntry', 'newerRules']);

export function takeTeamLog(tools: ClientTools, state: ClientState, part: TeamLogPart): Outcome {
  const workspace = workspaceOf(state, part.workspace);
  const taken = takePart(workspace.team, part, extendWith(tools, state));
  const finding = taken.finding ?? findingOfHead(taken.history, workspace.pin, part.head);
  // What is shorter is looked at where the server's ends are known (ends.ts): it may be healing.
  const found = finding === null || finding.kind === 'shorter' ? [] : [alarmFor(part.workspace, finding)];
  const gained = taken.history.entries.length > workspace.team.entries.length || taken.waiting.length > 0;
  const answered = answeredRead(
    state,
    { kind: 'readTeamLog', workspace: part.workspace, from: part.from },
    gained,
  );
  return keep(tools, answered, { workspace, taken, found });
}

/** After account logs have come: folds the entries that waited for them, as far as that goes. */
export function foldWaiting(tools: ClientTools, state: ClientState, id: WorkspaceId): Outcome {
  const workspace = workspaceOf(state, id);
  if (workspace.waiting.length === 0) return { state, requests: [], raised: [] };
  const from = workspace.team.entries.length;
  const part = { from, entries: workspace.waiting.map(({ bytes }) => bytes), head: null };
  const taken = takePart(workspace.team, part, extendWith(tools, state));
  const found = taken.finding === null ? [] : [alarmFor(id, taken.finding)];
  return keep(tools, state, { workspace, taken, found });
}

/** Heads of account logs that entries name, and that are not among the verified. */
export function missingHeads(
  state: ClientState,
  entries: readonly WaitingEntry[],
): ReadonlyMap<AccountId, LogHead> {
  const missing = new Map<AccountId, LogHead>();
  for (const { named } of entries) {
    if (named === null || accountAt(state.accounts)(named.account, named.head) !== null) continue;
    const known = missing.get(named.account);
    if (known === undefined || known.index < named.head.index) missing.set(named.account, named.head);
  }
  return missing;
}

function namedHead({ body: { author, action } }: TeamEntry) {
  const names = action.type === 'create' || action.type === 'join' || action.type === 'device';
  return names ? { account: author, head: action.accountHead } : null;
}

const extendWith =
  (tools: ClientTools, state: ClientState) => (history: TeamHistory, entries: readonly Uint8Array[]) => {
    const { primitives, verifiers } = tools;
    const teamTools: TeamTools = { primitives, verifiers, accountAt: accountAt(state.accounts) };
    return extendTeamAsFar(teamTools, history, entries);
  };

function waitingEntry(tools: Pick<ClientTools, 'primitives'>, bytes: Uint8Array): WaitingEntry {
  const entry = teamLog.parse(tools.primitives, bytes);
  return { bytes, named: entry.ok ? namedHead(entry.value) : null };
}

interface Found {
  readonly workspace: WorkspaceState;
  readonly taken: TakenPart<TeamHistory>;
  readonly found: readonly Alarm[];
}

function keep(tools: ClientTools, state: ClientState, { workspace, taken, found }: Found): Outcome {
  const { id } = workspace;
  const team = taken.history;
  const [first] = team.states;
  if (first !== undefined && first.id !== id) {
    const swapped = replaceAlarms(state, () => false, [{ code: 'swappedKey', workspace: id }]);
    return { ...swapped, requests: [] };
  }
  const added = team.entries.slice(workspace.team.entries.length);
  // Each is read once, however often the account logs that are missing come in.
  const known = new Map(workspace.waiting.map((entry) => [entry.bytes, entry]));
  const waiting = taken.waiting.map((bytes) => known.get(bytes) ?? waitingEntry(tools, bytes));
  const misplaced = added.flatMap((entry) => placeAlarms(id, entry, tools.localOf(id)));
  const replaced = replaceAlarms(
    withWorkspace(state, { ...workspace, team, waiting }),
    (alarm) => alarm.workspace === id && LOG_ALARMS.has(alarm.code),
    [...found, ...misplaced],
  );
  return { ...replaced, requests: [] };
}

/** An entry that comes with or after the records it stands before was held back; one that names another feed, forked. */
function placeAlarms(workspace: WorkspaceId, entry: TeamEntry, local: LocalFeed): readonly Alarm[] {
  const { seq, feedHash } = entry.body.position;
  const { index } = entry;
  if (seq > local.position.seq) return [];
  if (local.hashAt(seq) !== feedHash) return [{ code: 'feedFork', workspace, index, seq }];
  return seq < local.position.seq ? [{ code: 'entryWithheld', workspace, index, seq }] : [];
}

function alarmFor(workspace: WorkspaceId, finding: LogFinding): Alarm {
  switch (finding.kind) {
    case 'fork':
      return { code: 'logFork', workspace, index: finding.index };
    case 'invalid':
      return { code: 'invalidEntry', workspace, index: finding.index };
    case 'newer':
      return { code: 'newerRules', workspace, index: finding.index };
    case 'shorter':
      return { code: 'logShorter', workspace, missing: finding.missing };
  }
}
