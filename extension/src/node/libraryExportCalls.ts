// The calls that read an export step by step.

import { randomUUID } from 'node:crypto';
import type { AccountId } from '@cuebook/shared/encoding/ids';
import { versions } from '@cuebook/shared/replica/history';
import { descendants, type PlacedGroup } from '@cuebook/shared/replica/tree';
import { t } from '@vscode/l10n';
import type { ExportScope, LibraryCalls, PromptId } from '../library/api.ts';
import { readDraft } from './drafts.ts';
import { textOfVersion } from './libraryDocuments.ts';
import {
  type Export,
  type ExportedPrompt,
  type ExportedVersion,
  type ExportSource,
  planExport,
} from './libraryExport.ts';
import { fail, ProblemError, success } from './libraryProblem.ts';
import { holding } from './libraryRouting.ts';
import type { LibrarySession, LibrarySessions } from './librarySession.ts';
import { groupOf, placedGroup, promptIdOf } from './librarySummaries.ts';
import type { PeopleOf } from './people.ts';

/** Exports that were started and not read to the end; the oldest is forgotten beyond this. */
const mostOpenExports = 4;
const allVersions = Number.MAX_SAFE_INTEGER;

export function createExportCalls(
  sessions: LibrarySessions,
  peopleOf: PeopleOf,
  now: () => number,
): Pick<LibraryCalls, 'exportStart' | 'exportNext'> {
  const open = new Map<string, Export>();
  return {
    exportStart: async (scope) => {
      const started = planExport(exportedPrompts(sessions, scope), sourceOf(sessions, peopleOf), now());
      const exportId = randomUUID();
      open.set(exportId, started);
      for (const oldest of [...open.keys()].slice(0, Math.max(0, open.size - mostOpenExports)))
        open.delete(oldest);
      return success({ exportId, fileCount: started.fileCount });
    },

    exportNext: async (exportId) => {
      const files = (open.get(exportId) ?? fail('notFound', forgotten())).next();
      if (files.length === 0) open.delete(exportId);
      return success(files);
    },
  };
}

const forgotten = () => ({
  message: t('This export has ended or was replaced by newer ones.'),
  action: t('Start the export again.'),
});

/** In the order of their paths; a single prompt without the folders above it, a folder from itself on. */
function exportedPrompts(sessions: LibrarySessions, scope: ExportScope): readonly ExportedPrompt[] {
  switch (scope.kind) {
    case 'everything':
      return sessions.all().flatMap((session) => everythingOf(session, session === sessions.home()));
    case 'prompt': {
      const session = holding(sessions, scope.id);
      const prompt = placedGroup(session, scope.id, 'prompt');
      return [exported(session, prompt, session.view().tree.path(prompt).length)];
    }
    case 'folder': {
      const session = holding(sessions, scope.id);
      const { tree } = session.view();
      const folder = placedGroup(session, scope.id, 'folder');
      const above = tree.path(folder).length - 1;
      const prompts = [...descendants(tree, groupOf(scope.id))].filter((group) => group.kind === 'prompt');
      return inOrder(prompts.map((prompt) => exported(session, prompt, above)));
    }
  }
}

/** Each team lies in a folder of its name. */
function everythingOf(session: LibrarySession, isHome: boolean): readonly ExportedPrompt[] {
  const prompts = inOrder(
    session
      .view()
      .prompts()
      .map((prompt) => exported(session, prompt, 0)),
  );
  if (isHome) return prompts;
  const { workspaceName } = session.state();
  const team = workspaceName === '' ? 'Team' : workspaceName;
  return prompts.map((prompt) => ({ ...prompt, folders: [team, ...prompt.folders] }));
}

function exported(session: LibrarySession, prompt: PlacedGroup, above: number): ExportedPrompt {
  const path = session.view().tree.path(prompt);
  return { id: promptIdOf(prompt.id), name: path.at(-1) ?? '', folders: path.slice(above, -1) };
}

const inOrder = (prompts: readonly ExportedPrompt[]): readonly ExportedPrompt[] =>
  [...prompts].sort((left, right) => (pathOf(left) < pathOf(right) ? -1 : 1));

const pathOf = ({ folders, name }: ExportedPrompt): string => [...folders, name].join('/');

function versionsOf(session: LibrarySession, peopleOf: PeopleOf, id: PromptId): readonly ExportedVersion[] {
  placedGroup(session, id, 'prompt');
  const people = peopleOf(session);
  const named = (account: AccountId): string => {
    const { name, isMe } = people.author(account);
    return isMe ? 'You' : name === '' ? account.slice(0, 8) : name;
  };
  return versions(session.state(), groupOf(id), { limit: allVersions }).map(({ author, ...version }) => ({
    ...version,
    author: author === null ? '' : named(author),
  }));
}

function sourceOf(sessions: LibrarySessions, peopleOf: PeopleOf): ExportSource {
  return {
    versions(id: PromptId) {
      try {
        return versionsOf(holding(sessions, id), peopleOf, id);
      } catch (error) {
        // Deleted for good in another window since the export began.
        if (error instanceof ProblemError && error.problem.code === 'notFound') return null;
        throw error;
      }
    },
    versionText: (id, revisionId) => textOfVersion(holding(sessions, id), id, revisionId),
    draftText(id) {
      const { store, seals } = holding(sessions, id);
      return readDraft(store, seals, id)?.text ?? null;
    },
  };
}
