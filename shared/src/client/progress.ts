// What to read next of a workspace, from what is verified and what the server says there is: first the account logs that
// team-log entries wait for, then the team log, then this account's boxes, then the feed. In this order no record is
// judged without the entries that stand before it.

import type { AccountId, WorkspaceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { currentMember } from '../team/teamState.ts';
import { effectOf, type Alarm } from './alarms.ts';
import { heal } from './healing.ts';
import { nextIndex } from './logs.ts';
import type { Request } from './messages.ts';
import { isExhausted, readOnce, type Read } from './reads.ts';
import {
  alarmsOf,
  replaceAlarms,
  teamOf,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type LocalFeed,
  type Outcome,
  type WorkspaceState,
} from './state.ts';
import { missingHeads } from './teamLogs.ts';

/** A read that is needed, and what it means if the server was asked and has not given it. */
interface Need {
  readonly read: Read;
  readonly otherwise: Alarm;
}

export function progress(tools: ClientTools, state: ClientState, id: WorkspaceId): Outcome {
  const workspace = workspaceOf(state, id);
  const alarms = alarmsOf(state, id);
  const isOver = alarms.some((alarm) => effectOf(alarm) === 'forever');
  if (workspace.ends === null || isOver) return { state, requests: [], raised: [] };
  const needs = nextNeeds(tools, state, workspace);
  const exhausted = needs.filter(({ read }) => isExhausted(state, read)).map(({ otherwise }) => otherwise);
  // What was found wrong already says why it does not go on.
  const isSaid = ({ account }: Alarm): boolean =>
    alarms.length > 0 || (account !== undefined && state.alarms.some((alarm) => alarm.account === account));
  const failed = exhausted.filter((alarm) => !isSaid(alarm));
  const replaced = replaceAlarms(state, () => false, failed);
  const healing =
    needs.length === 0
      ? heal(replaced.state, workspace, tools.localOf(id))
      : { state: replaced.state, requests: [] };
  const again = alarms
    .flatMap((alarm) => shorterLog(state, alarm))
    .filter((read) => !isExhausted(state, read));
  const requests: readonly Request[] = [...needs.map(({ read }) => read), ...again, ...healing.requests];
  return { ...readOnce(healing.state, requests), raised: replaced.raised };
}

/** An account's log that was shorter than what is known of it: whoever has the rest may have brought it back meanwhile. */
function shorterLog(state: ClientState, { code, account }: Alarm): readonly Read[] {
  if (code !== 'logShorter' || account === undefined) return [];
  return [{ kind: 'readAccountLog', account, from: state.accounts.get(account)?.entries.length ?? 0 }];
}

/** True once everything that the server says there is has been read and taken. */
export const isCaughtUp = (tools: ClientTools, state: ClientState, id: WorkspaceId): boolean =>
  workspaceOf(state, id).ends !== null && nextNeeds(tools, state, workspaceOf(state, id)).length === 0;

function nextNeeds(tools: ClientTools, state: ClientState, workspace: WorkspaceState): readonly Need[] {
  const { id, team, ends } = workspace;
  if (ends === null) return [];
  if (workspace.waiting.length > 0) return accountNeeds(state, workspace);
  const index = nextIndex(team, ends.teamLog);
  if (index !== null) return [logNeed(workspace, ends.teamLog, index)];
  const local = tools.localOf(id);
  const box: Read = { kind: 'readBoxes', workspace: id };
  if (lackedEpoch(state, workspace, local) !== null && !isExhausted(state, box)) {
    return [{ read: box, otherwise: { code: 'boxMissing', workspace: id } }];
  }
  const { position } = local;
  if (!local.hasKey(1) || ends.feed.seq <= position.seq) return [];
  const { incarnation } = ends;
  const read: Read = { kind: 'readFeed', workspace: id, incarnation, after: position.seq };
  return [{ read, otherwise: { code: 'feedBroken', workspace: id, seq: position.seq + 1 } }];
}

function logNeed({ id, team }: WorkspaceState, head: LogHead | null, index: number): Need {
  const read: Read = { kind: 'readTeamLog', workspace: id, from: index };
  const missing = (head?.index ?? 0) + 1 - team.entries.length;
  const otherwise: Alarm =
    missing > 0
      ? { code: 'logShorter', workspace: id, missing }
      : { code: 'invalidEntry', workspace: id, index };
  return { read, otherwise };
}

function accountNeeds(state: ClientState, workspace: WorkspaceState): readonly Need[] {
  const missing = missingHeads(state, workspace.waiting);
  return [...missing].map(([account, head]) => accountNeed(state, workspace, { account, head }));
}

function accountNeed(
  state: ClientState,
  { id, team }: WorkspaceState,
  { account, head }: { readonly account: AccountId; readonly head: LogHead },
): Need {
  const from = state.accounts.get(account)?.entries.length ?? 0;
  const read: Read = { kind: 'readAccountLog', account, from };
  const missing = head.index + 1 - from;
  // An entry that names another head than the account's log has there is either forged or shows a fork: neither counts.
  const otherwise: Alarm =
    missing > 0
      ? { code: 'logShorter', account, missing }
      : { code: 'invalidEntry', workspace: id, index: team.entries.length };
  return { read, otherwise };
}

/** The current epoch, if this account has a right to its key and none of its boxes has given it. */
export function lackedEpoch(state: ClientState, workspace: WorkspaceState, local: LocalFeed): number | null {
  const team = teamOf(workspace);
  if (team === null || currentMember(team, state.account) === null || local.hasKey(team.epoch)) return null;
  return team.epoch;
}
