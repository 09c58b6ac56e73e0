// The merge base of each open document: the revision that it last equalled while it was clean. Pure.
//
// That something read the prompt proves nothing about the document: a diff, a search or another extension reads too,
// and a dirty document does not follow. So reads only leave candidates, and a base is taken when a clean document's
// text equals one of them.

import type { RevisionId } from '../../library/api.ts';

export interface DocumentBases {
  /** The prompt was read for this address. */
  didRead(key: string, state: TextOfRevision): void;
  /** The document is clean and has this text. */
  isClean(key: string, text: string): void;
  /** The document's text was written and is in the library as (a draft on) `revisionId`. */
  didWrite(key: string, state: TextOfRevision): void;
  /** Sets a base known from elsewhere (a backup restored after a reload), unless there is one. */
  restore(key: string, revisionId: RevisionId): void;
  /** Null if nothing is known of that document. */
  baseOf(key: string): MergeBase | null;
  closed(key: string): void;
}

export interface MergeBase {
  /** Null only before a first version. */
  readonly revisionId: RevisionId | null;
  /** `PromptText.mtime` of that state; null after a reload, which forgets it. */
  readonly mtime: number | null;
}

export interface TextOfRevision extends MergeBase {
  readonly text: string;
}

/** Reads that may race with a document's opening; older ones cannot be what it shows. */
const candidatesKept = 4;

interface Entry {
  base: MergeBase | null;
  candidates: readonly TextOfRevision[];
}

export function createDocumentBases(): DocumentBases {
  const entries = new Map<string, Entry>();
  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? { base: null, candidates: [] };
    entries.set(key, entry);
    return entry;
  };
  const addCandidate = (entry: Entry, state: TextOfRevision): void => {
    const candidate = { ...baseIn(state), text: withPlainLineEnds(state.text) };
    entry.candidates = [candidate, ...entry.candidates].slice(0, candidatesKept);
  };
  return {
    didRead(key, state) {
      addCandidate(entryOf(key), state);
    },
    isClean(key, text) {
      const entry = entryOf(key);
      const plain = withPlainLineEnds(text);
      const same = entry.candidates.find((candidate) => candidate.text === plain);
      if (same) entry.base = baseIn(same);
    },
    didWrite(key, state) {
      const entry = entryOf(key);
      addCandidate(entry, state);
      entry.base = baseIn(state);
    },
    restore(key, revisionId) {
      const entry = entryOf(key);
      entry.base ??= { revisionId, mtime: null };
    },
    baseOf: (key) => entries.get(key)?.base ?? null,
    closed(key) {
      entries.delete(key);
    },
  };
}

function baseIn({ revisionId, mtime }: MergeBase): MergeBase {
  return { revisionId, mtime };
}

/** VS Code gives a document one kind of line end, whatever the text had, and takes the byte order mark off. */
export function withPlainLineEnds(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replace(/^\uFEFF/, '');
}
