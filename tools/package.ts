// Makes `artefacts/cuebook.vsix` of the built extension: exactly what `files` in its manifest lists.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './command.ts';
import { artefactsFolder, repositoryRoot } from './root.ts';

const extensionFolder = path.join(repositoryRoot, 'extension');

export async function buildExtension(): Promise<string> {
  return mustRun(process.execPath, [path.join('extension', 'build.ts')]);
}

/** Returns the path of the .vsix. The extension must be built. */
export async function packageExtension(): Promise<string> {
  const file = path.join(artefactsFolder, 'cuebook.vsix');
  await mkdir(artefactsFolder, { recursive: true });
  const vsce = path.join(extensionFolder, 'node_modules', '.bin', 'vsce');
  await mustRun(
    vsce,
    [
      'package',
      '--no-dependencies',
      '--allow-missing-repository',
      '--no-rewrite-relative-links',
      '--out',
      file,
    ],
    // Files in it get this time, and the same order: the same source makes the same .vsix, byte by byte.
    { cwd: extensionFolder, env: { SOURCE_DATE_EPOCH: '1577836800', TZ: 'UTC' } },
  );
  return file;
}

if (import.meta.main) {
  await buildExtension();
  console.log(path.relative(process.cwd(), await packageExtension()));
}
