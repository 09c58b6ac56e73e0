// The calls about the run history.

import type { LibraryCalls } from '../library/api.ts';
import { success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import { addRun, listRuns, readRun, runLimits } from './runHistory.ts';

const mostRunsAtOnce = 500;

export function createRunCalls(
  session: LibrarySession,
): Pick<LibraryCalls, 'addRun' | 'runs' | 'run' | 'clearRuns'> {
  const { store, seals } = session;
  return {
    addRun: async (run) =>
      success(
        session.change((change) => {
          addRun(store, seals, run, runLimits);
          change.touch('runs');
          return null;
        }),
      ),

    runs: async (options) =>
      success(listRuns(store, seals, { ...options, limit: Math.min(options.limit, mostRunsAtOnce) })),

    run: async (id) => readRun(store, seals, id),

    clearRuns: async () => {
      session.change((change) => {
        store.deleteAllRuns();
        change.touch('runs');
      });
      store.shrink();
      return success(null);
    },
  };
}
