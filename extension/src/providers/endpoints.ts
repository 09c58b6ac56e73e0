// Where providers are reached: the built-in ones, the usual local servers, and what the machine-scoped settings
// `cuebook.providers`, `cuebook.providerAddresses` and `cuebook.plainHttpHosts` say. Pure; settings are parsed here,
// once, and everything that is wrong with them becomes a problem in words.

import { t } from '@vscode/l10n';
import type { ProviderEndpoint, ProviderId } from '../models/api.ts';

export const builtInEndpoints: readonly ProviderEndpoint[] = [
  remote('openai', 'OpenAI', 'https://api.openai.com/v1'),
  remote('anthropic', 'Anthropic', 'https://api.anthropic.com/v1'),
  remote('google', 'Google', 'https://generativelanguage.googleapis.com/v1beta'),
  remote('openrouter', 'OpenRouter', 'https://openrouter.ai/api/v1'),
  { id: 'vscode', kind: 'vscode', label: 'VS Code', baseUrl: '', needsKey: false },
  local('ollama', 'Ollama', 'http://127.0.0.1:11434/v1'),
  local('llamacpp', 'llama.cpp', 'http://127.0.0.1:8080/v1'),
  local('lmstudio', 'LM Studio', 'http://127.0.0.1:1234/v1'),
  local('vllm', 'vLLM', 'http://127.0.0.1:8000/v1'),
];

function remote(
  id: 'openai' | 'anthropic' | 'google' | 'openrouter',
  label: string,
  baseUrl: string,
): ProviderEndpoint {
  return { id, kind: id, label, baseUrl, needsKey: true };
}

function local(id: ProviderId, label: string, baseUrl: string): ProviderEndpoint {
  return { id, kind: 'openai-compatible', label, baseUrl, needsKey: false };
}

/** Values as they stand in the user's settings file: anything. */
export interface EndpointSettings {
  readonly providers: unknown;
  readonly providerAddresses: unknown;
  readonly plainHttpHosts: unknown;
}

export interface EndpointProblem {
  /** The provider that cannot be used because of it. */
  readonly id: ProviderId;
  readonly setting: 'cuebook.providers' | 'cuebook.providerAddresses';
  readonly message: string;
  /** `host:port` if all that is wrong is that the address is not encrypted. */
  readonly plainHost: string | null;
}

export interface Endpoints {
  readonly endpoints: readonly ProviderEndpoint[];
  readonly problems: readonly EndpointProblem[];
}

const mostProviders = 100;
const idPattern = /^[a-z][a-z0-9_-]{0,31}$/;
const kinds = ['openai', 'anthropic', 'google', 'openrouter', 'openai-compatible'] as const;

/** A provider with a problem is left out, so that nothing is sent to a place that the user did not mean. */
export function readEndpoints(settings: EndpointSettings): Endpoints {
  const allowed = stringsOf(settings.plainHttpHosts);
  const results = [
    ...builtInEndpoints.map((endpoint) => overridden(endpoint, settings.providerAddresses, allowed)),
    ...entriesOf(settings.providers)
      .slice(0, mostProviders)
      .map(([id, value]) => customEndpoint(id, value, allowed)),
    ...unknownAddresses(settings.providerAddresses),
  ];
  return {
    endpoints: results.flatMap((result) => (result.ok ? [result.endpoint] : [])),
    problems: results.flatMap((result) => (result.ok ? [] : [result.problem])),
  };
}

type Read =
  | { readonly ok: true; readonly endpoint: ProviderEndpoint }
  | { readonly ok: false; readonly problem: EndpointProblem };

function overridden(endpoint: ProviderEndpoint, addresses: unknown, allowed: readonly string[]): Read {
  const entry = entriesOf(addresses).find(([id]) => id === endpoint.id);
  if (entry === undefined || endpoint.kind === 'vscode') return { ok: true, endpoint };
  const address = checkAddress(entry[1], allowed);
  if (address.ok) return { ok: true, endpoint: { ...endpoint, baseUrl: address.baseUrl } };
  return refused(endpoint.id, 'cuebook.providerAddresses', address);
}

function customEndpoint(id: string, value: unknown, allowed: readonly string[]): Read {
  const setting = 'cuebook.providers';
  const refuse = (message: string): Read => refused(id, setting, { message, plainHost: null });
  if (!idPattern.test(id)) {
    return refuse(
      t('The name must be 1 to 32 lower-case letters, digits, "-" or "_", beginning with a letter.'),
    );
  }
  if (builtInEndpoints.some((endpoint) => endpoint.id === id)) {
    return refuse(t('This provider is built in; set its address in "cuebook.providerAddresses".'));
  }
  if (!isRecord(value)) return refuse(t('Write an object with at least "baseUrl".'));
  const { label = id, kind: wanted = 'openai-compatible', needsKey = true } = value;
  const kind = kinds.find((known) => known === wanted);
  if (kind === undefined) return refuse(t('"kind" must be one of {0}.', kinds.join(', ')));
  if (typeof label !== 'string' || label.trim() === '' || label.length > 60) {
    return refuse(t('"label" must be a text of 1 to 60 characters.'));
  }
  if (typeof needsKey !== 'boolean') return refuse(t('"needsKey" must be true or false.'));
  const address = checkAddress(value['baseUrl'], allowed);
  if (!address.ok) return refused(id, setting, address);
  return { ok: true, endpoint: { id, kind, label: label.trim(), baseUrl: address.baseUrl, needsKey } };
}

function unknownAddresses(addresses: unknown): readonly Read[] {
  return entriesOf(addresses)
    .slice(0, mostProviders)
    .filter(([id]) => !builtInEndpoints.some((endpoint) => endpoint.id === id && endpoint.kind !== 'vscode'))
    .map(([id]) =>
      refused(id, 'cuebook.providerAddresses', {
        message: t('There is no built-in provider of this name; your own go into "cuebook.providers".'),
        plainHost: null,
      }),
    );
}

function refused(
  id: ProviderId,
  setting: EndpointProblem['setting'],
  why: { readonly message: string; readonly plainHost: string | null },
): Read {
  return { ok: false, problem: { id, setting, ...why } };
}

// ---- addresses ----

export type CheckedAddress =
  | { readonly ok: true; readonly baseUrl: string }
  | { readonly ok: false; readonly message: string; readonly plainHost: string | null };

/**
 * An address that a key and texts may be sent to: https, or http on this machine, or http to a host that the user has
 * allowed by name. `baseUrl` is without a slash at the end.
 */
export function checkAddress(value: unknown, plainHttpHosts: readonly string[]): CheckedAddress {
  const refuse = (message: string): CheckedAddress => ({ ok: false, message, plainHost: null });
  if (typeof value !== 'string' || value.trim() === '') {
    return refuse(t('Give an address such as https://host/v1.'));
  }
  if (!URL.canParse(value)) return refuse(`"${shortened(value)}" is not an address; write https://host/v1.`);
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse(t('An address begins with https:// (or http:// on this machine).'));
  }
  if (url.username !== '' || url.password !== '') {
    return refuse(t('The address must not contain a user name or password: keys are kept elsewhere.'));
  }
  if (url.search !== '' || url.hash !== '') return refuse(t('The address must end before "?" and "#".'));
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !plainHttpHosts.includes(url.host)) {
    return {
      ok: false,
      message: t(
        'http://{0} is not encrypted: everybody on the way can read the key and the texts.',
        url.host,
      ),
      plainHost: url.host,
    };
  }
  return { ok: true, baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, '') };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
