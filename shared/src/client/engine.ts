// The client engine: takes what a server says about logs, boxes and ends, and gives the new state, what to ask next, and
// what to tell. Pages of the feed and answers to pushes also need the replica: feedPages.ts and pushes.ts.
//
// How it is used, for each message:  outcome = take(tools, state, message);  keep outcome.state (persisted.ts), then send
// outcome.requests and show outcome.raised. Everything here is a pure function of its arguments.

import type { WorkspaceId } from '../encoding/ids.ts';
import { equalBytes } from '../util/bytes.ts';
import { takeAccountLog } from './accountLogs.ts';
import { takeEnds } from './ends.ts';
import type { Request, ServerMessage } from './messages.ts';
import { lackedEpoch, progress } from './progress.ts';
import { answeredRead, isExhausted, isReported, readOnce, reported } from './reads.ts';
import {
  accountOf,
  connected,
  teamOf,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type Outcome,
} from './state.ts';
import { foldWaiting, takeTeamLog } from './teamLogs.ts';

/** What the engine takes by itself. */
export type LogMessage = Exclude<ServerMessage, { readonly kind: 'feed' | 'pushed' }>;

/** A connection is there: what to ask first. `workspaces`: those of this account, by the server's word or the disk's. */
export function connect(state: ClientState, workspaces: readonly WorkspaceId[]): Outcome {
  const fresh = connected(state);
  const from = state.accounts.get(state.account)?.entries.length ?? 0;
  const requests: readonly Request[] = [
    ...workspaces.map((workspace) => ({ kind: 'readEnds', workspace }) as const),
    { kind: 'readAccountLog', account: state.account, from },
    { kind: 'readUserBoxes' },
  ];
  return { ...readOnce(fresh, requests), raised: [] };
}

export function take(tools: ClientTools, state: ClientState, message: LogMessage): Outcome {
  switch (message.kind) {
    case 'ends':
      return then(takeEnds(tools, state, message), (next) => progress(tools, next, message.workspace));
    case 'accountLog':
      return withAllWaiting(tools, withUserBoxes(state, takeAccountLog(tools, state, message)));
    case 'teamLog':
      return then(takeTeamLog(tools, state, message), (next) => progress(tools, next, message.workspace));
    case 'boxes':
      return takeBoxes(tools, state, message);
    case 'userBoxes':
      return plain(takeUserBoxes(state, message.boxes));
    case 'boxesWanted':
      // A duty (duties.ts) for whoever has the key: nothing of it is believed here.
      return plain(state);
    case 'teamAppended':
      // Stored or not, the log is looked at again: only what comes from there and verifies counts.
      return { ...readOnce(state, [{ kind: 'readEnds', workspace: message.workspace }]), raised: [] };
    case 'accountAppended': {
      const from = state.accounts.get(state.account)?.entries.length ?? 0;
      return { ...readOnce(state, [{ kind: 'readAccountLog', account: state.account, from }]), raised: [] };
    }
  }
}

/**
 * After keys were opened from boxes, or could not be: a key that this account has a right to and does not have is
 * reported, and reading goes on. Call it after each message that brought boxes or entries.
 */
export function keysOpened(tools: ClientTools, state: ClientState, id: WorkspaceId): Outcome {
  const workspace = workspaceOf(state, id);
  const epoch = lackedEpoch(state, workspace, tools.localOf(id));
  const next = progress(tools, state, id);
  const generation = teamOf(workspace)?.members.get(state.account)?.generation;
  const read = { kind: 'readBoxes', workspace: id } as const;
  if (epoch === null || generation === undefined || !isExhausted(state, read)) return next;
  if (isReported(state, read)) return next;
  const wanted = { account: state.account, epoch, generation };
  return {
    state: reported(next.state, read),
    requests: [{ kind: 'reportBox', workspace: id, wanted }, ...next.requests],
    raised: [{ code: 'boxMissing', workspace: id }, ...next.raised],
  };
}

/**
 * Boxes are opened outside, which takes time: whether they have brought a key is seen in `keysOpened`. Those of epochs
 * whose key is here stay, whatever the server has now: it may have been restored, or lie.
 */
function takeBoxes(
  tools: ClientTools,
  state: ClientState,
  { workspace: id, boxes }: Extract<ServerMessage, { readonly kind: 'boxes' }>,
): Outcome {
  const workspace = workspaceOf(state, id);
  const { hasKey } = tools.localOf(id);
  const kept = workspace.boxes.filter(({ epoch }) => hasKey(epoch));
  const added = boxes.filter(
    (box) => box.recipient === state.account && !kept.some(({ epoch }) => epoch === box.epoch),
  );
  const taken = withWorkspace(state, { ...workspace, boxes: [...kept, ...added] });
  return plain(answeredRead(taken, { kind: 'readBoxes', workspace: id }, false));
}

/** More than there are generations of a user key; the newest stay. */
const MAX_USER_BOXES = 256;

function takeUserBoxes(state: ClientState, boxes: ClientState['userBoxes']): ClientState {
  const own = boxes.filter(({ recipient }) => recipient === state.device);
  const isNew = (box: (typeof own)[number]): boolean =>
    !state.userBoxes.some(({ bytes }) => equalBytes(bytes, box.bytes));
  const userBoxes = [...state.userBoxes, ...own.filter(isNew)].slice(-MAX_USER_BOXES);
  return { ...answeredRead(state, { kind: 'readUserBoxes' }, true), userBoxes };
}

/**
 * Call it with what is sent: the key of a new epoch is nowhere but in its boxes, and a server that loses them must not
 * leave the team without. Nothing is believed by it: a box of an entry that was not stored fits no commitment.
 */
export function keepOwnBoxes(state: ClientState, request: Request): ClientState {
  if (request.kind !== 'appendTeam') return state;
  const workspace = workspaceOf(state, request.workspace);
  const own = request.boxes.filter(({ recipient }) => recipient === state.account);
  return own.length === 0
    ? state
    : withWorkspace(state, { ...workspace, boxes: [...workspace.boxes, ...own] });
}

/**
 * Another device has started a new user key: this one needs its box. A new device too: the boxes that it was given may be
 * older than the log that it reads afterwards.
 */
function withUserBoxes(before: ClientState, outcome: Outcome): Outcome {
  const { state } = outcome;
  const generation = accountOf(state, state.account)?.generation ?? 0;
  const known = accountOf(before, state.account)?.generation ?? 0;
  if (generation === known) return outcome;
  const read = readOnce(state, [{ kind: 'readUserBoxes' }]);
  return { ...outcome, state: read.state, requests: [...outcome.requests, ...read.requests] };
}

function withAllWaiting(tools: ClientTools, first: Outcome): Outcome {
  let outcome = first;
  for (const [id, { waiting }] of first.state.workspaces) {
    if (waiting.length === 0) continue;
    outcome = then(outcome, (state) => foldWaiting(tools, state, id));
    outcome = then(outcome, (state) => progress(tools, state, id));
  }
  return outcome;
}

const plain = (state: ClientState): Outcome => ({ state, requests: [], raised: [] });

function then(first: Outcome, next: (state: ClientState) => Outcome): Outcome {
  const second = next(first.state);
  return {
    state: second.state,
    requests: [...first.requests, ...second.requests],
    raised: [...first.raised, ...second.raised],
  };
}
