// Which model a run goes to, and what is offered where the wanted one is not to be had. Nothing is sent while choosing.

import * as vscode from 'vscode';
import type { ModelInfo, ProviderEndpoint } from '../../models/api.ts';
import { parseModelReference } from '../../models/modelReference.ts';
import {
  chooseModel,
  matchesModel,
  whyUnavailable,
  type ModelAvailability,
  type ModelWishes,
  type Unavailable,
} from '../../run/modelChoice.ts';
import { namesOf } from '../models/modelNames.ts';
import { labelOf } from '../library/plainText.ts';
import type { Services } from '../services.ts';

type ModelServices = Pick<Services, 'models' | 'keys'>;

/** `provider/model`, or null if the user gave up. */
export async function modelForRun(services: ModelServices, wishes: ModelWishes): Promise<string | null> {
  const choice = await chooseModel(wishes, availabilityOf(services));
  switch (choice.kind) {
    case 'use':
      return choice.model;
    case 'ask':
      return askAndOfferDefault(services);
    case 'unavailable':
      return offerOthers(services, wishes, choice.problems);
  }
}

function availabilityOf(services: ModelServices): ModelAvailability {
  return {
    async provider(id) {
      const endpoint = services.keys.endpoint(id);
      if (endpoint === null) return 'unknown';
      return (await isReady(services, endpoint)) ? 'ready' : 'noKey';
    },
    async matching(provider, pattern) {
      if (provider === 'vscode') return editorModels(pattern);
      const known = await services.models.knownModels();
      return known
        .filter((model) => model.provider === provider)
        .map((model) => model.id.slice(provider.length + 1))
        .filter((name) => matchesModel(pattern, name));
    },
  };
}

async function isReady({ keys }: ModelServices, endpoint: ProviderEndpoint): Promise<boolean> {
  return !endpoint.needsKey || (await keys.has(endpoint.id));
}

/** VS Code's models as `vendor/id`; people write the id, the family or the shown name. */
async function editorModels(pattern: string): Promise<readonly string[]> {
  const models = await vscode.lm.selectChatModels({});
  return models
    .filter((model) => namesOf(model).some((name) => matchesModel(pattern, name)))
    .map((model) => `${model.vendor}/${model.id}`);
}

async function askAndOfferDefault(services: ModelServices): Promise<string | null> {
  const model = await pickModel(services, {
    title: vscode.l10n.t('Which model?'),
    placeholder: vscode.l10n.t('The prompt names none, and there is no default yet.'),
    problems: [],
  });
  if (model !== null) void offerDefault(model);
  return model;
}

async function offerDefault(model: string): Promise<void> {
  const yes = vscode.l10n.t('Use by Default');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Use {0} for every prompt that names no model?', model),
    yes,
  );
  if (answer !== yes) return;
  const settings = vscode.workspace.getConfiguration('cuebook');
  await settings.update('defaultModel', model, vscode.ConfigurationTarget.Global);
}

/** The wanted model is not there: say why, and offer to make it available or to take another one this time. */
async function offerOthers(
  services: ModelServices,
  wishes: ModelWishes,
  problems: readonly Unavailable[],
): Promise<string | null> {
  const title =
    wishes.chosen === null && wishes.prompt.length > 0
      ? vscode.l10n.t('The model that the prompt names is not available')
      : vscode.l10n.t('The model is not available');
  const picked = await pickModel(services, {
    title,
    placeholder: vscode.l10n.t('Mend that, or choose another model for this time.'),
    problems,
  });
  if (picked !== addedKey) return picked;
  return modelForRun(services, wishes);
}

function explain({ keys }: ModelServices, problem: Unavailable): string {
  const refused = problem.reason === 'unknownProvider' ? keys.problem(problem.provider) : null;
  return refused === null ? whyUnavailable(problem, vscode.l10n.t) : `“${problem.wanted}”: ${refused}`;
}

/** What `pickModel` answers after a key was added for a wanted provider: the first wish may be had now. */
const addedKey = '';

interface ModelItem extends vscode.QuickPickItem {
  readonly model?: string;
  readonly addKeyFor?: string;
}

interface ModelQuestion {
  readonly title: string;
  readonly placeholder: string;
  /** Why the wanted models are not available: each a row, with the key that would help where one would. */
  readonly problems: readonly Unavailable[];
  /** Tokens that the model must take. */
  readonly atLeast?: number;
}

/** `provider/model`; null if the user gave up; `''` if a key for a wanted provider was added. */
export async function pickModel(services: ModelServices, question: ModelQuestion): Promise<string | null> {
  const pick = vscode.window.createQuickPick<ModelItem>();
  pick.title = question.title;
  pick.placeholder = question.placeholder;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  pick.busy = true;
  let items: readonly ModelItem[] = question.problems.map((problem) => problemItem(services, problem));
  pick.items = items;
  const abort = new AbortController();
  const show = (more: readonly ModelItem[]): void => {
    items = [...items, ...more];
    pick.items = [...typedItem(services, pick.value), ...items];
  };
  pick.onDidChangeValue((text) => {
    pick.items = [...typedItem(services, text), ...items];
  });
  try {
    const chosen = await new Promise<ModelItem | null>((resolve) => {
      pick.onDidAccept(() => {
        const [item] = pick.selectedItems;
        if (item?.model !== undefined || item?.addKeyFor !== undefined) resolve(item);
      });
      pick.onDidHide(() => resolve(null));
      pick.show();
      void addModels(services, { show, signal: abort.signal, atLeast: question.atLeast ?? 0 }).finally(() => {
        pick.busy = false;
      });
    });
    pick.hide();
    return await pickedModel(services, question, chosen);
  } finally {
    abort.abort();
    pick.dispose();
  }
}

async function pickedModel(
  services: ModelServices,
  question: ModelQuestion,
  chosen: ModelItem | null,
): Promise<string | null> {
  if (chosen === null) return null;
  if (chosen.addKeyFor === undefined) return chosen.model ?? null;
  if (!(await services.keys.add(chosen.addKeyFor))) return pickModel(services, question);
  const isWanted = question.problems.some(
    (problem) => problem.reason === 'noKey' && problem.provider === chosen.addKeyFor,
  );
  return isWanted ? addedKey : pickModel(services, question);
}

function problemItem(services: ModelServices, problem: Unavailable): ModelItem {
  const detail = labelOf(explain(services, problem));
  if (problem.reason !== 'noKey') return { label: `$(warning) ${labelOf(problem.wanted)}`, detail };
  const label = services.keys.endpoint(problem.provider)?.label ?? problem.provider;
  return { ...addKeyItem(label, problem.provider), detail };
}

function addKeyItem(label: string, id: string): ModelItem {
  return { label: `$(key) ${vscode.l10n.t('Add Key for {0}…', label)}`, addKeyFor: id };
}

/** A model that no list knows can be typed. */
function typedItem({ keys }: ModelServices, text: string): readonly ModelItem[] {
  const reference = parseModelReference(text);
  if (reference === null || keys.endpoint(reference.provider) === null) return [];
  const model = `${reference.provider}/${reference.model}`;
  return [{ label: `$(arrow-right) ${vscode.l10n.t('Use {0}', labelOf(model))}`, model, alwaysShow: true }];
}

interface Adding {
  readonly show: (items: readonly ModelItem[]) => void;
  readonly signal: AbortSignal;
  readonly atLeast: number;
}

/** Providers in order, each as soon as its models are known; then the providers without a key. */
async function addModels(services: ModelServices, adding: Adding): Promise<void> {
  const endpoints = services.keys.endpoints();
  const ready = await Promise.all(endpoints.map(async (endpoint) => isReady(services, endpoint)));
  const known = await services.models.knownModels();
  const usable = endpoints.filter((_, index) => ready[index]);
  const listedByTable = usable.filter(({ id }) => known.some(({ provider }) => provider === id));
  for (const endpoint of listedByTable) {
    adding.show(
      groupOf(
        endpoint,
        known.filter((model) => model.provider === endpoint.id && takes(model, adding.atLeast)),
      ),
    );
  }
  const asked = usable.filter((endpoint) => !listedByTable.includes(endpoint));
  await Promise.all(asked.map(async (endpoint) => addAsked(services, endpoint, adding)));
  const keyless = endpoints.filter((_, index) => !ready[index]);
  if (keyless.length === 0) return;
  adding.show([
    separator(vscode.l10n.t('more providers')),
    ...keyless.map(({ label, id }) => addKeyItem(label, id)),
  ]);
}

/** A table that does not know how much a model takes is no proof that it takes more. */
function takes({ contextTokens }: ModelInfo, atLeast: number): boolean {
  return atLeast === 0 || (contextTokens !== null && contextTokens >= atLeast);
}

/** Own servers and VS Code say themselves what they have; one that is not running is left out after two seconds. */
async function addAsked(services: ModelServices, endpoint: ProviderEndpoint, adding: Adding): Promise<void> {
  const key = await services.keys.key(endpoint.id);
  // A team's key that the user has not agreed to is not there yet, and its address is not asked anything.
  if (endpoint.needsKey && key === null) return;
  const signal = AbortSignal.any([adding.signal, AbortSignal.timeout(2000)]);
  const answer = await services.models.listModels(endpoint, { key, signal });
  if (answer.ok && answer.models.length > 0) adding.show(groupOf(endpoint, answer.models));
}

function groupOf(endpoint: ProviderEndpoint, models: readonly ModelInfo[]): readonly ModelItem[] {
  return [separator(endpoint.label), ...models.map(itemOf)];
}

function separator(label: string): ModelItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

function itemOf(model: ModelInfo): ModelItem {
  const context = model.contextTokens === null ? [] : [`${Math.round(model.contextTokens / 1000)}k`];
  const price =
    model.inputPrice === null || model.outputPrice === null
      ? []
      : [vscode.l10n.t('${0} in, ${1} out per million', model.inputPrice, model.outputPrice)];
  return {
    label: labelOf(model.label),
    description: labelOf([model.id, ...context, ...price].join('  ')),
    model: model.id,
  };
}
