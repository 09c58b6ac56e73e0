// What the rest of the extension may ask of the prompt library.
//
// The library lives in a worker thread (`../node/libraryWorker.ts`): disk, keys, records, merging and search never run
// on the extension host's thread. Everything in this file crosses that boundary, so it is plain structured-clonable
// data. Every text in it is plaintext of a prompt: never write any of it to a log, a memento or a setting.

import type { HistoryCalls, VersionSummary } from './history.ts';

/** Id of a workspace: hash of the team log's `create` entry, lower-case base32. Never given by a server. */
export type WorkspaceId = string & { readonly __brand: 'WorkspaceId' };
/** Id of a prompt (a group, see docs/protocol.md): 128 random bits, lower-case base32 (26 characters). */
export type PromptId = string & { readonly __brand: 'PromptId' };
/** Id of a folder; the same form as a PromptId. */
export type FolderId = string & { readonly __brand: 'FolderId' };
/** Stable random id of a revision; it lies inside the sealed payload, so re-sealing changes nothing here. */
export type RevisionId = string & { readonly __brand: 'RevisionId' };
/** Id of one run in the local history. */
export type RunId = string & { readonly __brand: 'RunId' };

export interface WorkspaceSummary {
  readonly id: WorkspaceId;
  readonly kind: 'personal' | 'team';
  readonly name: string;
  /** Its server's address; null: on this computer only. */
  readonly server: string | null;
  readonly promptCount: number;
}

export interface FolderSummary {
  readonly id: FolderId;
  readonly workspaceId: WorkspaceId;
  readonly parentId: FolderId | null;
  /** As shown: made unique among its siblings by a suffix if two were given one path. */
  readonly name: string;
  /** Epoch milliseconds when it was moved to the trash, or null. */
  readonly trashedAt: number | null;
}

export interface PromptSummary {
  readonly id: PromptId;
  readonly workspaceId: WorkspaceId;
  readonly folderId: FolderId | null;
  /** As shown, without extension; made unique among its siblings by a suffix if two were given one path. */
  readonly name: string;
  /** Folder names and prompt name joined with `/`. */
  readonly path: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** `model:` of the front matter, in order of preference. */
  readonly models: readonly string[];
  readonly favourite: boolean;
  /** Partial references as written, in order of appearance (`{{> name}}`). */
  readonly includes: readonly string[];
  /** Number of versions along the main line. */
  readonly versions: number;
  /** Author's clock, epoch milliseconds; shown only, never used for order. */
  readonly updatedAt: number;
  readonly hasDraft: boolean;
  readonly hasConflict: boolean;
  /** False while signatures are still being checked: then it has no author and cannot be run. */
  readonly verified: boolean;
  /** Changed by others since it was last looked at here (`HistoryCalls.unread`). */
  readonly unread: boolean;
  readonly trashedAt: number | null;
}

export interface PromptText {
  readonly id: PromptId;
  readonly text: string;
  /** The revision this text is of, or that a draft is based on. Null only before a first version. */
  readonly revisionId: RevisionId | null;
  /** Strictly rising per prompt, not the clock (see VS Code's FileStat.mtime). */
  readonly mtime: number;
  readonly ctime: number;
  /** Bytes of `text` in UTF-8. */
  readonly size: number;
  /** True if `text` is an auto-saved draft that is not a version yet. */
  readonly isDraft: boolean;
}

export type SaveOutcome =
  | { readonly kind: 'saved'; readonly document: PromptText }
  /** Same text as the current version: no version was made. */
  | { readonly kind: 'unchanged'; readonly document: PromptText }
  /** Another window or person had saved meanwhile; both were merged. `document.text` differs from what was given. */
  | {
      readonly kind: 'merged';
      readonly document: PromptText;
      /** Holds exactly the text that was given: the merge base of what is typed before the merged text is shown. */
      readonly mineRevisionId: RevisionId;
    }
  /** Could not be merged without a person. Both sides are kept; `conflict` is open until `resolveConflict`. */
  | { readonly kind: 'conflict'; readonly document: PromptText; readonly conflict: Conflict };

export interface Conflict {
  readonly promptId: PromptId;
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
  /** The document with conflict markers at the places that need a person. */
  readonly merged: string;
  readonly mineRevisionId: RevisionId;
  readonly theirsRevisionId: RevisionId;
}

export interface SearchHit {
  readonly prompt: PromptSummary;
  readonly matched: 'name' | 'tag' | 'body';
  /** One line of context, at most 120 characters, for a match in the body; empty otherwise. */
  readonly excerpt: string;
  /** Zero-based line of the first match in the body; 0 for other matches. */
  readonly line: number;
}

export interface SearchProgress {
  readonly read: number;
  readonly total: number;
}

/** A partial as used by `referrer`: where it points, and its text. `target` null = nothing has that name. */
export interface ResolvedPartial {
  readonly reference: string;
  readonly target: PromptSummary | null;
  readonly text: string | null;
}

export interface NewPrompt {
  readonly workspaceId: WorkspaceId;
  readonly folderId: FolderId | null;
  readonly name: string;
  readonly text: string;
  /** Folders to make below `folderId` if they are not there. */
  readonly path?: readonly string[];
  readonly kind?: 'save' | 'import';
  /** It came with the extension: until somebody changes it, it is nothing that could be lost. */
  readonly isSample?: boolean;
}

/** One file of an export. `path` is relative, with `/`, safe on every platform. */
export interface ExportFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export type ExportScope =
  | { readonly kind: 'everything' }
  | { readonly kind: 'folder'; readonly id: FolderId }
  | { readonly kind: 'prompt'; readonly id: PromptId };

export interface RunUsage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** US dollars; null where the price of the model is not known. */
  readonly cost: number | null;
  /** True where tokens were counted here and not by the provider. */
  readonly estimated: boolean;
}

export interface RunMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface RunRecord {
  readonly id: RunId;
  readonly promptId: PromptId | null;
  readonly promptName: string;
  readonly revisionId: RevisionId | null;
  /** `provider/model`, as in front matter. */
  readonly model: string;
  readonly parameters: {
    readonly temperature?: number;
    readonly maxOutputTokens?: number;
    readonly topP?: number;
  };
  /** Inputs as given, by name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly messages: readonly RunMessage[];
  readonly output: string;
  readonly status: 'done' | 'stopped' | 'failed';
  /** What went wrong, in words for the user; null unless failed. */
  readonly failure: string | null;
  readonly startedAt: number;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  readonly usage: RunUsage;
}

export type RunSummary = Pick<
  RunRecord,
  'id' | 'promptId' | 'promptName' | 'model' | 'status' | 'startedAt' | 'usage'
> & {
  /** Start of the output, one line, at most 120 characters. */
  readonly excerpt: string;
};

export type LibraryStatus =
  | { readonly kind: 'ready'; readonly workspaces: readonly WorkspaceSummary[]; readonly kit: KitStatus }
  /** The store is there but SecretStorage does not hold its key. Nothing was changed. */
  | { readonly kind: 'keyMissing'; readonly storeId: string; readonly folder: string }
  | { readonly kind: 'unavailable'; readonly problem: LibraryProblem };

/** `offered`: made, not yet written down by the user. `saved`: the user said so. */
export interface KitStatus {
  readonly state: 'offered' | 'saved';
  /** True once there is something to lose and nobody has claimed the offer: time for `claimKitOffer`. */
  readonly due: boolean;
}

export interface RecoveryKit {
  /** Grouped base32 with checksum; a secret: modal only, never a document, log or notification. */
  readonly code: string;
  /** The whole sheet as plain text, with account id and date. */
  readonly sheet: string;
}

export type LibraryProblemCode =
  | 'notFound'
  | 'nameInvalid'
  | 'nameTaken'
  | 'folderCycle'
  | 'tooLarge'
  | 'tooMany'
  | 'readOnly'
  | 'diskFull'
  | 'corrupt'
  | 'busy'
  | 'keyMissing'
  | 'kitInvalid'
  | 'kitWrong'
  | 'notVerified'
  /** This account may not change prompts of this team (now): a viewer, no member any more, or an alarm. */
  | 'notAllowed'
  | 'newerFormat'
  | 'stopped'
  | 'internal';

/** An expected failure. `message` says what and where, `action` what to do; both are for the user, without content. */
export interface LibraryProblem {
  readonly code: LibraryProblemCode;
  readonly message: string;
  readonly action: string;
}

export type LibraryResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: LibraryProblem };

/** What changed; sent after the write is durable. `origin` tells an echo of this window's call from another window's. */
export interface LibraryChange {
  readonly origin: 'here' | 'elsewhere';
  /** Prompts whose text changed. */
  readonly texts: readonly { readonly id: PromptId; readonly mtime: number }[];
  /** True if names, folders, trash, tags or favourites changed somewhere: views refresh. */
  readonly tree: boolean;
  readonly runs: boolean;
  readonly status: boolean;
}

/** Every call may answer with a problem; none throws for an expected failure. */
export interface LibraryCalls extends HistoryCalls {
  status(): Promise<LibraryStatus>;

  children(of: {
    workspaceId: WorkspaceId;
    folderId: FolderId | null;
  }): Promise<LibraryResult<{ folders: readonly FolderSummary[]; prompts: readonly PromptSummary[] }>>;
  prompt(id: PromptId): Promise<LibraryResult<PromptSummary>>;
  folder(id: FolderId): Promise<LibraryResult<FolderSummary>>;
  folders(workspaceId: WorkspaceId): Promise<LibraryResult<readonly FolderSummary[]>>;
  /** Prompts that match; `filter` is text as typed in the tree's filter (`tag:x` allowed). At most `limit`. */
  list(options: {
    filter?: string;
    tag?: string;
    favourites?: boolean;
    trashed?: boolean;
    limit: number;
  }): Promise<LibraryResult<readonly PromptSummary[]>>;
  tags(): Promise<LibraryResult<readonly { tag: string; count: number }[]>>;
  /** Of all prompts that are not in the trash; at most ten thousand. */
  paths(): Promise<LibraryResult<readonly string[]>>;
  includes(id: PromptId): Promise<LibraryResult<readonly ResolvedPartial[]>>;
  usedBy(id: PromptId): Promise<LibraryResult<readonly PromptSummary[]>>;
  trashed(): Promise<LibraryResult<{ folders: readonly FolderSummary[]; prompts: readonly PromptSummary[] }>>;

  read(id: PromptId): Promise<LibraryResult<PromptText>>;
  /**
   * Explicit save. `base` is the revision the document last equalled while clean, `mtime` that of the `PromptText` it
   * last equalled (tells this window's draft from another's). Durable when it resolves.
   */
  save(
    id: PromptId,
    change: { text: string; base: RevisionId | null; mtime?: number; message?: string },
  ): Promise<LibraryResult<SaveOutcome>>;
  /** Auto save: durable and sealed, but no version yet. */
  saveDraft(
    id: PromptId,
    change: { text: string; base: RevisionId | null; mtime?: number },
  ): Promise<LibraryResult<PromptText>>;
  /** Makes a version of the draft if there is one (document closed, idle). */
  commitDraft(id: PromptId): Promise<LibraryResult<SaveOutcome | null>>;
  /** Throws the draft away; the prompt shows its current version again. */
  discardDraft(id: PromptId): Promise<LibraryResult<PromptText>>;
  conflict(id: PromptId): Promise<LibraryResult<Conflict | null>>;
  resolveConflict(id: PromptId, text: string): Promise<LibraryResult<SaveOutcome>>;
  /** Without those that could not be verified; `history` has them too. */
  versions(
    id: PromptId,
    page: { limit: number; before?: RevisionId },
  ): Promise<LibraryResult<readonly VersionSummary[]>>;
  versionText(id: PromptId, revisionId: RevisionId): Promise<LibraryResult<string>>;

  createPrompts(prompts: readonly NewPrompt[]): Promise<LibraryResult<readonly PromptSummary[]>>;
  createFolder(folder: {
    workspaceId: WorkspaceId;
    parentId: FolderId | null;
    name: string;
  }): Promise<LibraryResult<FolderSummary>>;
  rename(id: PromptId | FolderId, name: string): Promise<LibraryResult<null>>;
  /** Moves prompts and folders into a folder (null = top). */
  move(ids: readonly (PromptId | FolderId)[], to: FolderId | null): Promise<LibraryResult<null>>;
  duplicate(id: PromptId): Promise<LibraryResult<PromptSummary>>;
  trash(ids: readonly (PromptId | FolderId)[]): Promise<LibraryResult<null>>;
  restore(ids: readonly (PromptId | FolderId)[]): Promise<LibraryResult<null>>;
  purge(ids: readonly (PromptId | FolderId)[]): Promise<LibraryResult<null>>;
  setFavourite(id: PromptId, favourite: boolean): Promise<LibraryResult<null>>;

  /** Names, tags and bodies; best first. Every word of the query must match somewhere. */
  search(query: string, limit: number): Promise<LibraryResult<readonly SearchHit[]>>;
  /** How far the texts are read that searches wait for: the first search of a session waits long. Null: none waits. */
  searchProgress(): Promise<LibraryResult<SearchProgress | null>>;
  /** The prompts that `text` includes, and those that they include, by reference as written. Stops at 200. */
  partialsOf(text: string, referrer: PromptId | null): Promise<LibraryResult<readonly ResolvedPartial[]>>;

  /** An export is read in steps, so that a large library never lies in memory at once. */
  exportStart(scope: ExportScope): Promise<LibraryResult<{ exportId: string; fileCount: number }>>;
  exportNext(exportId: string): Promise<LibraryResult<readonly ExportFile[]>>;

  addRun(run: RunRecord): Promise<LibraryResult<null>>;
  runs(options: {
    query?: string;
    promptId?: PromptId;
    before?: RunId;
    limit: number;
  }): Promise<LibraryResult<readonly RunSummary[]>>;
  run(id: RunId): Promise<LibraryResult<RunRecord>>;
  clearRuns(): Promise<LibraryResult<null>>;

  /** Small sealed values of the extension that may contain content: input memory, recent prompts. JSON, ≤ 64 KB each. */
  recall(key: string): Promise<LibraryResult<string | null>>;
  remember(key: string, value: string | null): Promise<LibraryResult<null>>;

  recoveryKit(): Promise<LibraryResult<RecoveryKit>>;
  confirmKitSaved(): Promise<LibraryResult<null>>;
  /** Asks to show the one offer of the kit. True for exactly one caller, in one window: that one shows it. */
  claimKitOffer(): Promise<LibraryResult<boolean>>;
  /** Brings the store's key back from the kit after `keyMissing`. */
  unlockWithKit(code: string): Promise<LibraryResult<null>>;
  /** After `keyMissing` or `corrupt`: renames the store's folder and starts an empty one. Deletes nothing. */
  setAside(): Promise<LibraryResult<{ folder: string }>>;
  /** Forget that the key was missing and look once more. */
  retryKey(): Promise<LibraryStatus>;
}

export interface Library extends LibraryCalls {
  /** Returns the function that ends the subscription. */
  onDidChange(listener: (change: LibraryChange) => void): () => void;
}

/** What the worker asks of the extension host. */
export interface LibraryHostCalls {
  getSecret(name: string): Promise<string | null>;
  setSecret(name: string, value: string): Promise<void>;
  changed(change: LibraryChange): void;
  /** Never with content: texts, names and keys do not belong in a log. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}
