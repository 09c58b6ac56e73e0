// One device of a member over the product's engine: a disk that is a map, and a carrier that hands requests and answers
// to and fro until nothing is left to say.

import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { GroupId, RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Alarm, AlarmCode } from '@cuebook/shared/client/alarms';
import { dutiesOf } from '@cuebook/shared/client/duties';
import { connect, keysOpened, take } from '@cuebook/shared/client/engine';
import {
  composeEntry,
  composeRotation,
  fulfil,
  sealUserKeys,
  type Author,
  type Composed,
} from '@cuebook/shared/client/entries';
import { takeFeedPage, type OpenWorkspace } from '@cuebook/shared/client/feedPages';
import { recordsOf } from '@cuebook/shared/client/judge';
import { openAccount, openWorkspace, type WorkspaceKeys } from '@cuebook/shared/client/keys';
import type { Request, ServerMessage } from '@cuebook/shared/client/messages';
import { decodeClient, encodeClient } from '@cuebook/shared/client/persisted';
import { sendPending, takePushed } from '@cuebook/shared/client/pushes';
import { standingOf, type Standing } from '@cuebook/shared/client/standing';
import {
  accountOf,
  newClient,
  newWorkspace,
  teamOf,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type LocalFeed,
  type Outcome,
} from '@cuebook/shared/client/state';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import type { CommandResult, Composed as Command } from '@cuebook/shared/replica/composer';
import { createPrompts } from '@cuebook/shared/replica/creating';
import { currentText } from '@cuebook/shared/replica/history';
import type { QuarantineReason, ReplicaPorts, SealedRecord } from '@cuebook/shared/replica/ports';
import { factsOfText, mergeTexts } from '@cuebook/shared/replica/promptText';
import { newSession, type Session } from '@cuebook/shared/replica/pushing';
import { mergePending } from '@cuebook/shared/replica/merging';
import { recheckAfter, retryMissingKeys, settle, uncheckedRecords } from '@cuebook/shared/replica/receive';
import { saveText } from '@cuebook/shared/replica/saving';
import { atRow, attach, emptyReplica, type ReplicaState } from '@cuebook/shared/replica/state';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import type { UserKeys } from '@cuebook/shared/team/userKeys';
import type { Arrived, TestServer } from './server.ts';

interface Row {
  readonly bytes: Uint8Array;
  readonly feed: FeedPosition | null;
}

/** More than any exchange here takes: beyond it client and server talk in circles. */
const MAX_MESSAGES = 500;

export class TestClient {
  readonly account: SampleAccount;
  readonly device: DeviceKeys;
  readonly workspace: WorkspaceId;
  readonly raised: Alarm[] = [];
  state: ClientState;
  replica: ReplicaState;
  session: Session = newSession();
  keys: WorkspaceKeys | null = null;
  userKeys: UserKeys = new Map();
  now = 1_750_000_000_000;
  /** `later`: signatures of the feed are checked by `check`. */
  verify: 'now' | 'later' = 'now';
  readonly #suite: Suite;
  readonly #disk = new Map<RecordId, Row>();
  readonly #feed: { readonly id: RecordId; readonly position: FeedPosition }[] = [];
  #row = 0;

  constructor(
    suite: Suite,
    account: SampleAccount,
    given: { readonly workspace: WorkspaceId; readonly device?: DeviceKeys; readonly pin?: LogHead },
  ) {
    const device = given.device ?? account.devices[0];
    if (device === undefined) throw new Error('An account has a device.');
    this.#suite = suite;
    this.account = account;
    this.device = device;
    this.workspace = given.workspace;
    const client = newClient(account.id, device.id);
    this.state = withWorkspace(client, newWorkspace(given.workspace, given.pin ?? null));
    this.replica = attach(emptyReplica(given.workspace));
  }

  /** The same device at the same moment, for another story. */
  copy(account: SampleAccount): TestClient {
    const { workspace, device } = this;
    const copy = new TestClient(this.#suite, account, { workspace, device });
    copy.state = this.state;
    copy.replica = this.replica;
    copy.keys = this.keys;
    copy.userKeys = this.userKeys;
    copy.now = this.now;
    copy.#row = this.#row;
    copy.#feed.push(...this.#feed);
    for (const [id, row] of this.#disk) copy.#disk.set(id, row);
    return copy;
  }

  /** Codes of all that was told or set aside so far. */
  get seen(): readonly (AlarmCode | QuarantineReason)[] {
    const reasons = [...this.replica.quarantine.values()].map(({ reason }) => reason);
    return [...new Set([...this.raised.map(({ code }) => code), ...reasons])].sort();
  }

  get standing(): Standing {
    return standingOf(this.state, this.workspace, this.keys);
  }

  get head(): LogHead {
    const head = workspaceOf(this.state, this.workspace).team.states.at(-1)?.head;
    if (head === undefined) throw new Error('The team log is here.');
    return head;
  }

  textOf(id: GroupId): string | null {
    return currentText(this.replica, this.#ports(), id);
  }

  /** The sealed bytes of what no server has placed yet. */
  get pending(): readonly Uint8Array[] {
    return [...this.#disk.values()].filter(({ feed }) => feed === null).map(({ bytes }) => bytes);
  }

  bytesOf(id: RecordId): Uint8Array | null {
    return this.#disk.get(id)?.bytes ?? null;
  }

  write(name: string, text: string): GroupId {
    const prompt = { folderId: null, name, text, ifTaken: 'suffix' } as const;
    const made = this.run((state, ports) => createPrompts(state, ports, [prompt]));
    const id = made.result[0]?.id;
    if (id === undefined) throw new Error('Not made.');
    return id;
  }

  save(id: GroupId, text: string): void {
    const base = this.replica.groups.get(id)?.content?.revisionId ?? null;
    this.run((state, ports) => saveText(state, ports, { id, text, base }));
  }

  run<T>(command: (state: ReplicaState, ports: ReplicaPorts) => CommandResult<T>): Command<T> {
    const done = command(this.replica, this.#ports());
    if (!done.ok) throw new Error(done.problem.message);
    this.#write(done.value.records, done.value.erase);
    this.replica = atRow(done.value.state, this.#row);
    return done.value;
  }

  /** Checks the signatures that wait for it, then merges what had to wait for that. */
  check(): void {
    const ports = this.#ports();
    const ids = uncheckedRecords(this.replica, 1000);
    const groups = [
      ...new Set(ids.map((id) => this.replica.unchecked.get(id)).filter((id) => id !== undefined)),
    ];
    this.replica = settle(this.replica, ports, ids).state;
    this.run((state) => mergePending(state, ports, groups));
  }

  /** The program ends and starts again with what was written to the disk. */
  restart(): void {
    const decoded = decodeClient(this.#suite, encodeClient(this.state));
    if (!decoded.ok) throw new Error(decoded.problem.message);
    this.state = decoded.value;
  }

  /** Connects, reads all there is, sends all there is, until nothing is left to say. */
  async sync(server: TestServer): Promise<void> {
    this.session = newSession();
    const first = connect(this.state, [this.workspace]);
    this.state = first.state;
    await this.exchange(server, first.requests);
    await this.#sendAll(server);
  }

  /** Does what this client owes, as `dutiesOf` finds it. */
  async doDuties(server: TestServer): Promise<void> {
    const facts = { now: this.now, online: null, keys: this.keys, wanted: server.wanted };
    for (const duty of dutiesOf(this.state, this.workspace, facts)) {
      const composed = await fulfil(this.author, this.state, this.workspace, duty);
      if (composed.ok) await this.exchange(server, [composed.value]);
    }
  }

  /** What is done once a restore was announced. */
  async sealUserKeys(server: TestServer): Promise<void> {
    const composed = await sealUserKeys(this.author, this.state);
    if (!composed.ok) throw new Error(composed.problem.message);
    await this.exchange(server, [composed.value]);
  }

  /** An entry by this member, if the log allows it. */
  async append(server: TestServer, action: TeamAction): Promise<Composed> {
    const composed = composeEntry(this.author, this.state, this.workspace, action);
    if (composed.ok) await this.exchange(server, [composed.value]);
    return composed;
  }

  async remove(server: TestServer, account: SampleAccount): Promise<void> {
    const composed = await composeRotation(this.author, this.state, this.workspace, account.id);
    if (!composed.ok) throw new Error(composed.problem.message);
    await this.exchange(server, [composed.value]);
  }

  get author(): Author {
    const { device, userKeys, keys, now } = this;
    return { suite: this.#suite, device, userKeys, keys, now, position: this.replica.feed };
  }

  async exchange(server: TestServer, requests: readonly Request[]): Promise<void> {
    const open = [...requests];
    let count = 0;
    for (let request = open.shift(); request !== undefined; request = open.shift()) {
      for (const message of server.answer(this.account.id, this.#withBytes(request))) {
        count += 1;
        if (count > MAX_MESSAGES) throw new Error('Client and server talk in circles.');
        open.push(...(await this.take(message)));
      }
    }
  }

  /** Takes one message; gives what is to be sent. */
  async take(message: ServerMessage): Promise<readonly Request[]> {
    if (message.kind === 'feed') return this.#takePage(message);
    if (message.kind === 'pushed') return this.#takePushed(message);
    const requests = [...this.#keep(take(this.#tools, this.state, message))];
    if (message.kind !== 'ends') requests.push(...(await this.#openKeys()));
    return requests;
  }

  async #sendAll(server: TestServer): Promise<void> {
    for (let round = 0; round < MAX_MESSAGES; round++) {
      if (this.keys === null) return;
      const chosen = sendPending(this.state, this.workspace, this.#open(this.keys));
      this.session = chosen.session;
      if (chosen.requests.length === 0) return;
      await this.exchange(server, chosen.requests);
      await this.exchange(server, [{ kind: 'readEnds', workspace: this.workspace }]);
    }
    throw new Error('It never comes to an end of sending.');
  }

  #keep({ state, requests, raised }: Outcome): readonly Request[] {
    this.state = state;
    this.raised.push(...raised);
    for (const { code, seq } of raised) if (code === 'entryWithheld') this.#recheck(seq ?? 0);
    return requests;
  }

  #recheck(seq: number): void {
    const doubted = recheckAfter(this.replica, seq);
    this.replica = settle(doubted, this.#ports(), uncheckedRecords(doubted, 1000)).state;
  }

  #takePage(page: Extract<ServerMessage, { readonly kind: 'feed' }>): readonly Request[] {
    if (this.keys === null) throw new Error('No feed is asked for without keys.');
    const outcome = takeFeedPage(this.#tools, this.state, this.#open(this.keys), page, this.verify);
    const { taken } = outcome;
    if (taken !== null) {
      for (const { id, bytes, feed } of taken.arrived) this.#disk.set(id, { bytes, feed });
      for (const { id, feed } of taken.placed) this.#disk.set(id, { bytes: this.#bytes(id), feed });
      const placed = [...taken.arrived, ...taken.placed].sort(
        (left, right) => left.feed.seq - right.feed.seq,
      );
      for (const { id, feed } of placed) this.#feed[feed.seq - 1] = { id, position: feed };
      this.#row += taken.arrived.length;
      this.#write(taken.records, taken.erase);
    }
    this.replica = atRow(outcome.replica, this.#row);
    this.session = outcome.session;
    return this.#keep(outcome);
  }

  #takePushed(message: Extract<ServerMessage, { readonly kind: 'pushed' }>): readonly Request[] {
    if (this.keys === null) throw new Error('Nothing is pushed without keys.');
    const outcome = takePushed(this.#tools, this.state, this.#open(this.keys), message);
    const { resealed } = outcome;
    this.state = outcome.state;
    this.session = outcome.session;
    if (resealed !== null) {
      for (const id of resealed.drop) this.#disk.delete(id);
      this.#write(resealed.records, resealed.erase);
    }
    this.replica = atRow(outcome.replica, this.#row);
    return outcome.requests;
  }

  async #openKeys(): Promise<readonly Request[]> {
    const { state, workspace } = this;
    const generation = accountOf(state, state.account)?.generation ?? 0;
    if (!this.userKeys.has(generation)) {
      this.userKeys = (await openAccount(this.#suite, state, this.device)) ?? this.userKeys;
    }
    const before = this.keys?.epochs.size ?? 0;
    const epoch = teamOf(workspaceOf(state, workspace))?.epoch;
    if (epoch !== undefined && this.keys?.epochs.has(epoch) !== true) {
      this.keys = (await openWorkspace(this.#suite, state, workspace, this.userKeys)) ?? this.keys;
    }
    if ((this.keys?.epochs.size ?? 0) > before) {
      this.replica = retryMissingKeys(this.replica, this.#ports()).state;
    }
    return this.#keep(keysOpened(this.#tools, this.state, this.workspace));
  }

  #withBytes(request: Request): Arrived {
    if (request.kind === 'push') {
      return { ...request, bytes: request.push.records.map((id) => this.#bytes(id)) };
    }
    if (request.kind === 'heal') return { ...request, bytes: request.records.map((id) => this.#bytes(id)) };
    return request;
  }

  #bytes(id: RecordId): Uint8Array {
    const row = this.#disk.get(id);
    if (row === undefined) throw new Error('What is sent or placed is on the disk.');
    return row.bytes;
  }

  #write(records: readonly SealedRecord[], erase: readonly RecordId[]): void {
    for (const { header, bytes } of records) this.#disk.set(header.id, { bytes, feed: null });
    this.#row += records.length;
    if (erase.length === 0) return;
    const { records: port } = this.#ports();
    for (const id of erase) {
      const row = this.#disk.get(id);
      if (row !== undefined) this.#disk.set(id, { ...row, bytes: port.tombstoneOf(row.bytes) });
    }
  }

  get #local(): LocalFeed {
    return {
      position: this.replica.feed,
      hashAt: (seq) => (seq === 0 ? FEED_START.feedHash : (this.#feed[seq - 1]?.position.feedHash ?? null)),
      placeOf: (record) => this.#disk.get(record)?.feed?.seq ?? null,
      recordsFrom: (seq, limit) => this.#feed.slice(seq - 1, seq - 1 + limit).map(({ id }) => id),
      hasKey: (epoch) => this.keys?.epochs.has(epoch) ?? false,
    };
  }

  get #tools(): ClientTools & { readonly suite: Suite } {
    const suite = this.#suite;
    return { suite, primitives: suite, verifiers: suite.verifiers, localOf: () => this.#local };
  }

  #basePorts(): Omit<ReplicaPorts, 'records'> {
    return {
      now: () => (this.now += 1),
      randomBytes: (length) => this.#suite.random(length),
      factsOf: factsOfText,
      merge: mergeTexts,
      readRecord: (id) => this.bytesOf(id),
    };
  }

  #ports(): ReplicaPorts {
    const { keys, device, state, workspace } = this;
    if (keys === null) throw new Error('There are no keys yet.');
    const { hashAt } = this.#local;
    return {
      ...this.#basePorts(),
      records: recordsOf(this.#suite, { state, workspace, device, keys, hashAt }),
    };
  }

  #open(keys: WorkspaceKeys): OpenWorkspace {
    const { replica, session, device } = this;
    return { replica, session, keys, device, ports: this.#basePorts() };
  }
}
