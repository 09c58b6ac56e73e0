// What the rest of the extension may ask of a prompt's history: its versions, who wrote which line, labels, and what
// changed since one last looked. Part of the library (api.ts); the same rules hold: plain data, nothing of it in a log.
//
// A version has an author only once its signature was checked. What could not be verified is an `UntrustedVersion`: it
// keeps its number and says nothing else, least of all whose it is.

import type { LibraryResult, PromptId, RevisionId, SaveOutcome } from './api.ts';
import type { AccountId, Role } from './teams.ts';

/** Who signed something, as verified. Names are written by those people: text, never markup. */
export interface VersionAuthor {
  readonly account: AccountId;
  /** As that person writes it; empty until they have. Show the start of the account id then. */
  readonly name: string;
  readonly isMe: boolean;
  /** The user compared fingerprints with this person and said that they are equal. */
  readonly isVerifiedMember: boolean;
  /** No member any more; what they wrote while they were stays theirs. */
  readonly isFormerMember: boolean;
  /** The name reads like another member's. */
  readonly looksLikeAnother: boolean;
}

export type VersionKind = 'save' | 'merge' | 'restore' | 'import';

export interface VersionSummary {
  readonly trust: 'verified' | 'checking';
  readonly revisionId: RevisionId;
  /** 1, 2, … along the main line (first-parent chain from the head); null for a revision that came in by a merge. */
  readonly number: number | null;
  /** The first is the version before; a merge has another one, what was brought in. */
  readonly parents: readonly RevisionId[];
  /** Null while the signature is being checked: until then nobody is its author. */
  readonly author: VersionAuthor | null;
  /** Author's clock, epoch milliseconds. */
  readonly savedAt: number;
  /** As amended, if it was. */
  readonly message: string;
  readonly isAmended: boolean;
  readonly kind: VersionKind;
  /** Set if and only if `kind` is `restore`: the version whose text this is. */
  readonly restoredFrom: RevisionId | null;
  /** Labels that point at it. */
  readonly labels: readonly string[];
  /** True once a server has given it its place: only then its number is final. Never true without a server. */
  readonly synced: boolean;
  /** Whether its message may be amended here: only one's own may. */
  readonly mayAmend: boolean;
}

/** Something stands here that could not be verified. Its number stays taken; it contributes nothing to any text. */
export interface UntrustedVersion {
  readonly trust: 'untrusted';
  /** Names the row; there is no text to ask for. */
  readonly record: string;
  readonly number: number | null;
  readonly why: UntrustedReason;
}

export type UntrustedReason =
  /** Signed by nobody who could be its author: forged, or altered on the way. */
  | 'forged'
  /** Signed by somebody who could not write at that place. */
  | 'notAllowed'
  /** Its author saw another history than this one: the server shows different things to different people. */
  | 'otherView'
  /** Of a newer format: update Cuebook. */
  | 'newerFormat'
  /** The key of its time is not here. */
  | 'keyMissing'
  /** Damaged, or no version at all. */
  | 'unreadable';

export type HistoryRow = VersionSummary | UntrustedVersion;

/** Newest first: what stands beside the main line, then the main line with each merge followed by what it brought in. */
export interface HistoryPage {
  readonly rows: readonly HistoryRow[];
  /** Rows of the whole history. */
  readonly total: number;
  /** Continues below this page; null at the end. */
  readonly next: string | null;
}

/** Lines as a diff counts them, against the version before (its first parent). A changed line is one of each. */
export interface ChangeSize {
  readonly revisionId: RevisionId;
  readonly added: number;
  readonly removed: number;
}

/**
 * Lines are counted from 0, as the editor does. A line's break is no part of it: changing line breaks changes no line.
 * The empty line that an editor shows after the last break is none.
 */
export interface BlameRun {
  /** `unsaved`: not in any version yet. `untrusted`: whose they are could not be verified. */
  readonly kind: 'version' | 'unsaved' | 'untrusted';
  readonly first: number;
  readonly count: number;
  /** The version that introduced these lines; null unless `kind` is `version`. */
  readonly revisionId: RevisionId | null;
  /** Where the run begins in the text of that version; 0 for lines of no version. */
  readonly firstInVersion: number;
}

export interface Blame {
  /** In order, without gaps. Empty for an empty text. */
  readonly runs: readonly BlameRun[];
  /** Each version that a run names, once. `synced` and `trust` say how far it can be relied on. */
  readonly versions: readonly VersionSummary[];
  /** The version whose lines these are, or that the given text was compared with; null if there is none. */
  readonly revisionId: RevisionId | null;
}

/** Lines that were replaced. One side may be empty. Without line breaks. */
export interface ChangeHunk {
  readonly before: { readonly first: number; readonly lines: readonly string[] };
  readonly after: { readonly first: number; readonly lines: readonly string[] };
}

export interface VersionChange {
  readonly version: VersionSummary;
  /** The version that it is compared with; null for a first version, of which every line is new. */
  readonly before: VersionSummary | null;
  readonly hunks: readonly ChangeHunk[];
}

export interface TextAppearance {
  readonly version: VersionSummary;
  /** `introduced`: the text is in this version and in none of its parents. `removed`: the other way round. */
  readonly what: 'introduced' | 'removed';
  /** First line of it: in this version if it was introduced, else in its first parent that has it. */
  readonly line: number;
}

/** Who brought what into a merge. */
export interface MergeSummary {
  readonly merge: VersionSummary;
  /** In the order of the parents: the first is the main line. */
  readonly sides: readonly MergeSide[];
}

export interface MergeSide {
  /** The parent itself, the newest of `brought`. Null if it could not be verified. */
  readonly tip: VersionSummary | null;
  /** Versions that only this side has, newest first; at most 50 of `total`. */
  readonly brought: readonly VersionSummary[];
  readonly total: number;
}

export interface PromptLabel {
  readonly name: string;
  readonly version: VersionSummary;
  readonly message: string;
  /** Who moved it there. */
  readonly author: VersionAuthor;
  /** Author's clock. */
  readonly movedAt: number;
  /** False if it has not reached the server yet. */
  readonly synced: boolean;
  /** The least role that may move it, if the team protects it; null: any editor. */
  readonly protectedFor: Role | null;
  /** Whether this account may move it now. */
  readonly mayMove: boolean;
}

/** Newest first. */
export type LabelMove =
  | {
      readonly trust: 'verified' | 'checking';
      /** Where it pointed after this; null: it was removed. Also null if that version is not here. */
      readonly to: VersionSummary | null;
      readonly isRemoval: boolean;
      readonly message: string;
      /** Null while the signature is being checked. */
      readonly author: VersionAuthor | null;
      readonly movedAt: number;
      readonly synced: boolean;
    }
  | { readonly trust: 'untrusted'; readonly why: UntrustedReason };

/** A prompt that teammates have changed since it was last looked at here. */
export interface UnreadPrompt {
  readonly id: PromptId;
  /** The version that was shown before; null for a prompt that is new here. */
  readonly since: RevisionId | null;
}

export interface HistoryCalls {
  /** Rows of the versions view. `after`: `next` of the page before. At most 500 at once. Also of prompts in the trash. */
  history(
    id: PromptId,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<LibraryResult<HistoryPage>>;
  version(id: PromptId, revisionId: RevisionId): Promise<LibraryResult<VersionSummary>>;
  /** Asked for the rows that are shown; at most 200 at once. One that cannot be read is left out. */
  changeSizes(
    id: PromptId,
    revisionIds: readonly RevisionId[],
  ): Promise<LibraryResult<readonly ChangeSize[]>>;

  /**
   * Who wrote which line: of a version (`revisionId`; absent: the newest), or of `text`, what an editor shows now, whose
   * lines that are not in that version belong to none.
   */
  blame(
    id: PromptId,
    of?: { readonly revisionId?: RevisionId; readonly text?: string },
  ): Promise<LibraryResult<Blame>>;
  change(id: PromptId, revisionId: RevisionId): Promise<LibraryResult<VersionChange>>;
  /** Which versions introduced or removed a text, newest first; at most 200. The text may have several lines. */
  introduced(
    id: PromptId,
    search: { readonly text: string; readonly ignoreCase?: boolean },
  ): Promise<LibraryResult<readonly TextAppearance[]>>;
  /** Fails as `notFound` for a version that is no merge. */
  merge(id: PromptId, revisionId: RevisionId): Promise<LibraryResult<MergeSummary>>;
  /** Makes an earlier version's text the newest version. A draft that is there becomes a version before. */
  restoreVersion(
    id: PromptId,
    restored: { readonly revisionId: RevisionId; readonly message?: string },
  ): Promise<LibraryResult<SaveOutcome>>;
  /** Of one's own versions only: another message, as a record of its own; the version stays as it was signed. */
  amendMessage(
    id: PromptId,
    amendment: { readonly revisionId: RevisionId; readonly message: string },
  ): Promise<LibraryResult<null>>;

  labels(id: PromptId): Promise<LibraryResult<readonly PromptLabel[]>>;
  /** Whether this account may move a label of this name, also one that is not there yet. */
  labelRule(
    id: PromptId,
    name: string,
  ): Promise<LibraryResult<{ readonly protectedFor: Role | null; readonly mayMove: boolean }>>;
  /** `revisionId` null removes it. A protected one that this account may not move: `notAllowed`. */
  moveLabel(
    id: PromptId,
    move: { readonly name: string; readonly revisionId: RevisionId | null; readonly message?: string },
  ): Promise<LibraryResult<null>>;
  labelMoves(id: PromptId, name: string): Promise<LibraryResult<readonly LabelMove[]>>;

  /** Prompts changed by others since they were last marked as seen on this computer. */
  unread(): Promise<LibraryResult<readonly UnreadPrompt[]>>;
  markSeen(prompts: readonly PromptId[] | 'all'): Promise<LibraryResult<null>>;
}
