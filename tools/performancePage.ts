// Writes `docs/performance.md` from the lines that the benchmarks print: `node tools/bench.ts --page`.

import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Figure } from './figure.ts';
import { type Aim, aims } from './performanceAims.ts';
import { repositoryRoot } from './root.ts';

/** What the figures were measured on. */
export interface Measurement {
  readonly at: Date;
  /** Processes that wanted a processor in the minute before, on average. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

/** Returns the path of the page. */
export async function writePerformancePage(
  figures: readonly Figure[],
  measurement: Measurement,
): Promise<string> {
  const file = path.join(repositoryRoot, 'docs', 'performance.md');
  await writeFile(file, pageOf(figures, measurement));
  return file;
}

function pageOf(figures: readonly Figure[], measurement: Measurement): string {
  const aimed = new Map(aims.map((aim) => [aim.figure, aim]));
  const withAim = figures.flatMap((figure) => {
    const aim = aimed.get(figure.figure);
    return aim === undefined ? [] : [aimedRow(figure, aim)];
  });
  const others = figures.filter(({ figure }) => !aimed.has(figure)).map((figure) => plainRow(figure));
  const measured = new Set(figures.map(({ figure }) => figure));
  const missing = aims.filter(({ figure }) => !measured.has(figure)).map(({ figure }) => `\`${figure}\``);
  return `${[
    '# Performance',
    'Written by `npm run bench -- --page`: do not edit. Compare ratios between machines, not times.',
    machine(measurement),
    [
      '| Figure | What | Value | Aim | Met | Floor | Runs |',
      '|---|---|---:|---:|---|---:|---:|',
      ...withAim,
    ].join('\n'),
    ...(missing.length === 0 ? [] : [`Not measured this time: ${missing.join(', ')}.`]),
    '## Without an aim',
    ['| Figure | Value | Floor | Runs |', '|---|---:|---:|---:|', ...others].join('\n'),
    'The floor is what the same machine does at best, measured in the same run; a ratio is the measured time divided by it.',
  ].join('\n\n')}\n`;
}

function machine({ at, loadBefore, loadAfter }: Measurement): string {
  const cpus = os.cpus();
  return [
    `- Date: ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- Machine: ${cpus.length} cores${modelOf(cpus)}, ${(os.totalmem() / 2 ** 30).toFixed(1)} GiB of memory, ${os.type()} ${os.arch()}`,
    `- Node: ${process.version}`,
    `- Load average of a minute: ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after. The benchmarks are in the second; in the first, anything is others' work.`,
    `- CPU time of a thread is counted in steps of ${cpuStepMs().toFixed(1)} ms here. \`records.block.max\` is measured in it, and is no more exact than that.`,
    '- One run: times rise with what others do on the machine.',
  ].join('\n');
}

/** The usual step in which the system counts a thread's CPU: a scheduler's tick where it does not count exactly. */
function cpuStepMs(): number {
  const steps: number[] = [];
  const end = performance.now() + 200;
  let last = threadCpuMs();
  while (performance.now() < end) {
    const now = threadCpuMs();
    if (now > last) steps.push(now - last);
    last = now;
  }
  return steps.toSorted((left, right) => left - right)[Math.floor(steps.length / 2)] ?? 0;
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function modelOf([first]: readonly os.CpuInfo[]): string {
  const model = first?.model.trim() ?? '';
  return model === '' || model === 'unknown' ? '' : ` (${model})`;
}

function aimedRow(figure: Figure, aim: Aim): string {
  const isMet = aim.bound === 'most' ? figure.value <= aim.value : figure.value >= aim.value;
  const sign = aim.bound === 'most' ? '≤' : '≥';
  return row([
    `\`${figure.figure}\``,
    aim.what,
    withUnit(figure.value, figure.unit),
    `${sign} ${aim.value} ${figure.unit}`,
    isMet ? 'yes' : '**no**',
    floorOf(figure),
    String(figure.runs),
  ]);
}

const plainRow = (figure: Figure): string =>
  row([`\`${figure.figure}\``, withUnit(figure.value, figure.unit), floorOf(figure), String(figure.runs)]);

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The floor under a ratio is a time. */
function floorOf({ floor, unit }: Figure): string {
  return floor === undefined ? '' : withUnit(floor, unit === 'x' ? 'ms' : unit);
}

function withUnit(value: number, unit: string): string {
  return `${value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })} ${unit}`;
}
