// The extension as a user gets it: what `files` in its manifest lists, and nothing else.

import { existsSync } from 'node:fs';
import { cp, glob, mkdir, readFile } from 'node:fs/promises';
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
  for await (const entry of glob(['package.json', ...manifest.files], { cwd: source, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await cp(file, path.join(target, path.relative(source, file)));
  }
  return target;
}
