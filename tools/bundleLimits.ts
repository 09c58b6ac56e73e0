// What the built extension may weigh. The entry is read at every start of VS Code; all else loads on first use.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from './root.ts';

const limits: readonly { readonly file: string; readonly kilobytes: number }[] = [
  { file: 'extension.js', kilobytes: 300 },
];

const dist = path.join(repositoryRoot, 'extension', 'dist');

/**
 * KB of a bundle together with the chunks that it imports statically: those load with it. Splitting must not be a way
 * around the limit.
 */
export async function loadedKilobytes(file: string): Promise<number> {
  const seen = new Set<string>();
  const read = async (name: string): Promise<number> => {
    if (seen.has(name) || !existsSync(name)) return 0;
    seen.add(name);
    const text = await readFile(name, 'utf8');
    const imports = text.matchAll(/(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g);
    let bytes = Buffer.byteLength(text);
    for (const [, imported = ''] of imports) bytes += await read(path.resolve(path.dirname(name), imported));
    return bytes;
  };
  return (await read(path.join(dist, file))) / 1024;
}

/** One line for each bundle that is over its limit. */
export async function overLimit(): Promise<readonly string[]> {
  const measured = await Promise.all(
    limits.map(async ({ file, kilobytes }) => ({ file, kilobytes, actual: await loadedKilobytes(file) })),
  );
  return measured
    .filter(({ actual, kilobytes }) => actual > kilobytes)
    .map(
      ({ file, actual, kilobytes }) => `${file} loads ${actual.toFixed(0)} KB; the limit is ${kilobytes} KB.`,
    );
}
