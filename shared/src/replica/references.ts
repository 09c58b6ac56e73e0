// What a partial reference points to. `name` or `folder/name`, first looked for beside the referrer, then from the top;
// a leading `/` means from the top only. `@v3` names a version, any other `@…` a label. What a reference pointed to
// when its text was saved wins over its words, so renaming a prompt breaks nobody who includes it.

import type { GroupId, RevisionId } from '../encoding/ids.ts';
import type { ResolvedReference } from '../record/payload.ts';
import { MAX_REFERENCE_BYTES, MAX_REFERENCES } from '../record/limits.ts';
import { textToUtf8 } from '../encoding/utf8.ts';
import { openStreams } from './packedStreams.ts';
import type { Group, Stream } from './state.ts';
import { firstParents } from './streamGraph.ts';
import type { PlacedGroup, Tree } from './tree.ts';
import { isLive } from './tree.ts';

export interface ReferenceTarget {
  readonly prompt: PlacedGroup;
  /** Null follows the prompt's current version. */
  readonly revisionId: RevisionId | null;
}

/** Where a reference stands: it decides what is "beside", and brings what was resolved before. */
export interface Referrer {
  /** The folder that the referring prompt shows in; null: the top. */
  readonly folderId: GroupId | null;
  readonly saved: readonly ResolvedReference[];
}

export const referrerOf = (tree: Tree, group: Group | undefined): Referrer => ({
  folderId: isLive(group) ? tree.shownFolder(group) : null,
  saved: group?.content?.references ?? [],
});

/** Null if nothing that can be read has that name. */
export function resolveReference(tree: Tree, written: string, referrer: Referrer): ReferenceTarget | null {
  const { path, selector } = partsOf(written);
  const saved = referrer.saved.find((reference) => reference.written === written);
  const bound = saved === undefined ? undefined : tree.group(saved.prompt);
  const prompt = isLive(bound) ? bound : promptAt(tree, path, referrer.folderId);
  if (prompt === null) return null;
  if (selector === null) return { prompt, revisionId: null };
  const revisionId =
    saved?.revisionId != null && bound === prompt
      ? saved.revisionId
      : (selectedRevision(prompt, selector) ?? null);
  return revisionId === null ? null : { prompt, revisionId };
}

/** What is kept with a text that is saved now. References that point to nothing are left to their words. */
export function bindReferences(
  tree: Tree,
  includes: readonly string[],
  referrer: Referrer,
): readonly ResolvedReference[] {
  const bound: ResolvedReference[] = [];
  for (const written of includes.slice(0, MAX_REFERENCES)) {
    if ((textToUtf8(written)?.length ?? Infinity) > MAX_REFERENCE_BYTES) continue;
    const target = resolveReference(tree, written, referrer);
    if (target === null) continue;
    // A label moves on: only the prompt is fixed. A version stays that version.
    const revisionId = isVersion(partsOf(written).selector) ? target.revisionId : null;
    bound.push({ written, prompt: target.prompt.id, revisionId });
  }
  return bound;
}

function partsOf(written: string): { readonly path: string; readonly selector: string | null } {
  const at = written.lastIndexOf('@');
  return at <= 0
    ? { path: written, selector: null }
    : { path: written.slice(0, at), selector: written.slice(at + 1) };
}

const isVersion = (selector: string | null): boolean => selector !== null && /^v[1-9][0-9]*$/.test(selector);

function promptAt(tree: Tree, path: string, folderId: GroupId | null): PlacedGroup | null {
  const names = path.split('/').map((name) => name.normalize('NFC'));
  if (names[0] === '') return promptBelow(tree, null, names.slice(1));
  return promptBelow(tree, folderId, names) ?? (folderId === null ? null : promptBelow(tree, null, names));
}

function promptBelow(tree: Tree, start: GroupId | null, names: readonly string[]): PlacedGroup | null {
  let folderId = start;
  for (const name of names.slice(0, -1)) {
    const folder = named(tree, folderId, 'folders', name);
    if (folder === null) return null;
    folderId = folder.id;
  }
  return named(tree, folderId, 'prompts', names.at(-1) ?? '');
}

function named(
  tree: Tree,
  folderId: GroupId | null,
  kind: 'folders' | 'prompts',
  name: string,
): PlacedGroup | null {
  const view = tree.folder(folderId);
  return view[kind].find((group) => view.names.get(group.id)?.normalize('NFC') === name) ?? null;
}

function selectedRevision(prompt: Group, selector: string): RevisionId | undefined {
  const streams = [...openStreams(prompt.streams).values()];
  return isVersion(selector) ? versionOf(streams, Number(selector.slice(1))) : labelled(streams, selector);
}

function versionOf(streams: readonly Stream[], number: number): RevisionId | undefined {
  const content = streams.find((stream) => stream.kind === 'content');
  if (content === undefined) return undefined;
  for (const entry of firstParents(content, content.head)) {
    if (entry.number === number && entry.facts?.kind === 'content') return entry.facts.revisionId;
  }
  return undefined;
}

/** As a list of labels has it: a move counts once its signature was checked. */
function labelled(streams: readonly Stream[], name: string): RevisionId | undefined {
  for (const stream of streams) {
    if (stream.kind !== 'label') continue;
    for (const { status, facts } of firstParents(stream, stream.head)) {
      if (status !== 'verified' || facts?.kind !== 'label') continue;
      if (facts.name === name) return facts.revisionId ?? undefined;
      break;
    }
  }
  return undefined;
}
