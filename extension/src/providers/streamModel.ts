// One run, from request to last event: opens the provider's client, turns its parts into our events, watches for
// silence, retries what may be retried, and ends with exactly one `done` or `failed`.

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { t } from '@vscode/l10n';
import type { RunMessage, RunUsage } from '../library/api.ts';
import type { ModelEvent, ModelRequest, RunFailure, StreamModel } from '../models/api.ts';
import { waitFor, type Clock } from '../models/clock.ts';
import type { Evidence } from '../models/evidence.ts';
import { explainFailure, type FailureContext } from '../models/failure.ts';
import { decideRetry, longestWaitMs } from '../models/retry.ts';
import type { PricedUsage } from '../models/prices.ts';
import { openLanguageModel } from './languageModel.ts';
import { watchFetch, type Fetch, type Try } from './watchedFetch.ts';

export interface StreamModelDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
  /** Only asked where the provider does not say how many tokens there were. */
  readonly countMessages: (model: string, messages: readonly RunMessage[]) => Promise<{ tokens: number }>;
  readonly countAnswer: (model: string, text: string) => Promise<number>;
  readonly priceOf: (model: string, usage: PricedUsage) => Promise<number | null>;
}

type RunOptions = Parameters<StreamModel>[1];

/** What is known of a run across its tries. */
interface Run {
  readonly request: ModelRequest;
  readonly options: RunOptions;
  readonly deps: StreamModelDeps;
  text: string;
  /** True once text or reasoning has been handed on. */
  answered: boolean;
  tries: number;
  resets: number;
  protocol: 'chat' | 'responses';
  warned: boolean;
}

export function createStreamModel(deps: StreamModelDeps): StreamModel {
  return (request, options) =>
    stream({
      request,
      options,
      deps,
      text: '',
      answered: false,
      tries: 0,
      resets: 0,
      protocol: 'chat',
      warned: false,
    });
}

async function* stream(run: Run): AsyncGenerator<ModelEvent, void, void> {
  const { request, options } = run;
  if (request.endpoint.needsKey && (options.key ?? '') === '') {
    yield { type: 'failed', failure: noKey(request), usage: nothingUsed };
    return;
  }
  for (;;) {
    const seen: Try = { evidence: null, bytes: 0, tail: '' };
    run.tries += 1;
    const end = yield* streamOnce(run, seen);
    if (end.kind === 'done') {
      yield end.event;
      return;
    }
    if (speaksOnlyResponses(run, end.evidence)) {
      run.protocol = 'responses';
      continue;
    }
    const retry = decide(run, seen, end.evidence);
    if (!retry.retry) {
      yield await failed(run, end.evidence, retry.wantedMs);
      return;
    }
    yield { type: 'retry', afterMs: retry.afterMs, reason: failure(run, end.evidence).message };
    await waitFor(run.deps.clock, retry.afterMs, options.signal);
  }
}

type TryEnd =
  | { readonly kind: 'done'; readonly event: ModelEvent }
  | { readonly kind: 'failed'; readonly evidence: Evidence };

/** One request. Whatever way it is left, its connection is closed. */
async function* streamOnce(run: Run, seen: Try): AsyncGenerator<ModelEvent, TryEnd, void> {
  const { signal } = run.options;
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return { kind: 'failed', evidence: { kind: 'stopped' } };
    return yield* readParts(run, seen, await openParts(run, seen, controller));
  } catch (error) {
    if (signal.aborted) return { kind: 'failed', evidence: { kind: 'stopped' } };
    return { kind: 'failed', evidence: seen.evidence ?? clientError(error) };
  } finally {
    signal.removeEventListener('abort', stop);
    controller.abort();
  }
}

async function openParts(
  run: Run,
  seen: Try,
  controller: AbortController,
): Promise<ReadableStream<LanguageModelV4StreamPart>> {
  const { request, options, deps } = run;
  const fetch = watchFetch(seen, {
    fetch: deps.fetch,
    clock: deps.clock,
    timeouts: request.timeouts,
    baseUrl: request.endpoint.baseUrl,
    hasKey: (options.key ?? '') !== '',
    controller,
  });
  const model: LanguageModelV4 = await openLanguageModel(request, {
    key: options.key,
    fetch,
    protocol: run.protocol,
  });
  return (await model.doStream(callOptions(request, controller.signal))).stream;
}

async function* readParts(
  run: Run,
  seen: Try,
  parts: ReadableStream<LanguageModelV4StreamPart>,
): AsyncGenerator<ModelEvent, TryEnd, void> {
  for await (const part of parts) {
    if (run.options.signal.aborted) return { kind: 'failed', evidence: { kind: 'stopped' } };
    if (part.type === 'error') {
      if (isMissingFinish(part.error) && isComplete(seen)) continue;
      return { kind: 'failed', evidence: seen.evidence ?? streamEvidence(part.error) };
    }
    if (part.type === 'finish') return await finish(run, seen, part);
    for (const event of eventsOf(run, part)) yield event;
  }
  return { kind: 'failed', evidence: seen.evidence ?? { kind: 'incomplete' } };
}

function streamEvidence(error: unknown): Evidence {
  return isMissingFinish(error) ? { kind: 'incomplete' } : { kind: 'stream', error };
}

/** One client reports a stream that just ends as an error of its own. */
function isMissingFinish(error: unknown): boolean {
  return error instanceof Error && /ended without a finish reason/.test(error.message);
}

/** The protocol's own end mark: some local servers send nothing else to say that they are done. */
function isComplete(seen: Try): boolean {
  return seen.tail.includes('[DONE]');
}

function eventsOf(run: Run, part: LanguageModelV4StreamPart): readonly ModelEvent[] {
  switch (part.type) {
    case 'text-delta':
      if (part.delta === '') return [];
      run.text += part.delta;
      run.answered = true;
      return [{ type: 'text', text: part.delta }];
    case 'reasoning-delta':
      if (part.delta === '') return [];
      run.answered = true;
      return [{ type: 'reasoning', text: part.delta }];
    case 'stream-start':
      return warningsOf(run, part.warnings);
    default:
      return [];
  }
}

function warningsOf(run: Run, warnings: readonly SharedV4Warning[]): readonly ModelEvent[] {
  if (run.warned) return [];
  run.warned = true;
  return warnings.map((warning) => ({ type: 'warning', message: warningText(run.request.model, warning) }));
}

function warningText(model: string, warning: SharedV4Warning): string {
  switch (warning.type) {
    case 'unsupported':
    case 'compatibility':
      return `${model} does not fully support "${warning.feature}".${warning.details === undefined ? '' : ` ${warning.details}`}`;
    case 'deprecated':
    case 'other':
      return warning.message;
  }
}

// ---- the end ----

type FinishPart = Extract<LanguageModelV4StreamPart, { type: 'finish' }>;

async function finish(run: Run, seen: Try, part: FinishPart): Promise<TryEnd> {
  const { unified, raw } = part.finishReason;
  if (seen.evidence !== null) return { kind: 'failed', evidence: seen.evidence };
  if (isIncomplete(part, seen)) return { kind: 'failed', evidence: { kind: 'incomplete' } };
  if (unified === 'error' && !isComplete(seen))
    return { kind: 'failed', evidence: { kind: 'stream', error: raw ?? 'error' } };
  if (unified === 'content-filter' && run.text === '') {
    return { kind: 'failed', evidence: { kind: 'filtered' } };
  }
  const usage = await usageOf(run, part.usage);
  return { kind: 'done', event: { type: 'done', finish: finishOf(unified), usage } };
}

/** The clients report a stream that just ends as finished for no stated reason. */
function isIncomplete(part: FinishPart, seen: Try): boolean {
  const { unified, raw } = part.finishReason;
  if (isComplete(seen)) return false;
  return unified === 'interrupted' || (unified === 'other' && raw === undefined);
}

function finishOf(unified: FinishPart['finishReason']['unified']): 'stop' | 'length' | 'filtered' | 'other' {
  switch (unified) {
    case 'stop':
    case 'length':
      return unified;
    case 'content-filter':
      return 'filtered';
    case 'tool-calls':
    case 'error':
    case 'interrupted':
    case 'other':
      return 'other';
  }
}

const nothingUsed: RunUsage = { inputTokens: null, outputTokens: null, cost: null, estimated: false };

async function usageOf(run: Run, usage: LanguageModelV4Usage): Promise<RunUsage> {
  const { total: inputTokens } = usage.inputTokens;
  const { total: outputTokens } = usage.outputTokens;
  if (inputTokens === undefined || outputTokens === undefined) return estimateUsage(run);
  const billed = usage.raw?.['cost'];
  const cost = await run.deps.priceOf(referenceOf(run.request), {
    inputTokens,
    outputTokens,
    cacheReadTokens: usage.inputTokens.cacheRead ?? 0,
    cacheWriteTokens: usage.inputTokens.cacheWrite ?? 0,
  });
  return {
    inputTokens,
    outputTokens,
    // OpenRouter says what it took; nobody knows better.
    cost: run.request.endpoint.kind === 'openrouter' && typeof billed === 'number' ? billed : cost,
    estimated: false,
  };
}

async function estimateUsage(run: Run): Promise<RunUsage> {
  const model = referenceOf(run.request);
  const { tokens } = await run.deps.countMessages(model, run.request.messages);
  return estimated(run, tokens, await run.deps.countAnswer(model, run.text));
}

/** A stop must show at once, and the tokenizer takes a moment to load: four bytes are a token, more or less. */
async function guessUsage(run: Run): Promise<RunUsage> {
  const guess = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);
  const sent = run.request.messages.map((message) => message.content).join('');
  return estimated(run, guess(sent), guess(run.text));
}

async function estimated(run: Run, inputTokens: number, outputTokens: number): Promise<RunUsage> {
  const model = referenceOf(run.request);
  return {
    inputTokens,
    outputTokens,
    cost: await run.deps.priceOf(model, { inputTokens, outputTokens }),
    estimated: true,
  };
}

// ---- failures ----

function decide(run: Run, seen: Try, evidence: Evidence): ReturnType<typeof decideRetry> {
  if (evidence.kind === 'connection') run.resets += 1;
  return decideRetry({
    evidence,
    kind: failure(run, evidence).kind,
    answered: run.answered,
    bytes: seen.bytes,
    tries: run.tries,
    resets: run.resets,
    now: run.deps.clock.now(),
    random: run.deps.random(),
  });
}

async function failed(run: Run, evidence: Evidence, wantedMs: number | null): Promise<ModelEvent> {
  const explained = failure(run, evidence);
  const waits = wantedMs !== null && wantedMs > longestWaitMs;
  return {
    type: 'failed',
    failure: waits
      ? { ...explained, action: t('It asks to wait {0}. {1}', minutes(wantedMs), explained.action) }
      : explained,
    usage: run.answered ? await guessUsage(run) : nothingUsed,
  };
}

function failure(run: Run, evidence: Evidence): RunFailure {
  return explainFailure(evidence, failureContext(run.request, run.options.key, run.answered));
}

export function failureContext(
  request: Pick<ModelRequest, 'endpoint' | 'model'>,
  key: string | null,
  answered: boolean,
): FailureContext {
  const { endpoint, model } = request;
  return { provider: endpoint.label, baseUrl: endpoint.baseUrl, model, key, answered };
}

function noKey(request: ModelRequest): RunFailure {
  return {
    kind: 'noKey',
    message: t('There is no key for {0}.', request.endpoint.label),
    action: t('Add one with "Cuebook: Add Provider Key".'),
    status: null,
  };
}

/** An error that no answer and no network error explains: the client refused the request, or a defect. */
function clientError(error: unknown): Evidence {
  const isOurs = !(error instanceof Error) || !error.name.startsWith('AI_');
  return isOurs
    ? { kind: 'internal', message: error instanceof Error ? error.message : String(error) }
    : { kind: 'stream', error };
}

/** OpenAI says so in the error of the older protocol. */
function speaksOnlyResponses(run: Run, evidence: Evidence): boolean {
  return (
    run.request.endpoint.kind === 'openai' &&
    run.protocol === 'chat' &&
    evidence.kind === 'response' &&
    /v1\/responses|not a chat model/.test(evidence.body)
  );
}

function minutes(ms: number): string {
  return ms < 120_000 ? t('{0} seconds', Math.ceil(ms / 1000)) : t('{0} minutes', Math.ceil(ms / 60_000));
}

// ---- the request ----

function callOptions(request: ModelRequest, abortSignal: AbortSignal): LanguageModelV4CallOptions {
  const { temperature, topP, maxOutputTokens, stop, seed } = request.parameters;
  return {
    prompt: request.messages.map(promptMessage),
    abortSignal,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop === undefined || stop.length === 0 ? {} : { stopSequences: [...stop] }),
    ...(seed === undefined ? {} : { seed }),
    ...(request.schema === undefined
      ? {}
      : { responseFormat: { type: 'json', name: 'answer', schema: request.schema } }),
  };
}

function promptMessage(message: RunMessage): LanguageModelV4CallOptions['prompt'][number] {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
    case 'assistant':
      return { role: message.role, content: [{ type: 'text', text: message.content }] };
  }
}

function referenceOf(request: ModelRequest): string {
  return `${request.endpoint.id}/${request.model}`;
}
