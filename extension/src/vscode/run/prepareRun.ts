// Everything between "run this" and the first byte sent: the prompt's text, care, model, inputs, messages, size. Asks
// what has to be asked; null means that the user gave up or was told why it does not go on.

import * as vscode from 'vscode';
import type { RenderError } from '@cuebook/shared/format/render';
import type { HiddenFinding } from '../../language/hiddenFinding.ts';
import type { PromptToRun, RenderedRun } from '../../language/api.ts';
import type { PromptId, RevisionId, RunMessage, WorkspaceId } from '../../library/api.ts';
import type { RunParameters } from '../../models/api.ts';
import { careFor } from '../../run/care.ts';
import { planInputs, valueToText, type InputPlan, type Values } from '../../run/inputPlan.ts';
import type { InputView, PanelParameters } from '../../run/panelProtocol.ts';
import {
  fingerprintOf,
  memoryKey,
  memoryToText,
  parseMemory,
  parseRecent,
  recentKey,
  withRecent,
  type PromptMemory,
} from '../../run/promptMemory.ts';
import { oneLine } from '../library/plainText.ts';
import { keysForRun } from '../keys/teamKeys.ts';
import { promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { askInputs, type AskText } from './askInputs.ts';
import { confirmChanged, confirmHidden, confirmTooLong, confirmUntrusted } from './confirmations.ts';
import { fileNameOf, readBuiltIns, type BuiltInValues } from './editorValues.ts';
import { loadPrompt, type LoadedPrompt } from './loadPrompt.ts';
import { askForText } from './missingText.ts';
import { modelForRun, pickModel } from './runModel.ts';
import type { RunTarget } from './runTarget.ts';

/** Values of a run, so that it can be run again without asking. */
export interface GivenValues {
  readonly inputs: Values;
  readonly builtIns: BuiltInValues;
}

export interface RunRequest {
  readonly promptId: PromptId;
  readonly target: RunTarget | null;
  /** Values of the run before; null for a first one. */
  readonly given: GivenValues | null;
  /** Ask for the inputs again, with those values to begin with. */
  readonly askAgain: boolean;
  /** Chosen in the panel; null: as the prompt says. */
  readonly model: string | null;
  /** As changed in the panel; null: as the prompt says. */
  readonly parameters: PanelParameters | null;
}

export interface PreparedRun {
  readonly request: RunRequest;
  readonly promptName: string;
  /** Whose shared keys may be used where the user has none. */
  readonly workspaceId: WorkspaceId | null;
  readonly revisionId: RevisionId | null;
  readonly version: string;
  readonly given: GivenValues;
  readonly inputs: readonly InputView[];
  readonly messages: readonly RunMessage[];
  readonly model: string;
  readonly parameters: RunParameters;
  readonly schema: unknown;
  readonly notices: readonly string[];
}

export interface PrepareDeps {
  readonly services: Services;
  readonly askText: AskText;
}

export async function prepareRun(deps: PrepareDeps, request: RunRequest): Promise<PreparedRun | null> {
  const { library, language } = deps.services;
  const loaded = await loadPrompt(library, request.promptId);
  if (!loaded.ok) return tell(loaded.problem);
  const { prompt } = loaded;
  const remembered = await library.recall(memoryKey(request.promptId));
  const memory = parseMemory(remembered.ok ? remembered.value : null);
  const read = await language.read(prompt.given);
  if (read === null) return tell(cannotRead());
  const cared = await takeCare(prompt, memory, read.hidden);
  if (cared === null) return null;

  const wishes = {
    chosen: request.model,
    prompt: read.settings.models.map(({ value }) => value),
    fallback: setting<string>('defaultModel', ''),
  };
  const keys = await keysForRun(deps.services, prompt.summary.workspaceId);
  const services = { ...deps.services, keys };
  const model = await modelForRun(services, wishes);
  if (model === null) return null;
  const plan = planFor(read, { request, memory });
  if (plan.unsupported.length > 0) return tell(imagesNotYet(plan.unsupported));
  if (!vscode.workspace.isTrusted && !(await confirmUntrusted(plan.read, model))) return null;
  const given = await fillInputs(deps, { prompt, plan, request, read });
  if (given === null) return null;
  const rendered = await language.render(prompt.given, given);
  if (rendered === null) return tell(cannotRead());
  const messages = messagesOf(prompt, rendered);
  if (messages === null) return null;
  const hidden = await hiddenInInputs(prompt, rendered.hidden);
  if (hidden === null) return null;
  const parameters = parametersOf(read.settings.config, request.parameters);
  const fitting = await fittingModel(services, { model, messages, parameters });
  if (fitting === null || !(await keys.mayUse(fitting))) return null;

  await remember(deps.services, request.promptId, {
    ...cared.memory,
    inputs: { ...memory.inputs, ...given.inputs },
    revisionId: prompt.revisionId,
  });
  return {
    request: { ...request, given, askAgain: false },
    promptName: prompt.summary.name,
    workspaceId: prompt.summary.workspaceId,
    revisionId: prompt.unsaved ? null : prompt.revisionId,
    version: prompt.version,
    given,
    inputs: inputViews(given, request.target),
    messages,
    model: fitting,
    parameters,
    schema: read.settings.outputSchema?.value,
    notices: [...cared.notices, ...hidden],
  };
}

function setting<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration('cuebook').get<T>(name, fallback);
}

function tell(problem: string): null {
  void vscode.window.showErrorMessage(problem);
  return null;
}

/** Its worker ended; the next run starts another one. */
function cannotRead(): string {
  return vscode.l10n.t('The prompt could not be read. Run it again.');
}

function imagesNotYet(names: readonly string[]): string {
  return vscode.l10n.t(
    'The prompt needs an image ({0}), and Cuebook cannot send images yet. Take the input out to run it.',
    names.join(', '),
  );
}

interface Cared {
  readonly memory: PromptMemory;
  readonly notices: readonly string[];
}

/** Null: the user does not want to run this text. */
async function takeCare(
  prompt: LoadedPrompt,
  memory: PromptMemory,
  hidden: HiddenFinding | null,
): Promise<Cared | null> {
  const fingerprint = await fingerprintOf(prompt.texts);
  const care = careFor({
    memory,
    fingerprint,
    hidden,
    workspaceKind: prompt.workspaceKind,
    confirmChanged: setting<'team' | 'always' | 'never'>('run.confirmChanged', 'team'),
    unsaved: prompt.unsaved,
  });
  if (care.changed === 'ask') {
    const changed = { prompt: prompt.summary, lastRun: memory.revisionId, now: prompt.revisionId };
    if (!(await confirmChanged(changed))) return null;
  }
  if (care.hidden !== null && !(await confirmHidden(prompt.summary, care.hidden))) return null;
  return {
    memory: {
      ...memory,
      fingerprint,
      allowedHidden: care.hidden === null ? memory.allowedHidden : fingerprint,
    },
    notices: [
      ...(prompt.unsaved
        ? [vscode.l10n.t('This ran the text as it is in the editor, not a saved version.')]
        : []),
      ...(care.changed === 'say' ? [vscode.l10n.t('The prompt was changed since you last ran it.')] : []),
    ],
  };
}

/** A selection or a file may bring hidden characters too: a notice, and a question if they spell something. */
async function hiddenInInputs(
  prompt: LoadedPrompt,
  hidden: HiddenFinding | null,
): Promise<readonly string[] | null> {
  if (hidden === null) return [];
  if (hidden.spelled !== '' && !(await confirmHidden(prompt.summary, hidden))) return null;
  return [vscode.l10n.t('The inputs hold {0} characters that nobody sees.', hidden.count)];
}

function planFor(
  { settings, uses: used }: PromptToRun,
  { request, memory }: { readonly request: RunRequest; readonly memory: PromptMemory },
): InputPlan {
  const known = request.given ?? { inputs: {}, builtIns: {} };
  const partialInputs = used.inputs.flatMap(({ declaration }) => (declaration === null ? [] : [declaration]));
  return planInputs({
    declared: [...settings.inputs, ...partialInputs],
    usedInputs: used.inputs.map(({ name }) => name),
    usedBuiltIns: used.builtIns,
    remembered: { ...memory.inputs, ...known.inputs },
    given: { ...known.builtIns, ...(request.askAgain ? {} : known.inputs) },
    ask: request.askAgain ? 'all' : setting<'all' | 'missing'>('run.ask', 'all'),
  });
}

interface Filling {
  readonly prompt: LoadedPrompt;
  readonly plan: InputPlan;
  readonly request: RunRequest;
  readonly read: PromptToRun;
}

async function fillInputs(deps: PrepareDeps, filling: Filling): Promise<GivenValues | null> {
  const { plan, request, prompt } = filling;
  const read = await readBuiltIns(plan.read, request.target);
  if (!read.ok) return tell(read.problem);
  const texts = await askForMissingTexts(deps, filling, read.values);
  if (texts === null) return null;
  const asked = await askInputs(prompt.summary.name, plan.ask, deps.askText);
  if (asked === null) return null;
  const known = request.given ?? { inputs: {}, builtIns: {} };
  const kept = Object.entries(known.inputs).filter(([name]) => Object.hasOwn(plan.values, name));
  return {
    inputs: { ...Object.fromEntries(kept), ...asked },
    builtIns: { ...known.builtIns, ...read.values, ...texts },
  };
}

/** A prompt about the selection is of no use without one, unless it says that it can do without. */
async function askForMissingTexts(
  deps: PrepareDeps,
  { plan, prompt, request, read: { uses: used } }: Filling,
  read: BuiltInValues,
): Promise<BuiltInValues | null> {
  let texts: BuiltInValues = {};
  for (const name of ['selection', 'file'] as const) {
    if (!plan.read.includes(name) || (read[name] ?? '') !== '') continue;
    const declaration = used.inputs.find((input) => input.name === name)?.declaration ?? null;
    if (declaration !== null && !declaration.required) continue;
    const text = await askForText(name, prompt.summary.name, request.target, deps.askText);
    if (text === null) return null;
    texts = { ...texts, [name]: text };
  }
  return texts;
}

function messagesOf(prompt: LoadedPrompt, { outcome }: RenderedRun): readonly RunMessage[] | null {
  if (outcome.ok) return outcome.messages.map(({ role, content }) => ({ role, content }));
  void tellRenderError(prompt, outcome.errors);
  return null;
}

async function tellRenderError(prompt: LoadedPrompt, errors: readonly RenderError[]): Promise<void> {
  const [first] = errors;
  if (!first) return;
  const open = vscode.l10n.t('Open Prompt');
  const where = first.through.length === 0 ? '' : vscode.l10n.t(' (in {0})', first.through.join(' › '));
  const answer = await vscode.window.showErrorMessage(`${first.message}${where} ${first.action}`, open);
  if (answer !== open) return;
  const { start, end } = first.range;
  const inDocument = first.through.length === 0;
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  await vscode.window.showTextDocument(promptUri(prompt.summary), inDocument ? { selection } : {});
}

/** The prompt's own parameters, or those of the panel in their place. */
export function parametersOf(config: RunParameters, changed: PanelParameters | null): RunParameters {
  if (changed === null) return config;
  const { temperature: _, maxOutputTokens: __, ...rest } = config;
  const { temperature, maxOutputTokens } = changed;
  return {
    ...rest,
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
  };
}

/** Shorter texts fit into every model. */
const alwaysFits = 4000;

interface Size {
  readonly model: string;
  readonly messages: readonly RunMessage[];
  readonly parameters: RunParameters;
}

/** The model, or another that takes so long a text; null if the user gave up, also over what it may cost. */
async function fittingModel(services: Services, size: Size): Promise<string | null> {
  const length = size.messages.reduce((sum, { content }) => sum + content.length, 0);
  const limit = length <= alwaysFits ? null : await contextOf(services, size.model);
  if (limit !== null && length > limit) {
    const { tokens } = await services.models.countTokens(size.model, size.messages);
    const answer = tokens <= limit ? 'run' : await confirmTooLong({ tokens, limit, model: size.model });
    if (answer === 'stop') return null;
    if (answer === 'otherModel') {
      const title = vscode.l10n.t('A model that takes {0} tokens', tokens.toLocaleString());
      const other = await pickModel(services, { title, placeholder: '', problems: [], atLeast: tokens });
      return other === null ? null : fittingModel(services, { ...size, model: other });
    }
  }
  return (await maySpend(services, size, length)) ? size.model : null;
}

async function contextOf({ models }: Services, id: string): Promise<number | null> {
  const known = await models.knownModels();
  return known.find((model) => model.id === id)?.contextTokens ?? null;
}

/** Tokens of an answer whose length nobody limits, for the estimate of what a run will cost. */
const usualAnswer = 1000;

async function maySpend(services: Services, { model, parameters }: Size, length: number): Promise<boolean> {
  const provider = model.split('/')[0] ?? '';
  if (services.keys.spending(provider).limit === null) return true;
  const cost = await services.models.cost(model, {
    inputTokens: Math.ceil(length / 4),
    outputTokens: parameters.maxOutputTokens ?? usualAnswer,
  });
  return services.keys.maySpend(provider, cost);
}

async function remember({ library }: Services, id: PromptId, memory: PromptMemory): Promise<void> {
  const recent = await library.recall(recentKey);
  const ids = withRecent(parseRecent(recent.ok ? recent.value : null), id);
  await Promise.all([
    library.remember(memoryKey(id), memoryToText(memory)),
    library.remember(recentKey, JSON.stringify(ids)),
  ]);
}

/** Characters of an input that the panel shows. */
const shownLength = 4000;

function inputViews(given: GivenValues, target: RunTarget | null): readonly InputView[] {
  const fileName = target === null ? '' : fileNameOf(target.uri);
  const views = [
    ...Object.entries(given.inputs).map(([name, value]) => ({ name, value: valueToText(value), source: '' })),
    ...Object.entries(given.builtIns).map(([name, value]) => ({
      name,
      value,
      source: sourceOf(name, fileName),
    })),
  ];
  return views.map((view) => ({
    ...view,
    value: view.value.length <= shownLength ? view.value : `${view.value.slice(0, shownLength)}…`,
  }));
}

function sourceOf(name: string, fileName: string): string {
  return name === 'clipboard' || name === 'date' || fileName === ''
    ? ''
    : oneLine(vscode.l10n.t('from {0}', fileName), 80);
}
