// The extension as a user gets it: what `files` in its manifest lists, and nothing else.

import { existsSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../../tools/root.ts';

/** Copies the built extension below `folder` and returns its path. A copy, so that a build meanwhile does not matter. */
export async function copyProduct(folder: string): Promise<string> {
  const source = path.join(repositoryRoot, 'extension');
  if (!existsSync(path.join(source, 'dist', 'extension.js'))) {
    throw new Error('The extension is not built: run `npm run build` first.');
  }
  const manifest = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    readonly files: readonly string[];
  };
  const target = path.join(folder, 'cuebook');
  await mkdir(target, { recursive: true });
  // A pattern such as `media/**` stands for its folder.
  const listed = manifest.files.map((entry) => entry.replace(/\/\*.*$/, ''));
  for (const entry of new Set(['package.json', ...listed])) {
    await cp(path.join(source, entry), path.join(target, entry), { recursive: true });
  }
  return target;
}
