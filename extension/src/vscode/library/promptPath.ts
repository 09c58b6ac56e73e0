// The two kinds of address inside a workspace, told apart. Pure.
//
//   /<promptId>/<name>.cue.md     the document of a prompt; the id decides, any name resolves
//   /<folder>/…/<name>.cue.md     by path: what `workspace.fs` creates, renames, moves and deletes with
//
// A folder whose own name looks like an id cannot be reached by path; all else in the library can.

import type { PromptId } from '../../library/api.ts';

export const extension = '.cue.md';

export type PromptPath =
  | { readonly kind: 'root' }
  /** `/<promptId>`: the folder, so to speak, that a document lies in. */
  | { readonly kind: 'shelf'; readonly id: PromptId }
  | { readonly kind: 'prompt'; readonly id: PromptId; readonly name: string }
  | { readonly kind: 'named'; readonly folders: readonly string[]; readonly last: string }
  | { readonly kind: 'none' };

const idPattern = /^[a-z2-7]{26}$/;

export function parsePromptPath(path: string): PromptPath {
  const segments = path.split('/').filter((segment) => segment !== '');
  const [first, second] = segments;
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return { kind: 'root' };
  if (!idPattern.test(first)) return { kind: 'named', folders: segments.slice(0, -1), last };
  const id = first as PromptId;
  if (second === undefined) return { kind: 'shelf', id };
  if (segments.length > 2) return { kind: 'none' };
  return { kind: 'prompt', id, name: withoutExtension(second) };
}

export function isPromptFile(name: string): boolean {
  return name.endsWith(extension) && name.length > extension.length;
}

export function withoutExtension(name: string): string {
  return isPromptFile(name) ? name.slice(0, -extension.length) : name;
}
