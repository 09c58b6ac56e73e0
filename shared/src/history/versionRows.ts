// The rows of a prompt's history: all that stands in its content stream, also what could not be verified, which keeps its
// place and its number and says nothing else.

import type { AccountId, DeviceId, RecordId, RevisionId } from '../encoding/ids.ts';
import type { QuarantineReason } from '../replica/ports.ts';
import type { ReplicaState, Stream, StreamEntry } from '../replica/state.ts';
import { amendedMessages, listedEntries, type ListedEntry } from '../replica/history.ts';
import { firstParents } from '../replica/streamGraph.ts';
import type { RevisionKind } from '../record/payload.ts';
import { authorOf, isVersion, type VersionEntry, type VersionGraph } from './versionGraph.ts';

export interface VersionRow {
  readonly trust: 'verified' | 'checking';
  readonly revisionId: RevisionId;
  readonly record: RecordId;
  readonly number: number | null;
  readonly parents: readonly RevisionId[];
  readonly author: AccountId | null;
  readonly device: DeviceId | null;
  readonly savedAt: number;
  readonly message: string;
  readonly isAmended: boolean;
  readonly kind: RevisionKind;
  readonly restoredFrom: RevisionId | null;
  readonly synced: boolean;
}

export interface UntrustedRow {
  readonly trust: 'untrusted';
  readonly record: RecordId;
  readonly number: number | null;
  /** `impostor`: under the id of somebody else's version. */
  readonly why: QuarantineReason | 'impostor';
}

/** Newest first, as replica/history.ts lists versions. */
export const historyEntries = (stream: Stream): readonly ListedEntry[] => listedEntries(stream);

/** What all rows of one history share. */
interface RowContext {
  readonly graph: VersionGraph;
  readonly quarantine: ReplicaState['quarantine'];
  readonly messages: ReadonlyMap<RevisionId, string>;
  readonly mainLine: ReadonlySet<RecordId>;
}

export function rowContext(
  graph: VersionGraph,
  beside: { readonly messages: Stream | undefined; readonly quarantine: ReplicaState['quarantine'] },
): RowContext {
  const { stream } = graph;
  return {
    graph,
    quarantine: beside.quarantine,
    messages: amendedMessages(stream, beside.messages),
    mainLine: new Set([...firstParents(stream, stream.head)].map(({ id }) => id)),
  };
}

export function rowOf(context: RowContext, entry: StreamEntry): VersionRow | UntrustedRow {
  const { graph, quarantine } = context;
  if (isVersion(entry) && !graph.impostors.has(entry.id)) return versionRow(context, entry);
  const why = graph.impostors.has(entry.id) ? 'impostor' : (quarantine.get(entry.id)?.reason ?? 'badPayload');
  return { trust: 'untrusted', record: entry.id, number: numberOf(context, entry), why };
}

export function versionRow(context: RowContext, entry: VersionEntry): VersionRow {
  const { graph, messages } = context;
  const { revisionId, savedAt, message, revisionKind, restoredFrom } = entry.facts;
  const amended = messages.get(revisionId);
  const author = authorOf(entry);
  return {
    trust: author === null ? 'checking' : 'verified',
    revisionId,
    record: entry.id,
    number: numberOf(context, entry),
    parents: graph.parentsOf(entry.id).flatMap((id) => graph.entries.get(id)?.facts.revisionId ?? []),
    author,
    device: author === null ? null : entry.device,
    savedAt,
    message: amended ?? message,
    isAmended: amended !== undefined && amended !== message,
    kind: revisionKind,
    restoredFrom,
    synced: entry.seq !== null,
  };
}

const numberOf = ({ mainLine }: RowContext, { id, number }: StreamEntry): number | null =>
  mainLine.has(id) ? number : null;
