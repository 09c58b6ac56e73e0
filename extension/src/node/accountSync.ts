// The lanes of one account, over one socket: what the server has comes down, what was written here goes up. Lives as long
// as the socket; the next one begins again with what is on the disk.
//
// Promises: one step at a time; disk, then memory, then tell anyone, then send. Nothing that the server says counts
// before the engine (shared/src/client) has verified it.

import { effectOf, type Alarm } from '@cuebook/shared/client/alarms';
import { dutiesOf, type Duty } from '@cuebook/shared/client/duties';
import { connect, keysOpened, take } from '@cuebook/shared/client/engine';
import { type Author, type Composed, fulfil } from '@cuebook/shared/client/entries';
import { takeFeedPage } from '@cuebook/shared/client/feedPages';
import { openAccount, openWorkspace } from '@cuebook/shared/client/keys';
import type { Request, ServerMessage, WantedBox, WorkspaceEnds } from '@cuebook/shared/client/messages';
import { isCaughtUp } from '@cuebook/shared/client/progress';
import { sendPending, takePushed } from '@cuebook/shared/client/pushes';
import { type ClientState, type ClientTools, teamOf, workspaceOf } from '@cuebook/shared/client/state';
import { missingHeads } from '@cuebook/shared/client/teamLogs';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { AccountId, GroupId, RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { FollowMessage } from '@cuebook/shared/protocol/record';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { LogHead } from '@cuebook/shared/record/header';
import { newSession, reopened, type Session } from '@cuebook/shared/replica/pushing';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import type { ReplicaState } from '@cuebook/shared/replica/state';
import { membersNow } from '@cuebook/shared/team/teamState';
import { isSameOnDisk, type LocalAccount, writeAccount } from './accounts.ts';
import type { LibraryAccounts } from './libraryAccounts.ts';
import type { Change, LibrarySession, LibrarySessions } from './librarySession.ts';
import { createCarrier, type Carry } from './serverCarrier.ts';
import type { ServerCalls } from './serverCalls.ts';
import { ConnectionLost, ServerRefusal } from './serverSocket.ts';
import { readUnread, withNews, writeUnread } from './unread.ts';

export interface SyncDependencies {
  readonly suite: Suite;
  readonly accounts: LibraryAccounts;
  readonly sessions: LibrarySessions;
  /** All but the port to records, which is made for each page. */
  readonly ports: Omit<ReplicaPorts, 'records'>;
  readonly account: AccountId;
  readonly calls: ServerCalls;
  readonly now: () => number;
  readonly told: SyncListener;
}

/** What is said of the lanes' work; codes and numbers only. */
export interface SyncListener {
  alarm(alarm: Alarm): void;
  received(workspace: WorkspaceId, count: number): void;
  sent(workspace: WorkspaceId, count: number): void;
  refused(workspace: WorkspaceId, answer: string): void;
  resealed(workspace: WorkspaceId): void;
  caughtUp(workspace: WorkspaceId): void;
  /** Somebody's sealed presence. */
  presence(workspace: WorkspaceId, message: Uint8Array): void;
  /** The server said that this account may not follow it any more. */
  ended(workspace: WorkspaceId): void;
  /** A restored server has again what everybody has. */
  healed(workspace: WorkspaceId): void;
  /** Anything that is shown may be another now. */
  moved(): void;
  /** A broken invariant: the connection is to be closed. */
  failed(error: unknown): void;
}

export type SyncPhase = 'catchingUp' | 'live' | 'ended';

export interface AccountSync {
  phase(workspace: WorkspaceId): SyncPhase;
  /** How far, while it catches up: what is here, and where the server ends. */
  progress(workspace: WorkspaceId): { readonly done: number; readonly total: number };
  /** Something was written here: sends it. */
  push(): void;
  /** A workspace that this account has come to: reads all of it. */
  begin(workspace: WorkspaceId): Promise<void>;
  /** Resolves when all is here that the server said there is. */
  untilCaughtUp(workspace: WorkspaceId): Promise<void>;
  /**
   * Writes an entry of the team log: composed at the end of log and feed, and anew when somebody was first. Resolves when
   * the entry has come back and is verified.
   */
  append(
    workspace: WorkspaceId,
    compose: (author: Author, state: ClientState) => Promise<Composed>,
  ): Promise<AppendOutcome>;
  /** The same for the own account's log. */
  appendAccount(compose: (author: Author, state: ClientState) => Promise<Composed>): Promise<AppendOutcome>;
  /** This account's own log went on by another way than through here. */
  readOwnLog(): Promise<void>;
  stop(): void;
}

export type AppendOutcome =
  | { readonly kind: 'stored' }
  /** Not allowed by the log as it stands, or its keys are not here: `code` of the compose problem. */
  | { readonly kind: 'impossible'; readonly code: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'behind' };

const appendAttempts = 12;
/** A refusal that waiting may mend, such as too many calls. */
const pauseMs = 2000;
/** Records of one page whose signatures are checked at once; beyond it in slices (librarySession.ts). */
const checkedAtOnce = 64;
/** Between two members who could seal the same key, and for the last of many. */
const turnMs = 200;
const longestTurnMs = 4000;

interface Lane {
  session: Session;
  /** Ends the subscription; null while it is not followed. */
  stopFollowing: (() => void) | null;
  phase: SyncPhase;
  /** Of what `follow` has said: where log and feed end. Null before it was followed. */
  ends: WorkspaceEnds | null;
  waiters: (() => void)[];
  isDoingDuties: boolean;
  /** The server's ends were asked for again, since what it said was less than is here, or than it had said before. */
  isAskedAgain: boolean;
  /** What was said and what was here when they were last asked for because it had said more. */
  askedAt: string;
  /** Whose boxes are wanted is going to be asked. */
  isAskingWanted: boolean;
  /** Members without a box that opens, by the server's word, who have not been given one from here. */
  wanted: readonly WantedBox[];
}

/** Begins at once. Rejects if the connection is lost before the first answer. */
export async function startAccountSync(dependencies: SyncDependencies): Promise<AccountSync> {
  const { calls } = dependencies;
  const [info, rows] = await Promise.all([calls.ask('server.info'), calls.ask('workspace.list')]);
  const sync = new Sync(dependencies, info.incarnation);
  sync.start(rows.map(({ workspace }) => workspace));
  return sync;
}

class Sync implements AccountSync {
  readonly #dependencies: SyncDependencies;
  readonly #incarnation: string;
  readonly #carry: Carry;
  readonly #lanes = new Map<WorkspaceId, Lane>();
  readonly #tools: ClientTools & { readonly suite: Suite };
  #queue: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(dependencies: SyncDependencies, incarnation: string) {
    const { suite, accounts, sessions, calls, account } = dependencies;
    this.#dependencies = dependencies;
    this.#incarnation = incarnation;
    const position = (workspace: WorkspaceId) => sessions.of(workspace)?.state().feed ?? FEED_START;
    this.#tools = { suite, ...accounts.clientTools(position) };
    this.#carry = createCarrier({
      calls,
      primitives: suite,
      account,
      device: this.#account().device.id,
      incarnation,
      workspaces: () => [...this.#lanes.keys()],
      bytesOf: (id) => recordBytes(sessions, id),
    });
  }

  start(listed: readonly WorkspaceId[]): void {
    const { client } = this.#account();
    // What was never on the server is nobody's business there.
    const known = [...client.workspaces.values()].filter(({ incarnation }) => incarnation !== null);
    const workspaces = [...new Set([...listed, ...known.map(({ id }) => id)])];
    for (const id of workspaces) this.#lane(id);
    this.#enqueue(async () => {
      const outcome = connect(this.#account().client, workspaces);
      this.#keepClient(outcome.state);
      this.#send(outcome.requests);
    });
  }

  phase(workspace: WorkspaceId): SyncPhase {
    return this.#lanes.get(workspace)?.phase ?? 'catchingUp';
  }

  progress(workspace: WorkspaceId): { readonly done: number; readonly total: number } {
    const done = this.#tools.localOf(workspace).position.seq;
    const { ends } = workspaceOf(this.#account().client, workspace);
    return { done, total: Math.max(done, ends?.feed.seq ?? done) };
  }

  push(): void {
    this.#enqueue(async () => {
      for (const id of this.#lanes.keys()) this.#sendPending(id);
    });
  }

  async begin(workspace: WorkspaceId): Promise<void> {
    this.#lane(workspace);
    this.#send([{ kind: 'readEnds', workspace }]);
    await this.untilCaughtUp(workspace);
  }

  async untilCaughtUp(workspace: WorkspaceId): Promise<void> {
    await new Promise<void>((resolve) => {
      const lane = this.#lane(workspace);
      lane.waiters.push(resolve);
      this.#enqueue(async () => this.#settle(workspace));
    });
    if (this.#isStopped) throw new ConnectionLost({ kind: 'lost' });
  }

  async append(
    workspace: WorkspaceId,
    compose: (author: Author, state: ClientState) => Promise<Composed>,
  ): Promise<AppendOutcome> {
    for (let attempt = 0; attempt < appendAttempts; attempt += 1) {
      await this.untilCaughtUp(workspace);
      const composed = await compose(this.#author(workspace), this.#account().client);
      if (!composed.ok) return { kind: 'impossible', code: composed.problem.code };
      const answer = await this.#exchange(composed.value);
      await this.untilCaughtUp(workspace);
      await this.#untilKeyed(workspace);
      if (answer !== 'behind') return { kind: answer };
    }
    return { kind: 'behind' };
  }

  async appendAccount(
    compose: (author: Author, state: ClientState) => Promise<Composed>,
  ): Promise<AppendOutcome> {
    for (let attempt = 0; attempt < appendAttempts; attempt += 1) {
      const composed = await compose(this.#author(null), this.#account().client);
      if (!composed.ok) return { kind: 'impossible', code: composed.problem.code };
      const answer = await this.#exchange(composed.value);
      await this.#idle();
      if (answer !== 'behind') return { kind: answer };
    }
    return { kind: 'behind' };
  }

  async readOwnLog(): Promise<void> {
    const { client } = this.#account();
    const from = client.accounts.get(client.account)?.entries.length ?? 0;
    this.#send([{ kind: 'readAccountLog', account: client.account, from }]);
    await this.#idle();
  }

  stop(): void {
    this.#isStopped = true;
    for (const lane of this.#lanes.values()) {
      for (const wake of lane.waiters.splice(0)) wake();
    }
  }

  /** Sends an append and takes its answer; says which it was. */
  async #exchange(request: Request): Promise<'stored' | 'behind' | 'refused'> {
    const messages = await this.#carry(request);
    let answer: 'stored' | 'behind' | 'refused' = 'refused';
    for (const message of messages) {
      if (message.kind === 'teamAppended' || message.kind === 'accountAppended') ({ answer } = message);
      await this.#enqueued(async () => this.#take(message));
    }
    return answer;
  }

  /** A new epoch's key comes in answer to what was asked when its entry was taken: until then nothing can be saved. */
  async #untilKeyed(workspace: WorkspaceId): Promise<void> {
    const lacksKey = (): boolean => {
      const { client, workspaceKeys } = this.#account();
      const epoch = teamOf(workspaceOf(client, workspace))?.epoch;
      return epoch !== undefined && workspaceKeys.get(workspace)?.epochs.has(epoch) !== true;
    };
    for (let round = 0; round < 3 && lacksKey(); round += 1) {
      await Promise.allSettled(this.#inFlight);
      await this.#queue;
    }
  }

  /** What was asked so far has been answered and taken. */
  async #idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
    await this.#queue;
  }

  readonly #inFlight = new Set<Promise<void>>();

  #account(): LocalAccount {
    const account = this.#dependencies.accounts.get(this.#dependencies.account);
    if (account === null) throw new Error('an account that syncs is in the library');
    return account;
  }

  #lane(workspace: WorkspaceId): Lane {
    const known = this.#lanes.get(workspace);
    if (known !== undefined) return known;
    const lane: Lane = {
      session: newSession(),
      stopFollowing: null,
      phase: 'catchingUp',
      ends: null,
      waiters: [],
      isDoingDuties: false,
      isAskedAgain: false,
      askedAt: '',
      isAskingWanted: false,
      wanted: [],
    };
    this.#lanes.set(workspace, lane);
    return lane;
  }

  #author(workspace: WorkspaceId | null): Author {
    const { device, userKeys, workspaceKeys } = this.#account();
    const { suite, now, sessions } = this.#dependencies;
    const session = workspace === null ? null : sessions.of(workspace);
    return {
      suite,
      device,
      userKeys,
      keys: workspace === null ? null : (workspaceKeys.get(workspace) ?? null),
      position: session?.state().feed ?? FEED_START,
      now: now(),
    };
  }

  #enqueue(step: () => Promise<void>): void {
    void this.#enqueued(step);
  }

  async #enqueued(step: () => Promise<void>): Promise<void> {
    const before = this.#queue;
    const run = async (): Promise<void> => {
      await before;
      if (this.#isStopped) return;
      try {
        await step();
      } catch (error) {
        this.#fail(error);
      }
    };
    this.#queue = run();
    await this.#queue;
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.stop();
    this.#dependencies.told.failed(error);
  }

  #send(requests: readonly Request[]): void {
    for (const request of requests) {
      const exchange = this.#ask(request);
      this.#inFlight.add(exchange);
      void exchange.finally(() => this.#inFlight.delete(exchange));
    }
  }

  async #ask(request: Request): Promise<void> {
    const named = request.kind === 'readAccountLog' ? this.#named(request.account) : -1;
    try {
      for (const message of await this.#carry(request)) {
        await this.#enqueued(async () =>
          this.#isOutrun(message, named) ? this.#send([request]) : this.#take(message),
        );
      }
    } catch (error) {
      if (this.#isStopped || error instanceof ConnectionLost) return;
      if (!(error instanceof ServerRefusal)) return this.#fail(error);
      // Nothing definite: the same again, when the server has had some air.
      const pause = (error.retryAfterSeconds ?? 0) * 1000 || pauseMs;
      setTimeout(() => {
        if (!this.#isStopped) this.#send([request]);
      }, pause);
    }
  }

  /** The index of an account's log up to which the teams' entries that wait for it name it; -1 for none. */
  #named(account: AccountId): number {
    const { client } = this.#account();
    const waiting = [...client.workspaces.values()].flatMap((workspace) => workspace.waiting);
    return indexOf(missingHeads(client, waiting).get(account) ?? null);
  }

  /**
   * An account's log as it was before a team's log named more of it, which came meanwhile. What says that the server
   * withholds something is only an answer to a question that was asked after that; `named`: when this one was asked.
   */
  #isOutrun(message: ServerMessage, named: number): boolean {
    if (message.kind !== 'accountLog') return false;
    const namedNow = this.#named(message.account);
    return namedNow > named && indexOf(message.head) < namedNow;
  }

  async #take(message: ServerMessage): Promise<void> {
    if ((message.kind === 'ends' || message.kind === 'feed') && this.#isOvertaken(message)) {
      const ends = this.#atLeastHere(message.workspace, message.ends);
      return message.kind === 'ends'
        ? this.#takeLogs({ ...message, ends })
        : this.#takePage({ ...message, ends });
    }
    switch (message.kind) {
      case 'feed':
        return this.#takePage(message);
      case 'pushed':
        return this.#takePushed(message);
      default:
        return this.#takeLogs(message);
    }
  }

  /**
   * Answers and subscriptions travel side by side: what says that the server has less than is here may be older than what
   * was taken since. It is asked once more; what is said to a question that was asked afterwards counts.
   */
  #isOvertaken({
    workspace,
    ends,
  }: {
    readonly workspace: WorkspaceId;
    readonly ends: WorkspaceEnds;
  }): boolean {
    const known = workspaceOf(this.#account().client, workspace);
    if (ends.teamLog === null || known.incarnation !== ends.incarnation) return false;
    const isShorter = isLessThan(ends, this.#extent(workspace));
    // While the server heals it has less than is here, and says so.
    if (!isShorter || ends.isHealing) return false;
    const lane = this.#lane(workspace);
    if (!lane.isAskedAgain) {
      lane.isAskedAgain = true;
      void this.#askEndsAgain(workspace, lane);
    }
    return true;
  }

  /** The server had this much already: it is from there. What it says of the rest stays. */
  #atLeastHere(workspace: WorkspaceId, ends: WorkspaceEnds): WorkspaceEnds {
    const { position } = this.#tools.localOf(workspace);
    const head = teamOf(workspaceOf(this.#account().client, workspace))?.head ?? null;
    // Null is a refusal, which no log makes good.
    const isLogHere = head !== null && ends.teamLog !== null && ends.teamLog.index < head.index;
    return {
      ...ends,
      feed: ends.feed.seq < position.seq ? position : ends.feed,
      teamLog: isLogHere ? head : ends.teamLog,
    };
  }

  #extent(workspace: WorkspaceId): Extent {
    return {
      seq: this.#tools.localOf(workspace).position.seq,
      entries: workspaceOf(this.#account().client, workspace).team.entries.length,
    };
  }

  async #askEndsAgain(workspace: WorkspaceId, lane: Lane): Promise<void> {
    const asked = this.#extent(workspace);
    const said = lane.ends;
    try {
      const [message] = await this.#carry({ kind: 'readEnds', workspace });
      lane.isAskedAgain = false;
      if (message?.kind !== 'ends') return;
      const isLess = isLessThan(message.ends, asked);
      // What the subscription has said since is newer than this answer.
      if (isLess || lane.ends === said) this.#learnEnds(workspace, lane, message.ends);
      // What was here when it was asked is there; what came since is no matter of this answer.
      await this.#enqueued(async () => (isLess ? this.#takeLogs(message) : this.#take(message)));
    } catch (error) {
      lane.isAskedAgain = false;
      if (!(error instanceof ServerRefusal)) return;
      const pause = (error.retryAfterSeconds ?? 0) * 1000 || pauseMs;
      setTimeout(() => {
        if (!this.#isStopped) this.#enqueue(async () => this.#settle(workspace));
      }, pause);
    }
  }

  /**
   * The subscription has said more than any answer that was taken, and it is not here: it came while something before it
   * was still on its way, and could not be taken, and that answer is older. Nothing else would bring it before the
   * workspace moves again.
   */
  #hasSaidMore(workspace: WorkspaceId, lane: Lane, ends: WorkspaceEnds): boolean {
    const said = lane.ends;
    if (said === null || lane.stopFollowing === null || said.incarnation !== ends.incarnation) return false;
    // What a server that heals still lacks is another matter.
    if (said.isHealing || ends.isHealing) return false;
    const known = this.#atLeastHere(workspace, ends);
    return said.feed.seq > known.feed.seq || indexOf(said.teamLog) > indexOf(known.teamLog);
  }

  /** At once; but a server that says there is more, and does not give it, is not asked in a loop. */
  #askForMore(workspace: WorkspaceId, lane: Lane): void {
    if (lane.isAskedAgain) return;
    lane.isAskedAgain = true;
    const { seq, entries } = this.#extent(workspace);
    const asked = [lane.ends?.feed.seq, lane.ends?.teamLog?.index, seq, entries].join(' ');
    const isNew = lane.askedAt !== asked;
    lane.askedAt = asked;
    if (isNew) return void this.#askEndsAgain(workspace, lane);
    setTimeout(() => {
      if (!this.#isStopped) void this.#askEndsAgain(workspace, lane);
    }, pauseMs);
  }

  async #takeLogs(message: Exclude<ServerMessage, { readonly kind: 'feed' | 'pushed' }>): Promise<void> {
    const before = this.#account().client;
    const outcome = take(this.#tools, before, message);
    this.#keepClient(outcome.state);
    this.#tell(outcome.raised);
    this.#send(outcome.requests);
    if (message.kind === 'boxesWanted') this.#lane(message.workspace).wanted = message.wanted;
    const touched = 'workspace' in message ? [message.workspace] : [...this.#lanes.keys()];
    if (message.kind !== 'ends') await this.#openKeys(touched, message.kind === 'userBoxes');
    for (const id of touched) {
      this.#noticeEntries(id, before, outcome.state);
      await this.#settle(id);
    }
  }

  /** Whoever may not write may again; members who came without a key are given one. */
  #noticeEntries(id: WorkspaceId, before: ClientState, after: ClientState): void {
    const added = workspaceOf(after, id).team.entries.slice(workspaceOf(before, id).team.entries.length);
    if (added.length === 0) return;
    const lane = this.#lane(id);
    lane.session = reopened(lane.session);
    const hasJoined = added.some(({ body }) => body.action.type === 'join' || body.action.type === 'confirm');
    if (hasJoined) this.#askWanted(id, lane);
  }

  /** One after the other, in the order in which they joined: who comes later finds that it was done. */
  #askWanted(workspace: WorkspaceId, lane: Lane): void {
    const { client } = this.#account();
    const team = teamOf(workspaceOf(client, workspace));
    const own = team?.members.get(client.account);
    if (lane.isAskingWanted || team === null || own === undefined) return;
    lane.isAskingWanted = true;
    const before = membersNow(team).filter(({ joinedAt }) => joinedAt < own.joinedAt).length;
    setTimeout(
      () => {
        lane.isAskingWanted = false;
        if (!this.#isStopped) this.#send([{ kind: 'readWanted', workspace }]);
      },
      Math.min(before * turnMs, longestTurnMs),
    );
  }

  #takePage(page: Extract<ServerMessage, { readonly kind: 'feed' }>): Promise<void> {
    const { sessions, told, ports } = this.#dependencies;
    const { workspace } = page;
    const session = sessions.of(workspace);
    const lane = this.#lane(workspace);
    const account = this.#account();
    const keys = account.workspaceKeys.get(workspace);
    if (session === null || keys === undefined) return Promise.resolve();
    const verify = page.items.length > checkedAtOnce ? 'later' : 'now';
    const outcome = session.change((change) => {
      const open = { replica: change.state(), session: lane.session, keys, device: account.device, ports };
      const taken = takeFeedPage(this.#toolsIn(workspace, change), account.client, open, page, verify);
      if (taken.taken !== null) {
        change.takeFeed(taken.taken);
        this.#markUnread(change, open.replica, taken.taken.texts);
      }
      this.#writeClient(change, account, taken.state);
      return taken;
    });
    this.#adopt(outcome.state);
    lane.session = outcome.session;
    // Not what was sent from here and has its place now.
    const count = outcome.taken?.arrived.length ?? 0;
    if (count > 0) told.received(workspace, count);
    if (verify === 'later') sessions.idleSoon();
    this.#tell(outcome.raised);
    this.#send(outcome.requests);
    return this.#settle(workspace);
  }

  #markUnread(change: Change, before: ReplicaState, texts: readonly GroupId[]): void {
    const { accounts } = this.#dependencies;
    const { workspace } = before;
    const { seals } = accounts.tools;
    const known = texts.length === 0 ? null : readUnread(change.store, seals, workspace);
    if (known === null) return;
    const own = new Set(accounts.all().map(({ settings }) => settings.id));
    const unread = withNews(known, { before, after: change.state() }, { texts, own });
    if (unread === known) return;
    writeUnread(change.store, seals, { workspace, unread });
    change.touch('teams');
    change.touch('tree');
  }

  async #takePushed(message: Extract<ServerMessage, { readonly kind: 'pushed' }>): Promise<void> {
    const { sessions, told, ports } = this.#dependencies;
    const { workspace, push, answer } = message;
    const session = sessions.of(workspace);
    const lane = this.#lane(workspace);
    const account = this.#account();
    const keys = account.workspaceKeys.get(workspace);
    if (session === null || keys === undefined) return;
    const outcome = session.change((change) => {
      const open = { replica: change.state(), session: lane.session, keys, device: account.device, ports };
      const taken = takePushed(this.#toolsIn(workspace, change), account.client, open, message);
      if (taken.resealed !== null) change.reseal(taken.resealed);
      this.#writeClient(change, account, taken.state);
      return taken;
    });
    this.#adopt(outcome.state);
    lane.session = outcome.session;
    if (answer.kind === 'stored') told.sent(workspace, push.records.length);
    else told.refused(workspace, answer.kind);
    if (outcome.resealed !== null) told.resealed(workspace);
    this.#send(outcome.requests);
    await this.#settle(workspace);
  }

  /** Within a transaction the feed ends where the transaction has it. */
  #toolsIn(workspace: WorkspaceId, change: Change): ClientTools & { readonly suite: Suite } {
    const { accounts, sessions, suite } = this.#dependencies;
    const position = (id: WorkspaceId) =>
      id === workspace ? change.state().feed : (sessions.of(id)?.state().feed ?? FEED_START);
    return { suite, ...accounts.clientTools(position) };
  }

  /** On the disk if anything that outlives the program has changed, then in memory. */
  #keepClient(state: ClientState): void {
    const account = this.#account();
    if (!isSameOnDisk(account.client, state)) {
      const { sessions, accounts } = this.#dependencies;
      sessions.write((touch) => {
        writeAccount(accounts.tools, sessions.store, { ...account, client: state });
        touch('client', account.settings.id);
      });
    }
    this.#adopt(state);
  }

  #writeClient(change: Change, account: LocalAccount, state: ClientState): void {
    if (isSameOnDisk(account.client, state)) return;
    writeAccount(this.#dependencies.accounts.tools, change.store, { ...account, client: state });
    change.touch('client', account.settings.id);
  }

  #adopt(client: ClientState): void {
    this.#dependencies.accounts.adopt({ ...this.#account(), client });
  }

  #tell(raised: readonly Alarm[]): void {
    for (const alarm of raised) this.#dependencies.told.alarm(alarm);
  }

  /** Opens what boxes have brought; keys are kept before anything is read with them. */
  async #openKeys(workspaces: readonly WorkspaceId[], again: boolean): Promise<void> {
    const { suite, accounts, sessions } = this.#dependencies;
    const { client, device, userKeys: known, workspaceKeys } = this.#account();
    const generation = client.accounts.get(client.account)?.states.at(-1)?.generation ?? 0;
    const lacksUserKey = again || !known.has(generation);
    const userKeys = (lacksUserKey ? await openAccount(suite, client, device) : null) ?? known;
    const keys = new Map(workspaceKeys);
    const opened: WorkspaceId[] = [];
    for (const id of workspaces) {
      const epoch = teamOf(workspaceOf(client, id))?.epoch;
      if (epoch === undefined || keys.get(id)?.epochs.has(epoch) === true) continue;
      const found = await openWorkspace(suite, client, id, userKeys);
      if (found === null || found.epochs.size === (keys.get(id)?.epochs.size ?? 0)) continue;
      keys.set(id, found);
      opened.push(id);
    }
    if (userKeys !== known || opened.length > 0) {
      const account = { ...this.#account(), userKeys, workspaceKeys: keys };
      sessions.write((touch) => {
        writeAccount(accounts.tools, sessions.store, account);
        touch('client', account.settings.id);
      });
      accounts.adopt(account);
      sessions.refresh();
      for (const id of opened) sessions.of(id)?.retryKeys();
    }
    for (const id of workspaces) {
      const outcome = keysOpened(this.#tools, this.#account().client, id);
      this.#keepClient(outcome.state);
      this.#tell(outcome.raised);
      this.#send(outcome.requests);
    }
  }

  /** After each step: what can follow from where the workspace is now. */
  async #settle(workspace: WorkspaceId): Promise<void> {
    const lane = this.#lane(workspace);
    const { client } = this.#account();
    const isOver = client.alarms.some(
      (alarm) => alarm.workspace === workspace && effectOf(alarm) === 'forever',
    );
    const { ends } = workspaceOf(client, workspace);
    if (isOver || (ends !== null && ends.teamLog === null)) {
      lane.phase = 'ended';
      this.#wake(lane);
    } else if (ends === null || !isCaughtUp(this.#tools, client, workspace)) {
      lane.phase = 'catchingUp';
    } else if (this.#hasSaidMore(workspace, lane, ends)) {
      lane.phase = 'catchingUp';
      this.#askForMore(workspace, lane);
    } else {
      this.#becomeLive(workspace, lane);
      this.#sendPending(workspace);
      await this.#doDuties(workspace, lane);
    }
    this.#dependencies.told.moved();
  }

  #wake(lane: Lane): void {
    for (const wake of lane.waiters.splice(0)) wake();
  }

  #becomeLive(workspace: WorkspaceId, lane: Lane): void {
    if (lane.phase !== 'live') {
      this.#dependencies.told.caughtUp(workspace);
      this.#askWanted(workspace, lane);
    }
    lane.phase = 'live';
    if (lane.stopFollowing === null) this.#follow(workspace, lane);
    this.#wake(lane);
  }

  #follow(workspace: WorkspaceId, lane: Lane): void {
    const { calls, told } = this.#dependencies;
    const { client } = this.#account();
    const { team, ends } = workspaceOf(client, workspace);
    // The log may have grown between the answer where it ends and the one with its entries.
    lane.ends = ends === null ? null : this.#atLeastHere(workspace, ends);
    const input = {
      workspace,
      after: { incarnation: this.#incarnation, seq: this.#tools.localOf(workspace).position.seq },
      logFrom: team.entries.length,
    };
    lane.stopFollowing = calls.follow(input, {
      next: (message) => this.#enqueue(async () => this.#takeFollowed(workspace, lane, message)),
      ended: () => {
        lane.stopFollowing = null;
        // By the server's word; what the log says is looked at once more.
        lane.phase = 'catchingUp';
        told.ended(workspace);
        setTimeout(() => {
          if (!this.#isStopped) this.#send([{ kind: 'readEnds', workspace }]);
        }, pauseMs / 4);
      },
    });
  }

  async #takeFollowed(workspace: WorkspaceId, lane: Lane, message: FollowMessage): Promise<void> {
    const { team, waiting, ends: known } = workspaceOf(this.#account().client, workspace);
    const ends = lane.ends ?? known;
    switch (message.kind) {
      case 'log': {
        const { from, entries, head } = message;
        if (ends !== null) lane.ends = { ...ends, teamLog: head };
        // What follows entries that are not here yet is read after them.
        if (from <= team.entries.length)
          await this.#take({ kind: 'teamLog', workspace, from, entries, head });
        return this.#takeEnds(workspace, lane);
      }
      case 'items': {
        if (ends === null) return;
        const { items, end } = message;
        lane.ends = { ...ends, feed: end };
        const { seq } = this.#tools.localOf(workspace).position;
        const isNext = waiting.length === 0 && (items[0]?.seq ?? 0) <= seq + 1;
        // The same, after entries or items that are on their way.
        if (!isNext) return this.#takeEnds(workspace, lane);
        return this.#take({ kind: 'feed', workspace, items, ends: lane.ends });
      }
      case 'healing': {
        if (ends !== null) this.#learnEnds(workspace, lane, { ...ends, isHealing: message.healing });
        return this.#takeEnds(workspace, lane);
      }
      case 'boxes':
        return this.#send([{ kind: 'readBoxes', workspace }]);
      case 'boxesWanted':
        return this.#askWanted(workspace, lane);
      case 'presence':
        return this.#dependencies.told.presence(workspace, message.message);
      case 'upToDate':
      case 'otherIncarnation':
      case 'ended':
        return;
    }
  }

  #learnEnds(workspace: WorkspaceId, lane: Lane, ends: WorkspaceEnds): void {
    if (lane.ends?.isHealing === true && !ends.isHealing) this.#dependencies.told.healed(workspace);
    lane.ends = ends;
  }

  async #takeEnds(workspace: WorkspaceId, { ends }: Lane): Promise<void> {
    if (ends !== null) await this.#take({ kind: 'ends', workspace, ends });
  }

  #sendPending(workspace: WorkspaceId): void {
    const session = this.#dependencies.sessions.of(workspace);
    const lane = this.#lane(workspace);
    const { client, workspaceKeys } = this.#account();
    const keys = workspaceKeys.get(workspace);
    if (session === null || keys === undefined || lane.phase !== 'live') return;
    const chosen = sendPending(client, workspace, { replica: session.state(), session: lane.session, keys });
    lane.session = chosen.session;
    this.#send(chosen.requests);
  }

  /** What this account owes the team without anybody asking. */
  async #doDuties(workspace: WorkspaceId, lane: Lane): Promise<void> {
    if (lane.isDoingDuties) return;
    const { client, workspaceKeys } = this.#account();
    const keys = workspaceKeys.get(workspace) ?? null;
    const facts = { now: this.#dependencies.now(), online: null, keys, wanted: lane.wanted };
    const [duty] = dutiesOf(client, workspace, facts);
    if (duty === undefined) return;
    lane.isDoingDuties = true;
    if (duty.kind === 'sealBoxes') lane.wanted = [];
    const composed = await fulfil(this.#author(workspace), client, workspace, duty);
    if (!composed.ok) {
      lane.isDoingDuties = false;
      return;
    }
    this.#doDuty(workspace, lane, { duty, request: composed.value });
  }

  #doDuty(
    workspace: WorkspaceId,
    lane: Lane,
    { duty, request }: { readonly duty: Duty; readonly request: Request },
  ): void {
    const asked = async (): Promise<void> => {
      await this.#ask(request);
      lane.isDoingDuties = false;
      // Boxes that nobody keeps would be put again and again.
      if (duty.kind !== 'sealBoxes') await this.#enqueued(async () => this.#settle(workspace));
    };
    void asked();
  }
}

/** How much of a workspace is here. */
interface Extent {
  readonly seq: number;
  readonly entries: number;
}

const isLessThan = ({ teamLog, feed }: WorkspaceEnds, { seq, entries }: Extent): boolean =>
  feed.seq < seq || indexOf(teamLog) < entries - 1;

/** Of the last entry; -1 for none. */
const indexOf = (head: LogHead | null): number => head?.index ?? -1;

function recordBytes(sessions: LibrarySessions, id: RecordId): Uint8Array {
  const bytes = sessions.store.record(id);
  if (bytes === null) throw new Error('what is sent is on the disk');
  return bytes;
}

/** Records of a workspace that no server has placed. */
export function pendingCount(session: LibrarySession): number {
  let count = 0;
  for (const group of session.state().groups.values()) count += group.unsynced;
  return count;
}

/** Of these, what is on its way; and prompts of which a side stays here until somebody has merged it. */
export function sendingCounts(session: LibrarySession): {
  readonly pending: number;
  readonly toMerge: number;
} {
  let [pending, toMerge] = [0, 0];
  for (const { unsynced, hasConflict } of session.state().groups.values()) {
    if (hasConflict) toMerge += 1;
    else pending += unsynced;
  }
  return { pending, toMerge };
}
