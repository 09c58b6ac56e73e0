// Sends what this device wrote: chooses pushes if it may write, takes the answers, and seals anew what was definitely
// refused for its epoch, once the new key is here.

import type { Suite } from '../crypto/suite.ts';
import type { RecordId, WorkspaceId } from '../encoding/ids.ts';
import {
  answered,
  choosePushes,
  pendingEntries,
  reopened,
  type PushAnswer,
  type Session,
} from '../replica/pushing.ts';
import { isPendingPurge, withdrawPurge } from '../replica/withdrawing.ts';
import type { ReplicaPorts } from '../replica/ports.ts';
import { resealPending, type Resealed } from '../replica/resealing.ts';
import type { ReplicaState } from '../replica/state.ts';
import type { OpenWorkspace } from './feedPages.ts';
import { recordsOf } from './judge.ts';
import type { Pushed, Request } from './messages.ts';
import { readOnce } from './reads.ts';
import { standingOf } from './standing.ts';
import { teamOf, withWorkspace, workspaceOf, type ClientState, type ClientTools } from './state.ts';

/** At once under way. */
const MAX_IN_FLIGHT = 32;

export interface Chosen {
  readonly session: Session;
  readonly requests: readonly Request[];
}

/** What to send now. Nothing while this device may not write, or is behind: see standing.ts. */
export function sendPending(
  state: ClientState,
  workspace: WorkspaceId,
  open: Pick<OpenWorkspace, 'replica' | 'session' | 'keys'>,
): Chosen {
  const { replica, keys } = open;
  const { team, refusedAt } = workspaceOf(state, workspace);
  // Whoever was told that it may not write may have become an editor again with a newer entry.
  const session = team.entries.length > refusedAt ? reopened(open.session) : open.session;
  if (standingOf(state, workspace, keys) !== 'writes') return { session, requests: [] };
  const chosen = choosePushes(session, replica, MAX_IN_FLIGHT);
  const requests = chosen.pushes.map((push) => ({ kind: 'push', workspace, push }) as const);
  return { session: chosen.session, requests };
}

export interface PushedOutcome {
  readonly state: ClientState;
  readonly session: Session;
  readonly replica: ReplicaState;
  readonly requests: readonly Request[];
  /** Records sealed anew, or a purge taken back: write `records` and delete the rows `drop` in one transaction. */
  readonly resealed: Resealed | null;
}

/** An answer to a push that is not under way any more changes nothing. */
export function takePushed(
  tools: ClientTools & { readonly suite: Suite },
  state: ClientState,
  open: OpenWorkspace,
  { workspace: id, push, answer }: Pushed,
): PushedOutcome {
  const { replica } = open;
  const underWay = open.session.inFlight.get(push.stream);
  if (underWay?.records.at(-1) !== push.records.at(-1)) {
    return { state, replica, session: open.session, requests: [], resealed: null };
  }
  const ports = portsOf(tools, state, open, id);
  if (answer.kind === 'notAllowed' && isPendingPurge(replica, ports, push)) {
    // This alone is not allowed (any more): writing goes on.
    const session = answered(open.session, push, { kind: 'oldEpoch' });
    const withdrawn = withdrawPurge(replica, ports, push.group);
    return { state, session, replica: withdrawn.state, requests: [], resealed: withdrawn };
  }
  const session = answered(open.session, push, answer);
  // Everything but "stored" means that the server knows of something that is not known here.
  const isNews = answer.kind !== 'stored';
  const asked = readOnce(noteRefusal(state, id, answer), isNews ? [{ kind: 'readEnds', workspace: id }] : []);
  const unchanged = { ...asked, replica, session, resealed: null };
  if (answer.kind !== 'oldEpoch' || !isSealedBefore(state, open, { id, records: push.records }))
    return unchanged;
  const isStored = (record: RecordId): boolean => session.acknowledged.has(record);
  const resealed = resealPending(replica, ports, { ...push, isStored });
  return { ...unchanged, replica: resealed.state, resealed };
}

function portsOf(
  tools: ClientTools & { readonly suite: Suite },
  state: ClientState,
  { device, keys, ports }: OpenWorkspace,
  workspace: WorkspaceId,
): ReplicaPorts {
  const { hashAt } = tools.localOf(workspace);
  return { ...ports, records: recordsOf(tools.suite, { state, workspace, device, keys, hashAt }) };
}

function noteRefusal(state: ClientState, id: WorkspaceId, { kind }: PushAnswer): ClientState {
  if (kind !== 'notAllowed' && kind !== 'rotationOwed') return state;
  const workspace = workspaceOf(state, id);
  return withWorkspace(state, { ...workspace, refusedAt: workspace.team.entries.length });
}

/** Sealed under an older epoch than the newest whose key is here. Else the new key has to come first. */
function isSealedBefore(
  state: ClientState,
  { replica, keys }: OpenWorkspace,
  { id, records }: { readonly id: WorkspaceId; readonly records: readonly RecordId[] },
): boolean {
  const epoch = teamOf(workspaceOf(state, id))?.epoch;
  if (epoch === undefined || !keys.epochs.has(epoch)) return false;
  const sent = new Set(records);
  return pendingEntries(replica).some(({ entry }) => sent.has(entry.id) && entry.epoch < epoch);
}
