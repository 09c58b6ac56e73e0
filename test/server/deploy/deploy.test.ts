// What a server is deployed with: no engine runs here, so what can be read wrongly is read: paths, options, secrets.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { OPTIONS } from '@cuebook/server/options';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const root = path.join(import.meta.dirname, '..', '..', '..');
const deploy = path.join(root, 'server', 'deploy');
const read = (name: string): string => readFileSync(path.join(deploy, name), 'utf8');

/** Of environment variables: the options, and for secrets the files that hold them. */
const variables: ReadonlySet<string> = new Set(
  Object.values(OPTIONS).flatMap((option) =>
    'isSecret' in option ? [option.name, `${option.name}_FILE`] : [option.name],
  ),
);
const unknown = (names: Iterable<string>): readonly string[] =>
  [...names].filter((name) => /^(?:CUEBOOK_|DATABASE_URL)/.test(name) && !variables.has(name));

const compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      build: z.optional(z.object({ context: z.string(), dockerfile: z.string() })),
      image: z.optional(z.string()),
      environment: z.optional(z.record(z.string(), z.string())),
      secrets: z.optional(z.array(z.string())),
      volumes: z.optional(z.array(z.string())),
      depends_on: z.optional(z.unknown()),
    }),
  ),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.nullable(z.unknown())),
  networks: z.object({
    default: z.object({ ipam: z.object({ config: z.array(z.object({ subnet: z.string() })) }) }),
  }),
});

describe('the compose file', () => {
  const { services, secrets, volumes, networks } = compose.parse(parse(read('compose.yaml')));

  test('builds the server from the Dockerfile, and names what it is configured with as the server does', () => {
    const { build, environment = {} } = services['server'] ?? {};
    expect(path.resolve(deploy, build?.context ?? '')).toBe(root);
    expect(existsSync(path.join(root, build?.dockerfile ?? 'none'))).toBe(true);
    expect(Object.keys(environment).length).toBeGreaterThan(3);
    expect(unknown(Object.keys(environment))).toEqual([]);
  });

  test('declares every secret, volume and service that is used, and trusts its own network alone', () => {
    for (const service of Object.values(services)) {
      for (const secret of service.secrets ?? []) expect(secrets).toHaveProperty(secret);
      for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty(volume.split(':')[0] ?? '');
      for (const [name, value] of Object.entries(service.environment ?? {})) {
        const file = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
        if (name.endsWith('_FILE')) expect(service.secrets).toContain(file);
      }
      const needed = service.depends_on ?? [];
      for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) {
        expect(services).toHaveProperty(String(name));
      }
    }
    const [network] = networks.default.ipam.config;
    expect(services['server']?.environment?.['CUEBOOK_TRUSTED_PROXIES']).toBe(network?.subnet);
  });
});

test('the Dockerfile copies and runs what there is, and names options as the server does', () => {
  const text = read('Dockerfile');
  for (const [, from = ''] of text.matchAll(/^COPY (?!--from)(\S+) /gm)) {
    expect(existsSync(path.join(root, from))).toBe(true);
  }
  const built = readFileSync(path.join(root, 'server', 'build.ts'), 'utf8');
  const program = /"\/app\/([\w.-]+)"\]/.exec(text)?.[1] ?? 'none';
  expect(built).toContain(program.replace(/\.js$/, ''));
  expect(unknown(text.match(/\b(?:CUEBOOK_\w+|DATABASE_URL\w*)/g) ?? [])).toEqual([]);
});

const analyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });

test('the systemd unit names options as the server does, and systemd finds nothing wrong with it', () => {
  const unit = read('cuebook-server.service');
  expect(unit).toMatch(/^ExecStart=.*cuebook-server serve$/m);
  expect(unknown(unit.match(/\bCUEBOOK_\w+/g) ?? [])).toEqual([]);
  if (analyze.status !== 0) return;
  const verified = spawnSync('systemd-analyze', ['verify', path.join(deploy, 'cuebook-server.service')], {
    encoding: 'utf8',
  });
  expect({ status: verified.status, said: verified.stderr }).toEqual({ status: 0, said: '' });
});
