// One device of a member: the client engine and the replica as they are in the product, over a disk that is a map, and a
// connection that delivers messages only when the simulation says so. This class is what carries messages between them,
// and nothing more. Three channels come back from the server (answers, the feed, hints); each keeps its order, and they
// may overtake each other, as subscriptions on one socket may.

import { connect, keepOwnBoxes, keysOpened, take, type LogMessage } from '@cuebook/shared/client/engine';
import { dutiesOf, type Duty } from '@cuebook/shared/client/duties';
import { fulfil, sealUserKeys, type Author } from '@cuebook/shared/client/entries';
import { takeFeedPage, type OpenWorkspace } from '@cuebook/shared/client/feedPages';
import { recordsOf } from '@cuebook/shared/client/judge';
import { openAccount, openWorkspace, workspaceKeys, type WorkspaceKeys } from '@cuebook/shared/client/keys';
import type { FeedPage, Pushed, Request, ServerMessage, WantedBox } from '@cuebook/shared/client/messages';
import { decodeClient, encodeClient } from '@cuebook/shared/client/persisted';
import { isCaughtUp } from '@cuebook/shared/client/progress';
import { sendPending, takePushed } from '@cuebook/shared/client/pushes';
import { standingOf, type Standing } from '@cuebook/shared/client/standing';
import {
  newClient,
  newWorkspace,
  teamOf,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type Outcome,
  type WorkspaceState,
} from '@cuebook/shared/client/state';
import type { Alarm } from '@cuebook/shared/client/alarms';
import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { FeedPosition } from '@cuebook/shared/record/header';
import type { Composed, CommandResult } from '@cuebook/shared/replica/composer';
import type { ReplicaPorts, SealedRecord } from '@cuebook/shared/replica/ports';
import { factsOfText, mergeTexts } from '@cuebook/shared/replica/promptText';
import { newSession, reopened, type Session } from '@cuebook/shared/replica/pushing';
import {
  receive,
  recheckAfter,
  retryMissingKeys,
  settle,
  uncheckedRecords,
  type StoredRow,
} from '@cuebook/shared/replica/receive';
import { decodeSnapshot, encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { atRow, attach, emptyReplica, type ReplicaState } from '@cuebook/shared/replica/state';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import type { TeamState } from '@cuebook/shared/team/teamState';
import type { UserKeys } from '@cuebook/shared/team/userKeys';
import type { Intent } from './membership.ts';
import type { Caller } from './modelServer.ts';
import { SimulatedDisk } from './simulatedDisk.ts';

export interface Sending {
  readonly request: Request;
  /** Of the records that the request names. */
  readonly bytes: readonly Uint8Array[];
}

export type Channel = 'answers' | 'feed' | 'hints';

export interface DeviceSetting {
  readonly suite: Suite;
  readonly workspace: WorkspaceId;
  /** Epoch milliseconds by the device's own clock. */
  readonly time: number;
}

type EntryDuty = Exclude<Duty, { readonly kind: 'sealBoxes' }>;

export class SimulatedDevice {
  readonly account: SampleAccount;
  readonly device: DeviceKeys;
  readonly caller: Caller;
  readonly workspace: WorkspaceId;
  client: ClientState;
  state: ReplicaState;
  keys: WorkspaceKeys | null = null;
  userKeys: UserKeys = new Map();
  session: Session = newSession();
  isOnline = false;
  /** Requests under way: a server may take them up in any order. */
  toServer: Sending[] = [];
  toClient: Record<Channel, ServerMessage[]> = { answers: [], feed: [], hints: [] };
  /** What the person wants to append to the team log, oldest first. */
  intents: Intent[] = [];
  /** All that were ever raised. */
  readonly raised: Alarm[] = [];
  /** How often a text that was on its way was kept as a new prompt, since somebody had purged its own. */
  rescues = 0;
  /** Told of what this client did by itself. */
  onDuty: (duty: EntryDuty['kind']) => void = () => undefined;
  readonly #suite: Suite;
  readonly #disk = new SimulatedDisk();
  #time: number;
  #wanted: readonly WantedBox[] = [];
  /** Since a restore the server may lack boxes of this account. */
  #owesUserKeys = false;
  #sentEntry: Intent | EntryDuty | null = null;
  /** After an answer to an entry: what is known of the log is old. */
  #waitsForEnds = false;
  #ports: {
    readonly client: ClientState;
    readonly keys: WorkspaceKeys;
    readonly ports: ReplicaPorts;
  } | null = null;

  constructor({ suite, workspace, time }: DeviceSetting, account: SampleAccount, device: DeviceKeys) {
    this.#suite = suite;
    this.#time = time;
    this.workspace = workspace;
    this.account = account;
    this.device = device;
    this.caller = { account: account.id, device: device.id };
    this.client = withWorkspace(newClient(account.id, device.id), newWorkspace(workspace));
    this.state = attach(emptyReplica(workspace));
  }

  /** Goes on from what another had on its disk. */
  async load(
    from: Pick<SimulatedDevice, 'client'> & {
      readonly replica: ReplicaState;
      readonly rows: readonly StoredRow[];
    },
  ): Promise<void> {
    this.client = from.client;
    this.state = from.replica;
    this.#disk.load(from.rows);
    await this.#openKeys();
  }

  /** Null until the first key is here: nothing can be read or written before. */
  get ports(): ReplicaPorts | null {
    const { client, keys } = this;
    if (keys === null) return null;
    if (this.#ports?.client !== client || this.#ports.keys !== keys) {
      const { workspace, device } = this;
      const { hashAt } = this.#localFeed();
      const records = recordsOf(this.#suite, { state: client, workspace, device, keys, hashAt });
      this.#ports = { client, keys, ports: { ...this.#otherPorts, records } };
    }
    return this.#ports.ports;
  }

  get team(): TeamState | null {
    return teamOf(this.known);
  }

  get known(): WorkspaceState {
    return workspaceOf(this.client, this.workspace);
  }

  get standing(): Standing {
    return standingOf(this.client, this.workspace, this.keys);
  }

  get rows(): readonly StoredRow[] {
    return [...this.#disk.rows.values()];
  }

  /** Runs a command of the user and writes it; null if it was refused. */
  run<T>(command: (state: ReplicaState, ports: ReplicaPorts) => CommandResult<T>): Composed<T> | null {
    const { ports } = this;
    if (ports === null) return null;
    const done = command(this.state, ports);
    if (!done.ok) return null;
    this.#write(ports, done.value.records, done.value.erase);
    this.state = atRow(done.value.state, this.#disk.lastRow);
    return done.value;
  }

  connect(): void {
    this.isOnline = true;
    this.session = newSession();
    this.#keep(connect(this.client, [this.workspace]));
  }

  /** What was on its way is lost, in both directions; nobody knows what the server had taken. */
  disconnect(): void {
    this.isOnline = false;
    this.toServer = [];
    this.toClient = { answers: [], feed: [], hints: [] };
    this.session = newSession();
    this.#sentEntry = null;
    this.#waitsForEnds = false;
    this.#wanted = [];
  }

  /** The process ends and starts again: everything but the disk is gone. */
  async restart(fromSnapshot: boolean): Promise<void> {
    this.disconnect();
    this.intents = [];
    const tools = this.#tools();
    const client = decodeClient(tools.primitives, encodeClient(this.client));
    if (!client.ok) throw new Error(client.problem.message);
    this.client = client.value;
    // What was opened once is kept under the store key.
    const epochs = this.keys?.epochs ?? new Map();
    this.keys = workspaceKeys(this.#suite, this.workspace, epochs);
    await this.#openKeys();
    const { ports, workspace } = this;
    if (ports === null) return;
    const snapshot = fromSnapshot ? decodeSnapshot(encodeSnapshot(this.state), workspace) : null;
    const start = snapshot ?? attach(emptyReplica(workspace));
    const rows = this.rows.filter(({ row }) => row > start.row);
    this.state = receive(start, ports, rows, { verify: 'now' }).state;
  }

  /** A hint that the workspace has moved, or the person's wish to see what is new. */
  ask(): void {
    this.#send([{ kind: 'readEnds', workspace: this.workspace }]);
  }

  /** True if something was sent. */
  push(): boolean {
    const { keys, state: replica, session } = this;
    if (!this.isOnline || keys === null || this.known.ends === null) return false;
    const chosen = sendPending(this.client, this.workspace, { replica, session, keys });
    this.session = chosen.session;
    this.#send(chosen.requests);
    return chosen.requests.length > 0;
  }

  send(request: Request): void {
    this.#send([request]);
  }

  async intend(intent: Intent): Promise<void> {
    this.intents.push(intent);
    await this.#doDuties();
  }

  async take(message: ServerMessage): Promise<void> {
    const before = this.client;
    switch (message.kind) {
      case 'feed':
        this.#takeFeed(message);
        break;
      case 'pushed':
        this.#takePushed(message);
        break;
      case 'ends':
      case 'accountLog':
      case 'teamLog':
      case 'boxes':
      case 'userBoxes':
      case 'boxesWanted':
      case 'teamAppended':
      case 'accountAppended':
        this.#takeOther(message);
        break;
    }
    if (this.#haveKeysChanged(before)) await this.#findKeys();
    if (workspaceOf(before, this.workspace).team !== this.known.team) this.session = reopened(this.session);
    await this.#doDuties();
  }

  /** True if nothing is left to fetch or to append. */
  isQuiet(end: FeedPosition): boolean {
    return (
      this.state.feed.feedHash === end.feedHash &&
      this.intents.length === 0 &&
      this.#sentEntry === null &&
      isCaughtUp(this.#tools(), this.client, this.workspace) &&
      this.keys?.epochs.has(this.team?.epoch ?? 0) === true
    );
  }

  #takeOther(message: LogMessage): void {
    if (message.kind === 'ends') this.#waitsForEnds = false;
    if (message.kind === 'boxesWanted') this.#wanted = message.wanted;
    const isAppended = message.kind === 'teamAppended' || message.kind === 'accountAppended';
    if (isAppended) this.#takeAppended(message.answer);
    this.#keep(take(this.#tools(), this.client, message));
  }

  #takeFeed(page: FeedPage): void {
    const open = this.#open();
    if (open === null) return;
    const outcome = takeFeedPage(this.#tools(), this.client, open, page);
    const { taken } = outcome;
    if (taken !== null) {
      const { ports } = this;
      if (ports === null) throw new Error('What is open has ports.');
      for (const { id, bytes } of taken.arrived) this.#disk.insert(id, bytes);
      const placed = [...taken.arrived, ...taken.placed].sort(
        (left, right) => left.feed.seq - right.feed.seq,
      );
      for (const { id, feed } of placed) this.#disk.place(id, feed);
      this.#write(ports, taken.records, taken.erase);
      const isNew = (header: SealedRecord['header']): boolean => !this.state.groups.has(header.group);
      if (taken.records.some(({ header }) => isNew(header))) this.rescues += 1;
      this.state = atRow(outcome.replica, this.#disk.lastRow);
      this.session = outcome.session;
    }
    this.#keep(outcome);
  }

  #takePushed(answer: Pushed): void {
    const open = this.#open();
    if (open === null) return;
    const outcome = takePushed(this.#tools(), this.client, open, answer);
    this.session = outcome.session;
    const { resealed } = outcome;
    if (resealed !== null && this.ports !== null) {
      for (const id of resealed.drop) this.#disk.rows.delete(id);
      this.#write(this.ports, resealed.records, resealed.erase);
      this.state = atRow(outcome.replica, this.#disk.lastRow);
    }
    this.#keep({ state: outcome.state, requests: outcome.requests, raised: [] });
  }

  #haveKeysChanged(before: ClientState): boolean {
    const old = workspaceOf(before, this.workspace);
    return (
      before.userBoxes !== this.client.userBoxes ||
      before.accounts.get(this.account.id) !== this.client.accounts.get(this.account.id) ||
      old.boxes !== this.known.boxes ||
      old.team !== this.known.team
    );
  }

  async #findKeys(): Promise<void> {
    const before = this.keys;
    await this.#openKeys();
    const { ports } = this;
    const isNew = this.keys?.epochs.size !== before?.epochs.size;
    if (ports !== null && isNew) this.state = retryMissingKeys(this.state, ports).state;
    this.#keep(keysOpened(this.#tools(), this.client, this.workspace));
  }

  async #openKeys(): Promise<void> {
    const userKeys = await openAccount(this.#suite, this.client, this.device);
    if (userKeys !== null) this.userKeys = userKeys;
    const keys = await openWorkspace(this.#suite, this.client, this.workspace, this.userKeys);
    if (keys !== null && keys.epochs.size > (this.keys?.epochs.size ?? 0)) this.keys = keys;
  }

  /** What the client owes by itself, then what the person wants: one entry at a time, by whoever has read everything. */
  async #doDuties(): Promise<void> {
    if (!this.isOnline) return;
    await this.#sealUserKeys();
    const facts = { now: this.#time, online: null, keys: this.keys, wanted: this.#wanted };
    const duties = dutiesOf(this.client, this.workspace, facts);
    for (const duty of duties) {
      if (duty.kind !== 'sealBoxes') continue;
      this.#wanted = [];
      const composed = await fulfil(this.#author(), this.client, this.workspace, duty);
      if (composed.ok) this.#send([composed.value]);
    }
    const { ends } = this.known;
    const hasAccess = ends !== null && ends.teamLog !== null && !ends.isHealing;
    const isFree = this.#sentEntry === null && !this.#waitsForEnds;
    const mayAppend = hasAccess && isFree && this.standing !== 'alarmed';
    if (!mayAppend || !isCaughtUp(this.#tools(), this.client, this.workspace)) return;
    const duty = duties.find((each) => each.kind !== 'sealBoxes');
    // What was composed before its place in the feed was read would be taken for something that is not allowed.
    if ((this.team?.position.seq ?? 0) > this.#author().position.seq) return;
    if (duty === undefined) await this.#appendNextIntent();
    else {
      const composed = await fulfil(this.#author(), this.client, this.workspace, duty);
      // The log may have been read further than the feed: then it is done after the next page.
      if (!composed.ok) return;
      this.#sentEntry = duty;
      this.#send([composed.value]);
    }
  }

  async #sealUserKeys(): Promise<void> {
    if (!this.#owesUserKeys || this.userKeys.size === 0) return;
    this.#owesUserKeys = false;
    const composed = await sealUserKeys(this.#author(), this.client);
    if (composed.ok) this.#send([composed.value]);
  }

  async #appendNextIntent(): Promise<void> {
    for (let next = this.intents[0]; next !== undefined; next = this.intents[0]) {
      const request = await next.compose(this.#author(), this.client, this.workspace);
      if (request !== null) {
        this.#sentEntry = next;
        this.#send([request]);
        return;
      }
      this.intents.shift();
    }
  }

  #takeAppended(answer: 'stored' | 'behind' | 'refused'): void {
    const sent = this.#sentEntry;
    this.#sentEntry = null;
    this.#waitsForEnds = true;
    if (sent === null) return;
    if (answer === 'refused') throw new Error('The server refused what the client had judged to be allowed.');
    if (answer !== 'stored') return;
    if ('kind' in sent) this.onDuty(sent.kind);
    else {
      this.intents = this.intents.filter((intent) => intent !== sent);
      sent.done?.();
    }
  }

  #author(): Author {
    const { device, userKeys, keys } = this;
    // Who joins has no feed yet, and takes its end on trust, as the first pin.
    const isMember = this.team?.members.get(this.account.id)?.endedAt === null;
    const position = isMember ? this.state.feed : (this.known.ends?.feed ?? this.state.feed);
    return { suite: this.#suite, device, userKeys, keys, position, now: (this.#time += 7) };
  }

  #tools(): ClientTools & { readonly suite: Suite } {
    const suite = this.#suite;
    return { suite, primitives: suite, verifiers: suite.verifiers, localOf: () => this.#localFeed() };
  }

  #localFeed(): ReturnType<ClientTools['localOf']> {
    return this.#disk.localFeed(this.state.feed, this.keys);
  }

  #open(): OpenWorkspace | null {
    const { state: replica, session, keys, device } = this;
    return keys === null ? null : { replica, session, keys, device, ports: this.#otherPorts };
  }

  readonly #otherPorts: Omit<ReplicaPorts, 'records'> = {
    now: () => (this.#time += 7),
    randomBytes: (length) => this.#suite.random(length),
    factsOf: factsOfText,
    merge: mergeTexts,
    readRecord: (id) => this.#disk.read(id),
  };

  #keep({ state, requests, raised }: Outcome): void {
    this.client = state;
    this.raised.push(...raised);
    for (const { code, seq } of raised) {
      if (code === 'serverRestored') this.#owesUserKeys = true;
      if (code === 'entryWithheld' && seq !== undefined) this.#recheckAfter(seq);
    }
    this.#send(requests);
  }

  #recheckAfter(seq: number): void {
    const { ports } = this;
    if (ports === null) return;
    const state = recheckAfter(this.state, seq);
    this.state = settle(state, ports, uncheckedRecords(state, Infinity)).state;
  }

  #send(requests: readonly Request[]): void {
    if (!this.isOnline) return;
    for (const request of requests) {
      this.client = keepOwnBoxes(this.client, request);
      const bytes = recordsIn(request).map((id) => this.#disk.read(id));
      if (!bytes.every((each) => each !== null)) throw new Error('What is sent is on the disk.');
      this.toServer.push({ request, bytes });
    }
  }

  #write(ports: ReplicaPorts, records: readonly SealedRecord[], erase: readonly RecordId[]): void {
    for (const { header, bytes } of records) this.#disk.insert(header.id, bytes);
    for (const id of erase) this.#disk.replace(id, (bytes) => ports.records.tombstoneOf(bytes));
  }
}

function recordsIn(request: Request): readonly RecordId[] {
  if (request.kind === 'push') return request.push.records;
  return request.kind === 'heal' ? request.records : [];
}
