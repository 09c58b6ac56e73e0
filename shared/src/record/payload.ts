// What lies inside the seal of a record. Owns the types; payloadCodec.ts owns the bytes. The vocabulary is complete
// from the start, because the bytes freeze: a kind that nobody writes yet can be read already.

import type { AccountId, CommentId, DeviceId, GroupId, RevisionId } from '../encoding/ids.ts';
import type { Redacted } from '../util/redacted.ts';

export type Payload =
  | ContentPayload
  | PlacePayload
  | LabelPayload
  | MessagePayload
  | WorkspaceNamePayload
  | ProfilePayload
  | CommentPayload
  | ProviderKeyPayload;

export type PayloadKind = Payload['kind'];

export type RevisionKind = 'save' | 'merge' | 'restore' | 'import';

/** One revision of a prompt, with its full text. Stream role `content`. */
export interface ContentPayload {
  readonly kind: 'content';
  readonly revisionId: RevisionId;
  readonly revisionKind: RevisionKind;
  /** Any text that UTF-8 can hold; kept byte for byte. */
  readonly text: string;
  readonly message: string;
  /** Author's clock, epoch milliseconds; shown, never used for order. */
  readonly savedAt: number;
  /** Set if and only if `revisionKind` is `restore`. */
  readonly restoredFrom: RevisionId | null;
  readonly references: readonly ResolvedReference[];
}

/** A partial as written in the text, and what it pointed to when saved: it survives renames. */
export interface ResolvedReference {
  readonly written: string;
  readonly prompt: GroupId;
  /** Set for `x@v3`; null follows the prompt. */
  readonly revisionId: RevisionId | null;
}

/** Where a prompt or folder is. Trash, restore and purge are flags of the header of such a record. Role `place`. */
export interface PlacePayload {
  readonly kind: 'place';
  readonly groupKind: 'prompt' | 'folder';
  readonly folderId: GroupId | null;
  readonly name: string;
  /** The folder that was trashed as a whole and took this along. */
  readonly trashedWith: GroupId | null;
  readonly savedAt: number;
}

/** A label of a prompt points at a revision; null: the label was removed. Role `label`. */
export interface LabelPayload {
  readonly kind: 'label';
  readonly name: string;
  readonly revisionId: RevisionId | null;
  readonly message: string;
  readonly savedAt: number;
}

/** Another message for a revision (amending never changes the revision itself). Role `messages`. */
export interface MessagePayload {
  readonly kind: 'message';
  readonly revisionId: RevisionId;
  readonly message: string;
  readonly savedAt: number;
}

/** The workspace's own name, in the group of the whole workspace. Role `workspaceName`. */
export interface WorkspaceNamePayload {
  readonly kind: 'workspaceName';
  readonly name: string;
  readonly savedAt: number;
}

/** A member's name and the names of their devices, in the group of the whole workspace. Role `profile`. */
export interface ProfilePayload {
  readonly kind: 'profile';
  /** Must be the author of the record: nobody names anybody else. */
  readonly account: AccountId;
  readonly displayName: string;
  readonly devices: readonly { readonly device: DeviceId; readonly name: string }[];
  readonly savedAt: number;
}

/** One comment, or a new state of one. The thread is named by its first comment's id. Role `thread`. */
export interface CommentPayload {
  readonly kind: 'comment';
  readonly commentId: CommentId;
  readonly threadId: CommentId;
  readonly revisionId: RevisionId;
  /** Zero-based, first to last inclusive; null: about the prompt as a whole. */
  readonly lines: { readonly first: number; readonly last: number } | null;
  readonly text: string;
  readonly resolved: boolean;
  readonly savedAt: number;
}

/**
 * A key to a model provider that an admin shares with everybody in the workspace, in the group of the whole workspace.
 * Counts only if its author was an admin at its place (team/authority.ts). Role `providerKey`.
 */
export interface ProviderKeyPayload {
  readonly kind: 'providerKey';
  /** As prompts name the provider: `openai` in `openai/gpt-4o` (limits.ts). */
  readonly provider: string;
  /** Null: withdrawn. Who had the key before still has it. */
  readonly shared: SharedProviderKey | null;
  readonly savedAt: number;
}

export interface SharedProviderKey {
  readonly api: ProviderApi;
  readonly label: string;
  /** Where the key is sent, and texts with it. A reader checks it and asks the user before anything goes there. */
  readonly address: string;
  readonly key: Redacted<string>;
}

export type ProviderApi = 'openai' | 'anthropic' | 'google' | 'openrouter' | 'openai-compatible';

/** Streams of a group, told apart by what they are for. `name` distinguishes streams with the same role. */
export type StreamRole =
  | { readonly role: 'content' }
  | { readonly role: 'place' }
  | { readonly role: 'label'; readonly name: string }
  | { readonly role: 'messages' }
  | { readonly role: 'workspaceName' }
  | { readonly role: 'profile'; readonly account: AccountId }
  | { readonly role: 'thread'; readonly threadId: CommentId }
  | { readonly role: 'providerKey'; readonly provider: string };
