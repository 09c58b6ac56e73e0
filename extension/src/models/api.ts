// What the extension may ask of models. The client libraries, the tokenizer and the price table are heavy, so they live
// in a worker thread (`../node/modelWorker.ts`) that starts with the first run; the network itself goes through the
// extension host's own `fetch`, which VS Code has set up with the user's proxy and certificates.

import type { RunMessage, RunUsage } from '../library/api.ts';

export type ProviderId =
  | 'openai'
  | 'anthropic'
  | 'google'
  | 'openrouter'
  | 'vscode'
  | (string & { readonly __custom?: true });

/** A model as written in front matter: `provider/model`. */
export interface ModelReference {
  readonly provider: ProviderId;
  readonly model: string;
}

export interface ModelInfo {
  /** `provider/model` */
  readonly id: string;
  readonly provider: ProviderId;
  readonly label: string;
  readonly contextTokens: number | null;
  /** US dollars per million tokens; null where not known. */
  readonly inputPrice: number | null;
  readonly outputPrice: number | null;
}

export interface RunParameters {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxOutputTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** Where a provider is reached. Machine-scoped settings decide it; a prompt or a repository never does. */
export interface ProviderEndpoint {
  readonly id: ProviderId;
  readonly kind: 'openai' | 'anthropic' | 'google' | 'openrouter' | 'openai-compatible' | 'vscode';
  readonly label: string;
  /** `https://…/v1`, without a slash at the end; empty for `vscode`. */
  readonly baseUrl: string;
  readonly needsKey: boolean;
}

export interface ModelRequest {
  readonly endpoint: ProviderEndpoint;
  readonly model: string;
  readonly messages: readonly RunMessage[];
  readonly parameters: RunParameters;
  /** JSON Schema for structured output, where the model has it. */
  readonly schema?: unknown;
  readonly timeouts: { readonly firstByteMs: number; readonly idleMs: number };
}

/** Long enough for models that think before they write. */
export const defaultTimeouts: ModelRequest['timeouts'] = { firstByteMs: 180_000, idleMs: 120_000 };

export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  /** Waiting before another try; `reason` is for the user. */
  | { readonly type: 'retry'; readonly afterMs: number; readonly reason: string }
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'done';
      readonly finish: 'stop' | 'length' | 'filtered' | 'other';
      readonly usage: RunUsage;
    }
  | { readonly type: 'failed'; readonly failure: RunFailure; readonly usage: RunUsage };

export type RunFailureKind =
  | 'noKey'
  | 'wrongKey'
  | 'forbidden'
  | 'unknownModel'
  | 'quota'
  | 'rateLimited'
  | 'contextTooLong'
  | 'badRequest'
  | 'filtered'
  | 'network'
  | 'certificate'
  | 'proxy'
  | 'timeout'
  | 'cut'
  | 'serverError'
  | 'badAnswer'
  | 'consentRefused'
  | 'noModels'
  | 'stopped';

/** Why a run ended without its answer. `message` says what happened, `action` what to do. Never holds a key. */
export interface RunFailure {
  readonly kind: RunFailureKind;
  readonly message: string;
  readonly action: string;
  readonly status: number | null;
}

/** Streams one run. Ends with exactly one `done` or `failed`. Aborting the signal closes the connection. */
export type StreamModel = (
  request: ModelRequest,
  options: { readonly key: string | null; readonly signal: AbortSignal },
) => AsyncIterable<ModelEvent>;

export interface TokenCount {
  /** Of all messages, with what the chat format adds around each and before the answer. */
  readonly tokens: number;
  /** Of each message, with what the chat format adds around it. */
  readonly messages: readonly number[];
  /** True unless the tokenizer is known to be the model's own. */
  readonly estimated: boolean;
}

export interface Models {
  readonly stream: StreamModel;
  /** Asks the provider which models there are; sends nothing else. */
  listModels(
    endpoint: ProviderEndpoint,
    options: { readonly key: string | null; readonly signal: AbortSignal },
  ): Promise<
    | { readonly ok: true; readonly models: readonly ModelInfo[] }
    | { readonly ok: false; readonly failure: RunFailure }
  >;
  /** Known models of the price table, for completion and offline listing. */
  knownModels(): Promise<readonly ModelInfo[]>;
  countTokens(model: string, messages: readonly RunMessage[]): Promise<TokenCount>;
  /** US dollars, or null where the price is not known. */
  cost(
    model: string,
    usage: { readonly inputTokens: number; readonly outputTokens: number },
  ): Promise<number | null>;
}
