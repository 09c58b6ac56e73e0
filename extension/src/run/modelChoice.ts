// Which model a run goes to. The prompt's own list decides, in its order; a run never quietly takes another one.

import { parseModelReference } from '../models/modelReference.ts';
import type { ModelReference } from '../models/api.ts';
import type { Translate } from './translate.ts';

export type Unavailable =
  /** Not `provider/model`. */
  | { readonly reason: 'noProvider'; readonly wanted: string }
  | { readonly reason: 'unknownProvider'; readonly wanted: string; readonly provider: string }
  | { readonly reason: 'noKey'; readonly wanted: string; readonly provider: string }
  /** `provider/*` or a name of VS Code's own models, and there is none such. */
  | { readonly reason: 'noMatch'; readonly wanted: string; readonly provider: string }
  /** VS Code has no models of its own at all. */
  | { readonly reason: 'noModels'; readonly wanted: string; readonly provider: string };

export type ModelChoice =
  | { readonly kind: 'use'; readonly model: string; readonly from: 'prompt' | 'setting' | 'panel' }
  /** The prompt names models and none can be used. */
  | { readonly kind: 'unavailable'; readonly problems: readonly Unavailable[] }
  /** Neither the prompt nor the setting names one. */
  | { readonly kind: 'ask' };

export type ProviderState = 'ready' | 'noKey' | 'unknown';

/** What is asked of providers, each only when its turn comes: a key store and a list of models are not read for nothing. */
export interface ModelAvailability {
  provider(id: string): Promise<ProviderState>;
  /** Names of models (without provider) that this provider has and that match; for `*` and for VS Code's own models. */
  matching(provider: string, pattern: string): Promise<readonly string[]>;
}

export interface ModelWishes {
  /** Chosen in the panel for this run. */
  readonly chosen: string | null;
  /** `model:` of the prompt. */
  readonly prompt: readonly string[];
  /** `cuebook.defaultModel`; empty for none. */
  readonly fallback: string;
}

export async function chooseModel(
  wishes: ModelWishes,
  availability: ModelAvailability,
): Promise<ModelChoice> {
  if (wishes.chosen !== null) return only(wishes.chosen, 'panel', availability);
  if (wishes.prompt.length > 0) return firstAvailable(wishes.prompt, availability);
  return wishes.fallback === '' ? { kind: 'ask' } : only(wishes.fallback, 'setting', availability);
}

async function only(
  wanted: string,
  from: 'setting' | 'panel',
  availability: ModelAvailability,
): Promise<ModelChoice> {
  const found = await lookUp(wanted, availability);
  return typeof found === 'string'
    ? { kind: 'use', model: found, from }
    : { kind: 'unavailable', problems: [found] };
}

async function firstAvailable(
  wanted: readonly string[],
  availability: ModelAvailability,
): Promise<ModelChoice> {
  const problems: Unavailable[] = [];
  for (const text of wanted) {
    const found = await lookUp(text, availability);
    if (typeof found === 'string') return { kind: 'use', model: found, from: 'prompt' };
    problems.push(found);
  }
  return { kind: 'unavailable', problems };
}

async function lookUp(wanted: string, availability: ModelAvailability): Promise<string | Unavailable> {
  const reference = parseModelReference(wanted);
  if (reference === null) return { reason: 'noProvider', wanted };
  const { provider } = reference;
  const state = await availability.provider(provider);
  if (state === 'unknown') return { reason: 'unknownProvider', wanted, provider };
  if (state === 'noKey') return { reason: 'noKey', wanted, provider };
  return needsMatch(reference) ? match(wanted, reference, availability) : `${provider}/${reference.model}`;
}

function needsMatch(reference: ModelReference): boolean {
  return reference.provider === 'vscode' || reference.model.includes('*');
}

async function match(
  wanted: string,
  { provider, model }: ModelReference,
  availability: ModelAvailability,
): Promise<string | Unavailable> {
  const [first] = await availability.matching(provider, model);
  if (first !== undefined) return `${provider}/${first}`;
  const hasNone = provider === 'vscode' && (await availability.matching(provider, '*')).length === 0;
  return { reason: hasNone ? 'noModels' : 'noMatch', wanted, provider };
}

/** Whether a model's name fits a pattern in which `*` stands for anything. Case does not matter. */
export function matchesModel(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** For the user: why this wish cannot be met, and what would help where that is not plain. */
export function whyUnavailable(problem: Unavailable, t: Translate): string {
  const { wanted } = problem;
  switch (problem.reason) {
    case 'noProvider':
      return t('“{0}” does not say which provider has it (write provider/model).', wanted);
    case 'unknownProvider':
      return t('“{0}”: there is no provider “{1}”.', wanted, problem.provider);
    case 'noKey':
      return t('“{0}”: no key for {1} is stored.', wanted, problem.provider);
    case 'noMatch':
      return problem.provider === 'vscode'
        ? t('“{0}”: VS Code offers no such model.', wanted)
        : t('“{0}”: {1} offers no such model.', wanted, problem.provider);
    case 'noModels':
      return t(
        '“{0}”: VS Code offers no models. Sign in to an extension that brings models, such as Copilot.',
        wanted,
      );
  }
}
