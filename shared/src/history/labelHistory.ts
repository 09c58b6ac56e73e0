// Where a label has pointed, move by move. A move that had to be said again, because somebody else's came before it, is
// one move.

import type { AccountId, RecordId, RevisionId } from '../encoding/ids.ts';
import type { QuarantineReason } from '../replica/ports.ts';
import type { PayloadFacts, ReplicaState, Stream, StreamEntry } from '../replica/state.ts';
import { firstParents, isUsable } from '../replica/streamGraph.ts';
import { authorOf } from './versionGraph.ts';

type LabelFacts = Extract<PayloadFacts, { readonly kind: 'label' }>;

export type LabelRow =
  | {
      readonly trust: 'verified' | 'checking';
      readonly name: string;
      readonly revisionId: RevisionId | null;
      readonly message: string;
      readonly author: AccountId | null;
      readonly movedAt: number;
      readonly synced: boolean;
    }
  | { readonly trust: 'untrusted'; readonly why: QuarantineReason };

/** Newest first. */
export function labelRows(stream: Stream, quarantine: ReplicaState['quarantine']): readonly LabelRow[] {
  const saidAgain = new Set([...stream.entries.values()].flatMap((entry) => repeated(stream, entry)));
  return [...stream.entries.values()]
    .filter(({ id }) => !saidAgain.has(id))
    .map((entry) => labelRow(entry, quarantine))
    .toReversed();
}

function labelRow(entry: StreamEntry, quarantine: ReplicaState['quarantine']): LabelRow {
  const facts = labelFacts(entry);
  if (facts === null) return { trust: 'untrusted', why: quarantine.get(entry.id)?.reason ?? 'badPayload' };
  const { name, revisionId, message, savedAt } = facts;
  const author = authorOf(entry);
  const trust = author === null ? 'checking' : 'verified';
  return { trust, name, revisionId, message, author, movedAt: savedAt, synced: entry.seq !== null };
}

/** Where it points now: the newest move on the main line that is verified. */
export function labelNow(stream: Stream): Extract<LabelRow, { readonly author: unknown }> | null {
  for (const entry of firstParents(stream, stream.head)) {
    if (entry.status !== 'verified' || labelFacts(entry) === null) continue;
    const row = labelRow(entry, new Map());
    return row.trust === 'untrusted' ? null : row;
  }
  return null;
}

/** The move that this one says again: its further parent, by the same person with the same words. */
function repeated(stream: Stream, entry: StreamEntry): readonly RecordId[] {
  return entry.parents.slice(1).filter((id) => {
    const before = stream.entries.get(id);
    const [said, says] = [before && labelFacts(before), labelFacts(entry)];
    return (
      before?.author === entry.author &&
      said?.revisionId === says?.revisionId &&
      said?.savedAt === says?.savedAt &&
      said?.message === says?.message
    );
  });
}

function labelFacts(entry: StreamEntry): LabelFacts | null {
  return isUsable(entry) && entry.facts?.kind === 'label' ? entry.facts : null;
}
