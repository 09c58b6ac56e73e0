// `npm run bench [-- PREFIX…]`: runs the benchmarks whose figures begin with one of the prefixes, one after the other, and
// prints a JSON line for each figure.

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Benchmark } from './figure.ts';
import { buildExtension } from './package.ts';
import { repositoryRoot } from './root.ts';

const folder = path.join(repositoryRoot, 'test', 'bench');

async function main(prefixes: readonly string[]): Promise<void> {
  await buildExtension();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.bench.ts')).sort()) {
    const benchmark = (await import(pathToFileURL(path.join(folder, file)).href)) as Benchmark;
    if (!isWanted(benchmark.prefix, prefixes)) continue;
    for (const figure of await benchmark.figures()) {
      if (isWanted(figure.figure, prefixes)) console.log(JSON.stringify(figure));
    }
  }
}

/** A shorter prefix wants all below it; a longer one wants a file that may hold it. */
function isWanted(name: string, prefixes: readonly string[]): boolean {
  return (
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix) || prefix.startsWith(name))
  );
}

await main(process.argv.slice(2));
