// Folders and what lies in them, as shown. Owns two rules: siblings with one name get a suffix, and what lies in a
// folder that is in the trash or gone shows in the nearest folder that is neither, so that nothing vanishes with it.

import type { GroupId } from '../encoding/ids.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import type { Batch } from './batch.ts';
import { childrenIn, foldersIn, groupIn } from './batch.ts';
import { shownNames } from './names.ts';
import type { Group, GroupKind, Place, ReplicaState } from './state.ts';
import { compareOrder } from './streamGraph.ts';

/** A prompt or folder that is neither in the trash nor gone. */
export type PlacedGroup = Group & { readonly place: Place };

export interface FolderView {
  readonly folders: readonly PlacedGroup[];
  readonly prompts: readonly PlacedGroup[];
  /** Of both, as shown. Folders and prompts do not take names from each other. */
  readonly names: ReadonlyMap<GroupId, string>;
}

/** Remembers what it worked out, so it is for one state of things: make another after a change. */
export interface Tree {
  group(id: GroupId): Group | undefined;
  /** Null: the top. */
  folder(id: GroupId | null): FolderView;
  /** The folder something shows in: not always the one it was put into. Null: the top. */
  shownFolder(group: PlacedGroup): GroupId | null;
  shownName(group: PlacedGroup): string;
  /** Names from the top, the thing's own last. */
  path(group: PlacedGroup): readonly string[];
}

interface Source {
  group(id: GroupId): Group | undefined;
  children(folder: GroupId): ReadonlySet<GroupId>;
  /** Every folder that something was put into. */
  folders(): Iterable<GroupId>;
}

export const treeOf = (state: ReplicaState): Tree =>
  createTree({
    group: (id) => state.groups.get(id),
    children: (folder) => state.children.get(folder) ?? new Set(),
    folders: () => state.children.keys(),
  });

export const treeIn = (batch: Batch): Tree =>
  createTree({
    group: (id) => groupIn(batch, id),
    children: (folder) => childrenIn(batch, folder),
    folders: () => foldersIn(batch),
  });

export function isLive(group: Group | undefined): group is PlacedGroup {
  return group !== undefined && group.place !== null && group.trashedAt === null && !group.purged;
}

/** Everything in a folder and in the folders in it, as shown. */
export function* descendants(tree: Tree, folder: GroupId | null): Generator<PlacedGroup> {
  const { folders, prompts } = tree.folder(folder);
  yield* prompts;
  for (const inner of folders) {
    yield inner;
    yield* descendants(tree, inner.id);
  }
}

function createTree(source: Source): Tree {
  const views = new Map<GroupId | null, FolderView>();
  const tree: Tree = {
    group: (id) => source.group(id),
    folder(id) {
      const known = views.get(id);
      if (known !== undefined) return known;
      const view = viewFolder(source, id);
      views.set(id, view);
      return view;
    },
    shownFolder: (group) => shownFolder(source, group),
    shownName: (group) => tree.folder(tree.shownFolder(group)).names.get(group.id) ?? group.place.name,
    path(group) {
      const id = tree.shownFolder(group);
      const folder = id === null ? undefined : source.group(id);
      return isLive(folder) ? [...tree.path(folder), tree.shownName(group)] : [tree.shownName(group)];
    },
  };
  return tree;
}

function viewFolder(source: Source, id: GroupId | null): FolderView {
  const live = [...liveIn(source, id ?? WORKSPACE_GROUP)];
  if (id === null) for (const orphaned of orphanedFolders(source)) live.push(...liveIn(source, orphaned));
  const ofKind = (kind: GroupKind): readonly PlacedGroup[] =>
    live.filter((group) => group.kind === kind).sort((left, right) => compareOrder(left.place, right.place));
  const [folders, prompts] = [ofKind('folder'), ofKind('prompt')];
  return { folders, prompts, names: new Map([...namesOf(folders), ...namesOf(prompts)]) };
}

const namesOf = (groups: readonly PlacedGroup[]): ReadonlyMap<GroupId, string> =>
  shownNames(groups.map(({ id, place }) => ({ id, name: place.name, nameKey: place.nameKey })));

function* liveIn(source: Source, folder: GroupId): Generator<PlacedGroup> {
  for (const id of source.children(folder)) {
    const group = source.group(id);
    if (isLive(group)) yield group;
    else if (group?.kind === 'folder') yield* liveIn(source, id);
  }
}

/** Folders that things were put into, but that are purged, are no folders, or never arrived. */
function* orphanedFolders(source: Source): Generator<GroupId> {
  for (const id of source.folders()) {
    if (id !== WORKSPACE_GROUP && !isFolder(source.group(id))) yield id;
  }
}

/** In the trash or not; a purged folder has no place. */
const isFolder = (group: Group | undefined): group is PlacedGroup =>
  group?.kind === 'folder' && group.place !== null;

function shownFolder(source: Source, group: PlacedGroup): GroupId | null {
  let id = group.place.folderId;
  while (id !== null) {
    const folder = source.group(id);
    if (!isFolder(folder)) return null;
    if (folder.trashedAt === null) return id;
    id = folder.place.folderId;
  }
  return null;
}
