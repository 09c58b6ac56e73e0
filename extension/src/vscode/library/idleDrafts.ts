// Auto-saved drafts become versions: when their document closes, or after idle minutes. Pure; the schedule is given.

import type { PromptId } from '../../library/api.ts';

export interface IdleDrafts {
  /** A draft of this prompt was saved or found: the idle time starts again. */
  touched(id: PromptId): void;
  /** The draft is gone (it became a version, or was thrown away). */
  settled(id: PromptId): void;
  /** True if this window knows of a draft. */
  has(id: PromptId): boolean;
  dispose(): void;
}

/** Starts `task` after `milliseconds`; the answer stops it. */
export type Schedule = (task: () => void, milliseconds: number) => () => void;

export const idleMilliseconds = 5 * 60_000;

export function createIdleDrafts(deps: {
  readonly schedule: Schedule;
  readonly commit: (id: PromptId) => void;
}): IdleDrafts {
  const waiting = new Map<PromptId, () => void>();
  const stop = (id: PromptId): void => {
    waiting.get(id)?.();
    waiting.delete(id);
  };
  return {
    touched(id) {
      stop(id);
      waiting.set(
        id,
        deps.schedule(() => {
          waiting.delete(id);
          deps.commit(id);
        }, idleMilliseconds),
      );
    },
    settled: stop,
    has: (id) => waiting.has(id),
    dispose() {
      for (const id of waiting.keys()) stop(id);
    },
  };
}
