// What the panel says about a run, in words.

import type { RunUsage } from '../library/api.ts';
import type { RunPhase, RunView } from '../run/panelProtocol.ts';
import { t } from './translate.ts';

export function phaseWords(phase: RunPhase): string {
  switch (phase) {
    case 'preparing':
      return t('Preparing');
    case 'waiting':
      return t('Waiting for the model');
    case 'retrying':
      return t('Waiting to try again');
    case 'streaming':
      return t('Answering');
    case 'done':
      return t('Done');
    case 'stopped':
      return t('Stopped');
    case 'failed':
      return t('Failed');
  }
}

/** Of a past run that did not end well, within a row. */
export function statusWords(status: 'done' | 'stopped' | 'failed'): string {
  switch (status) {
    case 'done':
      return t('done');
    case 'stopped':
      return t('stopped');
    case 'failed':
      return t('failed');
  }
}

export function phaseIcon(phase: RunPhase): string {
  switch (phase) {
    case 'preparing':
    case 'waiting':
    case 'retrying':
    case 'streaming':
      return 'loading codicon-modifier-spin';
    case 'done':
      return 'pass';
    case 'stopped':
      return 'debug-stop';
    case 'failed':
      return 'error';
  }
}

export function isRunning(phase: RunPhase): boolean {
  return phase === 'preparing' || phase === 'waiting' || phase === 'retrying' || phase === 'streaming';
}

/** `0.42 s`, `12.3 s`, `2 min 5 s`. */
export function durationWords(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** While it runs: whole seconds. */
export function elapsedWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `$0.0012`; small sums keep two digits that say something. */
export function costWords(cost: number): string {
  if (cost === 0) return '$0';
  if (cost < 0.000_1) return t('under $0.0001');
  return cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`;
}

export function usageWords(usage: RunUsage): readonly string[] {
  const about = usage.estimated ? '≈ ' : '';
  const tokens = [
    ...(usage.inputTokens === null ? [] : [t('{0} in', `${about}${usage.inputTokens.toLocaleString('en')}`)]),
    ...(usage.outputTokens === null
      ? []
      : [t('{0} out', `${about}${usage.outputTokens.toLocaleString('en')}`)]),
  ];
  if (tokens.length === 0) return [];
  return [
    t('{0} tokens', tokens.join(' · ')),
    usage.cost === null ? t('price not known') : `${about}${costWords(usage.cost)}`,
  ];
}

export function figures(run: RunView): readonly string[] {
  return [
    ...(run.usage === null ? [] : usageWords(run.usage)),
    ...(run.firstTokenMs === null ? [] : [t('first token {0}', durationWords(run.firstTokenMs))]),
    ...(run.totalMs === null ? [] : [t('total {0}', durationWords(run.totalMs))]),
  ];
}

export function dayAndTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}
