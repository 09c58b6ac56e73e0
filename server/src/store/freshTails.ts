// What this process has just committed, as whoever follows reads it: the same that the database would answer at the moment
// of that commit. Kept for a moment only and only the newest of a workspace; whoever needs more asks the database.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Incarnation, Tail, TailEnd, TailPosition } from './api.ts';
import type { Committed } from './appendJudging.ts';

export interface FreshTails {
  keep(workspace: WorkspaceId, committed: Committed): void;
  /** Null: what is kept does not begin there, ends too early, or is too old. */
  read(workspace: WorkspaceId, from: TailPosition, atLeast: TailEnd): Tail | null;
}

interface Kept {
  readonly tail: Tail;
  readonly after: number;
  readonly until: number;
}

const KEPT_MS = 1000;
const KEPT_WORKSPACES = 64;
/** Of one commit; more than this is read faster than it is worth keeping. */
const KEPT_BYTES = 256 * 1024;

export function createFreshTails({ incarnation }: { readonly incarnation: Incarnation }): FreshTails {
  const kept = new Map<WorkspaceId, Kept>();
  return {
    keep: (workspace, committed) => {
      kept.delete(workspace);
      const tail = tailOf(incarnation, committed);
      const first = tail?.items[0];
      if (tail === null || first === undefined) return;
      kept.set(workspace, { tail, after: first.seq - 1, until: performance.now() + KEPT_MS });
      if (kept.size <= KEPT_WORKSPACES) return;
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    },
    read: (workspace, from, atLeast) => {
      const found = kept.get(workspace);
      if (found === undefined) return null;
      const { tail, after, until } = found;
      const begins =
        from.incarnation === incarnation && from.seq === after && from.logFrom === tail.head.index + 1;
      const isEnough = tail.end.seq >= atLeast.seq && tail.head.index >= atLeast.logIndex;
      return begins && isEnough && performance.now() < until ? tail : null;
    },
  };
}

/** Null for what is not to be kept. */
function tailOf(incarnation: Incarnation, { placed, position, head, purged }: Committed): Tail | null {
  const bytes = placed.reduce((sum, { parsed }) => sum + parsed.bytes.length, 0);
  // What a purge has erased is read from the database.
  if (purged.length > 0 || bytes > KEPT_BYTES) return null;
  return {
    incarnation,
    items: placed.map(({ id, parsed, position: { seq } }) => ({ seq, id, bytes: parsed.bytes })),
    end: position,
    entries: [],
    head,
    healing: false,
  };
}
