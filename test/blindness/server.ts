// A server in memory that answers the engine's requests with real formats: honest by itself, and made to lie by whoever
// changes what it holds or what it says. Copies of it are what a fork shows to different people.

import type { Suite } from '@cuebook/shared/crypto/suite';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import type { AccountHistory, TeamHistory } from '@cuebook/shared/team/history';
import { EMPTY_HISTORY, extendAccount, extendTeam, stateAt } from '@cuebook/shared/team/history';
import type { AccountId, GroupId, RecordId, StreamId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Request, ServerMessage, WantedBox, WorkspaceEnds } from '@cuebook/shared/client/messages';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import { parseRecord, type FeedPosition, type LogHead } from '@cuebook/shared/record/header';
import { parseTombstone, tombstoneOf } from '@cuebook/shared/record/tombstone';
import { recordIdOf } from '@cuebook/shared/record/verify';
import type { FeedItem } from '@cuebook/shared/replica/feed';
import type { PushAnswer } from '@cuebook/shared/replica/pushing';
import { judgeRecord } from '@cuebook/shared/team/authority';
import type { EpochBox } from '@cuebook/shared/team/epochKeys';
import { unwrap, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { teamLog } from '@cuebook/shared/team/teamEntry';
import type { TeamTools } from '@cuebook/shared/team/teamState';

type PushRequest = Extract<Request, { readonly kind: 'push' }> & { readonly bytes: readonly Uint8Array[] };
type HealRequest = Extract<Request, { readonly kind: 'heal' }> & { readonly bytes: readonly Uint8Array[] };

/** Requests as they arrive: with the bytes that a carrier takes from the disk. */
export type Arrived = Exclude<Request, { readonly kind: 'push' | 'heal' }> | PushRequest | HealRequest;

/** What a lie does to an answer. */
export type Lie = (message: ServerMessage) => ServerMessage;

export class TestServer {
  readonly workspace: WorkspaceId;
  readonly #suite: Suite;
  incarnation = 'one';
  isHealing = false;
  /** False: what clients push back while it heals is thrown away. */
  takesBack = true;
  /** What healing waits for. */
  offered: { readonly teamLog: LogHead; readonly feed: FeedPosition } | null = null;
  accountLogs = new Map<AccountId, readonly Uint8Array[]>();
  userBoxes = new Map<AccountId, SampleAccount['boxes']>();
  log: readonly Uint8Array[] = [];
  boxes: readonly EpochBox[] = [];
  wanted: readonly WantedBox[] = [];
  items: readonly FeedItem[] = [];
  lie: Lie = (message) => message;

  constructor(suite: Suite, workspace: WorkspaceId) {
    this.#suite = suite;
    this.workspace = workspace;
  }

  copy(): TestServer {
    const copy = new TestServer(this.#suite, this.workspace);
    copy.incarnation = this.incarnation;
    copy.accountLogs = new Map(this.accountLogs);
    copy.userBoxes = new Map(this.userBoxes);
    copy.log = this.log;
    copy.boxes = this.boxes;
    copy.wanted = this.wanted;
    copy.items = this.items;
    return copy;
  }

  learn({ id, history, boxes }: SampleAccount): void {
    this.accountLogs.set(
      id,
      history.entries.map(({ bytes }) => bytes),
    );
    this.userBoxes.set(id, [...boxes]);
  }

  /** End of the feed. */
  get position(): FeedPosition {
    return this.positionAt(this.items.length);
  }

  positionAt(seq: number): FeedPosition {
    let position = FEED_START;
    for (const { id } of this.items.slice(0, seq)) position = nextPosition(this.#suite, position, id);
    return position;
  }

  get ends(): WorkspaceEnds {
    const { incarnation, isHealing, position } = this;
    return { incarnation, isHealing, teamLog: this.#headOf(this.log), feed: position };
  }

  answer(account: AccountId, request: Arrived): readonly ServerMessage[] {
    return this.#honest(account, request).map((message) => this.lie(message));
  }

  /** Puts records at the end of the feed, whoever they are by. */
  insert(...records: readonly Uint8Array[]): void {
    for (const bytes of records) {
      const seq = this.items.length + 1;
      this.items = [...this.items, { seq, id: this.idOf(bytes), bytes }];
    }
  }

  idOf(bytes: Uint8Array): RecordId {
    const parsed = parseRecord(bytes);
    return parsed.ok ? recordIdOf(this.#suite, parsed.value) : unwrap(parseTombstone(this.#suite, bytes)).id;
  }

  #honest(account: AccountId, request: Arrived): readonly ServerMessage[] {
    const { workspace } = this;
    switch (request.kind) {
      case 'readEnds':
        return [{ kind: 'ends', workspace, ends: this.ends }];
      case 'readAccountLog':
        return [this.#accountLog(request.account, request.from)];
      case 'readTeamLog':
        return [this.#teamLog(request.from)];
      case 'readFeed':
        return [this.#page(request)];
      case 'readBoxes': {
        const boxes = this.boxes.filter(({ recipient }) => recipient === account);
        return [{ kind: 'boxes', workspace, boxes }];
      }
      case 'readUserBoxes':
        return [{ kind: 'userBoxes', boxes: this.userBoxes.get(account) ?? [] }];
      case 'push': {
        const { push } = request;
        return [{ kind: 'pushed', workspace, push, answer: this.#append(request) }];
      }
      case 'appendTeam':
        return [{ kind: 'teamAppended', workspace, answer: this.#appendTeam(request) }];
      case 'appendAccount':
        this.userBoxes.set(account, [...(this.userBoxes.get(account) ?? []), ...request.boxes]);
        return [{ kind: 'accountAppended', answer: this.#appendAccount(account, request.entries) }];
      case 'putBoxes':
        this.boxes = [...this.boxes, ...request.boxes];
        this.wanted = this.wanted.filter(
          (wanted) => !request.boxes.some((box) => box.recipient === wanted.account),
        );
        return [];
      case 'reportBox':
        this.wanted = [...this.wanted, request.wanted];
        return [];
      case 'readWanted':
        return [{ kind: 'boxesWanted', workspace, wanted: this.wanted }];
      case 'offerPin':
        this.#offer(request);
        return [];
      case 'heal':
        if (this.takesBack) this.#heal(request);
        return [{ kind: 'ends', workspace, ends: this.ends }];
      case 'healAccountLog': {
        const known = this.accountLogs.get(request.account) ?? [];
        if (this.takesBack && known.length === request.from)
          this.accountLogs.set(request.account, [...known, ...request.entries]);
        return [];
      }
    }
  }

  #accountLog(account: AccountId, from: number): ServerMessage {
    const entries = this.accountLogs.get(account) ?? [];
    const last = entries.at(-1);
    const head =
      last === undefined
        ? null
        : { index: entries.length - 1, hash: unwrap(accountLog.parse(this.#suite, last)).hash };
    return { kind: 'accountLog', account, from, entries: entries.slice(from), head };
  }

  #teamLog(from: number): ServerMessage {
    const { workspace, log } = this;
    return { kind: 'teamLog', workspace, from, entries: log.slice(from), head: this.#headOf(log) };
  }

  #page(request: Extract<Request, { readonly kind: 'readFeed' }>): ServerMessage {
    const { workspace, ends } = this;
    const isOther = request.incarnation !== null && request.incarnation !== this.incarnation;
    if (isOther) return { kind: 'ends', workspace, ends };
    return { kind: 'feed', workspace, items: this.items.slice(request.after), ends };
  }

  #headOf(log: readonly Uint8Array[]): LogHead | null {
    const last = log.at(-1);
    if (last === undefined) return null;
    return { index: log.length - 1, hash: unwrap(teamLog.parse(this.#suite, last)).hash };
  }

  #accountHistory(account: AccountId): AccountHistory {
    const tools = { primitives: this.#suite, verifiers: this.#suite.verifiers };
    return unwrap(extendAccount(tools, EMPTY_HISTORY, this.accountLogs.get(account) ?? []));
  }

  get #tools(): TeamTools {
    const { verifiers } = this.#suite;
    const accountAt: TeamTools['accountAt'] = (account, head) =>
      this.accountLogs.has(account) ? stateAt(this.#accountHistory(account), head) : null;
    return { primitives: this.#suite, verifiers, accountAt };
  }

  get #history(): TeamHistory {
    return unwrap(extendTeam(this.#tools, EMPTY_HISTORY, this.log));
  }

  #appendTeam({ entry, boxes }: Extract<Request, { readonly kind: 'appendTeam' }>) {
    const parsed = unwrap(teamLog.parse(this.#suite, entry));
    const { seq, feedHash } = parsed.body.position;
    const isHere = seq === this.position.seq && feedHash === this.position.feedHash;
    if (parsed.index !== this.log.length || !isHere) return 'behind';
    if (!extendTeam(this.#tools, this.#history, [entry]).ok) return 'refused';
    this.log = [...this.log, entry];
    this.boxes = [...this.boxes, ...boxes];
    return 'stored';
  }

  #appendAccount(account: AccountId, entries: readonly Uint8Array[]) {
    const tools = { primitives: this.#suite, verifiers: this.#suite.verifiers };
    if (!extendAccount(tools, this.#accountHistory(account), entries).ok) return 'refused';
    this.accountLogs.set(account, [...(this.accountLogs.get(account) ?? []), ...entries]);
    return 'stored';
  }

  #append({ push, bytes }: PushRequest): PushAnswer {
    const ids = bytes.map((each) => this.idOf(each));
    const placeOf = (id: RecordId): number => this.items.find((item) => item.id === id)?.seq ?? 0;
    const stored = (): PushAnswer => ({
      kind: 'stored',
      places: ids.map((id) => ({ id, seq: placeOf(id) })),
    });
    if (ids.every((id) => placeOf(id) > 0)) return stored();
    if (this.#isPurged(push.group)) return { kind: 'gone' };
    if (this.isHealing) return { kind: 'behind' };
    for (const each of bytes) {
      const judged = this.#judge(each, this.items.length + 1);
      if (judged !== null) return { kind: judged };
    }
    if (this.#headOfStream(push.stream) !== push.expectedHead) return { kind: 'behind' };
    this.insert(...bytes);
    const last = bytes.at(-1);
    if (last !== undefined && unwrap(parseRecord(last)).header.flag === 'purge') this.purge(push.group);
    return stored();
  }

  #judge(bytes: Uint8Array, seq: number): 'oldEpoch' | 'rotationOwed' | 'notAllowed' | null {
    const { header } = unwrap(parseRecord(bytes));
    const feedHashAt = (at: number) => this.positionAt(at).feedHash;
    const judged = judgeRecord({ ...this.#tools, feedHashAt }, this.#history, header, seq);
    if (judged.ok) return null;
    const { code } = judged.problem;
    return code === 'oldEpoch' || code === 'rotationOwed' ? code : 'notAllowed';
  }

  #headOfStream(stream: StreamId): RecordId | null {
    let head: RecordId | null = null;
    for (const { id, bytes } of this.items) {
      const parsed = parseRecord(bytes);
      if (!parsed.ok || parsed.value.header.stream !== stream) continue;
      if ((parsed.value.header.parents[0] ?? null) === head) head = id;
    }
    return head;
  }

  #isPurged(group: GroupId): boolean {
    return this.items.some(({ bytes }) => {
      const parsed = parseRecord(bytes);
      return parsed.ok && parsed.value.header.flag === 'purge' && parsed.value.header.group === group;
    });
  }

  /** Leaves tombstones of a group's records, but for a record that says so. */
  purge(group: GroupId): void {
    this.items = this.items.map((item) => {
      const parsed = parseRecord(item.bytes);
      if (!parsed.ok || parsed.value.header.group !== group) return item;
      if (parsed.value.header.flag === 'purge') return item;
      return { ...item, bytes: tombstoneOf(this.#suite, parsed.value) };
    });
  }

  /** As a backup of an earlier moment would leave it. */
  restore(log: number, feed: number): void {
    this.incarnation = `${this.incarnation}'`;
    this.isHealing = true;
    this.log = this.log.slice(0, log);
    this.items = this.items.slice(0, feed);
  }

  #offer({ teamLog, feed }: Extract<Request, { readonly kind: 'offerPin' }>): void {
    const isHigher =
      this.offered === null || this.offered.teamLog.index < teamLog.index || this.offered.feed.seq < feed.seq;
    if (isHigher) this.offered = { teamLog, feed };
  }

  #placeOf(entry: Uint8Array): number {
    return unwrap(teamLog.parse(this.#suite, entry)).body.position.seq;
  }

  /** Entries and records verbatim, each where it was: an entry after the record whose place it names. */
  #heal({ entries, bytes }: HealRequest): void {
    const open = [...entries];
    const takeEntries = (): void => {
      for (let next = open[0]; next !== undefined; next = open[0]) {
        if (this.#placeOf(next) !== this.position.seq) return;
        if (!extendTeam(this.#tools, this.#history, [next]).ok) return;
        this.log = [...this.log, next];
        open.shift();
      }
    };
    takeEntries();
    for (const each of bytes) {
      const [next] = open;
      // What follows an entry waits until the entry is there.
      if (next !== undefined && this.#placeOf(next) <= this.position.seq) break;
      this.insert(each);
      takeEntries();
    }
    const { offered } = this;
    const isWhole =
      offered !== null && this.log.length > offered.teamLog.index && this.items.length >= offered.feed.seq;
    if (isWhole) this.isHealing = false;
  }
}
