// Commands that say where prompts and folders are: rename, move, trash, restore, purge.

import type { GroupId } from '../encoding/ids.ts';
import type { GroupFlag } from '../record/header.ts';
import type { PlacePayload } from '../record/payload.ts';
import type { Result } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import { groupIn } from './batch.ts';
import type { CommandProblem, CommandResult, Composer } from './composer.ts';
import { appendToHead, changeable, compose } from './composer.ts';
import { freeName, nameKey, nameProblem } from './names.ts';
import type { ReplicaPorts } from './ports.ts';
import type { Group, Place, ReplicaState } from './state.ts';
import { compareOrder } from './streamGraph.ts';
import type { PlacedGroup, Tree } from './tree.ts';
import { descendants, isLive, treeIn } from './tree.ts';

/** How deep folders may lie in each other. */
export const MAX_FOLDER_DEPTH = 32;

export interface NewPlace {
  readonly id: GroupId;
  /** Absent: keeps its name. */
  readonly name?: string;
  /** Absent: stays in its folder; null: to the top. */
  readonly folderId?: GroupId | null;
  readonly ifTaken: 'suffix' | 'refuse';
}

/** Renames and moves, in this order, all or none. What is where it should be already gets no record. */
export function place(
  state: ReplicaState,
  ports: ReplicaPorts,
  places: readonly NewPlace[],
): CommandResult<null> {
  return compose(state, ports, (composer) => each(places, (wanted) => placeOne(composer, wanted)));
}

/** Moves prompts and folders to the trash, folders with all that is in them. */
export function trash(
  state: ReplicaState,
  ports: ReplicaPorts,
  ids: readonly GroupId[],
): CommandResult<null> {
  return compose(state, ports, (composer) => each(ids, (id) => trashOne(composer, id)));
}

/** Takes out of the trash, folders with what went there along with them; below the nearest folder that is still there. */
export function restore(
  state: ReplicaState,
  ports: ReplicaPorts,
  ids: readonly GroupId[],
): CommandResult<null> {
  return compose(state, ports, (composer) => each(ids, (id) => restoreOne(composer, id)));
}

/** Erases what is in the trash for good, folders with what went there along with them. */
export function purge(
  state: ReplicaState,
  ports: ReplicaPorts,
  ids: readonly GroupId[],
): CommandResult<null> {
  return compose(state, ports, (composer) => each(ids, (id) => purgeOne(composer, id)));
}

/** A folder that things may be put into; null is the top. */
export function checkedFolder(composer: Composer, folderId: GroupId | null): Result<null, CommandProblem> {
  if (folderId === null) return succeed(null);
  const folder = groupIn(composer.batch, folderId);
  return isLive(folder) && folder.kind === 'folder'
    ? succeed(null)
    : fail('notFound', 'This folder does not exist any more.');
}

export const nameTaken = (): Result<never, CommandProblem> =>
  fail('nameTaken', 'Something in this folder has that name already.');

function each<T>(
  items: readonly T[],
  step: (item: T) => Result<null, CommandProblem>,
): Result<null, CommandProblem> {
  for (const item of items) {
    const done = step(item);
    if (!done.ok) return done;
  }
  return succeed(null);
}

function placeOne(composer: Composer, wanted: NewPlace): Result<null, CommandProblem> {
  const found = changeable(composer, wanted.id);
  if (!found.ok) return found;
  const group = found.value;
  if (!isLive(group)) return fail('notFound', 'This is in the trash: restore it first.');
  const tree = treeIn(composer.batch);
  const folderId = wanted.folderId === undefined ? tree.shownFolder(group) : wanted.folderId;
  const problem = placeProblem(composer, tree, group, folderId);
  if (problem !== null) return { ok: false, problem };
  const name = placedName(tree, group, { ...wanted, folderId });
  if (!name.ok) return name;
  if (name.value === group.place.name && folderId === group.place.folderId) return succeed(null);
  appendPlace(composer, group, { folderId, name: name.value }, 'none');
  return succeed(null);
}

function placeProblem(
  composer: Composer,
  tree: Tree,
  group: PlacedGroup,
  folderId: GroupId | null,
): CommandProblem | null {
  const into = checkedFolder(composer, folderId);
  if (!into.ok) return into.problem;
  const above = folderId === null ? [] : foldersAbove(tree, folderId);
  if (above.includes(group.id)) {
    return { code: 'folderCycle', message: 'A folder cannot be moved into itself.' };
  }
  if (above.length + (group.kind === 'folder' ? height(tree, group.id) : 0) <= MAX_FOLDER_DEPTH) return null;
  return { code: 'tooMany', message: `Folders can lie at most ${MAX_FOLDER_DEPTH} deep.` };
}

/** A folder and those it lies in. */
export function foldersAbove(tree: Tree, folderId: GroupId): readonly GroupId[] {
  const above: GroupId[] = [];
  for (let id: GroupId | null = folderId; id !== null;) {
    above.push(id);
    const folder = tree.group(id);
    id = isLive(folder) ? tree.shownFolder(folder) : null;
  }
  return above;
}

function height(tree: Tree, folder: GroupId): number {
  return 1 + Math.max(0, ...tree.folder(folder).folders.map((inner) => height(tree, inner.id)));
}

function placedName(
  tree: Tree,
  group: PlacedGroup,
  wanted: NewPlace & { readonly folderId: GroupId | null },
): Result<string, CommandProblem> {
  const name = wanted.name ?? group.place.name;
  const problem = wanted.name === undefined ? null : nameProblem(name);
  if (problem !== null) return fail('nameInvalid', problem);
  const view = tree.folder(wanted.folderId);
  const siblings = group.kind === 'folder' ? view.folders : view.prompts;
  const taken = new Set(
    siblings.flatMap(({ id }) => (id === group.id ? [] : [nameKey(view.names.get(id) ?? '')])),
  );
  const isFree = (key: string): boolean => !taken.has(key);
  if (wanted.ifTaken === 'refuse' && !isFree(nameKey(name))) return nameTaken();
  return succeed(freeName(name, isFree));
}

function trashOne(composer: Composer, id: GroupId): Result<null, CommandProblem> {
  const found = changeable(composer, id);
  if (!found.ok) return found;
  const group = found.value;
  if (!isLive(group)) return succeed(null);
  const within = group.kind === 'folder' ? [...descendants(treeIn(composer.batch), id)] : [];
  for (const inner of within) appendPlace(composer, inner, {}, 'trash', id);
  appendPlace(composer, group, {}, 'trash');
  return succeed(null);
}

function restoreOne(composer: Composer, id: GroupId): Result<null, CommandProblem> {
  const found = changeable(composer, id);
  if (!found.ok) return found;
  const group = found.value;
  if (group.place === null || group.trashedAt === null) return succeed(null);
  const folderId = treeIn(composer.batch).shownFolder({ ...group, place: group.place });
  appendPlace(composer, { ...group, place: group.place }, { folderId }, 'restore');
  for (const inner of trashedWith(composer, id)) appendPlace(composer, inner, {}, 'restore');
  return succeed(null);
}

function purgeOne(composer: Composer, id: GroupId): Result<null, CommandProblem> {
  const found = changeable(composer, id);
  if (!found.ok) return found;
  if (found.value.place === null || found.value.trashedAt === null) {
    return fail('notFound', 'Only what is in the trash can be deleted for good.');
  }
  for (const inner of trashedWith(composer, id)) appendPlace(composer, inner, PURGED, 'purge');
  appendPlace(composer, { ...found.value, place: found.value.place }, PURGED, 'purge');
  return succeed(null);
}

/** A purge says nothing about what was purged. */
const PURGED = { name: '-', folderId: null };

/** What went to the trash along with a folder, folders before what is in them. */
function trashedWith(composer: Composer, folder: GroupId): readonly PlacedGroup[] {
  const found: PlacedGroup[] = [];
  for (const id of groupIds(composer)) {
    const group = groupIn(composer.batch, id);
    if (group?.trashedWith === folder && group.place !== null && !group.newerFormat) {
      found.push({ ...group, place: group.place });
    }
  }
  return found.sort((left, right) => compareOrder(left.place, right.place));
}

function* groupIds(composer: Composer): Generator<GroupId> {
  for (const { id } of composer.batch.before.groups.values()) yield id;
}

function appendPlace(
  composer: Composer,
  group: Group & { readonly place: Place },
  change: { readonly folderId?: GroupId | null; readonly name?: string },
  flag: GroupFlag,
  trashedWith: GroupId | null = null,
): void {
  const payload: PlacePayload = {
    kind: 'place',
    groupKind: group.kind === 'folder' ? 'folder' : 'prompt',
    folderId: group.place.folderId,
    name: group.place.name,
    trashedWith,
    savedAt: composer.ports.now(),
    ...change,
  };
  appendToHead(composer, { group: group.id, payload, flag });
}
