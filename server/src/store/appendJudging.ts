// Judging appends by a ground: what a workspace is, read under its lock (appendRecords.ts) or expected and then compared
// under it (appendAtOnce.ts). One after the other, as if each had come alone.

import type {
  AccountId,
  EntryHash,
  FeedHash,
  GroupId,
  RecordId,
  StreamId,
  WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import { nextPosition } from '@cuebook/shared/record/feed';
import type { FeedPosition, LogHead, RecordHeader } from '@cuebook/shared/record/header';
import { judgeAuthor } from '@cuebook/shared/team/authority';
import { invariant } from '@cuebook/shared/util/invariant';
import { Refusal } from '../problems.ts';
import type { Membership } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import { toolsOf, type AccountHistories, type TeamFold } from './folds.ts';
import type { Waiting } from './groupCommit.ts';
import type { LockedWorkspace } from './lock.ts';
import { checkSignature, type SentAppend, type SentRecord } from './sentRecords.ts';

export type WaitingAppend = Waiting<SentAppend, AppendAnswer>;

export interface PlacedRecord extends SentRecord {
  readonly position: FeedPosition;
}

export interface GroupState {
  readonly trashedAt: number | null;
  readonly isPurged: boolean;
}

/** What the appends of a group are judged by, and what they change for those after them. */
export interface Ground {
  readonly workspace: WorkspaceId;
  readonly locked: LockedWorkspace;
  readonly fold: TeamFold;
  readonly accounts: AccountHistories;
  /** Of all records that the appends name: where they are, and in which stream. */
  readonly known: Map<RecordId, { readonly seq: number; readonly stream: StreamId }>;
  readonly heads: Map<StreamId, RecordId>;
  readonly groups: Map<GroupId, GroupState>;
  readonly feedHashes: Map<number, FeedHash>;
  readonly placed: PlacedRecord[];
  position: FeedPosition;
}

export type Outcome =
  | { readonly waiting: WaitingAppend; readonly answer: AppendAnswer }
  | { readonly waiting: WaitingAppend; readonly refusal: unknown };

export interface Settled {
  readonly outcomes: readonly Outcome[];
  /** Null if nothing was written. */
  readonly committed: Committed | null;
}

export interface Committed {
  readonly position: FeedPosition;
  readonly head: LogHead;
  readonly placed: readonly PlacedRecord[];
  /** Groups whose ciphertexts were erased. */
  readonly purged: readonly GroupId[];
}

export function decide(context: StoreContext, ground: Ground, waiting: WaitingAppend): Outcome {
  try {
    waiting.item.mayWrite(membershipIn(ground, waiting.item.author.account));
    return { waiting, answer: answerTo(context, ground, waiting.item) };
  } catch (refusal) {
    return { waiting, refusal };
  }
}

/** As `members` says it, which follows the log. */
function membershipIn({ fold: { state } }: Ground, account: AccountId): Membership | null {
  const member = state.members.get(account);
  if (member === undefined || member.endedAt !== null) return null;
  return {
    role: member.role,
    requireMfa: state.policy.requireMfa,
    deleted: state.deletedAt !== null,
    waiting: !member.confirmed,
  };
}

function answerTo(context: StoreContext, ground: Ground, { input, records }: SentAppend): AppendAnswer {
  const there = records.filter(({ id }) => ground.known.has(id));
  // Sent again after a lost answer: what was stored once is stored, whatever has happened since.
  if (there.length === records.length) return stored(ground, records);
  if (there.length > 0) throw new Refusal('refused', 'An append contains records that are there already.');
  if (ground.groups.get(input.group)?.isPurged === true) return { kind: 'gone' };
  const sound: SentRecord[] = [];
  for (const record of records) {
    const judged = judge(context, ground, record);
    if ('kind' in judged) return judged;
    sound.push(judged);
  }
  const head = ground.heads.get(input.stream) ?? null;
  if (head !== input.expectedHead) return { kind: 'behind', head };
  checkParents(ground, input.stream, records);
  for (const record of sound) place(context, ground, record);
  return stored(ground, records);
}

const stored = (ground: Ground, records: readonly SentRecord[]): AppendAnswer => ({
  kind: 'stored',
  places: records.map(({ id }) => {
    const seq = ground.known.get(id)?.seq;
    invariant(seq !== undefined, 'a stored record has a place');
    return { id, seq };
  }),
});

/** By the team log as it is under the lock; and what its author had seen must be this server's log and feed. */
function judge(context: StoreContext, ground: Ground, record: SentRecord): SentRecord | AppendAnswer {
  const tools = toolsOf(context.primitives, context.verifiers, ground.accounts);
  const judged = judgeAuthor(tools, ground.fold.state, record.header);
  if (!judged.ok) {
    const { code } = judged.problem;
    return code === 'oldEpoch' ? { kind: 'oldEpoch' } : { kind: 'notAllowed', reason: code };
  }
  checkView(ground, record.header);
  return checkSignature(context, record, judged.value);
}

/** Else one member could make every client of the team believe that the server shows different things to different people. */
function checkView({ fold, feedHashes }: Ground, { teamLog, seen }: RecordHeader): void {
  const hash: EntryHash | undefined = fold.hashes[teamLog.index];
  if (hash !== teamLog.hash)
    throw new Refusal('refused', 'A record names a team-log entry that is not here.');
  if (feedHashes.get(seen.seq) !== seen.feedHash) {
    throw new Refusal('refused', 'A record names a place in the feed that is not here.');
  }
}

/** Each is stored, or stands earlier in the append; and all are of the one stream. */
function checkParents(ground: Ground, stream: StreamId, records: readonly SentRecord[]): void {
  const earlier = new Set<RecordId>();
  for (const { id, header } of records) {
    for (const parent of header.parents) {
      if (!earlier.has(parent) && ground.known.get(parent)?.stream !== stream) {
        throw new Refusal('refused', 'A record follows one that is not in its stream.');
      }
    }
    earlier.add(id);
  }
}

function place(context: StoreContext, ground: Ground, record: SentRecord): void {
  const { id, header } = record;
  ground.position = nextPosition(context.primitives, ground.position, id);
  ground.placed.push({ ...record, position: ground.position });
  ground.known.set(id, { seq: ground.position.seq, stream: header.stream });
  ground.heads.set(header.stream, id);
  ground.groups.set(header.group, {
    trashedAt: header.flag === 'trash' ? context.now() : null,
    isPurged: header.flag === 'purge',
  });
}

export interface MovedHead {
  readonly stream: StreamId;
  readonly group: GroupId;
  readonly head: RecordId;
}

/** Of each stream that was appended to, its newest record. */
export function headsOf({ placed }: Ground): readonly MovedHead[] {
  const heads = new Map<StreamId, MovedHead>();
  for (const { id, header } of placed) {
    heads.set(header.stream, { stream: header.stream, group: header.group, head: id });
  }
  return [...heads.values()];
}
