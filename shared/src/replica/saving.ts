// Commands that make revisions of a prompt: save, resolve a conflict, bring an old version back.
//
// A save names the revision that its text came from. If that is not the head any more, the text becomes a revision
// beside the main line, and a merge follows whose first parent is the head: numbers of versions never change. If a
// person is needed, only the first of the two is written: the side stands in the stream until it is resolved, through
// restarts and on every device that has it.

import type { GroupId, RecordId, RevisionId } from '../encoding/ids.ts';
import type { ContentPayload, RevisionKind } from '../record/payload.ts';
import type { Result } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import { invariant } from '../util/invariant.ts';
import { groupIn } from './batch.ts';
import type { CommandProblem, CommandResult, Composer } from './composer.ts';
import {
  append,
  changeable,
  checkedText,
  compose,
  contentStream,
  messageProblem,
  newId,
} from './composer.ts';
import type { ReplicaPorts } from './ports.ts';
import { bindReferences, referrerOf } from './references.ts';
import type { Group, ReplicaState, Stream, StreamEntry } from './state.ts';
import { storedText } from './storedText.ts';
import { contributing, isUsable, mergeBase, usableSides } from './streamGraph.ts';
import { treeIn } from './tree.ts';

/** Both sides of what could not be merged, and the texts to settle it with. */
export interface Conflict {
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
  /** With conflict markers where a person is needed. */
  readonly merged: string;
  readonly mineRevisionId: RevisionId;
  readonly theirsRevisionId: RevisionId;
}

export interface Saved {
  /**
   * `unchanged`: same text as the head, nothing was written. `merged`: the head's text is not what was given.
   * `conflict`: the given text was kept beside the head.
   */
  readonly kind: 'unchanged' | 'saved' | 'merged' | 'conflict';
  /** The head after this. */
  readonly revisionId: RevisionId;
  /** The revision that holds exactly the text that was given. */
  readonly mineRevisionId: RevisionId;
  /** The head's text after this. */
  readonly text: string;
  /** Set if and only if `kind` is `conflict`. */
  readonly conflict: Conflict | null;
}

export interface Save {
  readonly id: GroupId;
  readonly text: string;
  /** The revision that the text came from; null: from none. */
  readonly base: RevisionId | null;
  readonly message?: string;
}

export function saveText(state: ReplicaState, ports: ReplicaPorts, save: Save): CommandResult<Saved> {
  return compose(state, ports, (composer) => {
    const target = savable(composer, save);
    if (!target.ok) return target;
    const { group, stream, text } = target.value;
    const head = stream === undefined ? null : contributing(stream);
    if (stream === undefined || head === null) return succeed(saveFirst(composer, group, { ...save, text }));
    const headText = storedText(composer.ports, head.id);
    // The disk has lost what the head says: there is nothing to merge with, and this text must not be lost as well.
    if (headText === null) return succeed(saveOnHead(composer, group, stream, { ...save, text }));
    if (text === headText) return succeed(unchanged(head, headText));
    const base = save.base === null ? null : revisionOf(stream, save.base);
    if (base === undefined) return fail('notFound', 'The version that this text came from is not here.');
    if (base === head) return succeed(saveOnHead(composer, group, stream, { ...save, text }));
    if (base !== null && text === storedText(composer.ports, base.id))
      return succeed(overtaken(head, headText, base));
    return saveBeside(composer, { group, stream, head, headText, base }, { ...save, text });
  });
}

/** A merge of a side that is here already; writes nothing if a person is needed. */
export function mergeContent(
  composer: Composer,
  sides: {
    readonly group: GroupId;
    readonly stream: Stream;
    readonly head: StreamEntry | null;
    readonly side: StreamEntry;
  },
): void {
  const { stream, head, side } = sides;
  const group = groupIn(composer.batch, sides.group);
  if (group === undefined || stream.head === null) return;
  const base = head === null ? null : mergeBase(stream, side.id, head.id);
  const mine = storedText(composer.ports, side.id);
  if (mine === null) return;
  const theirs = (head === null ? null : storedText(composer.ports, head.id)) ?? mine;
  const merged = composer.ports.merge({ base: baseText(composer, base), mine, theirs });
  if (!merged.clean) return;
  const parents = [stream.head, side.id];
  appendRevision(composer, group, { parents, text: merged.text, message: '', kind: 'merge' });
}

/** Ends the oldest conflict with this text: a merge of head and side. Both stay in history. */
export function resolveConflict(
  state: ReplicaState,
  ports: ReplicaPorts,
  resolution: { readonly id: GroupId; readonly text: string; readonly message?: string },
): CommandResult<Saved> {
  return compose(state, ports, (composer) => {
    const target = savable(composer, resolution);
    if (!target.ok) return target;
    const { group, stream, text } = target.value;
    const side = stream === undefined ? undefined : usableSides(stream)[0];
    const head = stream?.head ?? null;
    if (side === undefined || head === null) return fail('notFound', 'There is no conflict to resolve.');
    const parents = [head, side.id];
    const message = resolution.message ?? '';
    const revisionId = appendRevision(composer, group, { parents, text, message, kind: 'merge' });
    return succeed(savedAs(revisionId, text));
  });
}

/** Makes an earlier version's text the current one, as a new version. */
export function restoreVersion(
  state: ReplicaState,
  ports: ReplicaPorts,
  version: { readonly id: GroupId; readonly revisionId: RevisionId; readonly message?: string },
): CommandResult<Saved> {
  return compose(state, ports, (composer) => {
    const target = savable(composer, { ...version, text: '' });
    if (!target.ok) return target;
    const { group, stream } = target.value;
    const entry = stream === undefined ? undefined : revisionOf(stream, version.revisionId);
    const head = stream === undefined ? null : contributing(stream);
    const text = entry === undefined ? null : storedText(composer.ports, entry.id);
    if (stream === undefined || head === null || text === null) {
      return fail('notFound', 'This version is not here.');
    }
    if (text === storedText(composer.ports, head.id)) return succeed(unchanged(head, text));
    const parents = stream.head === null ? [] : [stream.head];
    const revision = { parents, text, message: version.message ?? '', restoredFrom: version.revisionId };
    const revisionId = appendRevision(composer, group, { ...revision, kind: 'restore' });
    return succeed(savedAs(revisionId, text));
  });
}

/** The oldest open conflict of a content stream, or null. Reads three texts. */
export function conflictIn(ports: ReplicaPorts, stream: Stream): Conflict | null {
  const side = usableSides(stream)[0];
  const head = contributing(stream);
  if (side?.facts?.kind !== 'content' || head?.facts?.kind !== 'content') return null;
  const base = mergeBase(stream, side.id, head.id);
  const read = (entry: StreamEntry): string => storedText(ports, entry.id) ?? '';
  const sides = { base: base === null ? '' : read(base), mine: read(side), theirs: read(head) };
  return {
    ...sides,
    merged: ports.merge(sides).text,
    mineRevisionId: side.facts.revisionId,
    theirsRevisionId: head.facts.revisionId,
  };
}

/** Null for a revision that is not in the stream or cannot be used. */
export function revisionOf(stream: Stream, revisionId: RevisionId): StreamEntry | undefined {
  for (const entry of stream.entries.values()) {
    if (entry.facts?.kind === 'content' && entry.facts.revisionId === revisionId && isUsable(entry)) {
      return entry;
    }
  }
  return undefined;
}

interface Target {
  readonly group: Group;
  readonly stream: Stream | undefined;
  readonly text: string;
}

function savable(
  composer: Composer,
  save: { readonly id: GroupId; readonly text: string; readonly message?: string },
): Result<Target, CommandProblem> {
  const group = changeable(composer, save.id);
  if (!group.ok) return group;
  if (group.value.kind !== 'prompt') return fail('notFound', 'A folder has no text.');
  const problem = messageProblem(save.message ?? '');
  if (problem !== null) return { ok: false, problem };
  const text = checkedText(save.text);
  if (!text.ok) return text;
  return succeed({ group: group.value, stream: contentStream(composer, save.id), text: text.value });
}

function saveFirst(composer: Composer, group: Group, save: Save): Saved {
  const revision = { parents: [], text: save.text, message: save.message ?? '', kind: 'save' } as const;
  const revisionId = appendRevision(composer, group, revision);
  return savedAs(revisionId, save.text);
}

function saveOnHead(composer: Composer, group: Group, stream: Stream, save: Save): Saved {
  // A head that cannot be read is named all the same: it is what this text follows.
  const parents = stream.head === null ? [] : [stream.head];
  const revision = { parents, text: save.text, message: save.message ?? '', kind: 'save' } as const;
  const revisionId = appendRevision(composer, group, revision);
  return savedAs(revisionId, save.text);
}

interface Divergence {
  readonly group: Group;
  readonly stream: Stream;
  readonly head: StreamEntry;
  readonly headText: string;
  readonly base: StreamEntry | null;
}

function saveBeside(
  composer: Composer,
  { group, stream, head, headText, base }: Divergence,
  save: Save,
): Result<Saved, CommandProblem> {
  if (head.status === 'checking') {
    return fail('notVerified', 'Another version is still being checked: save again in a moment.');
  }
  const common = base === null ? null : mergeBase(stream, base.id, head.id);
  const sides = { base: baseText(composer, common), mine: save.text, theirs: headText };
  const merged = composer.ports.merge(sides);
  const parents = base === null ? [] : [base.id];
  const message = save.message ?? '';
  const mine = appendRevision(composer, group, { parents, text: save.text, message, kind: 'save' });
  const theirsRevisionId = revisionIdOf(head);
  if (!merged.clean) {
    const conflict = { ...sides, merged: merged.text, mineRevisionId: mine, theirsRevisionId };
    return succeed({
      kind: 'conflict',
      revisionId: theirsRevisionId,
      mineRevisionId: mine,
      text: sides.theirs,
      conflict,
    });
  }
  const side = composer.records.at(-1)?.header.id;
  const both = [stream.head, side].filter((id) => id !== null && id !== undefined);
  const revision = { parents: both, text: merged.text, message: '', kind: 'merge' } as const;
  const revisionId = appendRevision(composer, group, revision);
  return succeed({ kind: 'merged', revisionId, mineRevisionId: mine, text: merged.text, conflict: null });
}

function appendRevision(
  composer: Composer,
  group: Group,
  revision: {
    readonly parents: readonly RecordId[];
    readonly text: string;
    readonly message: string;
    readonly kind: RevisionKind;
    readonly restoredFrom?: RevisionId;
  },
): RevisionId {
  const { parents, text, message, kind, restoredFrom = null } = revision;
  const tree = treeIn(composer.batch);
  const facts = composer.ports.factsOf(text);
  const revisionId = newId<RevisionId>(composer);
  const payload: ContentPayload = {
    kind: 'content',
    revisionId,
    revisionKind: kind,
    text,
    message,
    savedAt: composer.ports.now(),
    restoredFrom,
    references: bindReferences(tree, facts.includes, referrerOf(tree, groupIn(composer.batch, group.id))),
  };
  append(composer, { group: group.id, parents, payload, facts });
  return revisionId;
}

const savedAs = (revisionId: RevisionId, text: string): Saved => ({
  kind: 'saved',
  revisionId,
  mineRevisionId: revisionId,
  text,
  conflict: null,
});

function unchanged(head: StreamEntry, text: string): Saved {
  const revisionId = revisionIdOf(head);
  return { kind: 'unchanged', revisionId, mineRevisionId: revisionId, text, conflict: null };
}

/** Nothing was changed since `base`, but others went on: there is nothing to write, only something to show. */
function overtaken(head: StreamEntry, text: string, base: StreamEntry): Saved {
  const mineRevisionId = revisionIdOf(base);
  return { kind: 'merged', revisionId: revisionIdOf(head), mineRevisionId, text, conflict: null };
}

function revisionIdOf(entry: StreamEntry): RevisionId {
  invariant(entry.facts?.kind === 'content', 'a usable record of a content stream is a revision');
  return entry.facts.revisionId;
}

/** Empty if there is none, or the disk has lost it: then a person decides. */
function baseText(composer: Composer, base: StreamEntry | null): string {
  return (base === null ? null : storedText(composer.ports, base.id)) ?? '';
}
