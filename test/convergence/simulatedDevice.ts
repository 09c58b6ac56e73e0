// One device of a member: the real replica over a disk that is an array, and a connection that delivers messages only
// when the simulation says so.

import { createGroupKeys, deriveStreamKey, type EpochKey } from '@cuebook/shared/crypto/groupKeys';
import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { Verifiers } from '@cuebook/shared/crypto/verifiers';
import type { RecordId } from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition, ParsedRecord } from '@cuebook/shared/record/header';
import { verifyRecord } from '@cuebook/shared/record/verify';
import type { Composed, CommandResult } from '@cuebook/shared/replica/composer';
import { takeFeed, type FeedItem } from '@cuebook/shared/replica/feed';
import type { ReplicaPorts, SealedRecord } from '@cuebook/shared/replica/ports';
import { factsOfText, mergeTexts } from '@cuebook/shared/replica/promptText';
import {
  answered,
  choosePushes,
  newSession,
  settleAcknowledged,
  type Push,
  type PushAnswer,
  type Session,
} from '@cuebook/shared/replica/pushing';
import { receive, type StoredRow } from '@cuebook/shared/replica/receive';
import { createRecordPort, type Membership } from '@cuebook/shared/replica/recordPort';
import { resealPending } from '@cuebook/shared/replica/resealing';
import { decodeSnapshot, encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { atRow, attach, emptyReplica, type ReplicaState } from '@cuebook/shared/replica/state';
import { judgeRecord, mayMoveLabel } from '@cuebook/shared/team/authority';
import { latest, stateBeforeSeq, type TeamHistory } from '@cuebook/shared/team/history';
import type { SampleAccount, SampleTeam } from '@cuebook/shared/team/sampleTeam';
import { currentMember, type TeamState } from '@cuebook/shared/team/teamState';
import { fail, succeed } from '@cuebook/shared/util/result';

export type ToServer =
  | { readonly kind: 'push'; readonly push: Push; readonly bytes: readonly Uint8Array[] }
  | { readonly kind: 'read'; readonly after: number };

export type ToClient = { readonly history: TeamHistory } & (
  | { readonly kind: 'answer'; readonly push: Push; readonly answer: PushAnswer }
  | { readonly kind: 'feed'; readonly items: readonly FeedItem[] }
);

/** How a device reads and writes: rows by id, in the order in which they were written. */
class Disk {
  readonly rows = new Map<RecordId, StoredRow>();
  #lastRow = 0;

  get lastRow(): number {
    return this.#lastRow;
  }

  insert(id: RecordId, bytes: Uint8Array, feed?: FeedPosition): void {
    const row = this.rows.get(id)?.row ?? (this.#lastRow += 1);
    this.rows.set(id, { row, id, bytes, ...(feed && { feed }) });
  }

  place(id: RecordId, feed: FeedPosition): void {
    const row = this.rows.get(id);
    if (row === undefined) throw new Error('A record that is placed is on the disk.');
    this.rows.set(id, { ...row, feed });
  }

  replace(id: RecordId, change: (bytes: Uint8Array) => Uint8Array): void {
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, bytes: change(row.bytes) });
  }
}

export interface DeviceTools {
  readonly suite: Suite;
  readonly team: SampleTeam;
  readonly verifiers: Verifiers;
}

export class SimulatedDevice {
  readonly account: SampleAccount;
  readonly device: DeviceKeys;
  readonly ports: ReplicaPorts;
  state: ReplicaState;
  session: Session = newSession();
  history: TeamHistory;
  isOnline = true;
  toServer: ToServer[] = [];
  toClient: ToClient[] = [];
  readonly #suite: Suite;
  readonly #team: SampleTeam;
  readonly #verifiers: Verifiers;
  readonly #disk = new Disk();
  readonly #epochKeys: Map<number, EpochKey>;
  readonly #feedHashes: FeedPosition['feedHash'][] = [FEED_START.feedHash];
  #time: number;

  constructor(tools: DeviceTools, account: SampleAccount, device: DeviceKeys, time: number) {
    const { suite, team, verifiers } = tools;
    this.#suite = suite;
    this.#team = team;
    this.#verifiers = verifiers;
    this.#time = time;
    this.#epochKeys = new Map([[1, team.epochKey(1)]]);
    this.account = account;
    this.device = device;
    this.history = team.history;
    this.state = attach(emptyReplica(team.state.id));
    const records = createRecordPort(suite, this.#membership());
    this.ports = {
      records,
      now: () => (this.#time += 7),
      randomBytes: (length) => suite.random(length),
      factsOf: factsOfText,
      merge: mergeTexts,
      readRecord: (id) => this.#disk.rows.get(id)?.bytes ?? null,
    };
    this.learn(team.history);
  }

  get isMember(): boolean {
    return currentMember(this.#team.state, this.account.id) !== null;
  }

  get rows(): readonly StoredRow[] {
    return [...this.#disk.rows.values()];
  }

  /** Runs a command of the user and writes it; null if it was refused. */
  run<T>(command: (state: ReplicaState, ports: ReplicaPorts) => CommandResult<T>): Composed<T> | null {
    const done = command(this.state, this.ports);
    if (!done.ok) return null;
    this.#write(done.value.records, done.value.erase);
    this.state = atRow(done.value.state, this.#disk.lastRow);
    return done.value;
  }

  connect(): void {
    this.isOnline = true;
    this.session = newSession();
    this.ask();
  }

  /** What was on its way is lost, in both directions; nobody knows what the server had taken. */
  disconnect(): void {
    this.isOnline = false;
    this.toServer = [];
    this.toClient = [];
    this.session = newSession();
  }

  /** The process ends and starts again: everything but the disk is gone. */
  restart(fromSnapshot: boolean): void {
    this.disconnect();
    const { workspace } = this.state;
    const snapshot = fromSnapshot ? decodeSnapshot(encodeSnapshot(this.state), workspace) : null;
    const start = snapshot ?? attach(emptyReplica(workspace));
    const rows = this.rows.filter(({ row }) => row > start.row);
    this.state = receive(start, this.ports, rows, { verify: 'now' }).state;
    this.connect();
  }

  ask(): void {
    if (this.isOnline) this.toServer.push({ kind: 'read', after: this.state.feed.seq });
  }

  push(): void {
    if (!this.isOnline) return;
    const chosen = choosePushes(this.session, this.state, 8);
    this.session = chosen.session;
    for (const push of chosen.pushes) {
      const bytes = push.records.map((id) => this.ports.readRecord(id));
      if (!bytes.every((each) => each !== null)) throw new Error('What is sent is on the disk.');
      this.toServer.push({ kind: 'push', push, bytes });
    }
  }

  take(message: ToClient): void {
    this.learn(message.history);
    if (message.kind === 'feed') this.#takeFeed(message.items);
    else this.#takeAnswer(message.push, message.answer);
  }

  /** The team log is verified elsewhere; a member gets the keys that it names. */
  learn(history: TeamHistory): void {
    if (history.states.length < this.history.states.length) return;
    this.history = history;
    if (currentMember(latest(history), this.account.id) === null) return;
    for (const [epoch, key] of this.#team.epochKeys) {
      if (epoch <= latest(history).epoch) this.#epochKeys.set(epoch, key);
    }
  }

  #takeFeed(items: readonly FeedItem[]): void {
    let feed = this.state.feed;
    for (const { seq, id } of items) {
      if (seq !== feed.seq + 1) continue;
      feed = this.ports.records.follow(feed, id);
      this.#feedHashes[seq] = feed.feedHash;
    }
    const taken = takeFeed(this.state, this.ports, items);
    for (const { id, bytes, feed: place } of taken.arrived) this.#disk.insert(id, bytes, place);
    for (const { id, feed: place } of taken.placed) this.#disk.place(id, place);
    this.#write(taken.records, taken.erase);
    this.state = atRow(taken.state, this.#disk.lastRow);
    const settled = settleAcknowledged(this.session, this.state);
    this.session = settled.session;
    if (settled.broken.length > 0) throw new Error('An honest server keeps what it has acknowledged.');
  }

  #takeAnswer(push: Push, answer: PushAnswer): void {
    const inFlight = this.session.inFlight.get(push.stream);
    if (inFlight?.records.at(-1) !== push.records.at(-1)) return;
    this.session = answered(this.session, push, answer);
    if (answer.kind !== 'oldEpoch') return;
    const isStored = (id: RecordId): boolean => this.session.acknowledged.has(id);
    const resealed = resealPending(this.state, this.ports, { ...push, isStored });
    for (const id of resealed.drop) this.#disk.rows.delete(id);
    this.#write(resealed.records, resealed.erase);
    this.state = atRow(resealed.state, this.#disk.lastRow);
  }

  #write(records: readonly SealedRecord[], erase: readonly RecordId[]): void {
    for (const { header, bytes } of records) this.#disk.insert(header.id, bytes);
    for (const id of erase) this.#disk.replace(id, (bytes) => this.ports.records.tombstoneOf(bytes));
  }

  #membership(): Membership {
    const workspace = this.#team.state.id;
    return {
      workspace,
      author: this.account.id,
      device: this.device.id,
      sign: this.device.sign,
      groupKeys: createGroupKeys(this.#suite, workspace, this.#epochKeys),
      streamKey: deriveStreamKey(this.#suite, workspace, this.#team.epochKey(1)),
      present: () => ({ epoch: Math.max(...this.#epochKeys.keys()), teamLog: latest(this.history).head }),
      checkAuthor: (record, seq) => this.#checkAuthor(record, seq),
      labelPolicy: {
        protectsAny: (seq) => (this.#stateAt(seq)?.policy.protectedLabels.length ?? 0) > 0,
        mayMove: (account, tag, seq) => {
          const state = this.#stateAt(seq);
          return state !== null && mayMoveLabel(state, account, tag);
        },
      },
    };
  }

  #stateAt(seq: number | null): TeamState | null {
    return seq === null ? latest(this.history) : stateBeforeSeq(this.history, seq);
  }

  #checkAuthor(record: ParsedRecord, seq: number | null): ReturnType<Membership['checkAuthor']> {
    const { author, device } = record.header;
    if (seq === null) {
      const own = author === this.account.id && device === this.device.id;
      return own
        ? this.#checkSignature(record, this.device.signPublic)
        : fail('notAllowed', 'Not written here.');
    }
    const feedHashAt = (at: number): FeedPosition['feedHash'] | null => this.#feedHashes[at] ?? null;
    const tools = { accountAt: this.#team.accountAt, feedHashAt };
    const judged = judgeRecord(tools, this.history, record.header, seq);
    if (judged.ok) return this.#checkSignature(record, judged.value.signPublic);
    const { code, message } = judged.problem;
    return fail(code === 'unknownFeed' || code === 'unknownLogHead' ? 'otherView' : 'notAllowed', message);
  }

  #checkSignature(record: ParsedRecord, key: Uint8Array): ReturnType<Membership['checkAuthor']> {
    const verifier = this.#verifiers.of(key);
    return verifier !== null && verifyRecord(this.#suite, record, verifier)
      ? succeed(null)
      : fail('badSignature', 'Not signed by the device that it names.');
  }
}
