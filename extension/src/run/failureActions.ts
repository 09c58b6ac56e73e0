// What to offer for each way that a run can fail. The words come with the failure; here are the buttons.

import type { RunFailure, RunFailureKind } from '../models/api.ts';
import type { FailureAction, FailureActionId, FailureView } from './panelProtocol.ts';

const labels: Readonly<Record<FailureActionId, string>> = {
  addKey: 'Add Key…',
  replaceKey: 'Replace Key…',
  chooseModel: 'Choose Another Model…',
  retry: 'Try Again',
  openProxySettings: 'Open Proxy Settings',
  openPrompt: 'Open Prompt',
  showOutput: 'Show Log',
};

const actionsOf: Readonly<Record<RunFailureKind, readonly FailureActionId[]>> = {
  noKey: ['addKey', 'chooseModel'],
  wrongKey: ['replaceKey', 'chooseModel', 'retry'],
  forbidden: ['chooseModel', 'replaceKey'],
  unknownModel: ['chooseModel', 'openPrompt'],
  quota: ['chooseModel', 'replaceKey', 'retry'],
  rateLimited: ['retry', 'chooseModel'],
  contextTooLong: ['chooseModel', 'openPrompt'],
  badRequest: ['openPrompt', 'chooseModel', 'retry'],
  filtered: ['openPrompt', 'chooseModel'],
  network: ['retry', 'chooseModel'],
  certificate: ['openProxySettings', 'retry'],
  proxy: ['openProxySettings', 'retry'],
  timeout: ['retry', 'chooseModel'],
  cut: ['retry'],
  serverError: ['retry', 'chooseModel'],
  badAnswer: ['retry', 'chooseModel', 'showOutput'],
  consentRefused: ['retry', 'chooseModel'],
  noModels: ['chooseModel', 'retry'],
  stopped: ['retry'],
};

export function failureButtons(kind: RunFailureKind): readonly FailureAction[] {
  return actionsOf[kind].map((id) => ({ id, label: labels[id] }));
}

export function failureView(failure: RunFailure): FailureView {
  return { message: failure.message, action: failure.action, buttons: failureButtons(failure.kind) };
}
