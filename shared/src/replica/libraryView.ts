// What lists, trees and pickers ask of a state. A view is for one state: making one costs nothing, and each index is
// worked out when it is first asked for. Make another after a change.

import type { GroupId } from '../encoding/ids.ts';
import type { ReferenceTarget } from './references.ts';
import { referrerOf, resolveReference } from './references.ts';
import type { Group, ReplicaState } from './state.ts';
import type { PlacedGroup, Tree } from './tree.ts';
import { isLive, treeOf } from './tree.ts';

export interface LibraryView {
  readonly tree: Tree;
  /** All that are not in the trash, in no particular order. */
  prompts(): readonly PlacedGroup[];
  folders(): readonly PlacedGroup[];
  /** What was moved to the trash itself; not what went along with a folder that is still there. */
  trashed(): readonly PlacedGroup[];
  tags(): ReadonlyMap<string, number>;
  /** `referrer`: the prompt in which the reference stands, or null for a text that is nobody's yet. */
  resolve(written: string, referrer: GroupId | null): ReferenceTarget | null;
  /** The prompts that include this one, directly. */
  usedBy(id: GroupId): readonly PlacedGroup[];
}

export function viewLibrary(state: ReplicaState): LibraryView {
  const tree = treeOf(state);
  const live = once(() => [...state.groups.values()].filter(isLive));
  const prompts = once(() => live().filter((group) => group.kind === 'prompt'));
  const resolve = (written: string, referrer: GroupId | null): ReferenceTarget | null =>
    resolveReference(tree, written, referrerOf(tree, referrer === null ? undefined : tree.group(referrer)));
  const users = once(() => usersByPrompt(prompts(), resolve));
  return {
    tree,
    prompts,
    folders: once(() => live().filter((group) => group.kind === 'folder')),
    trashed: once(() => [...state.groups.values()].filter((group) => isTrashedItself(state, group))),
    tags: once(() => countTags(prompts())),
    resolve,
    usedBy: (id) => users().get(id) ?? [],
  };
}

function isTrashedItself(state: ReplicaState, group: Group): group is PlacedGroup {
  if (group.place === null || group.trashedAt === null || group.purged) return false;
  return group.trashedWith === null || state.groups.get(group.trashedWith)?.trashedAt == null;
}

function countTags(prompts: readonly PlacedGroup[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { content } of prompts) {
    for (const tag of new Set(content?.facts.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return counts;
}

function usersByPrompt(
  prompts: readonly PlacedGroup[],
  resolve: (written: string, referrer: GroupId) => ReferenceTarget | null,
): ReadonlyMap<GroupId, readonly PlacedGroup[]> {
  const users = new Map<GroupId, PlacedGroup[]>();
  for (const prompt of prompts) {
    const targets = new Set(
      (prompt.content?.facts.includes ?? []).map((written) => resolve(written, prompt.id)?.prompt.id),
    );
    for (const target of targets) {
      if (target !== undefined) users.set(target, [...(users.get(target) ?? []), prompt]);
    }
  }
  return users;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
