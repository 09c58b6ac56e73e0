// What runs cost and how much a model takes, from the price table that ships with the extension (it is never fetched).
// The table is heavy: import this module from the worker only.

import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { ModelInfo } from './api.ts';
import { parseModelReference } from './modelReference.ts';

/** Tokens of one run. `inputTokens` is all of them; those from and to the provider's cache are counted again. */
export interface PricedUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
}

const pricedProviders = ['openai', 'anthropic', 'google', 'openrouter'] as const;

/** US dollars for `provider/model`; null where the price is not known (own addresses and VS Code's models never are). */
export function priceOf(model: string, usage: PricedUsage): number | null {
  const reference = parseModelReference(model);
  if (reference === null || !isPriced(reference.provider)) return null;
  const price = calcPrice(
    {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cache_read_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    reference.model,
    { providerId: reference.provider },
  );
  return price === null ? null : price.total_price;
}

/** The text models of the table, newest names first within a provider. */
export function knownModels(): readonly ModelInfo[] {
  return pricedProviders.flatMap((provider) =>
    (findProvider({ providerId: provider })?.models ?? [])
      .filter((model) => model.deprecated !== true && isOffered(provider, model.id))
      .map((model) => modelInfo(provider, model.id, model.name, model.context_window))
      .filter((model) => model.inputPrice !== null && model.outputPrice !== null)
      .toSorted((a, b) => b.id.localeCompare(a.id, 'en', { numeric: true })),
  );
}

function modelInfo(
  provider: string,
  model: string,
  name: string | undefined,
  contextTokens: number | undefined,
): ModelInfo {
  const prices = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, {
    providerId: provider,
  })?.model_price;
  return {
    id: `${provider}/${model}`,
    provider,
    label: name ?? model,
    contextTokens: contextTokens ?? null,
    inputPrice: perMillion(prices, 'input_mtok'),
    outputPrice: perMillion(prices, 'output_mtok'),
  };
}

/** Where the price rises with the length, the price of the first token. */
function perMillion(prices: ModelPrice | undefined, unit: string): number | null {
  const price = prices?.[unit];
  if (price === undefined) return null;
  return typeof price === 'number' ? price : price.base;
}

/** Google's list holds what it resells under another protocol; other lists hold what does not write text. */
function isOffered(provider: string, model: string): boolean {
  if (/embed|audio|realtime|tts|whisper|image|moderation|transcribe|dall-e|search-/.test(model)) return false;
  return provider !== 'google' || /^(gemini|gemma)/.test(model);
}

function isPriced(provider: string): boolean {
  return pricedProviders.some((priced) => priced === provider);
}
