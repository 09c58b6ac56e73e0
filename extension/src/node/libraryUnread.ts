// Calls about what others changed since the user last looked, over all workspaces.

import type { LibraryCalls, PromptId } from '../library/api.ts';
import { success } from './libraryProblem.ts';
import type { LibrarySessions } from './librarySession.ts';
import type { LocalSeals } from './localValues.ts';
import { readUnread, writeUnread } from './unread.ts';

export function createUnreadCalls(
  sessions: LibrarySessions,
  seals: LocalSeals,
): Pick<LibraryCalls, 'unread' | 'markSeen'> {
  const { store } = sessions;
  return {
    unread: async () =>
      success(sessions.all().flatMap(({ workspace }) => readUnread(store, seals, workspace) ?? [])),

    markSeen: async (prompts) => {
      const seen = prompts === 'all' ? null : new Set<PromptId>(prompts);
      for (const { workspace } of sessions.all()) {
        const before = readUnread(store, seals, workspace) ?? [];
        const unread = seen === null ? [] : before.filter(({ id }) => !seen.has(id));
        if (unread.length === before.length) continue;
        sessions.write((touch) => {
          writeUnread(store, seals, { workspace, unread });
          touch('tree');
          touch('teams');
        });
      }
      return success(null);
    },
  };
}
