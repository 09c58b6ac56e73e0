// Reads the error bodies of providers, which agree on nothing but being JSON:
//   OpenAI, llama.cpp   {"error":{"message","type","code","param"}}
//   Anthropic           {"type":"error","error":{"type","message"}}
//   Google              {"error":{"code":429,"message","status","details":[{"@type","reason",…}]}}, also in an array
//   OpenRouter          {"error":{"code":402,"message","metadata":{"raw","reasons","provider_name"}}}
//   Ollama, LM Studio   {"error":"…"} or OpenAI's
//   vLLM, FastAPI       {"object":"error","message","type","code"}, {"detail":"…"}

export interface ErrorBody {
  /** The provider's own words; empty if there are none. */
  readonly message: string;
  /** Every machine-readable word found: types, codes, statuses, reasons; lower case. */
  readonly words: readonly string[];
  /** A status inside the body (streams have no other), or null. */
  readonly status: number | null;
  /** Google's RetryInfo, in milliseconds, or null. */
  readonly retryAfterMs: number | null;
}

const nothing: ErrorBody = { message: '', words: [], status: null, retryAfterMs: null };

/** Of a text that may be JSON; anything else (a proxy's HTML page) gives no message. */
export function readErrorText(text: string): ErrorBody {
  try {
    return readErrorValue(JSON.parse(text));
  } catch {
    const isProse = text.length < 500 && !text.trimStart().startsWith('<');
    return isProse ? { ...nothing, message: text.trim() } : nothing;
  }
}

/** Of a value as it came in a stream, or as the provider's client threw it. */
export function readErrorValue(value: unknown): ErrorBody {
  if (typeof value === 'string') return { ...nothing, message: value };
  if (Array.isArray(value)) return value.length > 0 ? readErrorValue(value[0]) : nothing;
  if (!isRecord(value)) return nothing;
  const inner = value['error'];
  if (typeof inner === 'string') return { ...nothing, message: inner };
  return readFields(isRecord(inner) ? inner : value);
}

function readFields(error: Record<string, unknown>): ErrorBody {
  const details = Array.isArray(error['details']) ? error['details'].filter(isRecord) : [];
  const metadata = isRecord(error['metadata']) ? error['metadata'] : {};
  const status = [error['code'], error['statusCode'], error['status']].find(isHttpStatus) ?? null;
  return {
    message: messageOf(error, metadata),
    words: [...wordsOf(error), ...details.flatMap(detailWords), ...metadataWords(metadata)],
    status,
    retryAfterMs: details.map(retryDelay).find((delay) => delay !== null) ?? null,
  };
}

function messageOf(error: Record<string, unknown>, metadata: Record<string, unknown>): string {
  const own = [error['message'], error['detail']].find((text) => typeof text === 'string') ?? '';
  const raw = metadata['raw'];
  if (typeof raw !== 'string' || raw === '') return own;
  const upstream = readErrorText(raw).message;
  return upstream === '' ? own : `${own}: ${upstream}`;
}

function wordsOf(error: Record<string, unknown>): readonly string[] {
  return [error['type'], error['code'], error['status'], error['name']]
    .filter((word) => typeof word === 'string')
    .map((word) => word.toLowerCase());
}

function detailWords(detail: Record<string, unknown>): readonly string[] {
  const words = typeof detail['reason'] === 'string' ? [detail['reason']] : [];
  const violations = Array.isArray(detail['violations']) ? detail['violations'].filter(isRecord) : [];
  const quotas = violations.map((violation) => violation['quotaId']);
  return [...words, ...quotas].filter((word) => typeof word === 'string').map((word) => word.toLowerCase());
}

/** OpenRouter's moderation says what it found; what a provider behind it said is JSON inside a string. */
function metadataWords(metadata: Record<string, unknown>): readonly string[] {
  const flagged = Array.isArray(metadata['reasons']) || 'flagged_input' in metadata ? ['moderation'] : [];
  const raw = metadata['raw'];
  return typeof raw === 'string' ? [...flagged, ...readErrorText(raw).words] : flagged;
}

function retryDelay(detail: Record<string, unknown>): number | null {
  const delay = detail['retryDelay'];
  const seconds = typeof delay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] : undefined;
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1000);
}

function isHttpStatus(value: unknown): value is number {
  return typeof value === 'number' && value >= 300 && value < 600;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
