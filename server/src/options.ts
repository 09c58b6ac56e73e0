// Every option of the server, in one table: what it may be, what it is if nothing is said, and what it is for. `--help`
// and the table in docs/guides/server.md are written from it.

import { isIP } from 'node:net';
import { z } from 'zod';
import { redact } from '@cuebook/shared/util/redacted';
import { LOG_LEVELS } from './log.ts';

export interface Option<Value> {
  /** Of the environment. */
  readonly name: string;
  readonly schema: z.ZodType<Value, string | undefined>;
  readonly description: string;
  /** What it is if nothing is said, in words. */
  readonly otherwise: string;
  /** May also be given as a file that holds it: the same name with `_FILE`. */
  readonly isSecret?: boolean;
}

const option = <Value>(made: Option<Value>): Option<Value> => made;

const text = z.string().trim().min(1, 'must not be empty');

const whole = (least: number, most: number, otherwise: number) =>
  z
    .string()
    .optional()
    .transform((given) => (given === undefined ? otherwise : Number(given)))
    .refine(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
    );

const optional = text.optional().transform((given) => given ?? null);

const secret = text.optional().transform((given) => (given === undefined ? null : redact(given)));

const list = (isValid: (item: string) => boolean, what: string) =>
  z
    .string()
    .optional()
    .transform((given) =>
      (given ?? '')
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .refine((items) => items.every(isValid), `must be ${what}, separated by commas`);

const isBlock = (block: string): boolean => {
  const [address = '', prefix, ...rest] = block.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  return isIP(address) !== 0 && isPrefix && rest.length === 0;
};

const isOrigin = (given: string): boolean => URL.canParse(given) && new URL(given).origin === given;

export const OPTIONS = {
  host: option({
    name: 'CUEBOOK_HOST',
    schema: z
      .string()
      .default('127.0.0.1')
      .refine((host) => isIP(host) !== 0 || host === 'localhost', 'must be an IP address'),
    otherwise: '127.0.0.1',
    description: 'Address to listen on. Off this machine only with TLS, or with CUEBOOK_TRUSTED_PROXIES.',
  }),
  port: option({
    name: 'CUEBOOK_PORT',
    schema: whole(0, 65_535, 4810),
    otherwise: '4810',
    description: 'Port of HTTP and WebSockets. 0: any that is free; then CUEBOOK_ORIGIN is needed.',
  }),
  origin: option({
    name: 'CUEBOOK_ORIGIN',
    schema: optional.refine(
      (given) => given === null || isOrigin(given),
      'must be like https://cuebook.example.com',
    ),
    otherwise: 'as it listens',
    description:
      'How clients reach this server: scheme, host and port. Devices sign it; a change asks them to sign in again.',
  }),
  tlsCertificate: option({
    name: 'CUEBOOK_TLS_CERT',
    schema: optional,
    otherwise: 'no TLS',
    description: 'File of the TLS certificate with its chain (PEM). Read again on SIGHUP.',
  }),
  tlsKey: option({
    name: 'CUEBOOK_TLS_KEY',
    schema: optional,
    otherwise: 'no TLS',
    description: 'File of its private key (PEM). Read again on SIGHUP.',
  }),
  trustedProxies: option({
    name: 'CUEBOOK_TRUSTED_PROXIES',
    schema: list(isBlock, 'IP addresses or CIDR blocks'),
    otherwise: 'none',
    description:
      'Proxies in front: their X-Forwarded-For and X-Forwarded-Proto count, and without TLS nobody else connects.',
  }),
  data: option({
    name: 'CUEBOOK_DATA',
    schema: optional,
    otherwise: "the user's data folder",
    description: 'Folder for the embedded database, the pepper and the list of deletions.',
  }),
  databaseUrl: option({
    name: 'DATABASE_URL',
    schema: secret,
    otherwise: 'embedded PostgreSQL',
    description: 'PostgreSQL 15 or newer, such as postgres://user:password@host:5432/cuebook.',
    isSecret: true,
  }),
  databaseConnections: option({
    name: 'CUEBOOK_DATABASE_CONNECTIONS',
    schema: whole(2, 200, 10),
    otherwise: '10',
    description: 'Connections of this process to the database, at most.',
  }),
  natsServers: option({
    name: 'CUEBOOK_NATS',
    schema: secret,
    otherwise: "PostgreSQL's LISTEN and NOTIFY",
    description:
      'NATS servers that carry hints between processes, such as nats://user:password@host:4222; several with commas.',
    isSecret: true,
  }),
  peppers: option({
    name: 'CUEBOOK_PEPPERS',
    schema: secret,
    otherwise: 'a file in CUEBOOK_DATA',
    description:
      'Peppers for processes on several machines: "1:<32 bytes, base64>", newer ones added with higher numbers.',
    isSecret: true,
  }),
  registration: option({
    name: 'CUEBOOK_REGISTRATION',
    schema: z.enum(['invitation', 'open'], { error: 'must be "invitation" or "open"' }).default('invitation'),
    otherwise: 'invitation',
    description:
      '"invitation": accounts are made by invitation or by the owner\'s links. "open": by anybody.',
  }),
  oidcFile: option({
    name: 'CUEBOOK_OIDC',
    schema: optional,
    otherwise: 'passwords only',
    description:
      'File of OpenID Connect providers (JSON): [{"id", "name", "issuer", "clientId", "clientSecret"}].',
  }),
  editorOrigins: option({
    name: 'CUEBOOK_EDITOR_ORIGINS',
    schema: list(isOrigin, 'origins such as https://code.example.com'),
    otherwise: 'none',
    description: 'Where VS Code runs in a browser and may be returned to after signing in.',
  }),
  metricsToken: option({
    name: 'CUEBOOK_METRICS_TOKEN',
    schema: secret,
    otherwise: 'this machine only',
    description: 'Whoever sends it as a bearer token may read /metrics from elsewhere.',
    isSecret: true,
  }),
  logLevel: option({
    name: 'CUEBOOK_LOG',
    schema: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
    otherwise: 'info',
    description: `${LOG_LEVELS.join(', ')}. Addresses and e-mails stand in the log at "debug" only.`,
  }),
  readsPerMinute: option({
    name: 'CUEBOOK_READS_PER_MINUTE',
    schema: whole(1, 10_000_000, 12_000),
    otherwise: '12000',
    description: 'Reading calls of one account or machine token, for each process.',
  }),
  writesPerMinute: option({
    name: 'CUEBOOK_WRITES_PER_MINUTE',
    schema: whole(1, 10_000_000, 6000),
    otherwise: '6000',
    description: 'Writing calls of one account, for each process.',
  }),
  secretsPerMinute: option({
    name: 'CUEBOOK_SECRETS_PER_MINUTE',
    schema: whole(1, 10_000_000, 600),
    otherwise: '600',
    description:
      'Calls about sessions and credentials from one address. Failed sign-ins have a limit of their own.',
  }),
  connections: option({
    name: 'CUEBOOK_CONNECTIONS',
    schema: whole(1, 1_000_000, 20_000),
    otherwise: '20000',
    description: 'Sockets of this process.',
  }),
  connectionsPerAddress: option({
    name: 'CUEBOOK_CONNECTIONS_PER_ADDRESS',
    schema: whole(1, 1_000_000, 2000),
    otherwise: '2000',
    description: 'Sockets from one address (of IPv6: one /64 network).',
  }),
  connectionsPerAccount: option({
    name: 'CUEBOOK_CONNECTIONS_PER_ACCOUNT',
    schema: whole(1, 1_000_000, 64),
    otherwise: '64',
    description: 'Sockets of one account or machine token.',
  }),
  auditDays: option({
    name: 'CUEBOOK_AUDIT_DAYS',
    schema: whole(1, 3650, 90),
    otherwise: '90',
    description: 'Days that the security log is kept.',
  }),
  healingMinutes: option({
    name: 'CUEBOOK_HEALING_MINUTES',
    schema: whole(0, 10_080, 10),
    otherwise: '10',
    description: 'After a restore: how long workspaces wait for members who have more than the backup.',
  }),
  drainSeconds: option({
    name: 'CUEBOOK_DRAIN_SECONDS',
    schema: whole(0, 600, 10),
    otherwise: '10',
    description: 'When stopping: how long calls that are going on may take.',
  }),
} as const satisfies Readonly<Record<string, Option<unknown>>>;

export type OptionValues = {
  readonly [Key in keyof typeof OPTIONS]: (typeof OPTIONS)[Key] extends Option<infer Value> ? Value : never;
};

const allOptions = (): readonly Option<unknown>[] => Object.values(OPTIONS);

/** For a terminal. */
export const optionsHelp = (): string =>
  allOptions()
    .map(
      ({ name, description, otherwise }) => `  ${name}\n      ${description}\n      Default: ${otherwise}.`,
    )
    .join('\n');

/** For the guide. */
export const optionsTable = (): string =>
  [
    '| variable | what it is for | default |',
    '|---|---|---|',
    ...allOptions().map(
      ({ name, description, otherwise, isSecret }) =>
        `| \`${name}\`${isSecret === true ? `, \`${name}_FILE\`` : ''} | ${description.replaceAll('|', '\\|')} | ${otherwise} |`,
    ),
  ].join('\n');
