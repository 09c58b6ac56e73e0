// Where folders are, given where each wants to be. Folders take their places in the order of the records that say so;
// one that would come to lie inside itself by its latest move stays where it was before that, and the move is reported.

import type { GroupId } from '../encoding/ids.ts';
import type { Group, IgnoredMove, Place, Stream } from './state.ts';
import { compareOrder, firstParents, isUsable } from './streamGraph.ts';

export interface FolderFold {
  /** Every folder's place, by folder; null is the top. */
  readonly folderIds: ReadonlyMap<GroupId, GroupId | null>;
  readonly ignored: readonly IgnoredMove[];
}

/** `placeStream` opens a folder's place stream; it is asked only for a move that has to be ignored. */
export function foldFolders(
  folders: readonly Group[],
  placeStream: (folder: Group) => Stream | undefined,
): FolderFold {
  const folderIds = new Map<GroupId, GroupId | null>();
  const ignored: IgnoredMove[] = [];
  const placed = folders.flatMap((group) => (group.place === null ? [] : [{ group, place: group.place }]));
  for (const { group, place } of placed.sort((left, right) => compareOrder(left.place, right.place))) {
    const fits = (folderId: GroupId | null): boolean => !isInside(folderIds, folderId, group.id);
    if (!fits(place.wanted)) ignored.push({ group: group.id, record: place.record });
    folderIds.set(
      group.id,
      fits(place.wanted) ? place.wanted : earlierPlace(placeStream(group), place, fits),
    );
  }
  return { folderIds, ignored };
}

function earlierPlace(
  stream: Stream | undefined,
  place: Place,
  fits: (folderId: GroupId | null) => boolean,
): GroupId | null {
  if (stream === undefined) return null;
  for (const entry of firstParents(stream, place.record)) {
    if (!isUsable(entry) || entry.facts?.kind !== 'place') continue;
    if (fits(entry.facts.folderId)) return entry.facts.folderId;
  }
  return null;
}

/** Whether `start` is `folder`, or lies in it. */
function isInside(
  folderIds: ReadonlyMap<GroupId, GroupId | null>,
  start: GroupId | null,
  folder: GroupId,
): boolean {
  for (let id = start; id !== null; id = folderIds.get(id) ?? null) if (id === folder) return true;
  return false;
}
