// After a restore of the server from a backup: what this client has and the server lacks goes back verbatim, at the
// places that it had, so that the logs and the feed are again what everybody verified. The feed must be the same one,
// since log entries name its hashes. A rollback that is dressed as a restore looks the same: it is announced, and what it
// wanted to take away is sent back.

import type { Request, WorkspaceEnds } from './messages.ts';
import { teamOf, type LocalFeed, type WorkspaceState } from './state.ts';

/** Entries, and records, in one message. */
const MAX_HEALED = 256;

/** What to send now; after the next `ends` there may be more. Nothing if the server lacks nothing, or does not heal. */
export function healingRequests(workspace: WorkspaceState, local: LocalFeed): readonly Request[] {
  const { id, ends, team } = workspace;
  const state = teamOf(workspace);
  if (ends === null || state === null || !workspace.isRestored || !ends.isHealing) return [];
  const { position } = local;
  const length = (ends.teamLog?.index ?? -1) + 1;
  const lacksEntries = length < team.entries.length;
  const lacksRecords = ends.feed.seq < position.seq;
  if (!lacksEntries && !lacksRecords) return [];
  const heal = missingPart(workspace, ends, local);
  return [
    { kind: 'offerPin', workspace: id, teamLog: state.head, feed: position },
    { kind: 'heal', workspace: id, after: { teamLog: ends.teamLog, feed: ends.feed }, ...heal },
  ];
}

/** Entries and records that fit together: none may arrive after something that stands behind it. */
function missingPart(
  { team }: WorkspaceState,
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
