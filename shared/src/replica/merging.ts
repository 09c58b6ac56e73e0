// Brings what this device wrote under what came in before it. A pending record that is not the head any more gets a
// merge whose first parent is the head and whose second is the record; the record itself stays as it was sealed, since
// it may have been sent. Texts are merged by lines and fields; places by name and folder; of anything else the later wins.

import type { GroupId } from '../encoding/ids.ts';
import type { PlacePayload } from '../record/payload.ts';
import { succeed } from '../util/result.ts';
import type { CommandResult, Composer } from './composer.ts';
import { append, compose } from './composer.ts';
import { groupIn, placeFolders, streamIn, streamsIn } from './batch.ts';
import type { ReplicaPorts } from './ports.ts';
import { mergeContent } from './saving.ts';
import type { ReplicaState, Stream, StreamEntry } from './state.ts';
import { contributing, mergeBase, usableSides } from './streamGraph.ts';

/** What needs a person stays beside the head (`Group.hasConflict`). Groups without pending records cost nothing. */
export function mergePending(
  state: ReplicaState,
  ports: ReplicaPorts,
  groups: Iterable<GroupId>,
): CommandResult<null> {
  return compose(state, ports, (composer) => {
    for (const id of groups) {
      const group = groupIn(composer.batch, id);
      if (group === undefined || group.unsynced === 0) continue;
      for (const { id: stream, kind } of streamsIn(composer.batch, id)) {
        if (!group.purged || kind === 'place') mergeSides(composer, id, stream);
      }
    }
    return succeed(null);
  });
}

function mergeSides(composer: Composer, group: GroupId, id: Stream['id']): void {
  const before = streamIn(composer.batch, group, id);
  for (const side of before === undefined ? [] : usableSides(before)) {
    const stream = streamIn(composer.batch, group, id);
    if (stream === undefined || side.seq !== null || !stream.sides.includes(side.id)) continue;
    const head = contributing(stream);
    // Nothing is merged with what nobody has vouched for yet.
    if (head?.status === 'checking') continue;
    if (side.facts?.kind === 'content') mergeContent(composer, { group, stream, head, side });
    else restate(composer, { group, stream, head, side });
  }
}

interface Sides {
  readonly group: GroupId;
  readonly stream: Stream;
  readonly head: StreamEntry | null;
  readonly side: StreamEntry;
}

function restate(composer: Composer, sides: Sides): void {
  const { group, stream, head, side } = sides;
  const bytes = composer.ports.readRecord(side.id);
  const opened = bytes === null ? null : composer.ports.records.open(bytes);
  if (opened?.ok !== true) return;
  const parents = stream.head === null ? [side.id] : [stream.head, side.id];
  const payload =
    opened.value.kind === 'place' && side.flag !== 'purge' && head?.facts?.kind === 'place'
      ? mergePlaces(stream, opened.value, { head, side })
      : opened.value;
  append(composer, { group, parents, payload, flag: side.flag });
  if (payload.kind === 'place' && payload.groupKind === 'folder') placeFolders(composer.batch);
}

/** What this device changed, over what is there now. */
function mergePlaces(
  stream: Stream,
  mine: PlacePayload,
  { head, side }: { readonly head: StreamEntry; readonly side: StreamEntry },
): PlacePayload {
  const base = mergeBase(stream, side.id, head.id)?.facts;
  const theirs = head.facts;
  if (theirs?.kind !== 'place' || base?.kind !== 'place') return mine;
  return {
    ...mine,
    name: mine.name === base.name ? theirs.name : mine.name,
    folderId: mine.folderId === base.folderId ? theirs.folderId : mine.folderId,
  };
}
