// `npm run bench [-- PREFIX…]`: runs the benchmarks whose figures begin with one of the prefixes, one after the other, and
// prints a JSON line for each figure. With `--page` it also writes docs/performance.md from them. Exit code 1 if a figure is
// behind its bound (`performanceAims.ts`).

import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Benchmark, Figure } from './figure.ts';
import { buildExtension } from './package.ts';
import { behindBounds } from './performanceAims.ts';
import { writePerformancePage } from './performancePage.ts';
import { repositoryRoot } from './root.ts';

const folder = path.join(repositoryRoot, 'test', 'bench');

async function main(args: readonly string[]): Promise<void> {
  const prefixes = args.filter((arg) => arg !== '--page');
  const loadBefore = minuteLoad();
  await buildExtension();
  const measured = await measure(prefixes);
  if (args.includes('--page'))
    await writePerformancePage(measured, { at: new Date(), loadBefore, loadAfter: minuteLoad() });
  const behind = behindBounds(measured);
  for (const line of behind) console.error(`Behind its bound: ${line}`);
  if (behind.length > 0) process.exitCode = 1;
}

const minuteLoad = (): number => os.loadavg()[0] ?? 0;

async function measure(prefixes: readonly string[]): Promise<readonly Figure[]> {
  const measured: Figure[] = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.bench.ts')).sort()) {
    const benchmark = (await import(pathToFileURL(path.join(folder, file)).href)) as Benchmark;
    if (!isWanted(benchmark.prefix, prefixes)) continue;
    for (const figure of await benchmark.figures()) {
      if (!isWanted(figure.figure, prefixes)) continue;
      measured.push(figure);
      console.log(JSON.stringify(figure));
    }
  }
  return measured;
}

/** A shorter prefix wants all below it; a longer one wants a file that may hold it. */
function isWanted(name: string, prefixes: readonly string[]): boolean {
  return (
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix) || prefix.startsWith(name))
  );
}

await main(process.argv.slice(2));
