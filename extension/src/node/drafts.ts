// Auto-saved drafts: durable, sealed, and not a version yet. One per prompt, shared by the windows of a library.

import type { PromptId, RevisionId } from '../library/api.ts';
import type { LocalSeals, Place } from './localValues.ts';
import type { SqliteStore } from './sqliteStore.ts';

export interface Draft {
  readonly text: string;
  /** The version it was written on. */
  readonly base: RevisionId | null;
}

const placeOfDraft = (id: PromptId): Place => ({ purpose: 'draft', row: id });

/** Null if there is none, or if it does not open. */
export function readDraft(store: SqliteStore, seals: LocalSeals, id: PromptId): Draft | null {
  return seals.openJson<Draft>(placeOfDraft(id), store.blob('draft', id));
}

/** Within a transaction. A draft that does not open is kept beside the new one, not overwritten. */
export function writeDraft(store: SqliteStore, seals: LocalSeals, id: PromptId, draft: Draft): void {
  setAsideUnreadable(store, seals, id);
  store.setBlob('draft', id, seals.sealJson(placeOfDraft(id), draft));
}

/** Within a transaction. Answers whether there was one. */
export function deleteDraft(store: SqliteStore, seals: LocalSeals, id: PromptId): boolean {
  setAsideUnreadable(store, seals, id);
  return store.deleteBlob('draft', id);
}

function setAsideUnreadable(store: SqliteStore, seals: LocalSeals, id: PromptId): void {
  const sealed = store.blob('draft', id);
  if (sealed === null || seals.open(placeOfDraft(id), sealed) !== null) return;
  store.setBlob('unreadable', `draft/${id}/${store.tick()}`, sealed);
}
