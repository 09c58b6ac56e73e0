// Asks a provider which models there are: one GET (a few, where the list has pages), nothing of the user's in it but
// the key. Also how a key is tested.

import { array, boolean, catch as orElse, nullable, number, object, safeParse, string } from 'zod/mini';
import { t } from '@vscode/l10n';
import type { ModelInfo, Models, ProviderEndpoint, RunFailure } from '../models/api.ts';
import { defaultTimeouts } from '../models/api.ts';
import type { Clock } from '../models/clock.ts';
import { errorLinks, type Evidence } from '../models/evidence.ts';
import { explainFailure } from '../models/failure.ts';
import { readStart, type Fetch } from './watchedFetch.ts';

export interface ListModelsDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** What the price table knows, to fill in what the provider does not say. */
  readonly knownModels: () => Promise<readonly ModelInfo[]>;
}

const listLimit = 16 * 1_048_576;
const mostModels = 5000;
const mostPages = 10;
const timeoutMs = Math.min(20_000, defaultTimeouts.firstByteMs);

/** One page of any provider's list; fields that are missing or of another type count as not said. */
interface Page {
  readonly models: readonly Listed[];
  /** Path and query of the next page. */
  readonly next: string | null;
}

interface Listed {
  readonly model: string;
  readonly label: string;
  readonly contextTokens: number | null;
  readonly inputPrice: number | null;
  readonly outputPrice: number | null;
}

export function createListModels(deps: ListModelsDeps): Models['listModels'] {
  return async (endpoint, { key, signal }) => {
    if (endpoint.needsKey && (key ?? '') === '') return { ok: false, failure: noKey(endpoint) };
    const ask = (path: string): Promise<Asked> => get(deps, { endpoint, key, signal, path });
    // OpenRouter's list is public: only its key page tells whether a key is good.
    if (endpoint.kind === 'openrouter') {
      const checked = await ask('/key');
      if (!checked.ok) return checked;
    }
    const listed: Listed[] = [];
    let path: string | null = firstPage(endpoint);
    for (let page = 0; path !== null && page < mostPages && listed.length < mostModels; page += 1) {
      const answer: Asked = await ask(path);
      if (!answer.ok) return answer;
      const parsed: Page | null = readPage(endpoint, answer.value);
      if (parsed === null) return { ok: false, failure: notAList(endpoint, key) };
      listed.push(...parsed.models);
      path = parsed.next;
    }
    return { ok: true, models: await filledIn(deps, endpoint, listed.slice(0, mostModels)) };
  };
}

// ---- one request ----

type Asked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: RunFailure };

interface Question {
  readonly endpoint: ProviderEndpoint;
  readonly key: string | null;
  readonly signal: AbortSignal;
  readonly path: string;
}

async function get(deps: ListModelsDeps, question: Question): Promise<Asked> {
  const { endpoint, key, path } = question;
  const answer = await request(deps, question);
  if (answer.kind === 'response' && answer.status === 200) {
    const value = parseJson(answer.body);
    if (value !== undefined) return { ok: true, value };
  }
  return {
    ok: false,
    failure: explainFailure(answer, {
      provider: endpoint.label,
      baseUrl: endpoint.baseUrl,
      model: path,
      key,
      answered: false,
    }),
  };
}

async function request(deps: ListModelsDeps, question: Question): Promise<Evidence> {
  const { endpoint, key, signal, path } = question;
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  signal.addEventListener('abort', stop, { once: true });
  const timer = { expired: false };
  const forget = deps.clock.after(timeoutMs, () => {
    timer.expired = true;
    controller.abort();
  });
  try {
    if (signal.aborted) return { kind: 'stopped' };
    const response = await deps.fetch(endpoint.baseUrl + path, {
      method: 'GET',
      headers: { accept: 'application/json', ...keyHeaders(endpoint, key) },
      body: null,
      signal: controller.signal,
      redirect: 'manual',
    });
    const body = await readStart(response, listLimit);
    return { kind: 'response', status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    return timer.expired
      ? { kind: 'timeout', phase: 'firstByte', afterMs: timeoutMs }
      : { kind: 'connection', links: errorLinks(error) };
  } finally {
    forget();
    signal.removeEventListener('abort', stop);
    controller.abort();
  }
}

function keyHeaders(endpoint: ProviderEndpoint, key: string | null): Record<string, string> {
  if (key === null || key === '') return {};
  switch (endpoint.kind) {
    case 'anthropic':
      return { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    case 'google':
      return { 'x-goog-api-key': key };
    case 'openai':
    case 'openrouter':
    case 'openai-compatible':
    case 'vscode':
      // not for users
      return { authorization: `Bearer ${key}` };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// ---- what providers answer ----

const text = orElse(nullable(string()), null);
const count = orElse(nullable(number()), null);

const openAiList = object({
  data: array(
    object({
      id: string(),
      name: text,
      display_name: text,
      context_length: count,
      max_model_len: count,
      max_input_tokens: count,
      pricing: orElse(nullable(object({ prompt: text, completion: text })), null),
    }),
  ),
  has_more: orElse(nullable(boolean()), null),
  last_id: text,
});

const googleList = object({
  models: array(
    object({
      name: string(),
      displayName: text,
      inputTokenLimit: count,
      supportedGenerationMethods: orElse(nullable(array(string())), null),
    }),
  ),
  nextPageToken: text,
});

function firstPage(endpoint: ProviderEndpoint): string {
  switch (endpoint.kind) {
    case 'anthropic':
      return '/models?limit=1000';
    case 'google':
      return '/models?pageSize=1000';
    case 'openai':
    case 'openrouter':
    case 'openai-compatible':
    case 'vscode':
      return '/models';
  }
}

function readPage(endpoint: ProviderEndpoint, value: unknown): Page | null {
  return endpoint.kind === 'google' ? readGooglePage(value) : readOpenAiPage(endpoint, value);
}

function readOpenAiPage(endpoint: ProviderEndpoint, value: unknown): Page | null {
  const parsed = safeParse(openAiList, value);
  if (!parsed.success) return null;
  const { data, has_more: more, last_id: last } = parsed.data;
  const pages = endpoint.kind === 'anthropic' && more === true && last !== null;
  return {
    models: data.map((model) => ({
      model: model.id,
      label: model.display_name ?? model.name ?? model.id,
      contextTokens: model.context_length ?? model.max_model_len ?? model.max_input_tokens,
      inputPrice: perMillion(model.pricing?.prompt),
      outputPrice: perMillion(model.pricing?.completion),
    })),
    next: pages ? `/models?limit=1000&after_id=${encodeURIComponent(last)}` : null,
  };
}

function readGooglePage(value: unknown): Page | null {
  const parsed = safeParse(googleList, value);
  if (!parsed.success) return null;
  const { models, nextPageToken: next } = parsed.data;
  return {
    models: models
      .filter((model) => model.supportedGenerationMethods?.includes('generateContent') ?? true)
      .map((model) => ({
        model: model.name.replace(/^models\//, ''),
        label: model.displayName ?? model.name,
        contextTokens: model.inputTokenLimit,
        inputPrice: null,
        outputPrice: null,
      })),
    next: next === null || next === '' ? null : `/models?pageSize=1000&pageToken=${encodeURIComponent(next)}`,
  };
}

/** OpenRouter's prices are dollars per token, as text; a negative one means "it depends". */
function perMillion(price: string | null | undefined): number | null {
  const perToken = Number(price ?? NaN);
  return Number.isFinite(perToken) && perToken >= 0 ? perToken * 1_000_000 : null;
}

async function filledIn(
  deps: ListModelsDeps,
  endpoint: ProviderEndpoint,
  listed: readonly Listed[],
): Promise<readonly ModelInfo[]> {
  const known = new Map((await deps.knownModels()).map((model) => [model.id, model]));
  return listed.map((model) => {
    const id = `${endpoint.id}/${model.model}`;
    const more = known.get(id);
    return {
      id,
      provider: endpoint.id,
      label: model.label === model.model ? (more?.label ?? model.label) : model.label,
      contextTokens: model.contextTokens ?? more?.contextTokens ?? null,
      inputPrice: model.inputPrice ?? more?.inputPrice ?? null,
      outputPrice: model.outputPrice ?? more?.outputPrice ?? null,
    };
  });
}

function noKey(endpoint: ProviderEndpoint): RunFailure {
  return {
    kind: 'noKey',
    message: t('There is no key for {0}.', endpoint.label),
    action: t('Add one with "Cuebook: Add Provider Key".'),
    status: null,
  };
}

function notAList(endpoint: ProviderEndpoint, key: string | null): RunFailure {
  return explainFailure(
    { kind: 'response', status: 200, headers: {}, body: '' },
    { provider: endpoint.label, baseUrl: endpoint.baseUrl, model: '', key, answered: false },
  );
}
