// Texts of prompts: reading, saving, drafts, versions, conflicts.
//
// What is shown of a prompt is its draft if it has one, else its current version. An explicit save makes a version of
// what is given; a draft of *another* window is never dropped for it, but becomes a version of its own first.

import type { GroupId } from '@cuebook/shared/encoding/ids';
import { conflictOf, currentText, versionText } from '@cuebook/shared/replica/history';
import { resolveConflict, restoreVersion as restoreText, saveText } from '@cuebook/shared/replica/saving';
import type { Group } from '@cuebook/shared/replica/state';
import { t } from '@vscode/l10n';
import type {
  Conflict,
  LibraryCalls,
  PromptId,
  PromptText,
  RevisionId,
  SaveOutcome,
} from '../library/api.ts';
import { deleteDraft, type Draft, readDraft, writeDraft } from './drafts.ts';
import { fail, success } from './libraryProblem.ts';
import type { Change, LibrarySession } from './librarySession.ts';

type DocumentCalls = Pick<
  LibraryCalls,
  | 'read'
  | 'save'
  | 'saveDraft'
  | 'commitDraft'
  | 'discardDraft'
  | 'conflict'
  | 'resolveConflict'
  | 'versionText'
>;

/** What a save is given. */
interface Edit {
  readonly text: string;
  readonly base: RevisionId | null;
  readonly mtime?: number;
  readonly message?: string;
}

export const mostTextBytes = 1_000_000;
const mostMessageCharacters = 1000;

export function createDocumentCalls(session: LibrarySession): DocumentCalls {
  // Tick of the last draft that this window wrote, for callers that do not say which text theirs grew from.
  const written = new Map<PromptId, number>();
  const isOwnDraft = (id: PromptId, mtime: number | undefined): boolean =>
    session.store.touchedAt('text', id) === (mtime ?? written.get(id) ?? 0);

  return {
    read: async (id) => success(shownText(session, id)),

    save: async (id, edit) => {
      checkEdit(edit);
      return success(
        session.change((change) => save(session, change, id, { edit, own: isOwnDraft(id, edit.mtime) })),
      );
    },

    saveDraft: async (id, edit) => {
      checkEdit(edit);
      const document = session.change((change) =>
        saveDraft(session, change, id, { edit, own: isOwnDraft(id, edit.mtime) }),
      );
      written.set(id, document.mtime);
      return success(document);
    },

    commitDraft: async (id) => success(session.change((change) => commitDraft(session, change, id))),

    discardDraft: async (id) =>
      success(
        session.change((change) => {
          promptIn(change, id);
          dropDraft(session, change, id);
          return documentOf(session, change, id);
        }),
      ),

    conflict: async (id) => {
      promptIn(session, id);
      return success(openConflict(session, session, id));
    },

    resolveConflict: async (id, text) => {
      checkEdit({ text, base: null });
      return success(session.change((change) => resolve(session, change, id, text)));
    },

    versionText: async (id, revisionId) => {
      promptIn(session, id);
      return success(textOfVersion(session, id, revisionId));
    },
  };
}

/** What both a session and a transaction can answer. */
type Reading = Pick<Change, 'state' | 'view'>;

const groupOf = (id: PromptId): GroupId => id as string as GroupId;

/** A prompt, in the trash or not. */
function promptIn(reading: Reading, id: PromptId): Group {
  const group = reading.view().tree.group(groupOf(id));
  return group?.kind === 'prompt' && !group.purged ? group : fail('notFound');
}

function checkEdit({ text, message }: Edit): void {
  if (Buffer.byteLength(text) > mostTextBytes) fail('tooLarge');
  if ((message?.length ?? 0) > mostMessageCharacters) {
    fail('tooLarge', {
      message: t('This version message is too long.'),
      action: t('Use at most 1,000 characters.'),
    });
  }
}

/** The text shown for a prompt: its draft, else both sides of a conflict, else its current version. */
export function shownText(session: LibrarySession, id: PromptId): PromptText {
  return documentOf(session, session, id);
}

function documentOf(session: LibrarySession, reading: Reading, id: PromptId): PromptText {
  const prompt = promptIn(reading, id);
  const draft = readDraft(session.store, session.seals, id) ?? conflictDraft(session, reading, id);
  const text = draft?.text ?? headText(session, reading, id);
  return {
    id,
    text,
    revisionId: draft === null ? (prompt.content?.revisionId ?? null) : draft.base,
    mtime: session.store.touchedAt('text', id),
    ctime: prompt.createdAt,
    size: Buffer.byteLength(text),
    isDraft: draft !== null,
  };
}

/** A conflict that came with what others wrote: nobody has saved here, so nothing was put down yet. */
function conflictDraft(session: LibrarySession, reading: Reading, id: PromptId): Draft | null {
  const conflict = openConflict(session, reading, id);
  return conflict === null ? null : { text: conflict.merged, base: conflict.theirsRevisionId };
}

const damagedText = () => ({
  message: t('The current version of this prompt is damaged and cannot be shown.'),
  action: t('Open an earlier version from its history, or bring the library back from a backup.'),
});

function headText(session: LibrarySession, reading: Reading, id: PromptId): string {
  return currentText(reading.state(), session.ports, groupOf(id)) ?? fail('corrupt', damagedText());
}

interface OwnedEdit {
  readonly edit: Edit;
  /** Whether a draft that is there now is what the given text grew from. */
  readonly own: boolean;
}

function save(session: LibrarySession, change: Change, id: PromptId, { edit, own }: OwnedEdit): SaveOutcome {
  promptIn(change, id);
  const open = openConflict(session, change, id);
  if (open !== null) return keepAsDraft(session, change, id, { edit, conflict: open });
  const draft = readDraft(session.store, session.seals, id);
  if (draft !== null && !own && draft.text !== edit.text) makeVersion(session, change, id, draft);
  dropDraft(session, change, id);
  return makeVersion(session, change, id, edit);
}

/** While a conflict is open, the text on its way to a resolution is a draft. */
function keepAsDraft(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  { edit, conflict }: { readonly edit: Edit; readonly conflict: Conflict },
): SaveOutcome {
  writeDraft(session.store, session.seals, id, { text: edit.text, base: edit.base });
  change.touchText(id);
  change.touch('tree');
  return { kind: 'conflict', document: documentOf(session, change, id), conflict };
}

/** Makes a version of a text, merging it with what was saved meanwhile. */
function makeVersion(session: LibrarySession, change: Change, id: PromptId, edit: Edit): SaveOutcome {
  const { text, base, message } = edit;
  const saved = change.apply(
    saveText(change.state(), session.ports, {
      id: groupOf(id),
      text,
      base,
      ...(message === undefined ? {} : { message }),
    }),
  );
  if (saved.conflict !== null) return showConflict(session, change, id, { promptId: id, ...saved.conflict });
  const document = documentOf(session, change, id);
  switch (saved.kind) {
    case 'unchanged':
    case 'saved':
      return { kind: saved.kind, document };
    case 'merged':
      return { kind: 'merged', document, mineRevisionId: saved.mineRevisionId };
    case 'conflict':
      throw new Error('a conflict has its sides');
  }
}

/** The text with markers is a draft on the current version, until it is accepted. */
function showConflict(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  conflict: Conflict,
): SaveOutcome {
  writeDraft(session.store, session.seals, id, { text: conflict.merged, base: conflict.theirsRevisionId });
  change.touchText(id);
  change.touch('tree');
  return { kind: 'conflict', document: documentOf(session, change, id), conflict };
}

function saveDraft(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  { edit, own }: OwnedEdit,
): PromptText {
  promptIn(change, id);
  const draft = readDraft(session.store, session.seals, id);
  const foreign = draft !== null && !own && draft.text !== edit.text ? draft : null;
  const next = foreign === null ? edit : besideDraft(session, change, id, { edit, foreign });
  writeDraft(session.store, session.seals, id, { text: next.text, base: next.base });
  change.touchText(id);
  if (draft === null) change.touch('tree');
  return documentOf(session, change, id);
}

/** Another window has a draft as well: both in one if they merge cleanly, else the other one becomes a version. */
function besideDraft(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  { edit, foreign }: { readonly edit: Edit; readonly foreign: Draft },
): Draft {
  if (openConflict(session, change, id) === null) {
    const merged = mergedDraft(session, change, id, { edit, foreign });
    if (merged !== null) return merged;
    makeVersion(session, change, id, foreign);
  }
  return { text: edit.text, base: edit.base };
}

function mergedDraft(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  { edit, foreign }: { readonly edit: Edit; readonly foreign: Draft },
): Draft | null {
  if (edit.base === null || edit.base !== foreign.base) return null;
  const base = versionText(change.state(), session.ports, { id: groupOf(id), revisionId: edit.base });
  if (base === null) return null;
  const merged = session.ports.merge({ base, mine: edit.text, theirs: foreign.text });
  return merged.clean ? { text: merged.text, base: edit.base } : null;
}

function commitDraft(session: LibrarySession, change: Change, id: PromptId): SaveOutcome | null {
  promptIn(change, id);
  const draft = readDraft(session.store, session.seals, id);
  if (draft === null || openConflict(session, change, id) !== null) return null;
  dropDraft(session, change, id);
  return makeVersion(session, change, id, draft);
}

function dropDraft(session: LibrarySession, change: Change, id: PromptId): boolean {
  if (!deleteDraft(session.store, session.seals, id)) return false;
  change.touchText(id);
  change.touch('tree');
  return true;
}

function resolve(session: LibrarySession, change: Change, id: PromptId, text: string): SaveOutcome {
  const prompt = promptIn(change, id);
  if (openConflict(session, change, id) === null) {
    const edit = { text, base: prompt.content?.revisionId ?? null };
    return save(session, change, id, { edit, own: true });
  }
  change.apply(resolveConflict(change.state(), session.ports, { id: groupOf(id), text }));
  dropDraft(session, change, id);
  const next = openConflict(session, change, id);
  if (next !== null) return showConflict(session, change, id, next);
  return { kind: 'saved', document: documentOf(session, change, id) };
}

/** An earlier text as the newest version. What is being written, or not settled, is kept before. */
export function restoreVersion(
  session: LibrarySession,
  change: Change,
  id: PromptId,
  { revisionId, message = '' }: { readonly revisionId: RevisionId; readonly message?: string },
): SaveOutcome {
  promptIn(change, id);
  checkEdit({ text: '', base: null, message });
  const draft = readDraft(session.store, session.seals, id);
  if (openConflict(session, change, id) !== null) fail('busy', conflictFirst());
  const kept = draft === null ? null : commitDraft(session, change, id);
  if (kept?.kind === 'conflict') return kept;
  const version = { id: groupOf(id), revisionId, message };
  const restored = change.apply(restoreText(change.state(), session.ports, version));
  const document = documentOf(session, change, id);
  return { kind: restored.kind === 'unchanged' ? 'unchanged' : 'saved', document };
}

const conflictFirst = () => ({
  message: t('Two versions of this prompt are not merged yet.'),
  action: t('Accept what they become together, then restore an earlier version.'),
});

function openConflict(session: LibrarySession, reading: Reading, id: PromptId): Conflict | null {
  const conflict = conflictOf(reading.state(), session.ports, groupOf(id));
  return conflict === null ? null : { promptId: id, ...conflict };
}

export function textOfVersion(session: LibrarySession, id: PromptId, revisionId: RevisionId): string {
  return versionText(session.state(), session.ports, { id: groupOf(id), revisionId }) ?? fail('notFound');
}
