// Opens a model of an endpoint with the provider's own client. Each client is loaded when its first run needs it.
// Nothing is taken from the environment: address and key are always given.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { ModelRequest } from '../models/api.ts';

export interface ModelConnection {
  readonly key: string | null;
  readonly fetch: typeof globalThis.fetch;
  /** OpenAI has two protocols; a few of its models speak only the newer one. */
  readonly protocol: 'chat' | 'responses';
}

/** Where there is no key the clients still want one; `watchedFetch` takes it out of the request again. */
const placeholder = 'none';

export async function openLanguageModel(
  request: Pick<ModelRequest, 'endpoint' | 'model'>,
  connection: ModelConnection,
): Promise<LanguageModelV4> {
  const { endpoint, model } = request;
  const settings = {
    baseURL: endpoint.baseUrl,
    apiKey: connection.key ?? placeholder,
    fetch: connection.fetch,
  };
  switch (endpoint.kind) {
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      const provider = createOpenAI(settings);
      return connection.protocol === 'chat' ? provider.chat(model) : provider.responses(model);
    }
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return createAnthropic(settings)(model);
    }
    case 'google': {
      const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
      return createGoogleGenerativeAI(settings)(model);
    }
    case 'openrouter': {
      const { createOpenRouter } = await import('@openrouter/ai-sdk-provider');
      return createOpenRouter({ ...settings, compatibility: 'strict' }).chat(model);
    }
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      return createOpenAICompatible({
        ...settings,
        name: 'compatible',
        includeUsage: true,
        supportsStructuredOutputs: true,
      })(model);
    }
    case 'vscode':
      throw new Error("VS Code's own models are run by the editor, not by a client library");
  }
}
