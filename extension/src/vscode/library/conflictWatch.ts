// Notices conflicts that nobody's save here has made: they come with what others wrote, from another window, or from a
// draft that became a version by itself. Each is told once while it lasts.

import type { Library, PromptId } from '../../library/api.ts';

export interface ConflictWatch {
  /** This one was told already, by the save that made it. */
  knows(id: PromptId): void;
  dispose(): void;
}

/** A first sync changes thousands of texts and makes no conflict. */
const mostRemembered = 20;

export function watchConflicts(
  library: Pick<Library, 'onDidChange' | 'prompt'>,
  tell: (id: PromptId) => void,
): ConflictWatch {
  const told = new Set<PromptId>();
  // A conflict shows only once signatures are checked, a while after the text has come.
  let recent: readonly PromptId[] = [];
  const look = async (id: PromptId): Promise<void> => {
    const prompt = await library.prompt(id);
    const isOpen = prompt.ok && prompt.value.hasConflict;
    if (isOpen && !told.has(id)) tell(id);
    if (isOpen) told.add(id);
    else told.delete(id);
  };
  const stop = library.onDidChange(({ texts, tree }) => {
    const ids = texts.map(({ id }) => id);
    recent = [...new Set([...ids, ...recent])].slice(0, mostRemembered);
    if (tree || ids.length > 0) for (const id of new Set([...recent, ...told])) void look(id);
  });
  return { knows: (id) => void told.add(id), dispose: stop };
}
