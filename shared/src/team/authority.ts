// Whether a record counts: judged by the team log's state at the record's own place in the feed, never by what is true
// now, so nothing can be put in later by somebody who lost the right, and nothing that was right becomes wrong.
//
// What happens to a record written at the same time as an entry is decided by which of the two came first in the feed:
//
//     after remove or leave of its author      notMember
//     after role to viewer                     mayNotWrite
//     after device (author's device revoked)   deviceRevoked
//     after leave, device, token (revoked)     rotationOwed, until the rotate, whoever wrote it
//     after remove or rotate                   oldEpoch: an honest client seals its text anew
//     after delete                             workspaceDeleted

import type { AccountId, DeviceId } from '../encoding/ids.ts';
import type { FeedPosition, LogHead, RecordHeader } from '../record/header.ts';
import { equalBytes } from '../util/bytes.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { activeDevice, type AccountDevice, type AccountState } from './accountFold.ts';
import { stateAt, stateBeforeSeq, type TeamHistory } from './history.ts';
import { isAtLeast, LEAST_ROLE } from './roles.ts';
import { currentMember, type TeamState } from './teamState.ts';

export type AuthorityProblem = Problem<
  | 'otherWorkspace'
  | 'workspaceDeleted'
  | 'notMember'
  | 'mayNotWrite'
  | 'mayNotPurge'
  | 'deviceRevoked'
  | 'rotationOwed'
  | 'oldEpoch'
  | 'unknownLogHead'
  | 'unknownFeed'
  | 'missingAccount'
>;

export interface AuthorityTools {
  accountAt(account: AccountId, head: LogHead): AccountState | null;
  /** What the feed's hash was at a Seq, as far as this client has verified it; null if it does not know. */
  feedHashAt(seq: number): FeedPosition['feedHash'] | null;
}

/** The device that must have signed the record, if the record may stand at this Seq. */
export function judgeRecord(
  tools: AuthorityTools,
  history: TeamHistory,
  header: RecordHeader,
  seq: number,
): Result<AccountDevice, AuthorityProblem> {
  const state = stateBeforeSeq(history, seq);
  if (state === null || header.workspace !== state.id) {
    return fail('otherWorkspace', 'A record belongs to another workspace.');
  }
  const wrongView = viewProblem(tools, history, state, header, seq);
  if (wrongView !== null) return { ok: false, problem: wrongView };
  return judgeAuthor(tools, state, header);
}

/** Whether a record that is not in the feed yet could be appended now: what a client asks before it seals. */
export function judgeAuthor(
  tools: Pick<AuthorityTools, 'accountAt'>,
  state: TeamState,
  header: Pick<RecordHeader, 'author' | 'device' | 'epoch' | 'flag'>,
): Result<AccountDevice, AuthorityProblem> {
  if (state.deletedAt !== null) return fail('workspaceDeleted', 'The workspace was deleted.');
  const member = currentMember(state, header.author);
  if (member === null) return fail('notMember', 'A record is written by somebody who is no member.');
  if (!isAtLeast(member.role, LEAST_ROLE.writeRecord))
    return fail('mayNotWrite', 'A viewer writes no records.');
  if (header.flag === 'purge' && !isAtLeast(member.role, LEAST_ROLE.purgeRecord)) {
    return fail('mayNotPurge', 'Only an admin purges.');
  }
  const device = deviceOf(tools, state, header.author, header.device);
  if (!device.ok) return device;
  if (state.rotationOwed) return fail('rotationOwed', 'A new key is owed before anything is written.');
  if (header.epoch !== state.epoch)
    return fail('oldEpoch', 'A record is sealed under another epoch than the current.');
  return device;
}

function deviceOf(
  tools: Pick<AuthorityTools, 'accountAt'>,
  state: TeamState,
  author: AccountId,
  id: DeviceId,
): Result<AccountDevice, AuthorityProblem> {
  const member = currentMember(state, author);
  const account = member === null ? null : tools.accountAt(author, member.accountHead);
  if (account === null) return fail('missingAccount', 'The account log of an author is not here in full.');
  const device = activeDevice(account, id);
  return device === null
    ? fail('deviceRevoked', 'A record is written by a device that its account does not have.')
    : succeed(device);
}

/** What the author says they had seen must be a part of what this client sees: otherwise somebody forked the views. */
function viewProblem(
  tools: AuthorityTools,
  history: TeamHistory,
  state: TeamState,
  { teamLog, seen }: RecordHeader,
  seq: number,
): AuthorityProblem | null {
  if (teamLog.index > state.head.index || stateAt(history, teamLog) === null) {
    return { code: 'unknownLogHead', message: 'The author saw another team log than this one.' };
  }
  const feedHash = seen.seq < seq ? tools.feedHashAt(seen.seq) : null;
  if (feedHash !== seen.feedHash) {
    return { code: 'unknownFeed', message: 'The author saw another feed than this one.' };
  }
  return null;
}

/** Judged like the record itself, once it is open: by the policy at its place. `tag`: of the label's name. */
export function mayMoveLabel(state: TeamState, author: AccountId, tag: Uint8Array): boolean {
  const member = currentMember(state, author);
  const protection = state.policy.protectedLabels.find((label) => equalBytes(label.tag, tag));
  return member !== null && isAtLeast(member.role, protection?.least ?? LEAST_ROLE.writeRecord);
}

/** Judged like the record itself, once it is open: a key that the team pays for, and where it is sent, is an admin's to say. */
export function mayShareProviderKey(state: TeamState, author: AccountId): boolean {
  const member = currentMember(state, author);
  return member !== null && isAtLeast(member.role, LEAST_ROLE.shareProviderKey);
}
