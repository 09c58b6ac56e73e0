// What the extension host must never do, because it stands still meanwhile: read the text of a prompt. Proved by what
// its bundle is made of: the code that reads prompts is not in it.

import path from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');

async function modulesOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    outdir: 'dist',
    external: ['vscode'],
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  );
}

const readers =
  /shared\/src\/format\/(?:parse|template|roles|frontMatter|settings|render|diagnose|uses|hiddenUnicode|importPrompt|edits|merge)\.ts$|\/yaml\/|\/language\/(?!surroundings)\w+\.ts$/;

test('the extension host holds no code that reads a prompt’s text, and the language worker does', async () => {
  const host = await modulesOf('src/extension.ts');
  const ofWorker = (file: string): boolean => readers.test(file) && !file.includes('src/vscode/');
  expect(host.filter(ofWorker)).toEqual([]);
  expect((await modulesOf('src/node/languageWorker.ts')).filter(ofWorker)).toEqual(
    expect.arrayContaining(['../shared/src/format/parse.ts', 'src/language/languageService.ts']),
  );
});
