// Which proxy an address is reached through. Pure.

export interface ProxySettings {
  /** `http.proxySupport` is `off`. */
  readonly isOff: boolean;
  /** `http.proxy`; empty for none. */
  readonly setting: string;
  /** `http.noProxy`. */
  readonly exceptions: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The proxy's address, or null: directly. A setting comes before the environment, as in VS Code. */
export function proxyFor(address: string, settings: ProxySettings): string | null {
  const { isOff, setting, exceptions, environment } = settings;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (isOff || url === null) return null;
  const own = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const fromEnvironment = url.protocol === 'http:' ? own('HTTP_PROXY') : own('HTTPS_PROXY');
  const proxy = setting === '' ? fromEnvironment || own('ALL_PROXY') : setting;
  const excepted = exceptions.length > 0 ? exceptions : own('NO_PROXY').split(/[\s,]+/);
  if (proxy === '' || excepted.some((exception) => isExcepted(url, exception.trim()))) return null;
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  return URL.canParse(whole) && /^https?:/i.test(whole) ? whole : null;
}

/** `*`, `host`, `.domain`, `*.domain`, `domain` (with all below it), each with or without a port. */
function isExcepted(url: URL, exception: string): boolean {
  if (exception === '') return false;
  if (exception === '*') return true;
  const [, name = '', port = ''] = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(exception.toLowerCase()) ?? [];
  const usual = url.protocol === 'http:' ? '80' : '443';
  if (name === '' || (port !== '' && port !== (url.port || usual))) return false;
  const domain = name.replace(/^\*?\./, '');
  return url.hostname === domain || url.hostname.endsWith(`.${domain}`);
}
