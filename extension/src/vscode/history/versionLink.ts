// A link to a version: `vscode://cuebook.cuebook/version?prompt=…&version=…` (the scheme is that of the editor). It holds
// ids only, so it tells nobody anything who does not have the prompt. Pure.

import type { PromptId, RevisionId } from '../../library/api.ts';

export interface VersionPlace {
  readonly promptId: PromptId;
  readonly revisionId: RevisionId;
}

export const linkPath = '/version';

const idPattern = /^[a-z2-7]{26}$/;

/** `origin`: the editor's own scheme and our extension's id, as in `vscode://cuebook.cuebook`. */
export function linkTo(place: VersionPlace, origin: string): string {
  const query = new URLSearchParams({ prompt: place.promptId, version: place.revisionId });
  return `${origin}${linkPath}?${query.toString()}`;
}

/** Null for anything that is not such a link. */
export function parseLink(text: string): VersionPlace | null {
  if (!URL.canParse(text.trim())) return null;
  const url = new URL(text.trim());
  if (!url.pathname.endsWith(linkPath)) return null;
  return placeOf(url.searchParams.get('prompt'), url.searchParams.get('version'));
}

/** A command's argument: what a row, a hover or a lens carries. Null for anything else. */
export function placeIn(argument: unknown): VersionPlace | null {
  if (typeof argument !== 'object' || argument === null) return null;
  const { promptId, revisionId } = argument as Readonly<Record<string, unknown>>;
  return placeOf(promptId, revisionId);
}

function placeOf(promptId: unknown, revisionId: unknown): VersionPlace | null {
  if (typeof promptId !== 'string' || typeof revisionId !== 'string') return null;
  if (!idPattern.test(promptId) || !idPattern.test(revisionId)) return null;
  return { promptId: promptId as PromptId, revisionId: revisionId as RevisionId };
}
