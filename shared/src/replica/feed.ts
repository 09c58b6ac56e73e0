// Takes the server's feed: records of everybody, in the one order that all agree on, each at the place after the last.
// Gives what is to be written in one transaction. Own records that come back have their place then; what others wrote
// before them is merged under them.

import type { GroupId, RecordId } from '../encoding/ids.ts';
import type { FeedPosition } from '../record/header.ts';
import { finishBatch, startBatch, type BatchResult } from './batch.ts';
import { createPrompts, type NewPrompt } from './creating.ts';
import { mergePending } from './merging.ts';
import { openStreams } from './packedStreams.ts';
import type { ReplicaPorts, SealedRecord } from './ports.ts';
import { receiveRecord } from './receive.ts';
import type { Group, ReplicaState } from './state.ts';
import { storedText } from './storedText.ts';
import { isLive, treeOf } from './tree.ts';
import { isUsable } from './streamGraph.ts';

export interface FeedItem {
  readonly seq: number;
  /** As the server names it; bytes that say otherwise are set aside under this name. */
  readonly id: RecordId;
  /** A record, or the tombstone of one. */
  readonly bytes: Uint8Array;
}

export interface PlacedRecord {
  readonly id: RecordId;
  readonly feed: FeedPosition;
}

export interface FeedTaken {
  readonly state: ReplicaState;
  readonly texts: readonly GroupId[];
  readonly tree: boolean;
  readonly quarantined: BatchResult['quarantined'];
  /** To be written first, in this order: records that were not here, with their places. */
  readonly arrived: readonly (PlacedRecord & { readonly bytes: Uint8Array })[];
  /** Records that were here, and have a place now. */
  readonly placed: readonly PlacedRecord[];
  /** Own merges and rescued texts, not in the feed yet. */
  readonly records: readonly SealedRecord[];
  readonly erase: readonly RecordId[];
  /** True if the items did not follow each other: what came after the gap was not taken; ask again from `state.feed`. */
  readonly gap: boolean;
}

/** Items that were taken before are passed over. `verify: 'later'`: see receive.ts; merging waits for the verdicts. */
export function takeFeed(
  state: ReplicaState,
  ports: ReplicaPorts,
  items: readonly FeedItem[],
  verify: 'now' | 'later' = 'now',
): FeedTaken {
  const bytes = new Map(items.map((item) => [item.id, item.bytes]));
  const reading = { ...ports, readRecord: (id: RecordId) => bytes.get(id) ?? ports.readRecord(id) };
  const applied = applyItems(state, reading, items, verify);
  const rescued = rescue({ before: state, after: applied.result.state, groups: applied.groups }, reading);
  const touched = new Set(applied.groups);
  const merged = mergePending(rescued?.state ?? applied.result.state, reading, touched);
  const after = [applied.result, rescued, merged.ok ? merged.value : null].filter((step) => step !== null);
  return {
    state: after.at(-1)?.state ?? state,
    texts: [...new Set(after.flatMap((step) => step.texts))],
    tree: after.some((step) => step.tree),
    quarantined: after.flatMap((step) => step.quarantined),
    arrived: applied.arrived,
    placed: applied.placed,
    records: [...(rescued?.records ?? []), ...(merged.ok ? merged.value.records : [])],
    erase: after.flatMap((step) => step.erase),
    gap: applied.gap,
  };
}

interface Applied {
  readonly result: BatchResult;
  readonly arrived: FeedTaken['arrived'];
  readonly placed: readonly PlacedRecord[];
  readonly groups: readonly GroupId[];
  readonly gap: boolean;
}

function applyItems(
  state: ReplicaState,
  ports: ReplicaPorts,
  items: readonly FeedItem[],
  verify: 'now' | 'later',
): Applied {
  const batch = startBatch(state, ports);
  const arrived: (PlacedRecord & { readonly bytes: Uint8Array })[] = [];
  const placed: PlacedRecord[] = [];
  let { feed } = state;
  let gap = false;
  for (const item of items) {
    if (item.seq <= feed.seq) continue;
    gap = item.seq !== feed.seq + 1;
    if (gap) break;
    feed = ports.records.follow(feed, item.id);
    const { id, bytes } = item;
    if (receiveRecord(batch, item, verify)) arrived.push({ id, bytes, feed });
    else placed.push({ id, feed });
  }
  const groups = [...batch.groups.keys()];
  const result = finishBatch(batch);
  return { result: { ...result, state: { ...result.state, feed } }, arrived, placed, groups, gap };
}

/** Texts of this device that were on their way when somebody purged their prompt: they stay, as new prompts. */
function rescue(
  {
    before,
    after,
    groups,
  }: { readonly before: ReplicaState; readonly after: ReplicaState; readonly groups: readonly GroupId[] },
  ports: ReplicaPorts,
): (BatchResult & { readonly records: readonly SealedRecord[] }) | null {
  const prompts: NewPrompt[] = [];
  for (const id of groups) {
    const group = before.groups.get(id);
    if (group === undefined || group.unsynced === 0 || group.purged) continue;
    if (after.groups.get(id)?.purged !== true) continue;
    prompts.push(...pendingTexts(after, group, ports));
  }
  if (prompts.length === 0) return null;
  const created = createPrompts(after, ports, prompts);
  return created.ok ? created.value : null;
}

function pendingTexts(after: ReplicaState, group: Group, ports: ReplicaPorts): readonly NewPrompt[] {
  const content = [...openStreams(group.streams).values()].find((stream) => stream.kind === 'content');
  if (content === undefined || group.place === null) return [];
  const folder = group.place.folderId === null ? undefined : after.groups.get(group.place.folderId);
  const folderId = isLive(folder) && folder.kind === 'folder' ? folder.id : null;
  const name = treeOf(after).folder(folderId).names.get(group.id) ?? group.place.name;
  return [content.head, ...content.sides].flatMap((id) => {
    const entry = id === null ? undefined : content.entries.get(id);
    if (entry === undefined || entry.seq !== null || !isUsable(entry)) return [];
    const text = storedText(ports, entry.id);
    return text === null ? [] : [{ folderId, name, text, ifTaken: 'suffix' as const }];
  });
}
