// What to offer for each way that a run can fail. The words come with the failure; here are the buttons.

import type { RunFailure, RunFailureKind } from '../models/api.ts';
import type { FailureAction, FailureActionId, FailureView } from './panelProtocol.ts';
import type { Translate } from './translate.ts';

const labels = (t: Translate): Readonly<Record<FailureActionId, string>> => ({
  addKey: t('Add Key…'),
  replaceKey: t('Replace Key…'),
  chooseModel: t('Choose Another Model…'),
  retry: t('Try Again'),
  openProxySettings: t('Open Proxy Settings'),
  openPrompt: t('Open Prompt'),
  showOutput: t('Show Log'),
});

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

/** VS Code's own models have no key of ours that could be replaced. */
const keyActions: ReadonlySet<FailureActionId> = new Set(['addKey', 'replaceKey']);

/** `model`: `provider/model`, as the run was sent. */
export function failureView(failure: RunFailure, model: string, t: Translate): FailureView {
  const isEditors = model.startsWith('vscode/');
  const ids = actionsOf[failure.kind].filter((id) => !isEditors || !keyActions.has(id));
  const buttons = ids.map((id): FailureAction => ({ id, label: labels(t)[id] }));
  return { message: failure.message, action: failure.action, buttons };
}
