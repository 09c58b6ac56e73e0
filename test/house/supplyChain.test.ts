// What comes from others: pinned, without code that runs while it is installed, under licences that we may use.

import { existsSync, lstatSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/root.ts';

interface Manifest {
  readonly name: string;
  readonly license?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Tools that only build or test may stand under more licences than what ships (`tools/notices.ts` holds that). */
const allowedLicences: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'Unlicense',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'MPL-2.0',
  'Artistic-2.0',
  'PSF-2.0',
  'CC-BY-4.0',
  '(MPL-2.0 OR Apache-2.0)',
  '(MIT AND Zlib)',
  '(AFL-2.1 OR BSD-3-Clause)',
  '(MIT OR GPL-3.0-or-later)',
]);

/** Microsoft's signing of extensions comes with its packager; nothing of ours calls it and nothing ships it. */
const knownOthers: ReadonlySet<string> = new Set(['@vscode/vsce-sign', '@vscode/vsce-sign-linux-x64']);

test('every dependency is pinned to one version', async () => {
  const manifests = await Promise.all(
    ['.', 'shared', 'extension', 'server', 'test'].map(async (folder) =>
      readManifest(path.join(repositoryRoot, folder)),
    ),
  );
  const loose = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => version !== 'workspace:*' && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    ),
  );
  expect(loose).toEqual([]);
});

test('no package that brings an install script is allowed to run it, and each of them is named', async () => {
  const workspace = await readFile(path.join(repositoryRoot, 'pnpm-workspace.yaml'), 'utf8');
  const named = new Map(
    [...workspace.matchAll(/^ {2}'?([@\w/-]+)'?: (true|false)$/gm)].map(([, name = '', runs]) => [
      name,
      runs,
    ]),
  );
  expect([...named.values()]).not.toContain('true');
  const withScripts = (await installedPackages()).filter(
    ({ manifest: { scripts = {} }, folder }) =>
      ['preinstall', 'install', 'postinstall'].some((script) => script in scripts) ||
      existsSync(path.join(folder, 'binding.gyp')),
  );
  expect(withScripts.length).toBeGreaterThan(0);
  expect(withScripts.map(({ manifest }) => manifest.name).filter((name) => !named.has(name))).toEqual([]);
}, 60_000);

test('every installed package stands under a licence that we may use', async () => {
  const refused = (await installedPackages())
    .map(({ manifest: { name, license } }) => ({
      name,
      licence: typeof license === 'string' ? license : 'none',
    }))
    .filter(({ name, licence }) => !knownOthers.has(name) && !allowedLicences.has(licence));
  expect(refused).toEqual([]);
}, 60_000);

async function installedPackages(): Promise<readonly { folder: string; manifest: Manifest }[]> {
  const store = path.join(repositoryRoot, 'node_modules', '.pnpm');
  const folders = (await readdir(store)).map((entry) => path.join(store, entry, 'node_modules'));
  const found = await Promise.all(
    folders.filter((folder) => existsSync(folder)).map(async (folder) => packagesIn(folder)),
  );
  return found.flat();
}

async function packagesIn(folder: string): Promise<readonly { folder: string; manifest: Manifest }[]> {
  const names = await readdir(folder);
  const scoped = await Promise.all(
    names.map(async (name) =>
      name.startsWith('@')
        ? (await readdir(path.join(folder, name))).map((inner) => path.join(folder, name, inner))
        : [path.join(folder, name)],
    ),
  );
  // Links lead to what is listed elsewhere.
  const own = scoped
    .flat()
    .filter((each) => !lstatSync(each).isSymbolicLink() && existsSync(path.join(each, 'package.json')));
  return Promise.all(own.map(async (each) => ({ folder: each, manifest: await readManifest(each) })));
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}
