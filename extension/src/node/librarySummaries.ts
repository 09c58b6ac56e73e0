// Prompts and folders as the editor shows them, from the replica's view and what only this store knows of them.

import type { GroupId } from '@cuebook/shared/encoding/ids';
import type { Group } from '@cuebook/shared/replica/state';
import type { PlacedGroup, Tree } from '@cuebook/shared/replica/tree';
import type { FolderId, FolderSummary, PromptId, PromptSummary, WorkspaceId } from '../library/api.ts';
import { fail } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';

export const groupOf = (id: PromptId | FolderId): GroupId => id as string as GroupId;
export const promptIdOf = (id: GroupId): PromptId => id as string as PromptId;
export const folderIdOf = (id: GroupId): FolderId => id as string as FolderId;

/** A prompt or folder, in the trash or not; fails as `notFound`. */
export function placedGroup(
  session: LibrarySession,
  id: PromptId | FolderId,
  kind?: Group['kind'],
): PlacedGroup {
  const group = session.view().tree.group(groupOf(id));
  if (group === undefined || group.place === null || group.purged) return fail('notFound');
  if (kind !== undefined && group.kind !== kind) return fail('notFound');
  return { ...group, place: group.place };
}

/** `tree`: of the session now; whoever asks for many takes it once, as each look asks the disk whether others have written. */
export function promptSummary(
  session: LibrarySession,
  prompt: PlacedGroup,
  tree: Tree = session.view().tree,
): PromptSummary {
  const id = promptIdOf(prompt.id);
  const { facts, versions = 0, savedAt } = prompt.content ?? {};
  return {
    id,
    ...shownPlace(session, prompt, tree),
    description: facts?.description ?? '',
    tags: facts?.tags ?? [],
    models: facts?.models ?? [],
    favourite: session.favourites().has(id),
    includes: facts?.includes ?? [],
    versions,
    updatedAt: savedAt ?? prompt.createdAt,
    hasDraft: session.drafts().has(id),
    hasConflict: prompt.hasConflict,
    verified: prompt.verified,
    unread: session.unread().has(id),
    trashedAt: prompt.trashedAt,
  };
}

export function folderSummary(
  session: LibrarySession,
  folder: PlacedGroup,
  tree: Tree = session.view().tree,
): FolderSummary {
  const { name, folderId, workspaceId } = shownPlace(session, folder, tree);
  return { id: folderIdOf(folder.id), workspaceId, parentId: folderId, name, trashedAt: folder.trashedAt };
}

interface ShownPlace {
  readonly workspaceId: WorkspaceId;
  readonly folderId: FolderId | null;
  readonly name: string;
  readonly path: string;
}

function shownPlace(session: LibrarySession, group: PlacedGroup, tree: Tree): ShownPlace {
  const workspaceId = session.state().workspace;
  if (group.trashedAt !== null) {
    const { name, folderId } = group.place;
    return { workspaceId, folderId: folderId === null ? null : folderIdOf(folderId), name, path: name };
  }
  const folder = tree.shownFolder(group);
  const path = tree.path(group);
  return {
    workspaceId,
    folderId: folder === null ? null : folderIdOf(folder),
    name: tree.shownName(group),
    path: path.join('/'),
  };
}
