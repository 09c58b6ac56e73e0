// Writes what a duty or a person asks for: signed entries of the logs, and keys sealed to members. An entry names the
// log's head and the feed's end, so it is composed when it is sent, and anew when somebody was first.

import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import type { AccountId, DeviceId, WorkspaceId } from '../encoding/ids.ts';
import type { FeedPosition } from '../record/header.ts';
import { accountLog, type AccountAction } from '../team/accountEntry.ts';
import { keyHolders } from '../team/accountFold.ts';
import { sealEpochKey, type EpochBox } from '../team/epochKeys.ts';
import { EMPTY_HISTORY, extendAccount, extendTeam } from '../team/history.ts';
import { following, type LogProblem } from '../team/log.ts';
import { prepareRotation } from '../team/rotation.ts';
import { teamLog, type TeamAction } from '../team/teamEntry.ts';
import { prepareGeneration, sealUserKey, type StoredBox, type UserKeys } from '../team/userKeys.ts';
import { invariant } from '../util/invariant.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import type { Duty } from './duties.ts';
import type { WorkspaceKeys } from './keys.ts';
import type { Request, WantedBox } from './messages.ts';
import { accountAt, accountOf, teamOf, workspaceOf, type ClientState } from './state.ts';

/** What composing needs besides the state. */
export interface Author {
  readonly suite: Suite;
  readonly device: DeviceKeys;
  readonly userKeys: UserKeys;
  readonly keys: WorkspaceKeys | null;
  /** End of the feed as taken: an entry stands there. */
  readonly position: FeedPosition;
  /** Epoch milliseconds. */
  readonly now: number;
}

export type ComposeProblem = LogProblem | Problem<'keyMissing'>;
export type Composed = Result<Request, ComposeProblem>;

export async function fulfil(
  author: Author,
  state: ClientState,
  id: WorkspaceId,
  duty: Duty,
): Promise<Composed> {
  switch (duty.kind) {
    case 'startGeneration':
      return startGeneration(author, state);
    case 'announceDevices':
      return composeEntry(author, state, id, { type: 'device', accountHead: duty.head });
    case 'rotate':
      return composeRotation(author, state, id, null);
    case 'closeInvite':
      return composeEntry(author, state, id, { type: 'close', invite: duty.invite, reason: 'expired' });
    case 'sealBoxes':
      return sealBoxes(author, state, id, duty.boxes);
  }
}

/** One team-log entry by this device, if the log allows it as it stands. `boxes`: those that the entry names. */
export function composeEntry(
  { suite, device, position, now }: Author,
  state: ClientState,
  id: WorkspaceId,
  action: TeamAction,
  boxes: readonly EpochBox[] = [],
): Composed {
  const { team } = workspaceOf(state, id);
  const head = team.states.at(-1)?.head ?? null;
  const body = { author: state.account, position, action };
  const signer = { id: device.id, sign: device.sign };
  const { bytes } = teamLog.compose(suite, { ...following(head), at: now, body }, [signer]);
  const tools = { primitives: suite, verifiers: suite.verifiers, accountAt: accountAt(state.accounts) };
  const folded = extendTeam(tools, team, [bytes]);
  if (!folded.ok) return folded;
  return succeed({ kind: 'appendTeam', workspace: id, entry: bytes, boxes });
}

/** `rotate`, or the `remove` of a member: a new key for everybody else. */
export async function composeRotation(
  author: Author,
  state: ClientState,
  id: WorkspaceId,
  removed: AccountId | null,
): Promise<Composed> {
  const team = teamOf(workspaceOf(state, id));
  const previous = team === null ? undefined : author.keys?.epochs.get(team.epoch);
  if (team === null || previous === undefined) return keyMissing();
  const given = removed === null ? { previous } : { previous, without: removed };
  const prepared = await prepareRotation(author.suite, team, accountAt(state.accounts), given);
  const { rotation, boxes } = prepared;
  const action: TeamAction =
    removed === null ? { type: 'rotate', rotation } : { type: 'remove', account: removed, rotation };
  return composeEntry(author, state, id, action, boxes);
}

/** Committed keys sealed anew, to the user keys that the verified logs name and to no others. */
async function sealBoxes(
  { suite, keys }: Author,
  state: ClientState,
  id: WorkspaceId,
  wanted: readonly WantedBox[],
): Promise<Composed> {
  const team = teamOf(workspaceOf(state, id));
  const boxes: EpochBox[] = [];
  for (const { account, epoch, generation } of wanted) {
    const key = keys?.epochs.get(epoch);
    const head = team?.members.get(account)?.accountHead;
    const known = head === undefined ? null : accountAt(state.accounts)(account, head);
    const userPublic = known?.userPublics.get(generation);
    if (key === undefined || userPublic === undefined) continue;
    boxes.push((await sealEpochKey(suite, id, epoch, key, { account, generation, userPublic })).stored);
  }
  return boxes.length === 0 ? keyMissing() : succeed({ kind: 'putBoxes', workspace: id, boxes });
}

async function startGeneration(author: Author, state: ClientState): Promise<Composed> {
  const account = accountOf(state, state.account);
  invariant(account !== null, 'the own account log is here');
  const { action, boxes } = await prepareGeneration(author.suite, account, author.userKeys);
  return composeAccountEntry(author, state, action, boxes);
}

/**
 * The current user key for all devices of the account and the kit, without an entry: after `serverRestored`, since the
 * server may have lost boxes that a device has not read yet.
 */
export async function sealUserKeys(author: Author, state: ClientState): Promise<Composed> {
  const account = accountOf(state, state.account);
  const key = account === null ? undefined : author.userKeys.get(account.generation);
  if (account === null || key === undefined) return keyMissing();
  const boxes: StoredBox<DeviceId>[] = [];
  for (const holder of keyHolders(account)) {
    if (holder.id !== author.device.id) boxes.push(await sealUserKey(author.suite, account, key, holder));
  }
  return succeed({ kind: 'appendAccount', entries: [], boxes });
}

/** One entry of the own account log by this device, if the log allows it as it stands. */
export function composeAccountEntry(
  { suite, device, now }: Author,
  state: ClientState,
  action: AccountAction,
  boxes: readonly StoredBox<DeviceId>[] = [],
): Composed {
  const history = state.accounts.get(state.account) ?? EMPTY_HISTORY;
  const head = accountOf(state, state.account)?.head ?? null;
  const signer = { id: device.id, sign: device.sign };
  const { bytes } = accountLog.compose(suite, { ...following(head), at: now, body: action }, [signer]);
  const folded = extendAccount({ primitives: suite, verifiers: suite.verifiers }, history, [bytes]);
  if (!folded.ok) return folded;
  return succeed({ kind: 'appendAccount', entries: [bytes], boxes });
}

const keyMissing = (): Composed => fail('keyMissing', 'The key of the current epoch is not on this device.');
