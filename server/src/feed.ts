// Following workspaces: whoever follows gets everything after their position in feed and log, in order, once, and then
// what comes. Catching up and being live are the same reading of the store; the hub only says when to read again.
//
//     attach to the hub → read after the position → send → … → nothing more → member → read once for all members at each hint
//
// A follower that is far behind reads pages of its own, each when the one before has left the socket. When its page ends
// at the store's end it becomes a member, and one read, encoded once, serves all members. Positions of members differ by
// a page at most: the shared read begins at the lowest, and whoever is further on gets what is new to it. A member whose
// socket is full is no member until it has drained, and then catches up by itself: nobody else waits, nothing is kept
// for it. Before anything that stands behind new log entries is sent, everybody's right to it is looked at again.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { FollowMessage } from '@cuebook/shared/protocol/record';
import type { Hub, HubMessage } from './hub.ts';
import type { LiveSocket } from './liveSocket.ts';
import { Refusal } from './problems.ts';
import type { Incarnation, Store, Tail, TailPosition } from './store/api.ts';

export interface Follow {
  readonly workspace: WorkspaceId;
  readonly from: TailPosition;
  readonly socket: Pick<LiveSocket, 'id' | 'hasRoom' | 'untilRoom'>;
  /** Whether this follower still may: asked whenever something was revoked or the log has grown. */
  readonly mayFollow: () => Promise<boolean>;
  readonly observer: FollowObserver;
}

/** As tRPC's subscriptions have them; what is absent is not of interest. */
export interface FollowObserver {
  /** The same object may go to many followers; it is never changed. */
  next?: (message: FollowMessage) => void;
  /** Nothing follows. */
  complete?: () => void;
  error?: (error: unknown) => void;
}

export interface Feed {
  /** Begins at once; the result ends it. */
  follow(follow: Follow): () => void;
  /** What is followed here, for the sweep. */
  followed(): readonly WorkspaceId[];
  /** As a hint would: reads wherever the store has more than was sent. */
  look(head: { readonly workspace: WorkspaceId; readonly seq: number; readonly logIndex: number }): void;
  close(): void;
}

export interface FeedDependencies {
  readonly store: Pick<Store, 'records'>;
  readonly hub: Pick<Hub, 'listen'>;
  /** For failures that no follower is told. */
  readonly onError: (error: unknown) => void;
  /** Pages that are read or leave a socket at one time, of all who catch up. */
  readonly pages?: number;
}

const DEFAULT_PAGES = 24;

interface Follower {
  readonly follow: Omit<Follow, 'workspace' | 'from'>;
  readonly incarnation: Incarnation;
  /** Everything up to here has been sent. */
  seq: number;
  logFrom: number;
  healing: boolean;
  wasUpToDate: boolean;
  state: 'catchingUp' | 'member' | 'ended';
}

export function createFeed({ store, hub, onError, pages = DEFAULT_PAGES }: FeedDependencies): Feed {
  const followed = new Map<WorkspaceId, Followed>();
  const permits = createPermits(pages);
  const context: FollowedContext = {
    store,
    permits,
    onError,
    leave: (those, follower) => leave(those, follower),
  };
  const followedOf = (workspace: WorkspaceId): Followed => {
    const there = followed.get(workspace);
    if (there !== undefined) return there;
    const made = new Followed(context, workspace);
    made.stopListening = hub.listen(workspace, made.hear);
    followed.set(workspace, made);
    return made;
  };
  const leave = (those: Followed, follower: Follower): void => {
    those.end(follower);
    if (those.isEmpty && followed.get(those.workspace) === those) {
      followed.delete(those.workspace);
      those.stopListening();
    }
  };
  return {
    follow: (follow) => {
      const those = followedOf(follow.workspace);
      const { incarnation, seq, logFrom } = follow.from;
      const follower: Follower = {
        follow,
        incarnation,
        seq,
        logFrom,
        healing: false,
        wasUpToDate: false,
        state: 'catchingUp',
      };
      those.begin(follower);
      return () => leave(those, follower);
    },
    followed: () => [...followed.keys()],
    look: ({ workspace, seq, logIndex }) =>
      followed.get(workspace)?.hear({ kind: 'workspace', workspace, seq, logIndex }),
    close: () => {
      for (const those of followed.values()) those.stopListening();
      followed.clear();
    },
  };
}

interface FollowedContext {
  readonly store: Pick<Store, 'records'>;
  readonly permits: Permits;
  readonly onError: (error: unknown) => void;
  readonly leave: (those: Followed, follower: Follower) => void;
}

/** One workspace and those who follow it in this process. */
class Followed {
  readonly workspace: WorkspaceId;
  stopListening: () => void = () => {};
  readonly #context: FollowedContext;
  readonly #followers = new Set<Follower>();
  readonly #members = new Set<Follower>();
  /** How many hints there were: whoever read before the last one may have missed it. */
  #hints = 0;
  /** How far hints say that the store goes. */
  #hinted = { seq: 0, logIndex: 0 };
  #isStale = false;
  #isReading = false;

  constructor(context: FollowedContext, workspace: WorkspaceId) {
    this.#context = context;
    this.workspace = workspace;
  }

  get isEmpty(): boolean {
    return this.#followers.size === 0;
  }

  begin(follower: Follower): void {
    this.#followers.add(follower);
    void this.#catchUp(follower);
  }

  /** Nothing follows. */
  #complete(follower: Follower): void {
    if (isOver(follower)) return;
    this.#context.leave(this, follower);
    follower.follow.observer.complete?.();
  }

  #fail(follower: Follower, error: unknown): void {
    if (isOver(follower)) return;
    this.#context.leave(this, follower);
    follower.follow.observer.error?.(error);
  }

  end(follower: Follower): void {
    follower.state = 'ended';
    this.#followers.delete(follower);
    this.#members.delete(follower);
  }

  readonly hear = (message: HubMessage): void => {
    switch (message.kind) {
      case 'workspace':
        this.#hints += 1;
        this.#hinted = {
          seq: Math.max(this.#hinted.seq, message.seq),
          logIndex: Math.max(this.#hinted.logIndex, message.logIndex),
        };
        if (!this.#hasAll(message.seq, message.logIndex)) this.#readAgain();
        return;
      case 'healing':
        this.#hints += 1;
        this.#hinted = NOWHERE;
        this.#readAgain();
        return;
      case 'boxes':
        for (const follower of this.#followers) follower.follow.observer.next?.(BOXES);
        return;
      case 'boxesWanted':
        for (const follower of this.#followers) follower.follow.observer.next?.(BOXES_WANTED);
        return;
      case 'presence':
        this.#share({ kind: 'presence', message: message.message }, message.from);
        return;
      case 'revoked':
        void this.#judgeAll();
        return;
    }
  };

  /** A hint that came late says nothing new. */
  #hasAll(seq: number, logIndex: number): boolean {
    if (this.#isReading) return false;
    for (const member of this.#members) {
      if (member.seq < seq || member.logFrom <= logIndex) return false;
    }
    return true;
  }

  #readAgain(): void {
    this.#isStale = true;
    void this.#readForMembers();
  }

  /** Left out where the socket is full: presence is of the moment. */
  #share(message: FollowMessage, from: string): void {
    for (const member of this.#members) {
      if (member.follow.socket.id !== from && member.follow.socket.hasRoom())
        member.follow.observer.next?.(message);
    }
  }

  /** Ends whoever may not follow any more. */
  async #judgeAll(): Promise<void> {
    await Promise.all([...this.#followers].map(async (follower) => this.#judge(follower)));
  }

  async #judge(follower: Follower): Promise<void> {
    try {
      if (await follower.follow.mayFollow()) return;
    } catch (error) {
      this.#context.onError(error);
      // Not knowing is not being allowed.
      this.#fail(follower, new Refusal('unavailable', 'The right to follow could not be checked.'));
      return;
    }
    if (isOver(follower)) return;
    follower.follow.observer.next?.(ENDED);
    this.#complete(follower);
  }

  /** Pages of its own until the store's end is reached. */
  async #catchUp(follower: Follower): Promise<void> {
    try {
      while (follower.state === 'catchingUp') {
        const hints = this.#hints;
        const isAtEnd = await this.#context.permits.use(async () => this.#nextPage(follower));
        if (isAtEnd && !isOver(follower)) this.#join(follower, hints);
      }
    } catch (error) {
      this.#fail(follower, error);
    }
  }

  /** True if nothing more was there. */
  async #nextPage(follower: Follower): Promise<boolean> {
    if (!(await follower.follow.socket.untilRoom())) {
      this.end(follower);
      return false;
    }
    const from = positionOf(follower);
    const tail = await this.#context.store.records.readTail(this.workspace, from);
    if (tail.entries.length > 0) await this.#judge(follower);
    if (isOver(follower)) return false;
    this.#send(follower, tail, from);
    if (isOver(follower) || isLast(tail, follower)) return !isOver(follower);
    await roomOrTime(follower.follow.socket);
    return false;
  }

  /** `hints`: how many there were before the last page was read. */
  #join(follower: Follower, hints: number): void {
    follower.state = 'member';
    this.#members.add(follower);
    if (!follower.wasUpToDate) follower.follow.observer.next?.(UP_TO_DATE);
    follower.wasUpToDate = true;
    if (hints !== this.#hints || this.#isReading) this.#readAgain();
  }

  /** The shared read: one at a time, again as long as hints come. */
  async #readForMembers(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale && this.#members.size > 0) {
        this.#isStale = false;
        await this.#readOnce();
      }
    } catch (error) {
      // Nobody missed anything: positions are where they were, and the next hint or sweep reads again.
      this.#context.onError(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const from = lowest(this.#members);
    if (from === null) return;
    const tail = await this.#context.store.records.readTail(this.workspace, from, this.#hinted);
    if (tail.entries.length > 0) await this.#judgeAll();
    const shared = messagesAfter(from, tail, from);
    for (const member of this.#members) {
      // Somebody who joined since may be further back than this read.
      if (member.seq >= from.seq && member.logFrom >= from.logFrom) this.#send(member, tail, from, shared);
      if (!isLast(tail, member)) this.#isStale = true;
    }
  }

  /** What is new to this follower in a page that begins at `from`; `shared` is what it is for whoever stands there. */
  #send(
    follower: Follower,
    tail: Tail,
    from: TailPosition,
    shared: readonly FollowMessage[] | null = null,
  ): void {
    if (tail.incarnation !== follower.incarnation) {
      follower.follow.observer.next?.({
        kind: 'otherIncarnation',
        incarnation: tail.incarnation,
        end: tail.end,
      });
      this.#complete(follower);
      return;
    }
    const isShared = follower.seq === from.seq && follower.logFrom === from.logFrom && shared !== null;
    const messages = isShared ? shared : messagesAfter(positionOf(follower), tail, from);
    for (const message of messages) follower.follow.observer.next?.(message);
    follower.seq = Math.max(follower.seq, tail.items.at(-1)?.seq ?? 0);
    follower.logFrom = Math.max(follower.logFrom, from.logFrom + tail.entries.length);
    if (tail.healing !== follower.healing) follower.follow.observer.next?.(tail.healing ? HEALING : HEALED);
    follower.healing = tail.healing;
    if (follower.state === 'member' && !follower.follow.socket.hasRoom()) this.#fallBehind(follower);
  }

  #fallBehind(follower: Follower): void {
    this.#members.delete(follower);
    follower.state = 'catchingUp';
    void this.#catchUp(follower);
  }
}

/** Further than anything that was just committed here: from the database, from now on. */
const NOWHERE = { seq: Number.MAX_SAFE_INTEGER, logIndex: Number.MAX_SAFE_INTEGER };
const UP_TO_DATE: FollowMessage = { kind: 'upToDate' };
const BOXES: FollowMessage = { kind: 'boxes' };
const BOXES_WANTED: FollowMessage = { kind: 'boxesWanted' };
const ENDED: FollowMessage = { kind: 'ended' };
const HEALING: FollowMessage = { kind: 'healing', healing: true };
const HEALED: FollowMessage = { kind: 'healing', healing: false };

// A call, because a state may have changed while something was awaited.
const isOver = (follower: Follower): boolean => follower.state === 'ended';

const positionOf = ({ incarnation, seq, logFrom }: Follower): TailPosition => ({ incarnation, seq, logFrom });

const isLast = (tail: Tail, follower: Follower): boolean =>
  follower.seq >= tail.end.seq && follower.logFrom > tail.head.index;

/** Of feed and log apart: nobody is before it. Null if there is nobody. */
function lowest(members: ReadonlySet<Follower>): TailPosition | null {
  let found: { incarnation: Incarnation; seq: number; logFrom: number } | null = null;
  for (const { incarnation, seq, logFrom } of members) {
    found ??= { incarnation, seq, logFrom };
    found.seq = Math.min(found.seq, seq);
    found.logFrom = Math.min(found.logFrom, logFrom);
  }
  return found;
}

/** The log first: items are judged by it. `from`: where the page begins. */
function messagesAfter(position: TailPosition, tail: Tail, from: TailPosition): readonly FollowMessage[] {
  const entries = tail.entries.slice(position.logFrom - from.logFrom);
  const items = position.seq === from.seq ? tail.items : tail.items.filter(({ seq }) => seq > position.seq);
  const messages: FollowMessage[] = [];
  if (entries.length > 0) messages.push({ kind: 'log', from: position.logFrom, entries, head: tail.head });
  if (items.length > 0) messages.push({ kind: 'items', items, end: tail.end });
  return messages;
}

/** A page keeps its permit while it leaves the socket, but a slow reader does not hold up the others. */
async function roomOrTime(socket: Follow['socket']): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PERMIT_MS);
  });
  await Promise.race([socket.untilRoom(), time]);
  clearTimeout(timer);
}

const PERMIT_MS = 1000;

interface Permits {
  use<T>(work: () => Promise<T>): Promise<T>;
}

/** At most so many at a time, first come first served. */
function createPermits(count: number): Permits {
  let free = count;
  const waiting: (() => void)[] = [];
  const take = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    use: async (work) => {
      await take();
      try {
        return await work();
      } finally {
        give();
      }
    },
  };
}
