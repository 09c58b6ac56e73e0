// Who brought what into a merge: of each parent the versions that only it has.

import type { RecordId } from '../encoding/ids.ts';
import { compareOrder } from '../replica/streamGraph.ts';
import { lineage, type VersionEntry, type VersionGraph } from './versionGraph.ts';

export interface BroughtIn {
  readonly parent: RecordId;
  /** Newest first, the parent itself among them. */
  readonly versions: readonly VersionEntry[];
}

/** Null for a version with fewer than two parents. */
export function broughtByMerge(graph: VersionGraph, merge: RecordId): readonly BroughtIn[] | null {
  const parents = graph.parentsOf(merge);
  if (parents.length < 2) return null;
  const lineages = parents.map((parent) => new Set(lineage(graph, [parent])));
  return parents.map((parent, at) => {
    const others = lineages.filter((_, other) => other !== at);
    const own = [...(lineages[at] ?? [])].filter((record) => !others.some((other) => other.has(record)));
    const versions = own.flatMap((record) => graph.entries.get(record) ?? []);
    return {
      parent,
      versions: versions.sort((left, right) => right.number - left.number || compareOrder(right, left)),
    };
  });
}
