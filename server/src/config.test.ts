import { readFileSync } from 'node:fs';
import { reveal } from '@cuebook/shared/util/redacted';
import { describe, expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { OPTIONS, optionsHelp, optionsTable } from './options.ts';

const home = { HOME: '/home/ada' };
const problemOf = (environment: Record<string, string>, files: Record<string, string> = {}): string => {
  const result = parseConfig({ ...home, ...environment }, readFrom(files));
  return result.ok ? 'none' : result.problem;
};
const readFrom =
  (files: Record<string, string>) =>
  (file: string): string => {
    const content = files[file];
    if (content === undefined) throw new Error('ENOENT');
    return content;
  };

describe('configuration', () => {
  test('is whole when nothing is said: on this machine only, embedded database', () => {
    expect(parseConfig(home)).toMatchObject({
      ok: true,
      value: {
        host: '127.0.0.1',
        port: 4810,
        publicOrigin: 'http://127.0.0.1:4810',
        databaseUrl: null,
        tlsFiles: null,
        registration: 'invitation',
      },
    });
  });

  test.each([
    [{ CUEBOOK_PORT: '99999' }, 'CUEBOOK_PORT: must be a whole number from 0 to 65535.'],
    [{ CUEBOOK_PORT: 'http' }, 'CUEBOOK_PORT: must be a whole number from 0 to 65535.'],
    [{ CUEBOOK_PROT: '1' }, 'CUEBOOK_PROT: there is no such option; see cuebook-server --help.'],
    [{ CUEBOOK_HOST: 'example.com' }, 'CUEBOOK_HOST: must be an IP address.'],
    [{ CUEBOOK_TLS_CERT: 'a' }, 'CUEBOOK_TLS_KEY: is needed too; they come as a pair.'],
    [
      { CUEBOOK_ORIGIN: 'https://a.example/path' },
      'CUEBOOK_ORIGIN: must be like https://cuebook.example.com.',
    ],
    [{ CUEBOOK_ORIGIN: 'http://a.example' }, 'CUEBOOK_ORIGIN: must begin with https.'],
    [{ CUEBOOK_TRUSTED_PROXIES: '10.0.0.0/33' }, /^CUEBOOK_TRUSTED_PROXIES: must be IP addresses/],
    [{ CUEBOOK_REGISTRATION: 'shut' }, 'CUEBOOK_REGISTRATION: must be "invitation" or "open".'],
    [{ DATABASE_URL_FILE: '/gone' }, 'DATABASE_URL_FILE: /gone cannot be read.'],
    [{ CUEBOOK_OIDC: '/gone' }, 'CUEBOOK_OIDC: /gone cannot be read.'],
  ])('what is wrong is one line that names the variable: %j', (environment, problem) => {
    expect(problemOf(environment as Record<string, string>)).toMatch(problem);
  });

  test('nothing listens in plaintext off this machine, unless a proxy is declared', () => {
    expect(problemOf({ CUEBOOK_HOST: '0.0.0.0' })).toMatch(/^CUEBOOK_HOST: 0\.0\.0\.0 is off this machine/);
    expect(problemOf({ CUEBOOK_HOST: '192.168.1.4' })).toMatch(/^CUEBOOK_HOST/);
    const proxied = { CUEBOOK_HOST: '0.0.0.0', CUEBOOK_TRUSTED_PROXIES: '172.16.0.0/12' };
    expect(problemOf(proxied)).toMatch(/^CUEBOOK_ORIGIN: is needed/);
    expect(problemOf({ ...proxied, CUEBOOK_ORIGIN: 'https://cuebook.example.com' })).toBe('none');
    const secure = { CUEBOOK_HOST: '192.168.1.4', CUEBOOK_TLS_CERT: 'c', CUEBOOK_TLS_KEY: 'k' };
    expect(parseConfig({ ...home, ...secure })).toMatchObject({
      value: { publicOrigin: 'https://192.168.1.4:4810' },
    });
  });

  test('a secret can come from a file, but not twice', () => {
    const files = { '/run/url': 'postgres://a:b@c/d\n' };
    const result = parseConfig({ ...home, DATABASE_URL_FILE: '/run/url' }, readFrom(files));
    expect(result.ok && result.value.databaseUrl && reveal(result.value.databaseUrl)).toBe(
      'postgres://a:b@c/d',
    );
    expect(problemOf({ DATABASE_URL: 'x', DATABASE_URL_FILE: '/run/url' }, files)).toMatch('is given twice');
  });

  test('a configuration that is printed shows no secret', () => {
    const result = parseConfig({
      ...home,
      DATABASE_URL: 'postgres://a:canary@c/d',
      CUEBOOK_METRICS_TOKEN: 'canary',
    });
    expect(JSON.stringify(result)).not.toContain('canary');
  });

  test('providers are read from a file, and what is wrong in it is named', () => {
    const provider = { id: 'work', name: 'Work', issuer: 'https://id.example.com', clientId: 'cuebook' };
    const files = { '/oidc': JSON.stringify([provider]), '/bad': '[{"id":"Work"}]', '/no': '{' };
    expect(parseConfig({ ...home, CUEBOOK_OIDC: '/oidc' }, readFrom(files))).toMatchObject({
      value: { oidcProviders: [{ ...provider, clientSecret: null }] },
    });
    expect(problemOf({ CUEBOOK_OIDC: '/bad' }, files)).toMatch(/^CUEBOOK_OIDC: \/bad: 0\.id: id must be/);
    expect(problemOf({ CUEBOOK_OIDC: '/no' }, files)).toBe('CUEBOOK_OIDC: /no is not JSON.');
  });
});

test('help and the guide name every option', () => {
  for (const { name } of Object.values(OPTIONS)) expect(optionsHelp()).toContain(name);
  // Written by `cuebook-server options`.
  const guide = readFileSync(new URL('../../docs/guides/server.md', import.meta.url), 'utf8');
  expect(guide).toContain(optionsTable());
});
