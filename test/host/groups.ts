// Which suites run together, and how their results are told.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LogLine } from '../editor/logs.ts';
import type { TestResult } from './results.ts';

/** Suites that share one boot of VS Code. */
export interface Group {
  readonly name: string;
  readonly trusted: boolean;
  /** Absolute paths. */
  readonly files: readonly string[];
}

export interface Outcome {
  readonly results: readonly TestResult[];
  /** Null: the suites ran to their end. Otherwise why there may be fewer results than tests. */
  readonly broken: string | null;
  readonly complaints: readonly LogLine[];
}

/** Runs all suites whose file name contains one of the filters; returns the exit code. */
export async function runGroups(
  filters: readonly string[],
  runGroup: (group: Group) => Promise<Outcome>,
): Promise<number> {
  let passed = 0;
  let failed = 0;
  for (const group of await groups(filters)) {
    const outcome = await runGroup(group);
    for (const line of reportLines(group, outcome)) console.log(line);
    const failures = outcome.results.filter((result) => result.failure !== null).length;
    passed += outcome.results.length - failures;
    failed += failures + outcome.complaints.length + (outcome.broken === null ? 0 : 1);
  }
  console.log(`Extension host: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function reportLines(group: Group, outcome: Outcome): readonly string[] {
  return [
    ...outcome.results.flatMap(({ title, milliseconds, failure }) =>
      failure === null
        ? [`ok   ${title} (${milliseconds} ms)`]
        : [`FAIL ${title} (${milliseconds} ms)`, failure.replaceAll(/^/gm, '     ')],
    ),
    ...outcome.complaints.map(
      ({ level, source, text }) => `FAIL ${group.name}: ${level} in ${source}: ${text}`,
    ),
    ...(outcome.broken === null ? [] : [`FAIL ${group.name}: ${outcome.broken}`]),
  ];
}

async function groups(filters: readonly string[]): Promise<readonly Group[]> {
  const files = (await readdir(import.meta.dirname))
    .filter((name) => name.endsWith('.host.ts'))
    .filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
    .sort()
    .map((name) => path.join(import.meta.dirname, name));
  const untrusted = (name: string) => name.endsWith('.untrusted.host.ts');
  return [
    { name: 'trusted folder', trusted: true, files: files.filter((name) => !untrusted(name)) },
    { name: 'untrusted folder', trusted: false, files: files.filter(untrusted) },
  ].filter((group) => group.files.length > 0);
}

export async function readResults(file: string): Promise<readonly TestResult[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as TestResult);
}
