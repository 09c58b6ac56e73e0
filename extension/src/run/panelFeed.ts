// What the run panel shows, and how it gets there: everything at each turn of a run, and in between only the text that is
// new, gathered so that a fast model does not send a message for each word.

import type { HostMessage, PanelState, RunView } from './panelProtocol.ts';
import type { RunProgress } from './runProgress.ts';

export interface PanelFeed {
  state(): PanelState;
  /** Shows something else beside or instead of the run. */
  set(part: Partial<PanelState>): void;
  /** The same run, further on. */
  progress(progress: RunProgress, more: Pick<RunView, 'failure' | 'targets'>): void;
  /** Everything, for a panel that has just begun. */
  resend(): void;
  dispose(): void;
}

export interface PanelFeedDeps {
  readonly initial: PanelState;
  readonly post: (message: HostMessage) => void;
  /** Runs `task` soon; returns its cancellation. */
  readonly soon: (task: () => void) => () => void;
}

export function createPanelFeed({ initial, post, soon }: PanelFeedDeps): PanelFeed {
  let state = initial;
  /** Characters that the panel has. */
  let sent = { answer: 0, reasoning: 0 };
  let cancel: (() => void) | null = null;

  const send = (): void => {
    cancel?.();
    cancel = null;
    sent = { answer: state.run?.answer.length ?? 0, reasoning: state.run?.reasoning.length ?? 0 };
    post({ type: 'state', state });
  };

  const flush = (): void => {
    cancel = null;
    for (const part of ['reasoning', 'answer'] as const) flushPart(part);
  };

  const flushPart = (part: 'answer' | 'reasoning'): void => {
    const { run } = state;
    if (run === null || run[part].length <= sent[part]) return;
    const offset = sent[part];
    sent[part] = run[part].length;
    post({ type: 'delta', runKey: run.runKey, part, offset, text: run[part].slice(offset) });
  };

  return {
    state: () => state,
    set(part) {
      state = { ...state, ...part };
      send();
    },
    progress(progress, more) {
      const { run } = state;
      if (run === null) return;
      const next = viewOf(run, progress, more);
      const isTurn = !hasSameTurn(run, next);
      state = { ...state, run: next };
      if (isTurn) send();
      else cancel ??= soon(flush);
    },
    resend: send,
    dispose: () => cancel?.(),
  };
}

function viewOf(run: RunView, progress: RunProgress, more: Pick<RunView, 'failure' | 'targets'>): RunView {
  const { phase, answer, reasoning, notices, startedAt, firstTokenMs, totalMs, usage } = progress;
  return { ...run, phase, answer, reasoning, notices, startedAt, firstTokenMs, totalMs, usage, ...more };
}

/** True if nothing but text was added: the panel needs no new state. */
function hasSameTurn(before: RunView, after: RunView): boolean {
  return (
    before.phase === after.phase &&
    before.notices === after.notices &&
    before.usage === after.usage &&
    (before.reasoning === '') === (after.reasoning === '')
  );
}
