// The only reader of the environment. What is wrong is one line that names the variable and says what it may be.

import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { redact, type Redacted } from '@cuebook/shared/util/redacted';
import type { OidcProvider } from './accounts/oidcProviders.ts';
import { isLoopback } from './http/clientAddress.ts';
import { OPTIONS, type Option, type OptionValues } from './options.ts';

export interface Config extends Omit<
  OptionValues,
  'origin' | 'data' | 'tlsCertificate' | 'tlsKey' | 'oidcFile'
> {
  /** As clients name this server. */
  readonly publicOrigin: string;
  readonly dataFolder: string;
  readonly tlsFiles: { readonly certificate: string; readonly key: string } | null;
  readonly oidcProviders: readonly OidcProvider[];
}

export type ConfigResult =
  | { readonly ok: true; readonly value: Config }
  | { readonly ok: false; readonly problem: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown and caught in this file only. */
class Wrong extends Error {}

/** `readFile` is for secrets that are given as files, and for providers. */
export function parseConfig(
  environment: Environment = process.env,
  readFile: (file: string) => string = (file) => readFileSync(file, 'utf8'),
): ConfigResult {
  try {
    checkNames(environment);
    const values = readValues(environment, readFile);
    checkListening(values);
    const { origin, data, tlsCertificate, tlsKey, oidcFile, ...rest } = values;
    const tlsFiles =
      tlsCertificate !== null && tlsKey !== null ? { certificate: tlsCertificate, key: tlsKey } : null;
    return {
      ok: true,
      value: {
        ...rest,
        publicOrigin: origin ?? listeningOrigin(values),
        dataFolder: path.resolve(data ?? defaultDataFolder(environment)),
        tlsFiles,
        oidcProviders: oidcFile === null ? [] : readProviders(oidcFile, readFile),
      },
    };
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.message };
    throw error;
  }
}

const options: readonly Option<unknown>[] = Object.values(OPTIONS);

/** A mistyped name would otherwise be silence. */
function checkNames(environment: Environment): void {
  const known = new Set(
    options.flatMap(({ name, isSecret }) => (isSecret === true ? [name, `${name}_FILE`] : [name])),
  );
  const unknown = Object.keys(environment).find((name) => name.startsWith('CUEBOOK_') && !known.has(name));
  if (unknown !== undefined)
    throw new Wrong(`${unknown}: there is no such option; see cuebook-server --help.`);
}

function readValues(environment: Environment, readFile: (file: string) => string): OptionValues {
  const values = Object.entries<Option<unknown>>(OPTIONS).map(([key, option]) => {
    const parsed = option.schema.safeParse(readOne(option, environment, readFile));
    if (parsed.success) return [key, parsed.data] as const;
    throw new Wrong(`${option.name}: ${parsed.error.issues[0]?.message ?? 'is not valid'}.`);
  });
  return Object.fromEntries(values) as OptionValues;
}

function readOne(
  { name, isSecret }: Option<unknown>,
  environment: Environment,
  readFile: (file: string) => string,
): string | undefined {
  const given = environment[name];
  const file = isSecret === true ? environment[`${name}_FILE`] : undefined;
  if (file === undefined) return given === '' ? undefined : given;
  if (given !== undefined) throw new Wrong(`${name}: is given twice, also as ${name}_FILE.`);
  return readOrExplain(`${name}_FILE`, file, readFile).trim();
}

function readOrExplain(name: string, file: string, readFile: (file: string) => string): string {
  try {
    return readFile(file);
  } catch {
    throw new Wrong(`${name}: ${file} cannot be read.`);
  }
}

/** Nothing in plaintext off this machine. */
function checkListening(values: OptionValues): void {
  const { host, origin, port, tlsCertificate, tlsKey, trustedProxies } = values;
  if ((tlsCertificate === null) !== (tlsKey === null)) {
    throw new Wrong(
      `${tlsKey === null ? 'CUEBOOK_TLS_KEY' : 'CUEBOOK_TLS_CERT'}: is needed too; they come as a pair.`,
    );
  }
  const isNear = host === 'localhost' || isLoopback(host);
  if (!isNear && tlsKey === null && trustedProxies.length === 0) {
    throw new Wrong(
      `CUEBOOK_HOST: ${host} is off this machine: give CUEBOOK_TLS_CERT and CUEBOOK_TLS_KEY, or name the proxy in CUEBOOK_TRUSTED_PROXIES.`,
    );
  }
  const isUnnamed = port === 0 || trustedProxies.length > 0 || host === '0.0.0.0' || host === '::';
  if (origin === null && isUnnamed) {
    throw new Wrong('CUEBOOK_ORIGIN: is needed, since the server cannot know how clients reach it.');
  }
  if (origin?.startsWith('http:') === true && !isLoopback(new URL(origin).hostname) && !isLocalName(origin)) {
    throw new Wrong('CUEBOOK_ORIGIN: must begin with https.');
  }
}

const isLocalName = (origin: string): boolean => ['localhost', '[::1]'].includes(new URL(origin).hostname);

function listeningOrigin({ host, port, tlsKey }: OptionValues): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return new URL(`${tlsKey === null ? 'http' : 'https'}://${name}:${port}`).origin;
}

/** The folder that the system has for programs' data. */
function defaultDataFolder(environment: Environment): string {
  const home = environment['HOME'] ?? os.homedir();
  switch (process.platform) {
    case 'win32':
      return path.join(environment['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'), 'Cuebook Server');
    case 'darwin':
      return path.join(home, 'Library', 'Application Support', 'Cuebook Server');
    default:
      if (process.getuid?.() === 0) return '/var/lib/cuebook-server';
      return path.join(environment['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'cuebook-server');
  }
}

const providers = z.array(
  z.strictObject({
    id: z.string().regex(/^[a-z0-9-]{1,64}$/, 'id must be lower-case letters, digits and dashes'),
    name: z.string().min(1).max(100),
    issuer: z.url({ protocol: /^https?$/ }),
    clientId: z.string().min(1),
    clientSecret: z
      .string()
      .min(1)
      .optional()
      .transform((given): Redacted<string> | null => (given === undefined ? null : redact(given))),
  }),
);

function readProviders(file: string, readFile: (file: string) => string): readonly OidcProvider[] {
  const { name } = OPTIONS.oidcFile;
  const content = readOrExplain(name, file, readFile);
  try {
    const parsed = providers.safeParse(JSON.parse(content));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Wrong(`${name}: ${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}.`);
  } catch (error) {
    if (error instanceof Wrong) throw error;
    throw new Wrong(`${name}: ${file} is not JSON.`);
  }
}
