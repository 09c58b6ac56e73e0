// One run as a value: what has arrived, how far it is, how it ended. `advance` takes what the model says; nothing else
// changes it, so the panel, the history and the status all tell the same story.

import { t } from '@vscode/l10n';
import type { RunUsage } from '../library/api.ts';
import type { ModelEvent, RunFailure } from '../models/api.ts';
import { answerLimit, type RunPhase } from './panelProtocol.ts';

export interface RunProgress {
  readonly phase: RunPhase;
  readonly answer: string;
  readonly reasoning: string;
  readonly notices: readonly string[];
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
  readonly usage: RunUsage | null;
  readonly failure: RunFailure | null;
}

export function beginRun(at: number, notices: readonly string[] = []): RunProgress {
  return {
    phase: 'waiting',
    answer: '',
    reasoning: '',
    notices,
    startedAt: at,
    firstTokenMs: null,
    totalMs: null,
    usage: null,
    failure: null,
  };
}

export function isOver(progress: RunProgress): boolean {
  return progress.phase === 'done' || progress.phase === 'stopped' || progress.phase === 'failed';
}

/**
 * The run after `event`, which came at `at` (epoch milliseconds). What comes after the end changes nothing, except that
 * the count of what was used may come late.
 */
export function advance(progress: RunProgress, event: ModelEvent, at: number): RunProgress {
  if (isOver(progress)) {
    return progress.usage === null && 'usage' in event ? { ...progress, usage: event.usage } : progress;
  }
  switch (event.type) {
    case 'text':
      return withText(progress, event.text, at);
    case 'reasoning':
      return {
        ...progress,
        phase: progress.phase === 'streaming' ? 'streaming' : 'waiting',
        reasoning: (progress.reasoning + event.text).slice(0, answerLimit),
      };
    case 'retry':
      return withNotice({ ...progress, phase: 'retrying' }, event.reason);
    case 'warning':
      return withNotice(progress, event.message);
    case 'done':
      return finished(progress, event, at);
    case 'failed':
      return {
        ...progress,
        phase: event.failure.kind === 'stopped' ? 'stopped' : 'failed',
        totalMs: at - progress.startedAt,
        usage: event.usage,
        failure: event.failure.kind === 'stopped' ? null : event.failure,
      };
  }
}

function withText(progress: RunProgress, text: string, at: number): RunProgress {
  if (text === '') return progress;
  const answer = progress.answer + text;
  const grown: RunProgress = {
    ...progress,
    phase: 'streaming',
    answer,
    firstTokenMs: progress.firstTokenMs ?? at - progress.startedAt,
  };
  return answer.length <= answerLimit ? grown : tooLong(grown, at);
}

function tooLong(progress: RunProgress, at: number): RunProgress {
  return {
    ...progress,
    phase: 'failed',
    answer: progress.answer.slice(0, answerLimit),
    totalMs: at - progress.startedAt,
    failure: {
      kind: 'badAnswer',
      message: t('The answer is longer than {0} characters.', answerLimit.toLocaleString('en')),
      action: t('What arrived is kept. Limit the answer with a maximum of output tokens and run again.'),
      status: null,
    },
  };
}

function finished(progress: RunProgress, event: ModelEvent & { type: 'done' }, at: number): RunProgress {
  const ended: RunProgress = {
    ...progress,
    phase: 'done',
    totalMs: at - progress.startedAt,
    usage: event.usage,
  };
  switch (event.finish) {
    case 'length':
      return withNotice(
        ended,
        t('The answer was cut at the maximum of output tokens. Raise it and run again for the rest.'),
      );
    case 'filtered':
      return {
        ...ended,
        phase: 'failed',
        failure: {
          kind: 'filtered',
          message: t('The provider’s content filter ended the answer.'),
          action: t('Change the prompt or the text that goes with it, or choose another model.'),
          status: null,
        },
      };
    case 'stop':
    case 'other':
      return ended;
  }
}

/** Adds a notice once, however often it is said. */
export function withNotice(progress: RunProgress, notice: string): RunProgress {
  if (notice === '' || progress.notices.includes(notice)) return progress;
  return { ...progress, notices: [...progress.notices, notice].slice(-20) };
}
