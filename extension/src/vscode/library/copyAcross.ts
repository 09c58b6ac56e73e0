// Copying prompts and folders from one workspace to another: as new prompts there, with the texts that are shown now. What
// was before (versions, labels, who wrote them) stays with the originals: it is signed for the workspace that it is in.

import type {
  FolderId,
  FolderSummary,
  Library,
  LibraryProblem,
  LibraryResult,
  NewPrompt,
  PromptId,
  PromptSummary,
  WorkspaceId,
} from '../../library/api.ts';

type CopyingLibrary = Pick<Library, 'children' | 'createPrompts' | 'folder' | 'prompt' | 'read'>;

export interface Destination {
  readonly workspaceId: WorkspaceId;
  readonly folderId: FolderId | null;
}

/** A prompt to be copied, and the folders that it is to lie in. */
export interface Original {
  readonly prompt: PromptSummary;
  readonly path: readonly string[];
}

/** How many are read and written in one call. */
const atOnce = 100;

/** The prompts that these prompts and folders are and hold, each once; folders come with all that is below them. */
export async function originalsOf(
  library: CopyingLibrary,
  ids: readonly (PromptId | FolderId)[],
): Promise<LibraryResult<readonly Original[]>> {
  const originals = new Map<PromptId, Original>();
  // Folders first: what lies in one of them keeps its place in it.
  const single: PromptSummary[] = [];
  for (const id of ids) {
    const prompt = await library.prompt(id as PromptId);
    if (prompt.ok) {
      single.push(prompt.value);
      continue;
    }
    const folder = await library.folder(id as FolderId);
    if (!folder.ok) return folder;
    const problem = await walk(library, folder.value, [folder.value.name], originals);
    if (problem !== null) return { ok: false, problem };
  }
  for (const prompt of single) {
    if (!originals.has(prompt.id)) originals.set(prompt.id, { prompt, path: [] });
  }
  return { ok: true, value: [...originals.values()] };
}

async function walk(
  library: CopyingLibrary,
  { workspaceId, id }: FolderSummary,
  path: readonly string[],
  found: Map<PromptId, Original>,
): Promise<LibraryProblem | null> {
  const level = await library.children({ workspaceId, folderId: id });
  if (!level.ok) return level.problem;
  for (const prompt of level.value.prompts) {
    if (!found.has(prompt.id)) found.set(prompt.id, { prompt, path });
  }
  for (const folder of level.value.folders) {
    const problem = await walk(library, folder, [...path, folder.name], found);
    if (problem !== null) return problem;
  }
  return null;
}

/** The copies, durable. After a failure those that were made before it stay. */
export async function copyAcross(
  library: CopyingLibrary,
  originals: readonly Original[],
  to: Destination,
): Promise<LibraryResult<readonly PromptSummary[]>> {
  const copies: PromptSummary[] = [];
  for (let from = 0; from < originals.length; from += atOnce) {
    const fresh: NewPrompt[] = [];
    for (const { prompt, path } of originals.slice(from, from + atOnce)) {
      const document = await library.read(prompt.id);
      if (!document.ok) return document;
      fresh.push({ ...to, name: prompt.name, path, text: document.value.text });
    }
    const made = await library.createPrompts(fresh);
    if (!made.ok) return made;
    copies.push(...made.value);
  }
  return { ok: true, value: copies };
}
