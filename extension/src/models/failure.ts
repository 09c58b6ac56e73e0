// Explains why a run ended without its answer: from what was seen (`evidence.ts`) to one sentence that says what
// happened and one that says what to do. Pure. The provider's own words are quoted, without the key, so a failure's
// text belongs on the user's screen and in sealed history only; a log gets `kind` and `status`.

import { t } from '@vscode/l10n';
import type { RunFailure, RunFailureKind } from './api.ts';
import { readErrorText, readErrorValue, type ErrorBody } from './errorBody.ts';
import type { ErrorLink, Evidence } from './evidence.ts';
import { redactKey } from './redact.ts';

export interface FailureContext {
  /** The provider as the user knows it: `OpenAI`, `Ollama`. */
  readonly provider: string;
  readonly baseUrl: string;
  readonly model: string;
  /** Only to keep it out of the texts. */
  readonly key: string | null;
  /** True if something of the answer had arrived. */
  readonly answered: boolean;
}

type Explained = Omit<RunFailure, 'status'>;

export function explainFailure(evidence: Evidence, context: FailureContext): RunFailure {
  const { explained, status } = explain(evidence, context);
  return {
    kind: explained.kind,
    message: redactKey(explained.message, context.key) || t('{0} reported an error.', context.provider),
    action: redactKey(explained.action, context.key) || t('Try again.'),
    status,
  };
}

function explain(
  evidence: Evidence,
  context: FailureContext,
): { explained: Explained; status: number | null } {
  switch (evidence.kind) {
    case 'response': {
      const explained = explainResponse(evidence, context);
      return { explained, status: evidence.status };
    }
    case 'stream': {
      const body = readErrorValue(evidence.error);
      return { explained: explainStreamError(evidence.error, body, context), status: body.status };
    }
    case 'connection':
      return { explained: explainConnection(evidence.links, context), status: null };
    case 'timeout':
    case 'incomplete':
    case 'tooLarge':
    case 'filtered':
    case 'stopped':
    case 'internal':
      return { explained: explainOwn(evidence, context), status: null };
  }
}

// ---- answers ----

type ResponseEvidence = Extract<Evidence, { kind: 'response' }>;

function explainResponse(evidence: ResponseEvidence, context: FailureContext): Explained {
  if (evidence.status >= 300 && evidence.status < 400) return explainRedirect(evidence, context);
  const body = readErrorText(evidence.body);
  const kind = classifyAnswer(evidence.status, body);
  if (kind === 'wrongKey' && context.key === null) return explainKind('noKey', body, context);
  if (kind !== null) return explainKind(kind, body, context);
  return explainUnexpected(evidence.status, body, context);
}

function explainStreamError(error: unknown, body: ErrorBody, context: FailureContext): Explained {
  const kind = classifyAnswer(body.status ?? 200, body);
  if (kind !== null) return explainKind(kind, body, context);
  if (isParserError(error)) {
    return {
      kind: 'badAnswer',
      message: t('{0} sent something in its stream that is not valid{1}.', context.provider, kept(context)),
      action: t(
        "Run again. If it stays so, check that {0} speaks this provider's protocol.",
        originOf(context.baseUrl),
      ),
    };
  }
  return explainKind('serverError', body, context);
}

/** What the provider's client throws when a line of the stream is not JSON, or not of the provider's shape. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && /JSONParse|TypeValidation|NoContent|InvalidResponse/.test(error.name);
}

type AnswerKind = Extract<
  RunFailureKind,
  | 'noKey'
  | 'wrongKey'
  | 'forbidden'
  | 'unknownModel'
  | 'quota'
  | 'rateLimited'
  | 'contextTooLong'
  | 'badRequest'
  | 'filtered'
  | 'proxy'
  | 'timeout'
  | 'serverError'
>;

interface Rule {
  readonly kind: AnswerKind;
  readonly statuses?: readonly number[];
  readonly words?: RegExp;
  readonly message?: RegExp;
}

/**
 * In order: the first rule that fits decides. A rule fits if one of its words or its message matches (for any status,
 * unless it names some), or, with neither, by status alone. What is more telling than a status comes first.
 */
const rules: readonly Rule[] = [
  {
    kind: 'contextTooLong',
    statuses: [200, 400, 413, 422, 500],
    words: /^(context_length_exceeded|exceed_context_size_error|string_above_max_length|request_too_large)$/,
    message:
      /maximum context length|context (length|window|size)|prompt is too long|input token count.{0,40}exceeds|input length and .max_tokens. exceed|too many (input |prompt )?tokens|longer than the model/i,
  },
  {
    kind: 'quota',
    words:
      /^(insufficient_quota|billing_not_active|billing_error|billing_hard_limit_reached|insufficient_credits|.*perday.*)$/,
    message:
      /credit balance is too low|insufficient (credits|balance|funds)|key limit exceeded|requires more credits|billing (hard )?limit|out of credits/i,
  },
  { kind: 'quota', statuses: [402] },
  {
    kind: 'filtered',
    words:
      /^(content_filter|content_policy_violation|moderation|moderation_blocked|responsibleaipolicyviolation)$/,
    message: /content management policy|flagged (by|for|as)|violat\w+ .{0,40}(usage|content) polic/i,
  },
  {
    kind: 'noKey',
    statuses: [400, 401, 403],
    message:
      /no auth credentials|didn't provide an api key|missing .{0,20}(api.?key|authentication|auth)|x-api-key header is required|unregistered callers|no api.?key/i,
  },
  {
    kind: 'wrongKey',
    statuses: [200, 400, 401, 403],
    words: /^(invalid_api_key|authentication_error|api_key_invalid|unauthenticated|invalid_token)$/,
    message:
      /api key not valid|(invalid|incorrect|unknown) (x-)?api.?key|api key (has )?expired|user not found/i,
  },
  { kind: 'wrongKey', statuses: [401] },
  {
    kind: 'unknownModel',
    words: /^(model_not_found|invalid_model|model_not_available)$/,
    message:
      /not a valid model|no endpoints found|model:? .{0,80}(not found|does not exist|not exist)|models\/\S+ is not found|(unknown|invalid) model|model .{0,60}not (found|available|loaded)|no models loaded/i,
  },
  { kind: 'unknownModel', statuses: [404], message: /^model\b|\bmodel\b/i },
  { kind: 'forbidden', statuses: [403] },
  { kind: 'forbidden', words: /^(permission_error|permission_denied|unsupported_country_region_territory)$/ },
  { kind: 'proxy', statuses: [407] },
  { kind: 'rateLimited', statuses: [429] },
  {
    kind: 'rateLimited',
    words: /^(rate_limit_error|rate_limit_exceeded|resource_exhausted|too_many_requests)$/,
  },
  { kind: 'timeout', statuses: [408, 504, 524] },
  {
    kind: 'serverError',
    words:
      /^(overloaded_error|overloaded|server_error|internal_server_error|unavailable|unavailable_error|api_error|internal)$/,
    statuses: [200, 500, 502, 503, 520, 521, 522, 523, 529],
  },
  {
    kind: 'badRequest',
    words: /^(invalid_request_error|invalid_argument|failed_precondition)$/,
    statuses: [200],
  },
];

/** Null where only the status could tell, and it does not. */
function classifyAnswer(status: number, body: ErrorBody): AnswerKind | null {
  const rule = rules.find((rule) => fits(rule, status, body));
  if (rule !== undefined) return rule.kind;
  if (status >= 500) return 'serverError';
  if (status === 404 || status === 405) return null;
  return status >= 400 ? 'badRequest' : null;
}

function fits(rule: Rule, status: number, body: ErrorBody): boolean {
  if (rule.statuses !== undefined && !rule.statuses.includes(status)) return false;
  const { words, message } = rule;
  if (words === undefined && message === undefined) return true;
  if (words !== undefined && body.words.some((word) => words.test(word))) return true;
  return message?.test(body.message) ?? false;
}

function explainKind(kind: AnswerKind, body: ErrorBody, context: FailureContext): Explained {
  const { provider, model } = context;
  const says = quote(body, provider);
  switch (kind) {
    case 'noKey':
      return {
        kind,
        message: `${provider} wants a key and none was sent.${says}`,
        action: t(`Add one with "Cuebook: Add Provider Key".`),
      };
    case 'wrongKey':
      return {
        kind,
        message: `${provider} did not accept the key.${says}`,
        action: t('Replace it with "Cuebook: Manage Provider Keys", or make a new one at {0}.', provider),
      };
    case 'forbidden':
      return {
        kind,
        message: t('The key is not allowed to do this at {0}.{1}', provider, says),
        action: t('Check at {0} what the key, its project and your region may use.', provider),
      };
    case 'unknownModel':
      return {
        kind,
        message: `${provider} has no model "${model}" for this key.${says}`,
        action: t('Choose another model, or check the name in the prompt\'s "model:" line.'),
      };
    case 'quota':
      return {
        kind,
        message: t('The account at {0} has no credit or quota left.{1}', provider, says),
        action: t('Add credit or raise the limit at {0}, or choose another model.', provider),
      };
    case 'rateLimited':
      return {
        kind,
        message: `${provider} is refusing more requests for now.${says}`,
        action: t('Wait a little and run again, or choose another model.'),
      };
    case 'contextTooLong':
      return {
        kind,
        message: t('The messages are longer than "{0}" can take.{1}', model, says),
        action: t('Select less text, shorten the prompt, or choose a model with a larger context.'),
      };
    case 'badRequest':
      return {
        kind,
        message: `${provider} did not understand the request.${says}`,
        action: t('Check the parameters of the run: not every model takes every one.'),
      };
    case 'filtered':
      return {
        kind,
        message: `${provider}'s content filter stopped the run.${says}`,
        action: t('Change the text that was sent, or choose another model.'),
      };
    case 'proxy':
      return {
        kind,
        message: t(
          "The network's proxy wants you to sign in before it lets requests through to {0}.",
          originOf(context.baseUrl),
        ),
        action: t('Check the setting "http.proxy" of VS Code.'),
      };
    case 'timeout':
      return {
        kind,
        message: `${provider} took too long to answer.${says}`,
        action: t('Run again, or choose a smaller or faster model.'),
      };
    case 'serverError':
      return {
        kind,
        message: `${provider} has a problem of its own or is overloaded${kept(context)}.${says}`,
        action: t('Run again in a while, or choose another model.'),
      };
  }
}

function explainUnexpected(status: number, body: ErrorBody, context: FailureContext): Explained {
  const { provider, baseUrl } = context;
  return {
    kind: 'badAnswer',
    message:
      status < 300
        ? `${originOf(baseUrl)} answered with something that is not a model's stream.${quote(body, provider)}`
        : t(
            'There is no such service below {0} (status {1}).{2}',
            shown(baseUrl),
            status,
            quote(body, provider),
          ),
    action: t(
      'Check the address of {0} with "Cuebook: Manage Provider Keys"; it usually ends in /v1.',
      provider,
    ),
  };
}

function explainRedirect(evidence: ResponseEvidence, context: FailureContext): Explained {
  const location = evidence.headers['location'] ?? '';
  const target = URL.canParse(location, context.baseUrl)
    ? originOf(new URL(location, context.baseUrl).href)
    : null;
  return {
    kind: 'badAnswer',
    message: t(
      '{0} wants to send the request elsewhere{1}. Cuebook does not follow, because the key would go along.',
      originOf(context.baseUrl),
      target === null ? '' : ` (${target})`,
    ),
    action: t(
      'If you trust the other address, set it as the address of {0} with "Cuebook: Manage Provider Keys".',
      context.provider,
    ),
  };
}

function quote(body: ErrorBody, provider: string): string {
  const text = body.message.replace(/\s+/g, ' ').trim();
  if (text === '') return '';
  return ` ${t('{0} says: "{1}"', provider, text.length > 300 ? `${text.slice(0, 300)}…` : text)}`;
}

function kept(context: FailureContext): string {
  return context.answered ? t('; what had arrived is kept') : '';
}

// ---- the network ----

const certificateCodes =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERR_TLS_|ERR_SSL_|EPROTO|net::ERR_(CERT_|SSL_))/;
const nameCodes = /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|net::ERR_NAME_NOT_RESOLVED)$/;
const offlineCodes =
  /^(ENETUNREACH|ENETDOWN|EHOSTUNREACH|net::ERR_(INTERNET_DISCONNECTED|ADDRESS_UNREACHABLE))$/;
const refusedCodes = /^(ECONNREFUSED|net::ERR_CONNECTION_REFUSED)$/;
const timeoutCodes =
  /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|net::ERR_(CONNECTION_)?TIMED_OUT)$/;
const resetCodes =
  /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|net::ERR_(CONNECTION_(RESET|CLOSED|ABORTED)|EMPTY_RESPONSE))$/;
const proxyCodes = /^net::ERR_(PROXY_|TUNNEL_)/;
const proxyMessage = /proxy (response|authentication)|http tunneling|tunneling socket could not/i;

/** True if the other side closed a connection that it had accepted: worth one more try if no byte had come. */
export function isReset(links: readonly ErrorLink[]): boolean {
  return (
    hasCode(links, resetCodes) || links.some((link) => /other side closed|socket hang up/i.test(link.message))
  );
}

function explainConnection(links: readonly ErrorLink[], context: FailureContext): Explained {
  const origin = originOf(context.baseUrl);
  if (links.some((link) => proxyMessage.test(link.message)) || hasCode(links, proxyCodes)) {
    return {
      kind: 'proxy',
      message: t("The network's proxy did not let the request through to {0}.", origin),
      action: t('Check the setting "http.proxy" of VS Code and whether the proxy wants you to sign in.'),
    };
  }
  if (context.answered) return explainOwn({ kind: 'incomplete' }, context);
  if (hasCode(links, certificateCodes)) return certificateFailure(links, context);
  if (hasCode(links, timeoutCodes)) {
    return {
      kind: 'timeout',
      message: t('{0} did not answer in time.', origin),
      action: t('Check the network and the address, then run again.'),
    };
  }
  return networkFailure(links, context);
}

function certificateFailure(links: readonly ErrorLink[], context: FailureContext): Explained {
  const code = links.find((link) => link.code !== null && certificateCodes.test(link.code))?.code;
  const plain = links.some((link) => /wrong version number|packet length too long/i.test(link.message));
  return {
    kind: 'certificate',
    message: plain
      ? t('{0} does not speak TLS.', originOf(context.baseUrl))
      : t(
          'The certificate of {0} is not trusted ({1}).',
          originOf(context.baseUrl),
          code ?? t('unknown reason'),
        ),
    action: plain
      ? t('Check whether the address should begin with http:// instead of https://.')
      : t(
          'If your company inspects traffic, add its certificate to the operating system and keep "http.systemCertificates" of VS Code on. Otherwise do not use this network for keys.',
        ),
  };
}

function networkFailure(links: readonly ErrorLink[], context: FailureContext): Explained {
  const origin = originOf(context.baseUrl);
  if (hasCode(links, nameCodes)) {
    return {
      kind: 'network',
      message: t('The name {0} was not found.', hostOf(context.baseUrl)),
      action: t('Check that the network is up and the address is spelled right.'),
    };
  }
  if (hasCode(links, refusedCodes)) {
    return {
      kind: 'network',
      message: t('Nothing answers at {0}.', origin),
      action: t(
        'Start {0} if it runs on this machine, or check its address with "Cuebook: Manage Provider Keys".',
        context.provider,
      ),
    };
  }
  if (hasCode(links, offlineCodes)) {
    return {
      kind: 'network',
      message: t('There is no network route to {0}.', origin),
      action: t('Check that this machine is online, then run again.'),
    };
  }
  return {
    kind: 'network',
    message: isReset(links)
      ? t('{0} closed the connection without an answer.', origin)
      : t('The connection to {0} failed{1}.', origin, codeOf(links)),
    action: t('Check the network and run again.'),
  };
}

function hasCode(links: readonly ErrorLink[], pattern: RegExp): boolean {
  return links.some((link) => pattern.test(link.code ?? '') || pattern.test(link.message));
}

function codeOf(links: readonly ErrorLink[]): string {
  const code = links.find((link) => link.code !== null)?.code;
  return code === undefined || code === null ? '' : ` (${code})`;
}

// ---- what was decided here ----

type OwnEvidence = Exclude<Evidence, { kind: 'response' | 'stream' | 'connection' }>;

function explainOwn(evidence: OwnEvidence, context: FailureContext): Explained {
  const { provider } = context;
  switch (evidence.kind) {
    case 'timeout':
      return {
        kind: 'timeout',
        message:
          evidence.phase === 'firstByte'
            ? t('{0} did not begin to answer within {1}.', provider, seconds(evidence.afterMs))
            : t('{0} fell silent for {1}{2}.', provider, seconds(evidence.afterMs), kept(context)),
        action: t('Run again, or choose a faster model.'),
      };
    case 'incomplete':
      return {
        kind: 'cut',
        message: context.answered
          ? t('The connection ended in the middle of the answer. What had arrived is kept.')
          : t('{0} ended the answer before it began.', provider),
        action: t('Run again for a whole answer.'),
      };
    case 'tooLarge':
      return {
        kind: 'badAnswer',
        message: t(
          'The answer of {0} is larger than {1} MB{2}.',
          provider,
          Math.round(evidence.limitBytes / 1_048_576),
          kept(context),
        ),
        action: t('Limit the length of the answer (max output tokens), or check the address.'),
      };
    case 'filtered':
      return explainKind('filtered', { message: '', words: [], status: null, retryAfterMs: null }, context);
    case 'stopped':
      return { kind: 'stopped', message: t('Stopped.'), action: t('Run again when you like.') };
    case 'internal':
      return {
        kind: 'cut',
        message: t('Cuebook could not finish the run{0}: {1}', kept(context), evidence.message),
        action: t('Run again. If it happens again, please report it.'),
      };
  }
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms / 1000)} s`;
}

function originOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function shown(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
