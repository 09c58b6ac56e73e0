// After a restore of the server from a backup: what this client has and the server lacks goes back verbatim, at the
// places that it had, so that the logs and the feed are again what everybody verified. The feed must be the same one,
// since log entries name its hashes. A rollback that is dressed as a restore looks the same: it is announced, and what it
// wanted to take away is sent back.

import type { Request, WorkspaceEnds } from './messages.ts';
import type { AccountId } from '../encoding/ids.ts';
import type { TeamHistory } from '../team/history.ts';
import { membersNow } from '../team/teamState.ts';
import { teamOf, withWorkspace, type ClientState, type LocalFeed, type WorkspaceState } from './state.ts';

/** Entries, and records, in one message. */
const MAX_HEALED = 256;

/** What to send now; after the next `ends` there may be more. Nothing if the server does not heal. */
export function heal(
  state: ClientState,
  workspace: WorkspaceState,
  local: LocalFeed,
): { readonly state: ClientState; readonly requests: readonly Request[] } {
  const { id, ends, team, healedFrom } = workspace;
  const newest = teamOf(workspace);
  if (ends === null || newest === null || !workspace.isRestored || !ends.isHealing)
    return { state, requests: [] };
  const { position } = local;
  const lacksEntries = (ends.teamLog?.index ?? -1) < newest.head.index;
  const lacksRecords = ends.feed.seq < position.seq;
  if (isSamePlace(healedFrom, ends)) return { state, requests: [] };
  const offered = withWorkspace(state, { ...workspace, healedFrom: ends });
  const pin = { kind: 'offerPin', workspace: id, teamLog: newest.head, feed: position } as const;
  // Said also where nothing is lacking: the server waits until every member has said how far it was.
  if (!lacksEntries && !lacksRecords) return { state: offered, requests: [pin] };
  const missing = missingPart(team, ends, local);
  return {
    state: offered,
    requests: [
      // What of their logs the server lacks is sent back when it names their ends (accountLogs.ts).
      ...membersNow(newest).map(({ account }) => readFrom(state, account)),
      pin,
      { kind: 'heal', workspace: id, after: { teamLog: ends.teamLog, feed: ends.feed }, ...missing },
    ],
  };
}

/** Whether a restored server takes back what it lacks of an account log: tried once on a connection. */
export const mayHeal = (state: ClientState, account: AccountId): boolean =>
  !state.healedAccounts.has(account) && healingWith(state, account).length > 0;

/** Workspaces that a restored server takes back, and that an account is or was a member of. */
const healingWith = (state: ClientState, account: AccountId): readonly WorkspaceState[] =>
  [...state.workspaces.values()].filter(
    (workspace) =>
      workspace.isRestored &&
      workspace.ends?.isHealing === true &&
      teamOf(workspace)?.members.has(account) === true,
  );

/** What such a server lacks of an account log: sent back as it was; then the entries that name it are tried again. */
export function healAccount(
  state: ClientState,
  account: AccountId,
  { entries, from }: { readonly entries: readonly Uint8Array[]; readonly from: number },
): { readonly state: ClientState; readonly requests: readonly Request[] } {
  const healing = healingWith(state, account);
  const noted = { ...state, healedAccounts: new Set([...state.healedAccounts, account]) };
  const again = healing.reduce<ClientState>(
    (next, workspace) => withWorkspace(next, { ...workspace, healedFrom: null }),
    noted,
  );
  const ends = healing.map(({ id }) => ({ kind: 'readEnds', workspace: id }) as const);
  return { state: again, requests: [{ kind: 'healAccountLog', account, from, entries }, ...ends] };
}

const readFrom = (state: ClientState, account: AccountId): Request => ({
  kind: 'readAccountLog',
  account,
  from: state.accounts.get(account)?.entries.length ?? 0,
});

const isSamePlace = (left: WorkspaceEnds | null, right: WorkspaceEnds): boolean =>
  left?.incarnation === right.incarnation &&
  left.teamLog?.index === right.teamLog?.index &&
  left.feed.seq === right.feed.seq;

/** Entries and records that fit together: none may arrive after something that stands behind it. */
function missingPart(
  team: TeamHistory,
  ends: WorkspaceEnds,
  local: LocalFeed,
): Pick<Extract<Request, { readonly kind: 'heal' }>, 'entries' | 'records'> {
  const records = local.recordsFrom(ends.feed.seq + 1, MAX_HEALED);
  const lastSeq = ends.feed.seq + records.length;
  const missing = team.entries.slice((ends.teamLog?.index ?? -1) + 1);
  const entries = missing.slice(0, MAX_HEALED).filter(({ body }) => body.position.seq <= lastSeq);
  const next = missing[entries.length]?.body.position.seq ?? lastSeq;
  return {
    entries: entries.map(({ bytes }) => bytes),
    records: records.slice(0, Math.max(0, next - ends.feed.seq)),
  };
}
