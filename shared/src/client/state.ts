// What a client knows of one server, for one account, as a value: the verified logs of everybody, what this account's
// boxes are, and what the server has claimed. Prompts are elsewhere (replica/state.ts), keys too (keys.ts).
//
// `persisted.ts` says what of it is kept on the disk. The highest verified head of each log is the log itself; the
// highest verified place of the feed is the replica's.

import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { Verifiers } from '../crypto/verifiers.ts';
import type { AccountId, DeviceId, FeedHash, GroupId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import type { FeedPosition, LogHead } from '../record/header.ts';
import type { AccountState } from '../team/accountFold.ts';
import type { EpochBox } from '../team/epochKeys.ts';
import { EMPTY_HISTORY, stateAt, type AccountHistory, type TeamHistory } from '../team/history.ts';
import { membersNow, type TeamState } from '../team/teamState.ts';
import type { StoredBox } from '../team/userKeys.ts';
import { effectOf, type Alarm } from './alarms.ts';
import type { Incarnation, Request, WorkspaceEnds } from './messages.ts';

export interface ClientState {
  readonly account: AccountId;
  readonly device: DeviceId;
  /** The log of this account and of everybody in its workspaces. */
  readonly accounts: ReadonlyMap<AccountId, AccountHistory>;
  readonly userBoxes: readonly StoredBox<DeviceId>[];
  readonly workspaces: ReadonlyMap<WorkspaceId, WorkspaceState>;
  /** Those that last, each once. */
  readonly alarms: readonly Alarm[];
  /** Reads of this connection: under way, or answered without bringing anything further, or that has been said too. */
  readonly reads: ReadonlyMap<string, 'asked' | 'exhausted' | 'reported'>;
  /** Accounts whose logs were sent back to a restored server on this connection. */
  readonly healedAccounts: ReadonlySet<AccountId>;
}

/** A team-log entry that is not verified yet. */
export interface WaitingEntry {
  readonly bytes: Uint8Array;
  /** The end of an account log that it names, if any. */
  readonly named: { readonly account: AccountId; readonly head: LogHead } | null;
}

export interface WorkspaceState {
  readonly id: WorkspaceId;
  /** Verified. Empty before the first entry has come. */
  readonly team: TeamHistory;
  /** Entries that follow `team` and wait for the account log of somebody. */
  readonly waiting: readonly WaitingEntry[];
  /** A head that an invite or another device vouched for. */
  readonly pin: LogHead | null;
  readonly incarnation: Incarnation | null;
  /** True from a restore of the server until it has shown again all that was verified before. */
  readonly isRestored: boolean;
  /** This account's boxes. */
  readonly boxes: readonly EpochBox[];
  /** Groups with records that came as tombstones, and are neither purged nor in the trash so far. */
  readonly erased: ReadonlySet<GroupId>;
  /** What the server claimed last on this connection. */
  readonly ends: WorkspaceEnds | null;
  /** From where this client has sent back what a restored server lacks: not twice from the same place. */
  readonly healedFrom: WorkspaceEnds | null;
  /** Length of `team` when the server last said that this device may not write. */
  readonly refusedAt: number;
}

/** What this device has on its disk of a workspace, asked by the engine and never kept. */
export interface LocalFeed {
  /** How far the feed was taken. */
  readonly position: FeedPosition;
  /** Of the feed as taken; null beyond it. */
  readonly hashAt: (seq: number) => FeedHash | null;
  /** Where a record stands in the feed, or null. */
  readonly placeOf: (record: RecordId) => number | null;
  /** The records from this place on, in order, at most `limit`. */
  readonly recordsFrom: (seq: number, limit: number) => readonly RecordId[];
  /** Whether the key of an epoch is open here. Without that of epoch 1 the feed cannot be taken yet. */
  readonly hasKey: (epoch: number) => boolean;
}

export interface ClientTools {
  readonly primitives: Pick<VerifyPrimitives, 'sha256'>;
  readonly verifiers: Verifiers;
  readonly localOf: (workspace: WorkspaceId) => LocalFeed;
}

/** What a message led to: keep `state`, send `requests`, show `raised`. */
export interface Outcome {
  readonly state: ClientState;
  readonly requests: readonly Request[];
  /** Alarms that were not there before, and those that are only told. */
  readonly raised: readonly Alarm[];
}

export const newClient = (account: AccountId, device: DeviceId): ClientState => ({
  account,
  device,
  accounts: new Map(),
  userBoxes: [],
  workspaces: new Map(),
  alarms: [],
  reads: new Map(),
  healedAccounts: new Set(),
});

export const newWorkspace = (id: WorkspaceId, pin: LogHead | null = null): WorkspaceState => ({
  id,
  team: EMPTY_HISTORY,
  waiting: [],
  pin,
  incarnation: null,
  isRestored: false,
  boxes: [],
  erased: new Set(),
  ends: null,
  healedFrom: null,
  refusedAt: 0,
});

export const workspaceOf = (state: ClientState, id: WorkspaceId): WorkspaceState =>
  state.workspaces.get(id) ?? newWorkspace(id);

export const withWorkspace = (state: ClientState, workspace: WorkspaceState): ClientState => ({
  ...state,
  workspaces: new Map(state.workspaces).set(workspace.id, workspace),
});

/** The newest verified state of the team; null before the first entry. */
export const teamOf = (workspace: WorkspaceState): TeamState | null => workspace.team.states.at(-1) ?? null;

/** The newest verified state of an account; null if nothing of its log is here. */
export const accountOf = (state: ClientState, account: AccountId): AccountState | null =>
  state.accounts.get(account)?.states.at(-1) ?? null;

/** The state of an account at an entry of its log, verified; null if that much of the log is not here. */
export const accountAt =
  (accounts: ClientState['accounts']) =>
  (account: AccountId, head: LogHead): AccountState | null => {
    const history = accounts.get(account);
    return history === undefined ? null : stateAt(history, head);
  };

/** A new connection: nothing is under way, and nothing is claimed; entries that could not be judged are asked for again. */
export const connected = (state: ClientState): ClientState => ({
  ...state,
  reads: new Map(),
  healedAccounts: new Set(),
  workspaces: new Map(
    [...state.workspaces.values()].map((workspace) => [
      workspace.id,
      { ...workspace, ends: null, healedFrom: null, waiting: [] },
    ]),
  ),
});

/** Alarms that touch a workspace: its own, and those about the account of a member, or of somebody it waits for. */
export function alarmsOf(state: ClientState, id: WorkspaceId): readonly Alarm[] {
  const here = workspaceOf(state, id);
  const team = teamOf(here);
  const members = new Set(team === null ? [] : membersNow(team).map(({ account }) => account));
  const touches = (account: AccountId): boolean => here.waiting.length > 0 || members.has(account);
  return state.alarms.filter(({ workspace, account }) =>
    workspace === undefined ? account !== undefined && touches(account) : workspace === id,
  );
}

/**
 * Replaces the alarms that last only while something is as it is, of one log or feed, by what was found now. Gives the
 * new ones, so that each is said once.
 */
export function replaceAlarms(
  state: ClientState,
  isReplaced: (alarm: Alarm) => boolean,
  found: readonly Alarm[],
): { readonly state: ClientState; readonly raised: readonly Alarm[] } {
  const kept = state.alarms.filter((alarm) => effectOf(alarm) === 'forever' || !isReplaced(alarm));
  const raised = found.filter((alarm) => !state.alarms.some((known) => isSame(known, alarm)));
  const added = found.filter(
    (alarm) => effectOf(alarm) !== 'told' && !kept.some((known) => isSame(known, alarm)),
  );
  return { state: { ...state, alarms: [...kept, ...added] }, raised };
}

const isSame = (left: Alarm, right: Alarm): boolean =>
  left.code === right.code &&
  left.workspace === right.workspace &&
  left.account === right.account &&
  left.index === right.index &&
  left.seq === right.seq &&
  left.record === right.record;
