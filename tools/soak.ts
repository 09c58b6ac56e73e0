// `npm run soak`: the same tests as `npm test`, with the full numbers, and a line for each in `docs/soak.md`.
//
// The tests read their numbers from the environment: KILLS (how often a saving process is killed) and SEED (of the moments
// at which), SEEDS (how many seeded simulations), SOCKETS (at a time). All can be set here too; names as arguments run only those.

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { mustRun, runCommand } from './command.ts';
import { repositoryRoot } from './root.ts';

interface Soak {
  readonly name: string;
  /** What vitest runs. */
  readonly files: readonly string[];
  readonly variable: 'KILLS' | 'SEEDS' | 'SOCKETS';
  readonly usual: number;
  readonly what: string;
  /** Run by a second process at the same time, over the second half of the seeds (FROM is the first of a process). */
  readonly split?: string;
  /** The seeds of a run with this count, as they are written down. */
  seeds(count: number, seed: number): string;
}

const soaks: readonly Soak[] = [
  {
    name: 'crash',
    files: ['test/store/kill.test.ts'],
    variable: 'KILLS',
    usual: 500,
    what: 'processes killed while saving, one and two writers',
    seeds: (_count, seed) => String(seed),
  },
  {
    name: 'server',
    files: ['test/server/crash/kill.test.ts'],
    variable: 'KILLS',
    usual: 300,
    what: 'two server processes and their PostgreSQL killed under load',
    seeds: (_count, seed) => String(seed),
  },
  {
    name: 'sockets',
    files: ['test/server/hostile/hostile.test.ts'],
    variable: 'SOCKETS',
    usual: 5000,
    what: 'sockets at a time that ask, send noise or nothing, and go; three times',
    seeds: () => '',
  },
  {
    name: 'convergence',
    files: ['test/convergence', 'shared/src/replica/replica.property.test.ts'],
    split: 'test/convergence/convergence.test.ts',
    variable: 'SEEDS',
    usual: 10_000,
    what: 'seeded simulations of several replicas',
    seeds: (count) => `1 to ${count}`,
  },
];

const page = path.join(repositoryRoot, 'docs', 'soak.md');
const head = `# Soak runs

Written by \`npm run soak\` (tools/soak.ts). "+ changes" at a commit: the working tree differed from it.

| day | commit | what | count | seeds | seconds | tests | result |
|---|---|---|---:|---|---:|---|---|
`;

async function main(names: readonly string[]): Promise<number> {
  const chosen = soaks.filter(({ name }) => names.length === 0 || names.includes(name));
  if (chosen.length === 0) throw new Error(`Choose from: ${soaks.map(({ name }) => name).join(', ')}`);
  let failed = false;
  for (const soak of chosen) {
    const line = await runSoak(soak);
    console.log(line.text);
    failed ||= !line.ok;
    const before = await readFile(page, 'utf8').catch(() => head);
    await writeFile(page, `${before.trimEnd()}\n${line.text}\n`);
  }
  return failed ? 1 : 0;
}

async function runSoak(soak: Soak): Promise<{ readonly ok: boolean; readonly text: string }> {
  const count = Number(process.env[soak.variable] ?? soak.usual);
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
  const commit = await currentCommit();
  const started = Date.now();
  const runs = await Promise.all(
    partsOf(soak, count).map(({ files, from, count: part }) =>
      runCommand('vitest', ['run', ...files], {
        env: { [soak.variable]: String(part), SEED: String(seed), FROM: String(from) },
        show: true,
      }),
    ),
  );
  const ok = runs.every((run) => run.ok);
  const tests = runs
    .map(
      ({ output }) => /^\s*Tests\s+(.*)$/m.exec(stripVTControlCharacters(output))?.[1]?.trim() ?? 'none ran',
    )
    .join(' and ');
  const day = new Date(started).toISOString().slice(0, 10);
  const seconds = Math.round((Date.now() - started) / 1000);
  const seeds = soak.seeds(count, seed);
  const cells = [day, commit, soak.what, count, seeds, seconds, tests, ok ? 'passed' : 'FAILED'];
  return { ok, text: `| ${cells.map((cell) => String(cell).replaceAll('|', ',')).join(' | ')} |` };
}

interface Part {
  readonly files: readonly string[];
  /** The first seed. */
  readonly from: number;
  readonly count: number;
}

function partsOf({ files, split }: Soak, count: number): readonly Part[] {
  if (split === undefined) return [{ files, from: 1, count }];
  const half = Math.ceil(count / 2);
  return [
    { files, from: 1, count: half },
    { files: [split], from: half + 1, count: count - half },
  ];
}

async function currentCommit(): Promise<string> {
  const commit = (await mustRun('git', ['rev-parse', '--short', 'HEAD'])).trim();
  const changes = (await mustRun('git', ['status', '--porcelain', '--', ':!docs/soak.md'])).trim();
  return changes === '' ? commit : `${commit} + changes`;
}

process.exitCode = await main(process.argv.slice(2));
