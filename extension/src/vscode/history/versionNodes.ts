// What the versions view shows, as data: a node is handed to menus and commands, so it carries the ids they need.

import type { PromptId } from '../../library/api.ts';
import type { MergeSide, UntrustedVersion, VersionSummary } from '../../library/history.ts';
import { placeIn, type VersionPlace } from './versionLink.ts';

interface NodeBase {
  /** Unique in the view, the same over refreshes. */
  readonly key: string;
  readonly parent: VersionNode | null;
}

export interface VersionRow extends NodeBase, VersionPlace {
  readonly kind: 'version';
  readonly version: VersionSummary;
  /** Lines that came and went; null where that is not known. */
  readonly size: { readonly added: number; readonly removed: number } | null;
  readonly isNewest: boolean;
  /** Whether the prompt is on a server, so that what is not synced waits for something. */
  readonly syncs: boolean;
}

export interface UntrustedRow extends NodeBase {
  readonly kind: 'untrusted';
  readonly row: UntrustedVersion;
}

/** One of the two lines of versions that a merge brought together. */
export interface SideRow extends NodeBase {
  readonly kind: 'side';
  readonly promptId: PromptId;
  readonly side: MergeSide;
  readonly isMainLine: boolean;
  readonly syncs: boolean;
}

export interface MoreRow extends NodeBase {
  readonly kind: 'more';
  readonly left: number;
}

export type VersionNode = VersionRow | UntrustedRow | SideRow | MoreRow;

/** The versions that the arguments of a command mean, each once: the selected rows if there are several, else the one. */
export function placesIn([clicked, selected]: readonly unknown[]): readonly VersionPlace[] {
  const rows: readonly unknown[] = Array.isArray(selected) && selected.length > 1 ? selected : [clicked];
  const places = rows.flatMap((row) => placeIn(row) ?? []);
  return [...new Map(places.map((place) => [place.revisionId, place])).values()];
}
