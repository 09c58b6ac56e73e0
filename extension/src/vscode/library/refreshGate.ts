// When a tree may refresh. VS Code forgets all rows at a refresh and then asks level by level; a second refresh in the
// middle of that makes it ask for rows that it has just forgotten, which it logs as an error. So while rows are being
// asked for, a refresh waits until they have been quiet for a moment; several that wait become one. Pure.

import type { Schedule } from './idleDrafts.ts';

export interface RefreshGate {
  /** Something changed: refresh now, or as soon as the rows are quiet. */
  request(): void;
  /** VS Code asks for rows; call the answer when they have been given. */
  asked(): () => void;
  dispose(): void;
}

/** VS Code waits 200 ms of its own before it asks for the first level; then longer than it takes to the next one. */
const quietMilliseconds = 600;

export function createRefreshGate(refresh: () => void, schedule: Schedule): RefreshGate {
  let asking = 0;
  let isQuiet = true;
  let waiting = false;
  let stop: (() => void) | null = null;

  const settle = (): void => {
    isQuiet = true;
    if (!waiting) return;
    waiting = false;
    refreshNow();
  };
  const refreshNow = (): void => {
    unsettle();
    refresh();
  };
  const unsettle = (): void => {
    isQuiet = false;
    stop?.();
    stop = asking === 0 ? schedule(settle, quietMilliseconds) : null;
  };

  return {
    request() {
      if (isQuiet) refreshNow();
      else waiting = true;
    },
    asked() {
      asking += 1;
      unsettle();
      return () => {
        asking -= 1;
        unsettle();
      };
    },
    dispose() {
      stop?.();
      waiting = false;
    },
  };
}
