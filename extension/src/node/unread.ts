// Prompts that teammates have changed since the user last looked, on this computer only: for each the version that was
// shown then. Sealed; a list for each workspace.

import {
  type AccountId,
  type GroupId,
  WORKSPACE_GROUP,
  type WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import { openStreams } from '@cuebook/shared/replica/packedStreams';
import type { ReplicaState } from '@cuebook/shared/replica/state';
import type { UnreadPrompt } from '../library/history.ts';
import type { LibrarySessions } from './librarySession.ts';
import type { LocalSeals, Place } from './localValues.ts';
import type { SqliteStore } from './sqliteStore.ts';

const rowOf = (workspace: WorkspaceId): string => `unread.${workspace}`;
const placeOf = (workspace: WorkspaceId): Place => ({ purpose: 'notes', row: rowOf(workspace) });

/** Null before the workspace was caught up with for the first time: until then nothing is news. */
export function readUnread(
  store: SqliteStore,
  seals: LocalSeals,
  workspace: WorkspaceId,
): readonly UnreadPrompt[] | null {
  const stored = seals.openJson<readonly (UnreadPrompt | string)[]>(
    placeOf(workspace),
    store.blob('notes', rowOf(workspace)),
  );
  // Once it was a list of ids.
  return (
    stored?.map((one) => (typeof one === 'string' ? { id: one as UnreadPrompt['id'], since: null } : one)) ??
    null
  );
}

/** From now on what others change is news. */
export function beginUnread(sessions: LibrarySessions, seals: LocalSeals, workspace: WorkspaceId): void {
  const { store } = sessions;
  if (store.blob('notes', rowOf(workspace)) !== null) return;
  sessions.write(() => writeUnread(store, seals, { workspace, unread: [] }));
}

/** Within a transaction of the caller. */
export function writeUnread(
  store: SqliteStore,
  seals: LocalSeals,
  { workspace, unread }: { readonly workspace: WorkspaceId; readonly unread: readonly UnreadPrompt[] },
): void {
  store.setBlob('notes', rowOf(workspace), seals.sealJson(placeOf(workspace), unread));
}

/** What is unread after `texts` have changed. The same list if nothing of it is by somebody else. */
export function withNews(
  unread: readonly UnreadPrompt[],
  { before, after }: { readonly before: ReplicaState; readonly after: ReplicaState },
  news: { readonly texts: readonly GroupId[]; readonly own: ReadonlySet<AccountId> },
): readonly UnreadPrompt[] {
  const known = new Set<string>(unread.map(({ id }) => id));
  const added = news.texts
    .filter((id) => id !== WORKSPACE_GROUP && !known.has(id))
    .filter((id) => isByOthers(after, id, { since: before.feed.seq, own: news.own }))
    .map(
      (id) => ({ id, since: before.groups.get(id)?.content?.revisionId ?? null }) as unknown as UnreadPrompt,
    );
  return added.length === 0 ? unread : [...unread, ...added];
}

/** Whether somebody else's version of the prompt was placed after `since`. */
function isByOthers(
  state: ReplicaState,
  id: GroupId,
  { since, own }: { readonly since: number; readonly own: ReadonlySet<AccountId> },
): boolean {
  const group = state.groups.get(id);
  if (group === undefined) return false;
  for (const stream of openStreams(group.streams).values()) {
    if (stream.kind !== 'content') continue;
    for (const { seq, author, status } of stream.entries.values()) {
      if (seq !== null && seq > since && status !== 'quarantined' && !own.has(author)) return true;
    }
  }
  return false;
}
