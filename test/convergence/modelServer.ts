// A server as clients may rely on it, in memory: accounts and one workspace, logs and appends judged by the real folds,
// one order, places handed out in commit order, compare-and-append per stream and per log, boxes for whoever they are
// sealed to, a backup that can be brought back, and healing after that. No network, no passwords, no disk.
//
// What a client of ours would never send is a broken invariant here and throws: the simulation ends with it.

import { boxHash } from '@cuebook/shared/crypto/box';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { AccountId, DeviceId, GroupId, RecordId, StreamId } from '@cuebook/shared/encoding/ids';
import type {
  Incarnation,
  Request,
  ServerMessage,
  WantedBox,
  WorkspaceEnds,
} from '@cuebook/shared/client/messages';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import {
  parseRecord,
  type FeedPosition,
  type LogHead,
  type RecordHeader,
} from '@cuebook/shared/record/header';
import { parseTombstone, tombstoneOf } from '@cuebook/shared/record/tombstone';
import { recordIdOf, verifyRecord } from '@cuebook/shared/record/verify';
import type { FeedItem } from '@cuebook/shared/replica/feed';
import type { Push, PushAnswer } from '@cuebook/shared/replica/pushing';
import { activeDevice, type AccountDevice, type AccountState } from '@cuebook/shared/team/accountFold';
import { judgeAuthor, judgeRecord } from '@cuebook/shared/team/authority';
import type { EpochBox } from '@cuebook/shared/team/epochKeys';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  stateAt,
  type AccountHistory,
  type TeamHistory,
} from '@cuebook/shared/team/history';
import { teamLog, type TeamAction } from '@cuebook/shared/team/teamEntry';
import { currentMember, membersNow, type TeamState, type TeamTools } from '@cuebook/shared/team/teamState';
import type { StoredBox } from '@cuebook/shared/team/userKeys';

/** Whose device the session is bound to. */
export interface Caller {
  readonly account: AccountId;
  readonly device: DeviceId;
}

interface Account {
  readonly history: AccountHistory;
  readonly boxes: readonly StoredBox<DeviceId>[];
}

/** What a backup holds. */
interface Stored {
  readonly accounts: Map<AccountId, Account>;
  team: TeamHistory;
  boxes: readonly EpochBox[];
  readonly items: FeedItem[];
  /** By Seq. */
  readonly positions: FeedPosition[];
  readonly places: Map<RecordId, number>;
  readonly heads: Map<StreamId, RecordId>;
  readonly groups: Map<GroupId, readonly RecordId[]>;
  readonly purged: Set<GroupId>;
}

export type Backup = { readonly [Part in keyof Stored]: Stored[Part] };

const NOTHING: Backup = {
  accounts: new Map(),
  team: EMPTY_HISTORY,
  boxes: [],
  items: [],
  positions: [FEED_START],
  places: new Map(),
  heads: new Map(),
  groups: new Map(),
  purged: new Set(),
};

const copyOf = ({
  accounts,
  team,
  boxes,
  items,
  positions,
  places,
  heads,
  groups,
  purged,
}: Backup): Stored => ({
  accounts: new Map(accounts),
  team,
  boxes,
  items: [...items],
  positions: [...positions],
  places: new Map(places),
  heads: new Map(heads),
  groups: new Map(groups),
  purged: new Set(purged),
});

interface Sent {
  readonly id: RecordId;
  readonly header: RecordHeader;
  readonly bytes: Uint8Array;
}

type MemberRequest = Extract<
  Request,
  {
    kind:
      | 'readFeed'
      | 'readBoxes'
      | 'readWanted'
      | 'putBoxes'
      | 'reportBox'
      | 'offerPin'
      | 'heal'
      | 'healAccountLog';
  }
>;

const PAGE = 20;

export class ModelServer {
  readonly #suite: Suite;
  #stored: Stored;
  /** Kept outside of any backup: what was purged once is never brought back. */
  readonly #deletions = new Set<GroupId>();
  readonly #reported = new Map<string, WantedBox>();
  /** Accounts that were handed an invite: they may read the logs before they are members. */
  readonly #guests = new Set<AccountId>();
  #offered: FeedPosition[] = [];
  #restores = 0;
  isHealing = false;

  constructor(suite: Suite, from: Backup | null = null) {
    this.#suite = suite;
    this.#stored = from === null ? copyOf(NOTHING) : copyOf(from);
  }

  get incarnation(): Incarnation {
    return `incarnation ${this.#restores}`;
  }

  get wasRestored(): boolean {
    return this.#restores > 0;
  }

  get position(): FeedPosition {
    return this.#stored.positions.at(-1) ?? FEED_START;
  }

  get history(): TeamHistory {
    return this.#stored.team;
  }

  get team(): TeamState {
    return latest(this.#stored.team);
  }

  accountState(account: AccountId): AccountState | null {
    const known = this.#stored.accounts.get(account);
    return known === undefined ? null : latest(known.history);
  }

  isMember(account: AccountId): boolean {
    return currentMember(this.team, account) !== null;
  }

  /** Whether the session of this device is still good: it ends with the device. */
  isActive({ account, device }: Caller): boolean {
    const state = this.accountState(account);
    return state !== null && activeDevice(state, device) !== null;
  }

  feedAfter(seq: number, limit: number): readonly FeedItem[] {
    return this.#stored.items.slice(seq, seq + limit);
  }

  /** For what a test puts in place before the story begins. */
  register(account: AccountId, entries: readonly Uint8Array[], boxes: readonly StoredBox<DeviceId>[]): void {
    if (this.#extendAccount(account, entries, boxes) !== 'stored')
      throw new Error('An account is registered once.');
  }

  create(entries: readonly Uint8Array[], boxes: readonly EpochBox[]): void {
    for (const entry of entries) {
      if (this.#appendTeam(entry, []) !== 'stored') throw new Error('A team log begins with its creation.');
    }
    this.#stored.boxes = [...this.#stored.boxes, ...boxes];
  }

  welcome(account: AccountId): void {
    this.#guests.add(account);
  }

  backup(): Backup {
    return copyOf(this.#stored);
  }

  /** All sessions end; the caller disconnects everybody. */
  restore(backup: Backup): void {
    this.#stored = copyOf(backup);
    for (const group of this.#deletions) this.#erase(group);
    this.#reported.clear();
    this.#offered = [];
    this.#restores += 1;
    this.isHealing = true;
  }

  /** True once the feed reaches the furthest place that a client offered. */
  isHealed(): boolean {
    return this.#offered.every(({ seq }) => seq <= this.position.seq);
  }

  /**
   * Groups that are erased here although the feed does not say so: purged after the backup, by a purge that nobody brought
   * back. What becomes of them is not settled: old replicas show them, new ones do not, and nothing can be added.
   */
  hasOrphanedDeletions(): boolean {
    const flagOf = ({ bytes }: FeedItem): string | null => {
      const parsed = parseRecord(bytes);
      return parsed.ok && parsed.value.header.flag === 'purge' ? parsed.value.header.group : null;
    };
    const purged = new Set(this.#stored.items.map(flagOf));
    return [...this.#deletions].some((group) => !purged.has(group));
  }

  /** By itself once it is healed, or by an owner. */
  closeHealing(): void {
    this.isHealing = false;
  }

  /** `bytes`: of the records that the request names. Null: no access; the connection ends. */
  answer(
    caller: Caller,
    request: Request,
    bytes: readonly Uint8Array[] = [],
  ): readonly ServerMessage[] | null {
    if (!this.isActive(caller)) return null;
    switch (request.kind) {
      case 'readUserBoxes':
        return [{ kind: 'userBoxes', boxes: this.#userBoxesOf(caller) }];
      case 'appendAccount': {
        const answer = this.#extendAccount(caller.account, request.entries, request.boxes);
        return [{ kind: 'accountAppended', answer }];
      }
      case 'readAccountLog':
        return [this.#accountLog(request.account, request.from)];
      case 'readEnds':
        return [this.#mayLook(caller) ? this.#endsMessage() : this.#formerEnds(caller)];
      case 'readTeamLog':
        return [
          this.#mayLook(caller) ? this.#teamLog(request.from, null) : this.#formerLog(caller, request.from),
        ];
      case 'appendTeam':
        return [{ ...this.#workspace(), kind: 'teamAppended', answer: this.#takeEntry(caller, request) }];
      case 'push':
        return [
          {
            ...this.#workspace(),
            kind: 'pushed',
            push: request.push,
            answer: this.#push(caller, request.push, bytes),
          },
        ];
      case 'readFeed':
      case 'readBoxes':
      case 'readWanted':
      case 'putBoxes':
      case 'reportBox':
      case 'offerPin':
      case 'heal':
      case 'healAccountLog':
        return this.#isMemberNow(caller) ? this.#answerMember(caller, request, bytes) : null;
    }
  }

  #answerMember(
    caller: Caller,
    request: MemberRequest,
    bytes: readonly Uint8Array[],
  ): readonly ServerMessage[] {
    switch (request.kind) {
      case 'readFeed':
        return [this.#feed(request)];
      case 'readBoxes': {
        const boxes = this.#stored.boxes.filter(({ recipient }) => recipient === caller.account);
        return [{ ...this.#workspace(), kind: 'boxes', boxes }];
      }
      case 'readWanted':
        return [this.boxesWanted()];
      case 'putBoxes':
        this.#putBoxes(request.boxes);
        return [];
      case 'reportBox':
        this.#reported.set(JSON.stringify(request.wanted), request.wanted);
        return [];
      case 'offerPin':
        this.#offered.push(request.feed);
        return [];
      case 'heal':
        this.#heal(request, bytes);
        return [this.#endsMessage()];
      case 'healAccountLog':
        this.#healAccountLog(request.account, request.from, request.entries);
        return [this.#endsMessage()];
    }
  }

  /** Members whose box is missing, for those who can seal it. */
  boxesWanted(): ServerMessage {
    const { epoch } = this.team;
    const missing = membersNow(this.team)
      .filter((member) => member.confirmed && !this.#hasBox(member.account, epoch))
      .map(({ account, generation }): WantedBox => ({ account, epoch, generation }));
    return { ...this.#workspace(), kind: 'boxesWanted', wanted: [...missing, ...this.#reported.values()] };
  }

  #workspace(): { readonly workspace: TeamState['id'] } {
    return { workspace: this.team.id };
  }

  #mayLook({ account }: Caller): boolean {
    return this.#guests.has(account) || this.#isMemberNow({ account });
  }

  /** Confirmed or waiting. */
  #isMemberNow({ account }: Pick<Caller, 'account'>): boolean {
    return membersNow(this.team).some((member) => member.account === account);
  }

  #ends(): WorkspaceEnds {
    const { incarnation, isHealing, position: feed } = this;
    return { incarnation, teamLog: this.team.head, feed, isHealing };
  }

  #endsMessage(): ServerMessage {
    return { ...this.#workspace(), kind: 'ends', ends: this.#ends() };
  }

  /** Whoever is no member any more is shown the log up to the entry that says so; a stranger, nothing. */
  #formerEnds({ account }: Caller): ServerMessage {
    const { incarnation, isHealing } = this;
    const endedAt = this.team.members.get(account)?.endedAt ?? null;
    const last = endedAt === null ? undefined : this.#stored.team.states[endedAt];
    const ends = {
      incarnation,
      isHealing,
      teamLog: last?.head ?? null,
      feed: last?.position ?? FEED_START,
    };
    return { ...this.#workspace(), kind: 'ends', ends };
  }

  #formerLog({ account }: Caller, from: number): ServerMessage {
    return this.#teamLog(from, this.team.members.get(account)?.endedAt ?? -1);
  }

  #feed(request: Extract<Request, { kind: 'readFeed' }>): ServerMessage {
    if (request.incarnation !== null && request.incarnation !== this.incarnation) return this.#endsMessage();
    const items = this.feedAfter(request.after, PAGE);
    return { ...this.#workspace(), kind: 'feed', items, ends: this.#ends() };
  }

  /** Up to the entry with this index; null: to the end. */
  #teamLog(from: number, last: number | null): ServerMessage {
    const shown = this.#stored.team.entries.slice(0, last === null ? undefined : last + 1);
    const entries = shown.slice(from).map((entry) => entry.bytes);
    const end = shown.at(-1);
    const head = end === undefined ? null : { index: end.index, hash: end.hash };
    return { ...this.#workspace(), kind: 'teamLog', from, entries, head };
  }

  #accountLog(account: AccountId, from: number): ServerMessage {
    const known = this.#stored.accounts.get(account);
    const entries = known?.history.entries.slice(from).map((entry) => entry.bytes) ?? [];
    return { kind: 'accountLog', account, from, entries, head: this.accountState(account)?.head ?? null };
  }

  #userBoxesOf({ account, device }: Caller): readonly StoredBox<DeviceId>[] {
    return this.#stored.accounts.get(account)?.boxes.filter(({ recipient }) => recipient === device) ?? [];
  }

  #hasBox(account: AccountId, epoch: number): boolean {
    return this.#stored.boxes.some((box) => box.recipient === account && box.epoch === epoch);
  }

  #putBoxes(boxes: readonly EpochBox[]): void {
    this.#stored.boxes = [...this.#stored.boxes, ...boxes];
    for (const { recipient, epoch } of boxes) {
      for (const [name, wanted] of this.#reported) {
        if (wanted.account === recipient && wanted.epoch === epoch) this.#reported.delete(name);
      }
    }
  }

  #tools(): TeamTools {
    const { verifiers } = this.#suite;
    return { primitives: this.#suite, verifiers, accountAt: this.accountAt };
  }

  readonly accountAt = (account: AccountId, head: LogHead): AccountState | null => {
    const known = this.#stored.accounts.get(account);
    return known === undefined ? null : stateAt(known.history, head);
  };

  #extendAccount(
    account: AccountId,
    entries: readonly Uint8Array[],
    boxes: readonly StoredBox<DeviceId>[],
  ): 'stored' | 'behind' | 'refused' {
    const known = this.#stored.accounts.get(account);
    const extended = extendAccount(this.#tools(), known?.history ?? EMPTY_HISTORY, entries);
    if (!extended.ok) return extended.problem.code === 'brokenChain' ? 'behind' : 'refused';
    if (latest(extended.value).id !== account) return 'refused';
    const all = [...(known?.boxes ?? []), ...boxes];
    this.#stored.accounts.set(account, { history: extended.value, boxes: all });
    return 'stored';
  }

  #takeEntry(
    caller: Caller,
    { entry, boxes }: Extract<Request, { kind: 'appendTeam' }>,
  ): 'stored' | 'behind' | 'refused' {
    if (this.isHealing) return 'behind';
    const parsed = teamLog.parse(this.#suite, entry);
    if (!parsed.ok) throw new Error(`A client sent what is no entry: ${parsed.problem.message}`);
    const { author, action } = parsed.value.body;
    if (author !== caller.account) throw new Error('A client sent an entry by somebody else.');
    checkBoxes(this.#suite, action, boxes);
    const answer = this.#appendTeam(entry, boxes);
    return answer;
  }

  #appendTeam(entry: Uint8Array, boxes: readonly EpochBox[]): 'stored' | 'behind' | 'refused' {
    const extended = extendTeam(this.#tools(), this.#stored.team, [entry]);
    if (!extended.ok) {
      const { code } = extended.problem;
      // An account log that a restored server has in part is healed by whoever has it.
      return code === 'brokenChain' || code === 'missingAccount' ? 'behind' : 'refused';
    }
    const { position } = latest(extended.value);
    const end = this.position;
    if (position.seq !== end.seq || position.feedHash !== end.feedHash) return 'behind';
    this.#stored.team = extended.value;
    this.#putBoxes(boxes);
    return 'stored';
  }

  #push(caller: Caller, push: Push, bytes: readonly Uint8Array[]): PushAnswer {
    const sent = bytes.map((each) => this.#read(each));
    if (!this.isMember(caller.account)) return { kind: 'notAllowed' };
    if (sent.every(({ id }) => this.#stored.places.has(id))) return this.#storedAnswer(sent);
    if (this.isHealing) throw new Error('A client wrote while the server heals, though it had been told.');
    const [first] = sent;
    if (first === undefined || this.#stored.purged.has(first.header.group)) return { kind: 'gone' };
    for (const record of sent) {
      const refusal = this.#refusal(caller, record);
      if (refusal !== null) return refusal;
    }
    if ((this.#stored.heads.get(push.stream) ?? null) !== push.expectedHead) return { kind: 'behind' };
    this.#checkPush(push, sent);
    for (const record of sent) this.#commit(record.id, record.header, record.bytes);
    if (this.#stored.heads.get(push.stream) !== sent.at(-1)?.id) {
      throw new Error('The last of a push is not what replicas take for the head.');
    }
    return this.#storedAnswer(sent);
  }

  #read(bytes: Uint8Array): Sent {
    const parsed = parseRecord(bytes);
    if (!parsed.ok) throw new Error(`A client sent what is no record: ${parsed.problem.message}`);
    return { id: recordIdOf(this.#suite, parsed.value), header: parsed.value.header, bytes };
  }

  #storedAnswer(sent: readonly Sent[]): PushAnswer {
    return {
      kind: 'stored',
      places: sent.map(({ id }) => ({ id, seq: this.#stored.places.get(id) ?? 0 })),
    };
  }

  #refusal(caller: Caller, { header, bytes }: Sent): PushAnswer | null {
    if (header.author !== caller.account || header.device !== caller.device) {
      throw new Error('A client sent a record of another device.');
    }
    const judged = judgeAuthor(this, this.team, header);
    if (!judged.ok) {
      const { code } = judged.problem;
      return { kind: code === 'oldEpoch' || code === 'rotationOwed' ? code : 'notAllowed' };
    }
    this.#checkSignature(bytes, judged.value);
    if (stateAt(this.#stored.team, header.teamLog) === null || !this.#hadSeen(header.seen)) {
      // Only after a restore that was never healed; sealing anew names what there is.
      if (this.#restores === 0) throw new Error('A client has seen what this server never had.');
      return { kind: 'oldEpoch' };
    }
    return null;
  }

  #hadSeen({ seq, feedHash }: FeedPosition): boolean {
    return this.#stored.positions[seq]?.feedHash === feedHash;
  }

  #checkSignature(bytes: Uint8Array, device: AccountDevice): void {
    const verifier = this.#suite.verifiers.of(device.signPublic);
    const parsed = parseRecord(bytes);
    if (verifier === null || !parsed.ok || !verifyRecord(this.#suite, parsed.value, verifier)) {
      throw new Error('A client sent what its device did not sign.');
    }
  }

  /** What a real server refuses as malformed; a client of ours never sends it. */
  #checkPush(push: Push, sent: readonly Sent[]): void {
    const earlier = new Set<RecordId>();
    for (const { id, header } of sent) {
      if (header.stream !== push.stream || header.group !== push.group) throw new Error('Another stream.');
      for (const parent of header.parents) {
        if (!earlier.has(parent) && !this.#stored.places.has(parent)) throw new Error('A parent is missing.');
      }
      if (this.#stored.places.has(id)) throw new Error('A record is sent twice.');
      earlier.add(id);
    }
    const last = sent.at(-1)?.header;
    if ((last?.parents[0] ?? null) !== push.expectedHead)
      throw new Error('The last does not follow the head.');
  }

  #commit(id: RecordId, header: RecordHeader, bytes: Uint8Array): void {
    const { items, positions, places, heads, groups } = this.#stored;
    const position = nextPosition(this.#suite, this.position, id);
    positions.push(position);
    places.set(id, position.seq);
    items.push({ seq: position.seq, id, bytes });
    groups.set(header.group, [...(groups.get(header.group) ?? []), id]);
    const head = heads.get(header.stream) ?? null;
    if ((header.parents[0] ?? null) === head) heads.set(header.stream, id);
    if (header.flag === 'purge') this.#erase(header.group, id);
  }

  #erase(group: GroupId, by: RecordId | null = null): void {
    this.#deletions.add(group);
    this.#stored.purged.add(group);
    for (const id of this.#stored.groups.get(group) ?? []) {
      const index = (this.#stored.places.get(id) ?? 0) - 1;
      const item = this.#stored.items[index];
      const parsed = item === undefined || id === by ? null : parseRecord(item.bytes);
      if (item === undefined || parsed?.ok !== true || parsed.value.header.flag === 'purge') continue;
      this.#stored.items[index] = { ...item, bytes: tombstoneOf(this.#suite, parsed.value) };
    }
  }

  #healAccountLog(account: AccountId, from: number, entries: readonly Uint8Array[]): void {
    const { length } = this.#stored.accounts.get(account)?.history.entries ?? [];
    if (from <= length) this.#extendAccount(account, entries.slice(length - from), []);
  }

  /** Nothing, if somebody else was first: the answer says where things stand. */
  #heal({ after, entries }: Extract<Request, { kind: 'heal' }>, bytes: readonly Uint8Array[]): void {
    const isCurrent =
      after.teamLog?.hash === this.team.head.hash && after.feed.feedHash === this.position.feedHash;
    if (!this.isHealing || !isCurrent) return;
    const extended = extendTeam(this.#tools(), this.#stored.team, entries);
    if (!extended.ok) {
      if (extended.problem.code === 'missingAccount') return;
      throw new Error(`What is given back does not follow: ${extended.problem.message}`);
    }
    this.#stored.team = extended.value;
    for (const [index, each] of bytes.entries()) this.#restoreRecord(after.feed.seq + index + 1, each);
    const { position } = this.team;
    if (this.#stored.positions[position.seq]?.feedHash !== position.feedHash) {
      throw new Error('An entry was given back without the records before it.');
    }
  }

  #restoreRecord(seq: number, bytes: Uint8Array): void {
    const record = parseRecord(bytes);
    const tombstone = record.ok ? null : parseTombstone(this.#suite, bytes);
    const parsed = record.ok
      ? { id: recordIdOf(this.#suite, record.value), header: record.value.header }
      : tombstone?.ok === true
        ? tombstone.value
        : null;
    if (parsed === null) throw new Error('What is given back is no record.');
    const feedHashAt = (at: number): FeedPosition['feedHash'] | null =>
      this.#stored.positions[at]?.feedHash ?? null;
    const tools = { accountAt: this.accountAt, feedHashAt };
    const judged = judgeRecord(tools, this.#stored.team, parsed.header, seq);
    if (!judged.ok) throw new Error(`What is given back did not count there: ${judged.problem.message}`);
    if (record.ok) this.#checkSignature(bytes, judged.value);
    this.#commit(parsed.id, parsed.header, bytes);
    if (this.#deletions.has(parsed.header.group)) this.#erase(parsed.header.group);
  }
}

/** Each box that an entry names comes with it, and no other. */
function checkBoxes(suite: Suite, action: TeamAction, boxes: readonly EpochBox[]): void {
  const named =
    action.type === 'rotate' || action.type === 'remove'
      ? action.rotation.boxes
      : action.type === 'join' && action.box !== null
        ? [action.box]
        : [];
  const hashes = new Set(boxes.map((box) => Buffer.from(boxHash(suite, box.bytes)).toString('hex')));
  const isSame =
    named.length === boxes.length && named.every((box) => hashes.has(Buffer.from(box.hash).toString('hex')));
  if (!isSame) throw new Error('An entry comes with the boxes that it names.');
}
