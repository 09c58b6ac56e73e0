// Compares where a server says that a workspace ends with what was verified of it. Shorter is a rollback, unless the
// server was restored from a backup and says so (healing.ts); different is a fork.

import type { Alarm, AlarmCode } from './alarms.ts';
import { findingOfHead } from './logs.ts';
import type { ServerMessage, WorkspaceEnds } from './messages.ts';
import { answeredRead, forgetExhausted } from './reads.ts';
import {
  replaceAlarms,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type LocalFeed,
  type Outcome,
  type WorkspaceState,
} from './state.ts';

type Ends = Extract<ServerMessage, { readonly kind: 'ends' }>;

const END_ALARMS: ReadonlySet<AlarmCode> = new Set([
  'logShorter',
  'feedShorter',
  'feedBroken',
  'accessRefused',
]);

export function takeEnds(tools: ClientTools, state: ClientState, { workspace: id, ends }: Ends): Outcome {
  const local = tools.localOf(id);
  const before = workspaceOf(state, id);
  const isNew = before.incarnation !== null && before.incarnation !== ends.incarnation;
  const workspace = {
    ...before,
    ends,
    incarnation: ends.incarnation,
    isRestored: before.isRestored || isNew,
  };
  const found = shortfalls(workspace, ends, local);
  const isWhole = found.length === 0 && !ends.isHealing;
  const missing = found.reduce((sum, alarm) => sum + (alarm.missing ?? 0), 0);
  const told: readonly Alarm[] = isNew ? [{ code: 'serverRestored', workspace: id, missing }] : [];
  const isHealed = workspace.isRestored && ends.isHealing;
  const lasting = isHealed ? found.filter((alarm) => alarm.missing === undefined) : found;
  const answered = forgetExhausted(answeredRead(state, { kind: 'readEnds', workspace: id }, true), id);
  const replaced = replaceAlarms(
    withWorkspace(answered, { ...workspace, isRestored: workspace.isRestored && !isWhole }),
    (alarm) => alarm.workspace === id && END_ALARMS.has(alarm.code),
    [...told, ...lasting],
  );
  return { ...replaced, requests: [] };
}

/** What the server has less than was verified here, or other. */
function shortfalls(workspace: WorkspaceState, ends: WorkspaceEnds, local: LocalFeed): readonly Alarm[] {
  const { id, team, pin } = workspace;
  const finding = findingOfHead(team, pin, ends.teamLog);
  if (finding?.kind === 'fork') return [{ code: 'logFork', workspace: id, index: finding.index }];
  const alarms: Alarm[] = [];
  if (finding?.kind === 'shorter') {
    const { missing } = finding;
    // Whom a server gives no access it tells nothing of the feed: that it is not shown says no more than the refusal.
    if (ends.teamLog === null && !ends.isHealing) return [{ code: 'accessRefused', workspace: id, missing }];
    alarms.push({ code: 'logShorter', workspace: id, missing });
  }
  const { seq, feedHash } = ends.feed;
  const { position } = local;
  if (seq <= position.seq && local.hashAt(seq) !== feedHash) {
    alarms.push({ code: 'feedFork', workspace: id, seq });
  } else if (seq < position.seq) {
    alarms.push({ code: 'feedShorter', workspace: id, missing: position.seq - seq });
  }
  return alarms;
}
