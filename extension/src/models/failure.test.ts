// The table of failures. The bodies are those that the providers really send.

import { describe, expect, test } from 'vitest';
import type { RunFailureKind } from './api.ts';
import { errorLinks, type Evidence } from './evidence.ts';
import { explainFailure, type FailureContext } from './failure.ts';

const key = 'sk-proj-AbCdEf0123456789GhIjKlMnOpQrStUv';
const context: FailureContext = {
  provider: 'OpenAI',
  baseUrl: 'https://api.example.com/v1',
  model: 'some-model',
  key,
  answered: false,
};

function response(status: number, body: unknown, headers: Record<string, string> = {}): Evidence {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'response', status, headers, body: text };
}

type Row = readonly [what: string, status: number, body: unknown, kind: RunFailureKind];

const openai: readonly Row[] = [
  [
    'wrong key',
    401,
    {
      error: {
        message: `Incorrect API key provided: ${key}. You can find your API key at https://platform.openai.com/account/api-keys.`,
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    },
    'wrongKey',
  ],
  [
    'no key',
    401,
    {
      error: {
        message:
          "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    },
    'noKey',
  ],
  [
    'model not found',
    404,
    {
      error: {
        message: 'The model `gpt-9` does not exist or you do not have access to it.',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
    },
    'unknownModel',
  ],
  [
    'model not for this project',
    403,
    {
      error: {
        message: 'Project `proj_x` does not have access to model `gpt-4.1`',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
    },
    'unknownModel',
  ],
  [
    'region',
    403,
    {
      error: {
        code: 'unsupported_country_region_territory',
        message: 'Country, region, or territory not supported',
        param: null,
        type: 'request_forbidden',
      },
    },
    'forbidden',
  ],
  [
    'quota',
    429,
    {
      error: {
        message:
          'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    },
    'quota',
  ],
  [
    'rate limit',
    429,
    {
      error: {
        message:
          'Rate limit reached for gpt-4.1 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
        type: 'tokens',
        param: null,
        code: 'rate_limit_exceeded',
      },
    },
    'rateLimited',
  ],
  [
    'context too long',
    400,
    {
      error: {
        message:
          "This model's maximum context length is 128000 tokens. However, your messages resulted in 200123 tokens. Please reduce the length of the messages.",
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
    'contextTooLong',
  ],
  [
    'bad parameter',
    400,
    {
      error: {
        message: "Unsupported parameter: 'max_tokens' is not supported with this model.",
        type: 'invalid_request_error',
        param: 'max_tokens',
        code: 'unsupported_parameter',
      },
    },
    'badRequest',
  ],
  [
    'content policy',
    400,
    {
      error: {
        message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_prompt',
      },
    },
    'filtered',
  ],
  [
    'content filter of Azure',
    400,
    {
      error: {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
      },
    },
    'filtered',
  ],
  [
    'server error',
    500,
    {
      error: {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
        param: null,
        code: null,
      },
    },
    'serverError',
  ],
];

const anthropic: readonly Row[] = [
  [
    'wrong key',
    401,
    {
      type: 'error',
      error: { type: 'authentication_error', message: 'invalid x-api-key' },
      request_id: 'req_1',
    },
    'wrongKey',
  ],
  [
    'no key',
    401,
    { type: 'error', error: { type: 'authentication_error', message: 'x-api-key header is required' } },
    'noKey',
  ],
  [
    'model not found',
    404,
    { type: 'error', error: { type: 'not_found_error', message: 'model: claude-9' } },
    'unknownModel',
  ],
  [
    'no credit',
    400,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message:
          'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      },
    },
    'quota',
  ],
  [
    'prompt too long',
    400,
    {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 215000 tokens > 200000 maximum' },
    },
    'contextTooLong',
  ],
  [
    'request too large',
    413,
    { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } },
    'contextTooLong',
  ],
  [
    'rate limit',
    429,
    {
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: "This request would exceed your organization's rate limit of 40,000 input tokens per minute",
      },
    },
    'rateLimited',
  ],
  [
    'permission',
    403,
    {
      type: 'error',
      error: {
        type: 'permission_error',
        message: 'Your API key does not have permission to use the specified resource',
      },
    },
    'forbidden',
  ],
  [
    'overloaded',
    529,
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    'serverError',
  ],
  [
    'max_tokens too large',
    400,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'max_tokens: 100000 > 8192, which is the maximum allowed',
      },
    },
    'badRequest',
  ],
];

const google: readonly Row[] = [
  [
    'wrong key',
    400,
    {
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'API_KEY_INVALID',
            domain: 'googleapis.com',
          },
        ],
      },
    },
    'wrongKey',
  ],
  [
    'no key',
    403,
    {
      error: {
        code: 403,
        message:
          "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
        status: 'PERMISSION_DENIED',
      },
    },
    'noKey',
  ],
  [
    'model not found, in an array',
    404,
    [
      {
        error: {
          code: 404,
          message:
            'models/gemini-9 is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.',
          status: 'NOT_FOUND',
        },
      },
    ],
    'unknownModel',
  ],
  [
    'requests per minute',
    429,
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [
              { quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', quotaValue: '10' },
            ],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' },
        ],
      },
    },
    'rateLimited',
  ],
  [
    'requests per day',
    429,
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '250' }],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '40s' },
        ],
      },
    },
    'quota',
  ],
  [
    'context too long',
    400,
    {
      error: {
        code: 400,
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
        status: 'INVALID_ARGUMENT',
      },
    },
    'contextTooLong',
  ],
  [
    'overloaded',
    503,
    {
      error: {
        code: 503,
        message: 'The model is overloaded. Please try again later.',
        status: 'UNAVAILABLE',
      },
    },
    'serverError',
  ],
  [
    'region',
    400,
    {
      error: {
        code: 400,
        message: 'User location is not supported for the API use.',
        status: 'FAILED_PRECONDITION',
      },
    },
    'badRequest',
  ],
];

const openrouter: readonly Row[] = [
  ['no key', 401, { error: { message: 'No auth credentials found', code: 401 } }, 'noKey'],
  ['wrong key', 401, { error: { message: 'User not found.', code: 401 } }, 'wrongKey'],
  [
    'no credits',
    402,
    {
      error: {
        message:
          'This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000.',
        code: 402,
        metadata: { provider_name: null },
      },
    },
    'quota',
  ],
  [
    'key limit',
    403,
    { error: { message: 'Key limit exceeded (total limit). Manage it in settings', code: 403 } },
    'quota',
  ],
  [
    'moderated',
    403,
    {
      error: {
        message: 'Your chosen model requires moderation and your input was flagged',
        code: 403,
        metadata: {
          reasons: ['harassment'],
          flagged_input: '…',
          provider_name: 'OpenAI',
          model_slug: 'gpt-4',
        },
      },
    },
    'filtered',
  ],
  [
    'bad model',
    400,
    { error: { message: 'nobody/nothing is not a valid model ID', code: 400 } },
    'unknownModel',
  ],
  [
    'no endpoints',
    404,
    { error: { message: 'No endpoints found for some/model.', code: 404 } },
    'unknownModel',
  ],
  [
    'rate limit of the provider behind it',
    429,
    {
      error: {
        message: 'Provider returned error',
        code: 429,
        metadata: {
          raw: '{"error":{"message":"Rate limit exceeded, try again","type":"rate_limit_error"}}',
          provider_name: 'Chutes',
        },
      },
    },
    'rateLimited',
  ],
  [
    'context too long at the provider behind it',
    400,
    {
      error: {
        message: 'Provider returned error',
        code: 400,
        metadata: {
          raw: '{"error":{"message":"prompt is too long: 300000 tokens > 200000 maximum"}}',
          provider_name: 'Anthropic',
        },
      },
    },
    'contextTooLong',
  ],
];

const local: readonly Row[] = [
  [
    'Ollama: model not pulled',
    404,
    {
      error: {
        message: 'model "llama9" not found, try pulling it first',
        type: 'api_error',
        param: null,
        code: null,
      },
    },
    'unknownModel',
  ],
  ['Ollama: old form', 404, { error: "model 'llama9' not found, try pulling it first" }, 'unknownModel'],
  ['Ollama: wrong path', 404, '404 page not found', 'badAnswer'],
  [
    'Ollama: out of memory',
    500,
    {
      error: {
        message: 'model requires more system memory (9.0 GiB) than is available (4.0 GiB)',
        type: 'api_error',
      },
    },
    'serverError',
  ],
  [
    'llama.cpp: context',
    400,
    {
      error: {
        code: 400,
        message:
          'the request exceeds the available context size. try increasing the context size or enable context shift',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 9000,
        n_ctx: 4096,
      },
    },
    'contextTooLong',
  ],
  [
    'llama.cpp: loading',
    503,
    { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } },
    'serverError',
  ],
  [
    'llama.cpp: key',
    401,
    { error: { message: 'Invalid API Key', type: 'authentication_error', code: 401 } },
    'wrongKey',
  ],
  [
    'vLLM: context',
    400,
    {
      object: 'error',
      message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
    'contextTooLong',
  ],
  [
    'vLLM: model',
    404,
    { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 },
    'unknownModel',
  ],
  [
    'LM Studio: nothing loaded',
    404,
    {
      error: {
        message: 'No models loaded. Please load a model in the developer page.',
        type: 'invalid_request_error',
      },
    },
    'unknownModel',
  ],
  ['a proxy: sign in', 407, '<html>Proxy Authentication Required</html>', 'proxy'],
  ['a gateway: page', 502, '<html><h1>502 Bad Gateway</h1></html>', 'serverError'],
  ['a gateway: slow', 504, '<html><h1>504 Gateway Time-out</h1></html>', 'timeout'],
  ['FastAPI', 422, { detail: 'field required' }, 'badRequest'],
  ['a web site', 404, '<!doctype html><title>Not found</title>', 'badAnswer'],
  ['JSON that is no stream', 200, { hello: 'world' }, 'badAnswer'],
];

describe.each([
  ['OpenAI', openai],
  ['Anthropic', anthropic],
  ['Google', google],
  ['OpenRouter', openrouter],
  ['local servers', local],
])('%s', (_provider, rows) => {
  test.each(rows)('%s', (_what, status, body, kind) => {
    const failure = explainFailure(response(status, body), context);
    expect(failure).toMatchObject({ kind, status });
    expect(failure.message.length).toBeGreaterThan(10);
    expect(failure.action.length).toBeGreaterThan(10);
    expect(JSON.stringify(failure)).not.toContain(key);
  });
});

test.each([
  [
    'Anthropic overloaded',
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    'serverError',
  ],
  ['OpenRouter upstream', { code: 502, message: 'Upstream error from Chutes' }, 'serverError'],
  ['OpenAI server error', { type: 'server_error', code: 'server_error', message: 'Sorry!' }, 'serverError'],
  ['OpenAI rate limit', { type: 'tokens', code: 'rate_limit_exceeded', message: 'slow down' }, 'rateLimited'],
  [
    'llama.cpp context',
    { code: 400, type: 'exceed_context_size_error', message: 'too big' },
    'contextTooLong',
  ],
] as const)('an error inside the stream: %s', (_what, error, kind) => {
  expect(explainFailure({ kind: 'stream', error }, context).kind).toBe(kind);
});

describe('the network', () => {
  const failed = (code: string, message = ''): Evidence => ({
    kind: 'connection',
    links: [
      { code: null, message: 'fetch failed' },
      { code, message },
    ],
  });

  test.each<readonly [string, RunFailureKind]>([
    ['ENOTFOUND', 'network'],
    ['EAI_AGAIN', 'network'],
    ['ECONNREFUSED', 'network'],
    ['ENETUNREACH', 'network'],
    ['ECONNRESET', 'network'],
    ['UND_ERR_SOCKET', 'network'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['ETIMEDOUT', 'timeout'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'certificate'],
    ['net::ERR_CERT_AUTHORITY_INVALID', 'certificate'],
    ['net::ERR_NAME_NOT_RESOLVED', 'network'],
    ['net::ERR_INTERNET_DISCONNECTED', 'network'],
    ['net::ERR_PROXY_CONNECTION_FAILED', 'proxy'],
    ['net::ERR_TUNNEL_CONNECTION_FAILED', 'proxy'],
    ['EWHATEVER', 'network'],
  ])('%s is %s', (code, kind) => {
    expect(explainFailure(failed(code), context).kind).toBe(kind);
  });

  test('a tunnel that the proxy refuses is the proxy, not the provider', () => {
    const evidence = failed('UND_ERR_ABORTED', 'Proxy response (407) !== 200 when HTTP Tunneling');
    expect(explainFailure(evidence, context).kind).toBe('proxy');
  });

  test('after something of the answer has arrived it is a cut', () => {
    const failure = explainFailure(failed('ECONNRESET'), { ...context, answered: true });
    expect(failure.kind).toBe('cut');
    expect(failure.message).toContain('kept');
  });

  test('speaking TLS to a plain server says so', () => {
    const evidence = failed(
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'SSL routines:ssl3_get_record:wrong version number',
    );
    expect(explainFailure(evidence, context).message).toContain('does not speak TLS');
  });

  test('an error for each address that was tried is read like one', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:11434'), { code: 'ECONNREFUSED' });
    const error = new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) });
    const failure = explainFailure({ kind: 'connection', links: errorLinks(error) }, context);
    expect(failure.message).toContain('Nothing answers');
  });
});

test('a key that a provider echoes, whole, escaped or in part, is not shown', () => {
  for (const echoed of [key, encodeURIComponent(key), key.slice(0, 20), `x-api-key=${key}`, key.slice(5)]) {
    const body = { error: { message: `Sorry, ${echoed} is not good`, code: 'invalid_api_key' } };
    const { message } = explainFailure(response(401, body), context);
    for (let at = 0; at + 8 <= key.length; at += 1) expect(message).not.toContain(key.slice(at, at + 8));
  }
});

test('a redirect names where it points without what comes after the host', () => {
  const evidence = response(302, '', { location: 'https://login.example.org/?token=secret-token' });
  const failure = explainFailure(evidence, context);
  expect(failure.message).toContain('https://login.example.org');
  expect(JSON.stringify(failure)).not.toContain('secret-token');
});

test('a provider that writes a novel is quoted in part', () => {
  const body = { error: { message: 'word '.repeat(10_000) } };
  expect(explainFailure(response(400, body), context).message.length).toBeLessThan(500);
});
