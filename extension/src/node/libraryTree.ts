// Calls about prompts and folders as things in a tree: listing, filtering, making, moving, trash, favourites.

import { createFolder, createPrompts } from '@cuebook/shared/replica/creating';
import { place, purge, restore, trash } from '@cuebook/shared/replica/placing';
import type { PlacedGroup } from '@cuebook/shared/replica/tree';
import { t } from '@vscode/l10n';
import type {
  FolderId,
  LibraryCalls,
  NewPrompt,
  PromptId,
  PromptSummary,
  WorkspaceId,
} from '../library/api.ts';
import { deleteDraft } from './drafts.ts';
import { mostTextBytes, shownText } from './libraryDocuments.ts';
import { fail, success } from './libraryProblem.ts';
import type { Change, LibrarySession } from './librarySession.ts';
import {
  folderIdOf,
  folderSummary,
  groupOf,
  placedGroup,
  promptIdOf,
  promptSummary,
} from './librarySummaries.ts';
import { fold } from './searchIndex.ts';

type TreeReadingCalls = Pick<
  LibraryCalls,
  'children' | 'prompt' | 'folder' | 'folders' | 'list' | 'tags' | 'paths' | 'trashed'
>;
type TreeChangingCalls = Pick<
  LibraryCalls,
  | 'createPrompts'
  | 'createFolder'
  | 'rename'
  | 'move'
  | 'duplicate'
  | 'trash'
  | 'restore'
  | 'purge'
  | 'setFavourite'
>;

const mostAtOnce = 2000;
const mostListed = 5000;
const mostPaths = 10_000;

export function createTreeCalls(session: LibrarySession): TreeReadingCalls & TreeChangingCalls {
  return { ...readingCalls(session), ...changingCalls(session) };
}

function readingCalls(session: LibrarySession): TreeReadingCalls {
  return {
    children: async ({ workspaceId, folderId }) => {
      checkWorkspace(session, workspaceId);
      if (folderId !== null) placedGroup(session, folderId, 'folder');
      const { folders, prompts } = session.view().tree.folder(folderId === null ? null : groupOf(folderId));
      return success(summaries(session, { folders, prompts }));
    },

    prompt: async (id) => success(promptSummary(session, placedGroup(session, id, 'prompt'))),

    folder: async (id) => success(folderSummary(session, placedGroup(session, id, 'folder'))),

    folders: async (workspaceId) => {
      checkWorkspace(session, workspaceId);
      const view = session.view();
      return success(view.folders().map((folder) => folderSummary(session, folder, view.tree)));
    },

    list: async (options) => success(listPrompts(session, options)),

    paths: async () => {
      const view = session.view();
      const prompts = view.prompts().slice(0, mostPaths);
      return success(prompts.map((prompt) => view.tree.path(prompt).join('/')));
    },

    tags: async () => {
      const tags = [...session.view().tags()].map(([tag, count]) => ({ tag, count }));
      return success(tags.sort((left, right) => right.count - left.count || byText(left.tag, right.tag)));
    },

    trashed: async () => {
      const groups = session.view().trashed();
      const ofKind = (kind: string): readonly PlacedGroup[] => groups.filter((group) => group.kind === kind);
      return success(summaries(session, { folders: ofKind('folder'), prompts: ofKind('prompt') }));
    },
  };
}

const byText = (left: string, right: string): number => left.localeCompare(right, 'en');

function summaries(
  session: LibrarySession,
  {
    folders,
    prompts,
  }: { readonly folders: readonly PlacedGroup[]; readonly prompts: readonly PlacedGroup[] },
): Extract<Awaited<ReturnType<LibraryCalls['children']>>, { ok: true }>['value'] {
  const { tree } = session.view();
  const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
    byText(left.name, right.name);
  return {
    folders: folders.map((folder) => folderSummary(session, folder, tree)).sort(byName),
    prompts: prompts.map((prompt) => promptSummary(session, prompt, tree)).sort(byName),
  };
}

function checkWorkspace(session: LibrarySession, workspaceId: WorkspaceId): void {
  if (workspaceId !== session.state().workspace) fail('notFound');
}

function listPrompts(
  session: LibrarySession,
  { filter, tag, favourites, trashed, limit }: Parameters<LibraryCalls['list']>[0],
): readonly PromptSummary[] {
  const view = session.view();
  const groups =
    trashed === true ? view.trashed().filter((group) => group.kind === 'prompt') : view.prompts();
  const found: PromptSummary[] = [];
  const matches = matcher(filter ?? '');
  for (const group of groups) {
    if (tag !== undefined && group.content?.facts.tags.includes(tag) !== true) continue;
    if (favourites === true && !session.favourites().has(promptIdOf(group.id))) continue;
    const summary = promptSummary(session, group, view.tree);
    if (matches(summary)) found.push(summary);
  }
  return found.sort((left, right) => byText(left.path, right.path)).slice(0, Math.min(limit, mostListed));
}

/** Words of a filter as typed: each must be in path, description or a tag; `tag:x` names a tag's beginning. */
function matcher(filter: string): (prompt: PromptSummary) => boolean {
  const words = fold(filter)
    .split(/\s+/)
    .filter((word) => word !== '');
  return (prompt) => {
    const tags = prompt.tags.map(fold);
    const text = fold([prompt.path, prompt.description, ...prompt.tags].join('\n'));
    return words.every((word) =>
      word.startsWith('tag:') ? tags.some((tag) => tag.startsWith(word.slice(4))) : text.includes(word),
    );
  };
}

function changingCalls(session: LibrarySession): TreeChangingCalls {
  const { ports } = session;
  return {
    createPrompts: async (prompts) => success(create(session, prompts)),

    createFolder: async ({ workspaceId, parentId, name }) => {
      checkWorkspace(session, workspaceId);
      const made = session.change((change) =>
        change.apply(
          createFolder(change.state(), ports, {
            parentId: parentId === null ? null : groupOf(parentId),
            name,
            ifTaken: 'refuse',
          }),
        ),
      );
      return success(folderSummary(session, placedGroup(session, folderIdOf(made.id))));
    },

    rename: async (id, name) => {
      session.change((change) =>
        change.apply(place(change.state(), ports, [{ id: groupOf(id), name, ifTaken: 'refuse' }])),
      );
      return success(null);
    },

    move: async (ids, to) => {
      checkCount(ids);
      const folderId = to === null ? null : groupOf(to);
      session.change((change) =>
        change.apply(
          place(
            change.state(),
            ports,
            ids.map((id) => ({ id: groupOf(id), folderId, ifTaken: 'suffix' })),
          ),
        ),
      );
      return success(null);
    },

    duplicate: async (id) => {
      const { name, folderId, workspaceId } = promptSummary(session, placedGroup(session, id, 'prompt'));
      const { text } = shownText(session, id);
      const [copy] = create(session, [{ workspaceId, folderId, name, text }]);
      return success(copy ?? fail('internal'));
    },

    trash: async (ids) => {
      checkCount(ids);
      session.change((change) => change.apply(trash(change.state(), ports, ids.map(groupOf))));
      return success(null);
    },

    restore: async (ids) => {
      checkCount(ids);
      session.change((change) => change.apply(restore(change.state(), ports, ids.map(groupOf))));
      return success(null);
    },

    purge: async (ids) => {
      checkCount(ids);
      session.change((change) => purgeAll(session, change, ids));
      return success(null);
    },

    setFavourite: async (id, favourite) => {
      placedGroup(session, id, 'prompt');
      session.change((change) => {
        change.store.setFavourite(id, favourite);
        change.touch('tree');
      });
      return success(null);
    },
  };
}

function checkCount(items: readonly unknown[]): void {
  if (items.length > mostAtOnce) {
    fail('tooMany', {
      message: t('This is for more than {0} things at once.', mostAtOnce),
      action: t('Do it in smaller parts.'),
    });
  }
}

function create(session: LibrarySession, prompts: readonly NewPrompt[]): readonly PromptSummary[] {
  checkCount(prompts);
  for (const { workspaceId, text } of prompts) {
    checkWorkspace(session, workspaceId);
    if (Buffer.byteLength(text) > mostTextBytes) fail('tooLarge');
  }
  const made = session.change((change) => {
    const created = change.apply(createPrompts(change.state(), session.ports, prompts.map(toCreate)));
    for (const [index, { id }] of created.entries()) {
      if (prompts[index]?.isSample === true) change.store.setBlob('sample', id, new Uint8Array(0));
    }
    return created;
  });
  const { tree } = session.view();
  return made.map(({ id }) => promptSummary(session, placedGroup(session, promptIdOf(id)), tree));
}

function toCreate({
  folderId,
  name,
  text,
  path,
  kind,
}: NewPrompt): Parameters<typeof createPrompts>[2][number] {
  return {
    folderId: folderId === null ? null : groupOf(folderId),
    name,
    text,
    ifTaken: 'suffix',
    ...(path === undefined ? {} : { path }),
    ...(kind === undefined ? {} : { kind }),
  };
}

/** What only this store knows of a purged prompt goes with it. */
function purgeAll(session: LibrarySession, change: Change, ids: readonly (PromptId | FolderId)[]): void {
  const { store, seals } = session;
  change.apply(purge(change.state(), session.ports, ids.map(groupOf)));
  const isGone = (id: PromptId): boolean => change.view().tree.group(groupOf(id))?.purged === true;
  for (const id of [...session.drafts()].filter(isGone)) deleteDraft(store, seals, id);
  for (const id of [...session.favourites()].filter(isGone)) store.setFavourite(id, false);
  change.dropSnapshot();
}
