// The calls that read an export step by step.

import { randomUUID } from 'node:crypto';
import { descendants, type PlacedGroup } from '@cuebook/shared/replica/tree';
import type { ExportScope, LibraryCalls, PromptId } from '../library/api.ts';
import { readDraft } from './drafts.ts';
import { textOfVersion, versionsOf } from './libraryDocuments.ts';
import { type Export, type ExportedPrompt, type ExportSource, planExport } from './libraryExport.ts';
import { fail, ProblemError, success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import { groupOf, placedGroup, promptIdOf } from './librarySummaries.ts';

/** Exports that were started and not read to the end; the oldest is forgotten beyond this. */
const mostOpenExports = 4;
const allVersions = Number.MAX_SAFE_INTEGER;

export function createExportCalls(
  session: LibrarySession,
  now: () => number,
): Pick<LibraryCalls, 'exportStart' | 'exportNext'> {
  const open = new Map<string, Export>();
  return {
    exportStart: async (scope) => {
      const started = planExport(exportedPrompts(session, scope), sourceOf(session), now());
      const exportId = randomUUID();
      open.set(exportId, started);
      for (const oldest of [...open.keys()].slice(0, Math.max(0, open.size - mostOpenExports)))
        open.delete(oldest);
      return success({ exportId, fileCount: started.fileCount });
    },

    exportNext: async (exportId) => {
      const files = (open.get(exportId) ?? fail('notFound', forgotten)).next();
      if (files.length === 0) open.delete(exportId);
      return success(files);
    },
  };
}

const forgotten = {
  message: 'This export has ended or was replaced by newer ones.',
  action: 'Start the export again.',
};

/** In the order of their paths; a single prompt without the folders above it, a folder from itself on. */
function exportedPrompts(session: LibrarySession, scope: ExportScope): readonly ExportedPrompt[] {
  const { tree } = session.view();
  const exported = (prompt: PlacedGroup, above: number): ExportedPrompt => {
    const path = tree.path(prompt);
    return { id: promptIdOf(prompt.id), name: path.at(-1) ?? '', folders: path.slice(above, -1) };
  };
  const inOrder = (prompts: readonly ExportedPrompt[]): readonly ExportedPrompt[] =>
    [...prompts].sort((left, right) => (pathOf(left) < pathOf(right) ? -1 : 1));
  switch (scope.kind) {
    case 'everything':
      return inOrder(
        session
          .view()
          .prompts()
          .map((prompt) => exported(prompt, 0)),
      );
    case 'prompt': {
      const prompt = placedGroup(session, scope.id, 'prompt');
      return [exported(prompt, tree.path(prompt).length)];
    }
    case 'folder': {
      const folder = placedGroup(session, scope.id, 'folder');
      const above = tree.path(folder).length - 1;
      const prompts = [...descendants(tree, groupOf(scope.id))].filter((group) => group.kind === 'prompt');
      return inOrder(prompts.map((prompt) => exported(prompt, above)));
    }
  }
}

const pathOf = ({ folders, name }: ExportedPrompt): string => [...folders, name].join('/');

function sourceOf(session: LibrarySession): ExportSource {
  return {
    versions(id: PromptId) {
      try {
        return versionsOf(session, id, { limit: allVersions });
      } catch (error) {
        // Deleted for good in another window since the export began.
        if (error instanceof ProblemError && error.problem.code === 'notFound') return null;
        throw error;
      }
    },
    versionText: (id, revisionId) => textOfVersion(session, id, revisionId),
    draftText: (id) => readDraft(session.store, session.seals, id)?.text ?? null,
  };
}
