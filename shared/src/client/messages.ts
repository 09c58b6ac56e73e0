// What passes between the client engine and whoever carries its messages: what a server says, and what the engine wants
// of it. Plain values of bytes and ids; how they travel is in shared/src/protocol. Everything in a `ServerMessage` is a
// claim: the engine believes nothing of it that it has not verified.

import type { AccountId, DeviceId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import type { FeedPosition, LogHead } from '../record/header.ts';
import type { FeedItem } from '../replica/feed.ts';
import type { Push, PushAnswer } from '../replica/pushing.ts';
import type { EpochBox } from '../team/epochKeys.ts';
import type { StoredBox } from '../team/userKeys.ts';

/** Of the server's database; another one after each restore from a backup. Opaque, at most 64 characters. */
export type Incarnation = string;

/** Where a workspace ends on the server: logs and feed of one moment, read in one transaction. */
export interface WorkspaceEnds {
  readonly incarnation: Incarnation;
  /** Null: the server has no such log. */
  readonly teamLog: LogHead | null;
  readonly feed: FeedPosition;
  /** True while the server, restored from a backup, still takes back what clients have (see healing.ts). */
  readonly isHealing: boolean;
}

/** A member without a box that opens: of this epoch, for this generation of the member's user key. */
export interface WantedBox {
  readonly account: AccountId;
  readonly epoch: number;
  readonly generation: number;
}

export type ServerMessage =
  | { readonly kind: 'ends'; readonly workspace: WorkspaceId; readonly ends: WorkspaceEnds }
  /** Entries of an account log from index `from` on; `head`: where the log ends on the server (null: unknown account). */
  | {
      readonly kind: 'accountLog';
      readonly account: AccountId;
      readonly from: number;
      readonly entries: readonly Uint8Array[];
      readonly head: LogHead | null;
    }
  /** Entries of a team log from index `from` on; `head`: where the log ends on the server. */
  | {
      readonly kind: 'teamLog';
      readonly workspace: WorkspaceId;
      readonly from: number;
      readonly entries: readonly Uint8Array[];
      readonly head: LogHead | null;
    }
  /** Records after a cursor, in order, and the workspace's ends when they were read. */
  | {
      readonly kind: 'feed';
      readonly workspace: WorkspaceId;
      readonly items: readonly FeedItem[];
      readonly ends: WorkspaceEnds;
    }
  /** All boxes of this account in the workspace. */
  | { readonly kind: 'boxes'; readonly workspace: WorkspaceId; readonly boxes: readonly EpochBox[] }
  /** All boxes with the account's user key for this device. */
  | { readonly kind: 'userBoxes'; readonly boxes: readonly StoredBox<DeviceId>[] }
  /** Members who have no box, by the server's records or their own report: whoever has the key seals it to them. */
  | { readonly kind: 'boxesWanted'; readonly workspace: WorkspaceId; readonly wanted: readonly WantedBox[] }
  | {
      readonly kind: 'pushed';
      readonly workspace: WorkspaceId;
      readonly push: Push;
      readonly answer: PushAnswer;
    }
  /** To `appendTeam`. `behind`: somebody appended first; read the log and compose anew. */
  | {
      readonly kind: 'teamAppended';
      readonly workspace: WorkspaceId;
      readonly answer: 'stored' | 'behind' | 'refused';
    }
  | { readonly kind: 'accountAppended'; readonly answer: 'stored' | 'behind' | 'refused' };

export type Request =
  /** Answered by `ends`: asked on connecting, and again by every hint "workspace W moved". */
  | { readonly kind: 'readEnds'; readonly workspace: WorkspaceId }
  | { readonly kind: 'readAccountLog'; readonly account: AccountId; readonly from: number }
  | { readonly kind: 'readTeamLog'; readonly workspace: WorkspaceId; readonly from: number }
  /** The cursor. The server answers with `ends` alone if the incarnation is not its own. `null`: nothing read yet. */
  | {
      readonly kind: 'readFeed';
      readonly workspace: WorkspaceId;
      readonly incarnation: Incarnation | null;
      readonly after: number;
    }
  | { readonly kind: 'readBoxes'; readonly workspace: WorkspaceId }
  | { readonly kind: 'readUserBoxes' }
  /** The carrier adds the bytes of `push.records` from the disk. */
  | { readonly kind: 'push'; readonly workspace: WorkspaceId; readonly push: Push }
  /** One entry, with the boxes that it names. It says itself what it follows: compare-and-append. */
  | {
      readonly kind: 'appendTeam';
      readonly workspace: WorkspaceId;
      readonly entry: Uint8Array;
      readonly boxes: readonly EpochBox[];
    }
  /** Entries of the own account log with the boxes that they name; without entries: boxes of a committed key, sealed anew. */
  | {
      readonly kind: 'appendAccount';
      readonly entries: readonly Uint8Array[];
      readonly boxes: readonly StoredBox<DeviceId>[];
    }
  /** Epoch keys sealed anew to members who had none. */
  | { readonly kind: 'putBoxes'; readonly workspace: WorkspaceId; readonly boxes: readonly EpochBox[] }
  /** "I have no box that opens": the server tells the others by `boxesWanted`. */
  | { readonly kind: 'reportBox'; readonly workspace: WorkspaceId; readonly wanted: WantedBox }
  /** Answered by `boxesWanted`: asked by whoever has the key, on connecting and by every hint that boxes are wanted. */
  | { readonly kind: 'readWanted'; readonly workspace: WorkspaceId }
  /** Healing: how far this client has verified the workspace. The server takes back at least that much, if it can. */
  | {
      readonly kind: 'offerPin';
      readonly workspace: WorkspaceId;
      readonly teamLog: LogHead;
      readonly feed: FeedPosition;
    }
  /**
   * Healing: what is missing after the server's ends, verbatim and at the places that it had; anybody may send
   * anybody's signed bytes. The carrier adds the bytes of `records` from the disk. Answered by `ends`.
   */
  | {
      readonly kind: 'heal';
      readonly workspace: WorkspaceId;
      readonly after: { readonly teamLog: LogHead | null; readonly feed: FeedPosition };
      readonly entries: readonly Uint8Array[];
      readonly records: readonly RecordId[];
    }
  /** Healing of an account log: its missing end, verbatim. */
  | {
      readonly kind: 'healAccountLog';
      readonly account: AccountId;
      readonly from: number;
      readonly entries: readonly Uint8Array[];
    };

export type AccountLogPart = Extract<ServerMessage, { readonly kind: 'accountLog' }>;
export type TeamLogPart = Extract<ServerMessage, { readonly kind: 'teamLog' }>;
export type FeedPage = Extract<ServerMessage, { readonly kind: 'feed' }>;
export type Pushed = Extract<ServerMessage, { readonly kind: 'pushed' }>;
