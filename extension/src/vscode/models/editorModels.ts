// VS Code's own models (`vscode.lm`, brought by Copilot and other extensions) as a provider like the others. It has two
// roles only, so system messages go first as the user's and the run panel is told; it counts no usage, so tokens are
// estimates by the model's own tokenizer. Listing asks for no consent and sends nothing.

import { matchesModel } from '../../run/modelChoice.ts';
import { namesOf } from './modelNames.ts';
import type * as vscode from 'vscode';
import type { RunMessage, RunUsage } from '../../library/api.ts';
import type { ModelEvent, ModelInfo, ModelRequest, Models, RunFailure } from '../../models/api.ts';
import type { Clock } from '../../models/clock.ts';

/** What is used of the `vscode` namespace. */
export type EditorLanguageModels = Pick<
  typeof vscode,
  'lm' | 'l10n' | 'LanguageModelChatMessage' | 'LanguageModelTextPart' | 'CancellationTokenSource'
>;

export interface EditorModelsDeps {
  readonly editor: EditorLanguageModels;
  readonly clock: Clock;
}

export function createEditorModels(deps: EditorModelsDeps): Pick<Models, 'stream' | 'listModels'> {
  return {
    stream: (request, { signal }) => stream(deps, request, signal),
    listModels: async () => {
      const models = await deps.editor.lm.selectChatModels({});
      return models.length === 0
        ? { ok: false, failure: noModels(deps.editor.l10n.t) }
        : { ok: true, models: models.map(modelInfo) };
    },
  };
}

function modelInfo(model: vscode.LanguageModelChat): ModelInfo {
  return {
    id: `vscode/${model.vendor}/${model.id}`,
    provider: 'vscode',
    label: model.name,
    contextTokens: model.maxInputTokens,
    inputPrice: null,
    outputPrice: null,
  };
}

// ---- one run ----

const nothingUsed: RunUsage = { inputTokens: null, outputTokens: null, cost: null, estimated: false };

async function* stream(
  deps: EditorModelsDeps,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, void> {
  const { t } = deps.editor.l10n;
  const models = await deps.editor.lm.selectChatModels({});
  const model = models.find((candidate) =>
    namesOf(candidate).some((name) => matchesModel(request.model, name)),
  );
  if (model === undefined) {
    const failure = models.length === 0 ? noModels(t) : unknownModel(t, request.model);
    return yield { type: 'failed', failure, usage: nothingUsed };
  }
  for (const message of warningsFor(t, request)) yield { type: 'warning', message };
  const source = new deps.editor.CancellationTokenSource();
  const stop = (): void => source.cancel();
  signal.addEventListener('abort', stop, { once: true });
  const messages = toEditorMessages(deps.editor, request.messages);
  const answer = { text: '' };
  try {
    yield* readAnswer(deps, { request, model, messages, answer, token: source.token, signal });
    const usage = await estimateUsage(model, messages, answer.text);
    if (signal.aborted) yield { type: 'failed', failure: stopped(t), usage };
    else yield { type: 'done', finish: 'stop', usage };
  } catch (error) {
    const failure = signal.aborted ? stopped(t) : explain(t, error, request.model, answer.text !== '');
    const usage = answer.text === '' ? nothingUsed : await estimateUsage(model, messages, answer.text);
    yield { type: 'failed', failure, usage };
  } finally {
    signal.removeEventListener('abort', stop);
    source.cancel();
    source.dispose();
  }
}

interface Reading {
  readonly request: ModelRequest;
  readonly model: vscode.LanguageModelChat;
  readonly messages: vscode.LanguageModelChatMessage[];
  readonly answer: { text: string };
  readonly token: vscode.CancellationToken;
  readonly signal: AbortSignal;
}

async function* readAnswer(deps: EditorModelsDeps, reading: Reading): AsyncGenerator<ModelEvent, void, void> {
  const { request, model, messages, answer, signal } = reading;
  // Asks for consent the first time; a person may take as long as they like to answer.
  const response = await model.sendRequest(
    messages,
    {
      justification: deps.editor.l10n.t(
        'Cuebook runs the prompt that you have chosen, with the inputs shown in the run panel.',
      ),
      modelOptions: modelOptions(request),
    },
    reading.token,
  );
  const parts = response.stream[Symbol.asyncIterator]();
  for (let first = true; !signal.aborted; first = false) {
    const next = await withTimeout(deps.clock, parts.next(), limitOf(request, first));
    if (next.done === true) return;
    if (!(next.value instanceof deps.editor.LanguageModelTextPart)) continue;
    answer.text += next.value.value;
    if (next.value.value !== '') yield { type: 'text', text: next.value.value };
  }
}

function limitOf(request: ModelRequest, first: boolean): number {
  return first ? request.timeouts.firstByteMs : request.timeouts.idleMs;
}

class Silence extends Error {
  override readonly name = 'Silence';
}

async function withTimeout<T>(clock: Clock, work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const forget = clock.after(ms, () => reject(new Silence()));
  try {
    return await Promise.race([work, promise]);
  } finally {
    forget();
  }
}

function toEditorMessages(
  editor: EditorLanguageModels,
  messages: readonly RunMessage[],
): vscode.LanguageModelChatMessage[] {
  const { LanguageModelChatMessage: Message } = editor;
  const system = messages.filter((message) => message.role === 'system').map((message) => message.content);
  const rest = messages
    .filter((message) => message.role !== 'system')
    .map((message) =>
      message.role === 'assistant' ? Message.Assistant(message.content) : Message.User(message.content),
    );
  return system.length === 0 ? rest : [Message.User(system.join('\n\n')), ...rest];
}

/** VS Code hands them on; what a model does with them is its own affair. */
function modelOptions(request: ModelRequest): Record<string, unknown> {
  const { temperature, topP, maxOutputTokens, stop, seed } = request.parameters;
  const options = { temperature, top_p: topP, max_tokens: maxOutputTokens, stop, seed };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function warningsFor(t: Translate, request: ModelRequest): readonly string[] {
  const hasSystem = request.messages.some((message) => message.role === 'system');
  const names = Object.keys(modelOptions(request)).join(', ');
  return [
    ...(hasSystem
      ? [t("VS Code's models have no system role: the system message is sent as the first user message.")]
      : []),
    ...(names === '' ? [] : [t("VS Code's models may ignore parameters: {0}.", names)]),
    ...(request.schema === undefined ? [] : [t("VS Code's models know no answer schema: it is not sent.")]),
  ];
}

async function estimateUsage(
  model: vscode.LanguageModelChat,
  messages: readonly vscode.LanguageModelChatMessage[],
  answer: string,
): Promise<RunUsage> {
  try {
    const counts = await Promise.all(messages.map((message) => model.countTokens(message)));
    const outputTokens = answer === '' ? 0 : await model.countTokens(answer);
    const inputTokens = counts.reduce((sum, count) => sum + count, 0);
    return { inputTokens, outputTokens, cost: null, estimated: true };
  } catch {
    return nothingUsed;
  }
}

// ---- failures ----

type Translate = (message: string, ...args: string[]) => string;

function stopped(t: Translate): RunFailure {
  return failure('stopped', t('Stopped.'), t('Run again when you like.'));
}

function noModels(t: Translate): RunFailure {
  return failure(
    'noModels',
    t('VS Code offers no models.'),
    t('Sign in to an extension that brings models (such as Copilot), or choose another provider.'),
  );
}

function unknownModel(t: Translate, model: string): RunFailure {
  return failure(
    'unknownModel',
    t('VS Code offers no model "{0}".', model),
    t('Choose another model, or check the name in the prompt\'s "model:" line.'),
  );
}

function explain(t: Translate, error: unknown, model: string, answered: boolean): RunFailure {
  const another = t('Run again, or choose another model.');
  if (error instanceof Silence) return failure('timeout', t('"{0}" fell silent.', model), another);
  const words = wordsOf(error);
  switch (kindOf(codeOf(error), words)) {
    case 'consentRefused':
      return failure(
        'consentRefused',
        t('Cuebook was not allowed to use "{0}".', model),
        t('Run again and allow it, or change it under "Manage Language Model Access" in the Accounts menu.'),
      );
    case 'unknownModel':
      return unknownModel(t, model);
    case 'rateLimited':
      return failure(
        'rateLimited',
        t('"{0}" is refusing more requests for now.', model),
        t('Wait a little and run again.'),
      );
    case 'quota':
      return failure(
        'quota',
        t('The quota for "{0}" is used up.', model),
        t('Check your plan with the provider of the model, or choose another.'),
      );
    case 'filtered':
      return failure(
        'filtered',
        t('The content filter of "{0}" stopped the run.', model),
        t('Change the text that was sent, or choose another model.'),
      );
    case 'contextTooLong':
      return failure(
        'contextTooLong',
        t('The messages are longer than "{0}" can take.', model),
        t('Select less text, or choose a model with a larger context.'),
      );
    case 'serverError':
      return answered
        ? failure(
            'cut',
            t('"{0}" ended in the middle of the answer. What had arrived is kept.', model),
            another,
          )
        : failure('serverError', t('"{0}" reported an error: {1}', model, words.slice(0, 300)), another);
  }
}

type EditorFailure =
  | 'consentRefused'
  | 'unknownModel'
  | 'rateLimited'
  | 'quota'
  | 'filtered'
  | 'contextTooLong'
  | 'serverError';

/** VS Code has three codes (`LanguageModelError`); what providers mean beyond them is in their words. */
function kindOf(code: string, words: string): EditorFailure {
  if (code === 'NoPermissions') return 'consentRefused';
  if (code === 'NotFound') return 'unknownModel';
  if (/rate.?limit|too many requests/i.test(words)) return 'rateLimited';
  if (code === 'Blocked' || /quota|premium request|exhausted/i.test(words)) return 'quota';
  if (/filtered|responsible ai|off.?topic/i.test(words)) return 'filtered';
  if (/context (length|window|size)|too (long|large)|token limit/i.test(words)) return 'contextTooLong';
  return 'serverError';
}

function failure(kind: RunFailure['kind'], message: string, action: string): RunFailure {
  return { kind, message, action, status: null };
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} ${error.cause.message}` : error.message;
}
