// Sends each call to the workspace that it is about: by the id of a prompt or folder, by the workspace that is named, or
// to all, whose answers are put together. The calls themselves (libraryTree.ts, libraryDocuments.ts, …) know one
// workspace only.

import { t } from '@vscode/l10n';
import type {
  FolderId,
  LibraryCalls,
  LibraryResult,
  PromptId,
  SearchHit,
  WorkspaceId,
} from '../library/api.ts';
import type { PromptHistoryCalls } from './libraryHistory.ts';
import { fail, success } from './libraryProblem.ts';
import type { LibrarySession, LibrarySessions } from './librarySession.ts';
import { groupOf } from './librarySummaries.ts';

/** Calls about prompts and folders of one workspace. */
export type WorkspaceCalls = Omit<LibraryCalls, keyof StoreCalls | ClosedCalls>;
/** Calls about the store as a whole: what is unread, runs, memory, the kit, exports. */
export type StoreCalls = Pick<
  LibraryCalls,
  | 'addRun'
  | 'runs'
  | 'run'
  | 'clearRuns'
  | 'recall'
  | 'remember'
  | 'recoveryKit'
  | 'confirmKitSaved'
  | 'claimKitOffer'
  | 'exportStart'
  | 'exportNext'
  | 'unread'
  | 'markSeen'
>;
type ClosedCalls = 'status' | 'retryKey' | 'unlockWithKit' | 'setAside';

const mostListed = 5000;
const mostPaths = 10_000;

/** `callsOf`: the calls of one workspace, made once for each. */
export function routeCalls(
  sessions: LibrarySessions,
  callsOf: (session: LibrarySession) => WorkspaceCalls,
): WorkspaceCalls {
  const made = new WeakMap<LibrarySession, WorkspaceCalls>();
  const calls = (session: LibrarySession): WorkspaceCalls => {
    const known = made.get(session) ?? callsOf(session);
    made.set(session, known);
    return known;
  };
  const routes: Routes = {
    in: (workspace) => calls(sessions.of(workspace) ?? fail('notFound')),
    holding: (id) => calls(holding(sessions, id)),
    home: () => calls(sessions.home()),
    all: () => sessions.all().map(calls),
    byWorkspace: (ids) => grouped(ids, (id) => calls(holding(sessions, id))),
  };
  return { ...listing(routes), ...ofOne(routes), ...ofMany(routes) };
}

interface Routes {
  readonly in: (workspace: WorkspaceId) => WorkspaceCalls;
  readonly holding: (id: PromptId | FolderId) => WorkspaceCalls;
  readonly home: () => WorkspaceCalls;
  readonly all: () => readonly WorkspaceCalls[];
  readonly byWorkspace: <Id extends PromptId | FolderId>(
    ids: readonly Id[],
  ) => ReadonlyMap<WorkspaceCalls, readonly Id[]>;
}

/** Ids are random: what one workspace has, no other has. */
export function holding(sessions: LibrarySessions, id: PromptId | FolderId): LibrarySession {
  const group = groupOf(id);
  const found = sessions.all().find((session) => session.view().tree.group(group) !== undefined);
  return found ?? sessions.home();
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, readonly Item[]> {
  const groups = new Map<Key, readonly Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

type ListingCalls = Pick<
  LibraryCalls,
  'children' | 'folders' | 'list' | 'tags' | 'paths' | 'trashed' | 'search' | 'searchProgress'
>;

function listing(routes: Routes): ListingCalls {
  return {
    children: async (of) => routes.in(of.workspaceId).children(of),
    folders: async (workspaceId) => routes.in(workspaceId).folders(workspaceId),
    list: async (options) => {
      const found = (await gather(routes, (calls) => calls.list(options))).flat();
      const limit = Math.min(options.limit, mostListed);
      return success(found.sort((left, right) => byText(left.path, right.path)).slice(0, limit));
    },
    tags: async () => {
      const counts = new Map<string, number>();
      for (const { tag, count } of (await gather(routes, (calls) => calls.tags())).flat()) {
        counts.set(tag, (counts.get(tag) ?? 0) + count);
      }
      const tags = [...counts].map(([tag, count]) => ({ tag, count }));
      return success(tags.sort((left, right) => right.count - left.count || byText(left.tag, right.tag)));
    },
    paths: async () => success((await gather(routes, (calls) => calls.paths())).flat().slice(0, mostPaths)),
    trashed: async () => {
      const all = await gather(routes, (calls) => calls.trashed());
      return success({
        folders: all.flatMap(({ folders }) => folders),
        prompts: all.flatMap(({ prompts }) => prompts),
      });
    },
    search: async (query, limit) => {
      const hits = (await gather(routes, (calls) => calls.search(query, limit))).flat();
      return success([...hits].sort((left, right) => rank(left) - rank(right)).slice(0, limit));
    },
    searchProgress: async () => {
      const parts = (await gather(routes, async (calls) => calls.searchProgress())).filter(
        (part) => part !== null,
      );
      if (parts.length === 0) return success(null);
      const sum = (key: 'read' | 'total'): number => parts.reduce((all, part) => all + part[key], 0);
      return success({ read: sum('read'), total: sum('total') });
    },
  };
}

const byText = (left: string, right: string): number => left.localeCompare(right, 'en');

/** Each workspace gives its hits best first; between workspaces, names come before tags before bodies. */
const rank = ({ matched }: SearchHit): number => ['name', 'tag', 'body'].indexOf(matched);

/** Answers of all workspaces; those of a workspace that has a problem end it. */
async function gather<T>(
  routes: Routes,
  ask: (calls: WorkspaceCalls) => Promise<LibraryResult<T>>,
): Promise<T[]> {
  const answers: T[] = [];
  for (const calls of routes.all()) {
    const answer = await ask(calls);
    if (!answer.ok) fail(answer.problem.code, answer.problem);
    else answers.push(answer.value);
  }
  return answers;
}

type CallsOfOne = Pick<
  LibraryCalls,
  | 'prompt'
  | 'folder'
  | 'includes'
  | 'usedBy'
  | 'partialsOf'
  | 'read'
  | 'save'
  | 'saveDraft'
  | 'commitDraft'
  | 'discardDraft'
  | 'conflict'
  | 'resolveConflict'
  | 'versionText'
  | keyof PromptHistoryCalls
  | 'createFolder'
  | 'rename'
  | 'duplicate'
  | 'setFavourite'
>;

function ofOne(routes: Routes): CallsOfOne {
  const { holding: of } = routes;
  return {
    prompt: async (id) => of(id).prompt(id),
    folder: async (id) => of(id).folder(id),
    includes: async (id) => of(id).includes(id),
    usedBy: async (id) => of(id).usedBy(id),
    partialsOf: async (text, referrer) =>
      (referrer === null ? routes.home() : of(referrer)).partialsOf(text, referrer),
    read: async (id) => of(id).read(id),
    save: async (id, change) => of(id).save(id, change),
    saveDraft: async (id, change) => of(id).saveDraft(id, change),
    commitDraft: async (id) => of(id).commitDraft(id),
    discardDraft: async (id) => of(id).discardDraft(id),
    conflict: async (id) => of(id).conflict(id),
    resolveConflict: async (id, text) => of(id).resolveConflict(id, text),
    versionText: async (id, revisionId) => of(id).versionText(id, revisionId),
    ...historyOfOne(of),
    createFolder: async (folder) => routes.in(folder.workspaceId).createFolder(folder),
    rename: async (id, name) => of(id).rename(id, name),
    duplicate: async (id) => of(id).duplicate(id),
    setFavourite: async (id, favourite) => of(id).setFavourite(id, favourite),
  };
}

function historyOfOne(of: Routes['holding']): PromptHistoryCalls {
  return {
    versions: async (id, page) => of(id).versions(id, page),
    history: async (id, page) => of(id).history(id, page),
    version: async (id, revisionId) => of(id).version(id, revisionId),
    changeSizes: async (id, revisionIds) => of(id).changeSizes(id, revisionIds),
    blame: async (id, shown) => of(id).blame(id, shown),
    change: async (id, revisionId) => of(id).change(id, revisionId),
    introduced: async (id, search) => of(id).introduced(id, search),
    merge: async (id, revisionId) => of(id).merge(id, revisionId),
    restoreVersion: async (id, restored) => of(id).restoreVersion(id, restored),
    amendMessage: async (id, amendment) => of(id).amendMessage(id, amendment),
    labels: async (id) => of(id).labels(id),
    labelRule: async (id, name) => of(id).labelRule(id, name),
    moveLabel: async (id, move) => of(id).moveLabel(id, move),
    labelMoves: async (id, name) => of(id).labelMoves(id, name),
  };
}

type CallsOfMany = Pick<LibraryCalls, 'createPrompts' | 'move' | 'trash' | 'restore' | 'purge'>;

/** All or none within one workspace. */
function ofMany(routes: Routes): CallsOfMany {
  const each = async (
    ids: readonly (PromptId | FolderId)[],
    call: (calls: WorkspaceCalls, ids: readonly (PromptId | FolderId)[]) => Promise<LibraryResult<null>>,
  ): Promise<LibraryResult<null>> => {
    for (const [calls, own] of routes.byWorkspace(ids)) {
      const done = await call(calls, own);
      if (!done.ok) return done;
    }
    return success(null);
  };
  return {
    createPrompts: async (prompts) => {
      const workspaces = grouped(prompts, ({ workspaceId }) => workspaceId);
      const [first] = workspaces.keys();
      if (first === undefined) return success([]);
      if (workspaces.size > 1) fail('tooMany', oneTeamAtOnce());
      return routes.in(first).createPrompts(prompts);
    },
    move: async (ids, to) => {
      const target = to === null ? null : routes.holding(to);
      return each(ids, async (calls, own) => {
        if (target !== null && target !== calls) fail('notFound', otherTeam());
        return calls.move(own, to);
      });
    },
    trash: async (ids) => each(ids, async (calls, own) => calls.trash(own)),
    restore: async (ids) => each(ids, async (calls, own) => calls.restore(own)),
    purge: async (ids) => each(ids, async (calls, own) => calls.purge(own)),
  };
}

const oneTeamAtOnce = () => ({
  message: t('These prompts are for more than one team.'),
  action: t('Make them team by team.'),
});
const otherTeam = () => ({
  message: t('Prompts and folders cannot be moved from one team into another.'),
  action: t('Duplicate the text into a new prompt of the other team.'),
});
