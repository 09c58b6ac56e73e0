// A model endpoint for tests: real HTTP on a free port, streams in the formats of OpenAI (both protocols), Anthropic,
// Google and OpenRouter. Answers are what the test says; nothing is random but the ids.

import type { ServerResponse } from 'node:http';
import { LLMock, type JournalEntry, type Mountable } from '@copilotkit/aimock';
import type { ProviderEndpoint } from '../../extension/src/models/api.ts';

export interface ServedAnswer {
  readonly text: string;
  readonly reasoning?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** The provider's word for why it stopped; `stop` if not given. */
  readonly finish?: string;
}

export interface ModelServerOptions {
  /** Fixed only where a browser's storage must survive a restart; a free one otherwise. */
  readonly port?: number;
  /** Characters per streamed piece. */
  readonly pieceLength?: number;
  /** Milliseconds between pieces. */
  readonly pause?: number;
}

export interface ModelServer extends AsyncDisposable {
  readonly url: string;
  readonly endpoints: Readonly<Record<ServedKind, ProviderEndpoint>>;
  /** Answers every run from now on with this; a function is given the last user message. */
  answer(answer: ServedAnswer | ((lastMessage: string) => ServedAnswer)): void;
  requests(): readonly JournalEntry[];
  stop(): Promise<void>;
}

export type ServedKind = 'openai' | 'anthropic' | 'google' | 'openrouter' | 'openai-compatible';

export const defaultAnswer: ServedAnswer = {
  text: 'Hello from the model server.',
  inputTokens: 11,
  outputTokens: 6,
};

export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const mock = new LLMock({
    port: options.port ?? 0,
    logLevel: 'silent',
    chunkSize: options.pieceLength ?? 6,
    latency: options.pause ?? 0,
  });
  const current = { answer: (_lastMessage: string): ServedAnswer => defaultAnswer };
  mock.on({ predicate: () => true }, (request) =>
    toFixture(
      current.answer(textOf(request.messages.findLast((message) => message.role === 'user')?.content)),
    ),
  );
  mock.mount('/v1beta/models', googleModels);
  await mock.start();
  return {
    url: mock.url,
    endpoints: endpointsAt(mock.url),
    answer: (answer) => {
      current.answer = typeof answer === 'function' ? answer : () => answer;
    },
    requests: () => mock.getRequests(),
    stop: () => mock.stop(),
    [Symbol.asyncDispose]: () => mock.stop(),
  };
}

/** The addresses of all providers on one server; ids as built in, so that prices are known. */
export function endpointsAt(url: string): Readonly<Record<ServedKind, ProviderEndpoint>> {
  const at = (kind: ServedKind, label: string, path: string): ProviderEndpoint => ({
    id: kind === 'openai-compatible' ? 'ollama' : kind,
    kind,
    label,
    baseUrl: url + path,
    needsKey: kind !== 'openai-compatible',
  });
  return {
    openai: at('openai', 'OpenAI', '/v1'),
    anthropic: at('anthropic', 'Anthropic', '/v1'),
    google: at('google', 'Google', '/v1beta'),
    openrouter: at('openrouter', 'OpenRouter', '/api/v1'),
    'openai-compatible': at('openai-compatible', 'Ollama', '/v1'),
  };
}

function toFixture(answer: ServedAnswer): {
  content: string;
  reasoning?: string;
  finishReason?: string;
  usage: Record<string, number>;
} {
  const { inputTokens = 11, outputTokens = 6 } = answer;
  return {
    content: answer.text,
    ...(answer.reasoning === undefined ? {} : { reasoning: answer.reasoning }),
    ...(answer.finish === undefined ? {} : { finishReason: answer.finish }),
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: string }) => part.text ?? '').join('');
}

/** The mock lists models for every provider but Google. */
const googleModels: Mountable = {
  handleRequest: async (request, response: ServerResponse) => {
    if (request.method !== 'GET') return false;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        models: [
          {
            name: 'models/gemini-2.5-flash',
            displayName: 'Gemini 2.5 Flash',
            inputTokenLimit: 1_048_576,
            supportedGenerationMethods: ['generateContent'],
          },
          { name: 'models/text-embedding-004', supportedGenerationMethods: ['embedContent'] },
        ],
      }),
    );
    return true;
  },
};
