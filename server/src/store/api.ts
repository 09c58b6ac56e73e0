// The store as the rest of the server sees it: workspaces, logs, boxes, records. Everything that is answered is durable.
// What it refuses it throws as a `Refusal`; an outcome that a client has to act on is a value.

import type { AccountId, DeviceId, InviteId, RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { UserBox } from '@cuebook/shared/protocol/account';
import type {
  AppendAnswer,
  AppendInput,
  Cursor,
  FeedAnswer,
  FeedItemMessage,
} from '@cuebook/shared/protocol/record';
import type {
  AuditRow,
  EpochBoxMessage,
  HealingAnswer,
  TeamAppend,
  TeamAppendAnswer,
  WantedBoxMessage,
} from '@cuebook/shared/protocol/workspace';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import type { Role } from '@cuebook/shared/team/roles';
import type { MayWrite } from '../access.ts';
import type { SessionCaller } from '../caller.ts';
import type { Transaction } from './database.ts';

/** The database's life: changes when it is restored from a backup. 26 characters. */
export type Incarnation = string;

/** Who writes: checked again under the workspace's row lock, so that nothing revoked gets in behind a race. */
export type Author = Pick<SessionCaller, 'session' | 'account'> & { readonly device: DeviceId };

export interface Membership {
  readonly role: Role;
  readonly requireMfa: boolean;
  readonly deleted: boolean;
  /** Joined under `confirmJoins`, not confirmed yet: neither keys nor rights. */
  readonly waiting: boolean;
}

export interface WorkspaceHead {
  readonly workspace: WorkspaceId;
  readonly head: LogHead;
  readonly feed: FeedPosition;
  readonly healing: boolean;
}

export interface LogPage {
  readonly entries: readonly Uint8Array[];
  readonly head: LogHead;
}

/** What has changed for somebody: published after the commit, carries no content. */
export type Hint =
  | {
      readonly kind: 'workspace';
      readonly workspace: WorkspaceId;
      readonly seq: number;
      readonly logIndex: number;
    }
  | { readonly kind: 'boxes'; readonly workspace: WorkspaceId }
  | { readonly kind: 'boxesWanted'; readonly workspace: WorkspaceId }
  | { readonly kind: 'healing'; readonly workspace: WorkspaceId }
  /** Sessions, tokens or memberships of this account (or of this workspace) must be looked at again, at once. */
  | { readonly kind: 'revoked'; readonly account: AccountId | null; readonly workspace: WorkspaceId | null };

/** Implemented by hub.ts; the store publishes, the feed subscribes. */
export interface HintSink {
  publish(hint: Hint): void;
}

export interface WorkspaceStore {
  /** Null: no such workspace, or not for this account, or no member with rights any more. */
  membership(workspace: WorkspaceId, account: AccountId): Promise<Membership | null>;
  /** The same for several accounts in one query, in their order. */
  memberships(
    workspace: WorkspaceId,
    accounts: readonly AccountId[],
  ): Promise<readonly (Membership | null)[]>;
  list(account: AccountId): Promise<readonly WorkspaceHead[]>;
  head(workspace: WorkspaceId): Promise<WorkspaceHead>;
  /** Of all of them in one query; those that are not there are left out. Asked every second for what is followed (sweep.ts). */
  heads(workspaces: readonly WorkspaceId[]): Promise<readonly WorkspaceHead[]>;
  /** Creates the workspace if `expectedHead` is null. Judged by the log's own fold, under the row lock. */
  appendLog(author: Author, append: TeamAppend): Promise<TeamAppendAnswer>;
  readLog(workspace: WorkspaceId, from: number): Promise<LogPage>;
  /** All members, those who wait to be confirmed too. */
  accounts(workspace: WorkspaceId): Promise<readonly AccountId[]>;
  /** The log of an account that this workspace's log names. */
  readAccountLog(workspace: WorkspaceId, account: AccountId, from: number): Promise<LogPage>;
  readBoxes(workspace: WorkspaceId, account: AccountId): Promise<readonly EpochBoxMessage[]>;
  readTokenBoxes(workspace: WorkspaceId, tokenRow: string): Promise<readonly EpochBoxMessage[]>;
  putBoxes(author: Author, workspace: WorkspaceId, boxes: readonly EpochBoxMessage[]): Promise<void>;
  /** "None of my boxes opens": the others are told, until one of them has put another. */
  reportBox(
    author: Author,
    workspace: WorkspaceId,
    wanted: Pick<WantedBoxMessage, 'epoch' | 'generation'>,
  ): Promise<void>;
  /** Members without a box of the current epoch, and those who have reported theirs. */
  wantedBoxes(workspace: WorkspaceId): Promise<readonly WantedBoxMessage[]>;
  /** For whoever proved the invite's key. Null: no such invite, closed, expired or used up. */
  openInvite(
    workspace: WorkspaceId,
    invite: InviteId,
    from: number,
  ): Promise<{
    readonly log: LogPage;
    readonly feed: FeedPosition;
    readonly accounts: readonly { readonly account: AccountId; readonly entries: readonly Uint8Array[] }[];
    readonly box: Uint8Array | null;
    readonly signPublic: Uint8Array;
  } | null>;
  healing(workspace: WorkspaceId): Promise<HealingAnswer>;
  offerPin(
    author: Author,
    pin: { readonly workspace: WorkspaceId; readonly head: LogHead; readonly feed: FeedPosition },
  ): Promise<HealingAnswer>;
  /** Verbatim, judged like everything else; only while healing. */
  heal(
    author: Author,
    push: {
      readonly workspace: WorkspaceId;
      readonly after: { readonly head: LogHead; readonly feed: FeedPosition };
      /** Ends of members' account logs, without which the entries could not be judged. */
      readonly accounts?:
        | readonly { readonly account: AccountId; readonly entries: readonly Uint8Array[] }[]
        | undefined;
      readonly entries: readonly Uint8Array[];
      readonly items: readonly { readonly id: RecordId; readonly bytes: Uint8Array }[];
    },
  ): Promise<HealingAnswer>;
  closeHealing(author: Author, workspace: WorkspaceId): Promise<HealingAnswer>;
}

export interface RecordStore {
  /** `mayWrite` decides first, under the lock (access.ts); the log then judges in any case. */
  append(author: Author, input: AppendInput, mayWrite?: MayWrite): Promise<AppendAnswer>;
  readFeed(workspace: WorkspaceId, after: Cursor, limit: number): Promise<FeedAnswer>;
  /**
   * What follows in feed and log, of one snapshot: no item is ever ahead of the entries that it is judged by. While the
   * page of entries is not the last one there are no items. Within the limits of protocol/limits.ts. With `atLeast`, what
   * this process has just committed will do, if it goes that far.
   */
  readTail(workspace: WorkspaceId, from: TailPosition, atLeast?: TailEnd): Promise<Tail>;
  read(workspace: WorkspaceId, ids: readonly RecordId[]): Promise<readonly FeedItemMessage[]>;
}

export interface TailPosition {
  readonly incarnation: Incarnation;
  /** Items after this one. */
  readonly seq: number;
  /** Entries from this index on. */
  readonly logFrom: number;
}

export interface TailEnd {
  readonly seq: number;
  readonly logIndex: number;
}

export interface Tail {
  /** The database's own. If it is not the position's, there are neither items nor entries. */
  readonly incarnation: Incarnation;
  readonly items: readonly FeedItemMessage[];
  readonly end: FeedPosition;
  readonly entries: readonly Uint8Array[];
  readonly head: LogHead;
  readonly healing: boolean;
}

/** An account that does not exist yet; with `join`, it enters a workspace in the same transaction. */
export interface NewAccount {
  readonly account: AccountId;
  readonly entries: readonly Uint8Array[];
  readonly boxes: readonly UserBox[];
  readonly kitBackup: Uint8Array | null;
  readonly join: TeamAppend | null;
}

export interface AccountLogStore {
  /**
   * All or nothing; `also` writes what belongs to the account in the same transaction, before the join. Refuses a log
   * that is not sound; a join that came too late is the `Refusal` `behind`.
   */
  create(
    account: NewAccount,
    also: (sql: Transaction) => Promise<void>,
  ): Promise<TeamAppendAnswer | { readonly kind: 'created' }>;
  /** By the verified log; null if it is no active device of the account. */
  activeDevice(account: AccountId, device: DeviceId): Promise<{ readonly signPublic: Uint8Array } | null>;
  readLog(account: AccountId, from: number): Promise<LogPage>;
  /** Folded and verified; `behind` if another entry came first. A revoked device's sessions end in the same transaction. */
  appendLog(
    author: Pick<SessionCaller, 'session' | 'account'>,
    append: {
      readonly expectedHead: LogHead;
      readonly entries: readonly Uint8Array[];
      readonly boxes: readonly UserBox[];
    },
  ): Promise<{ readonly kind: 'stored' | 'behind'; readonly head: LogHead }>;
  readBoxes(account: AccountId, device: DeviceId): Promise<readonly UserBox[]>;
  putBoxes(account: AccountId, boxes: readonly UserBox[]): Promise<void>;
  readKitBackup(account: AccountId): Promise<Uint8Array | null>;
  putKitBackup(account: AccountId, box: Uint8Array): Promise<void>;
}

export interface AuditStore {
  /** Appends to the security log of a workspace, or of the server (null). Ids only in `details`. */
  write(entry: {
    readonly workspace: WorkspaceId | null;
    readonly what: string;
    readonly account: AccountId | null;
    readonly address: string | null;
    readonly details: Readonly<Record<string, string>>;
    readonly requestId: string | null;
  }): Promise<void>;
  read(workspace: WorkspaceId, before: number | null, limit: number): Promise<readonly AuditRow[]>;
}

export interface Store {
  readonly incarnation: Incarnation;
  readonly workspaces: WorkspaceStore;
  readonly records: RecordStore;
  readonly accountLogs: AccountLogStore;
  readonly audit: AuditStore;
  /** For what others than the store have committed. */
  publish(hint: Hint): void;
  /** Resolves if the database answers; rejects within a second if it does not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
