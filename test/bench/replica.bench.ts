// The replica's figures: opening a large library from its sealed snapshot, merging a long prompt, and how long opening
// and verifying keeps a thread from answering. Absolute times are goals; design/benchmarks.md says how they are read.

import * as nodeCrypto from 'node:crypto';
import { openLocal } from '@cuebook/shared/crypto/open';
import { sealLocal } from '@cuebook/shared/crypto/seal';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { createPrompts } from '@cuebook/shared/replica/creating';
import { createTestRecordPort, createTestStore, createTestWindow } from '@cuebook/shared/replica/fixture';
import { viewLibrary } from '@cuebook/shared/replica/libraryView';
import { mergeTexts } from '@cuebook/shared/replica/promptText';
import { receive } from '@cuebook/shared/replica/receive';
import { decodeSnapshot, encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { emptyReplica } from '@cuebook/shared/replica/state';
import { redact } from '@cuebook/shared/util/redacted';
import type { Figure } from '../../tools/figure.ts';

export const prefix = 'records';

const PROMPTS = 10_000;
const RUNS = 7;
/** What one slice of work may take before the thread answers again. */
const SLICE_MS = 2;

export async function figures(): Promise<readonly Figure[]> {
  const library = makeLibrary();
  return [snapshot(library), merge(), await longestBlock(library)];
}

type Library = ReturnType<typeof makeLibrary>;

function makeLibrary() {
  const suite = createSuite(nodeCrypto);
  const records = createTestRecordPort(suite);
  const store = createTestStore(records);
  const window = createTestWindow(suite, records, store);
  const body = 'You review code for {{focus}}.\n\n'.padEnd(800, 'Look at every line, and say why. ');
  const text = (index: number): string =>
    `---\ndescription: Prompt number ${index}\ntags: [tag${index % 40}, common]\ninputs:\n  focus: { type: string }\n---\n${body}\n`;
  const prompts = Array.from({ length: PROMPTS }, (_, index) => ({
    folderId: null,
    path: [`Folder ${index % 200}`],
    name: `Prompt ${index}`,
    text: text(index),
    ifTaken: 'suffix' as const,
  }));
  window.run((state, ports) => createPrompts(state, ports, prompts));
  return { suite, records, store, window };
}

function snapshot({ suite, window }: Library): Figure {
  const key = { key: redact(suite.random(32)), purpose: 'snapshot' };
  const sealed = sealLocal(suite, key, encodeSnapshot(window.state()));
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    const opened = openLocal(suite, key, sealed);
    const state = opened.ok ? decodeSnapshot(opened.value, window.state().workspace) : null;
    if (state?.groups.size !== window.state().groups.size) throw new Error('The snapshot is not whole.');
    viewLibrary(state).tree.folder(null);
    return performance.now() - start;
  });
  return { figure: 'records.snapshot10k', value: median(times), unit: 'ms', runs: RUNS };
}

function merge(): Figure {
  const lines = Array.from({ length: 1000 }, (_, index) => `Line ${index} says something of its own.`);
  const changed = (every: number, mark: string): string =>
    lines.map((line, index) => (index % 50 === every ? `${line} ${mark}` : line)).join('\n');
  const sides = { base: lines.join('\n'), mine: changed(5, 'mine'), theirs: changed(30, 'theirs') };
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    if (!mergeTexts(sides).clean) throw new Error('The sides do not touch each other.');
    return performance.now() - start;
  });
  return { figure: 'records.merge1000', value: median(times), unit: 'ms', runs: RUNS };
}

/** Opens and verifies every record in slices, and gives the 99.9th percentile of their thread CPU time. */
async function longestBlock({ store, window }: Library): Promise<Figure> {
  const rows = store.rows.slice(0, PROMPTS);
  const slices: number[] = [];
  for (let run = 0; run < 3; run++) {
    let state = emptyReplica(window.state().workspace);
    while (state.row < rows.length) {
      const start = process.threadCpuUsage();
      const end = performance.now() + SLICE_MS;
      const options = { verify: 'now', stop: () => performance.now() >= end } as const;
      ({ state } = receive(state, window.ports, rows.slice(state.row), options));
      const { user, system } = process.threadCpuUsage(start);
      slices.push((user + system) / 1000);
      await new Promise(setImmediate);
    }
    if (state.quarantine.size > 0) throw new Error('Every record opens.');
  }
  slices.sort((left, right) => left - right);
  const value = slices[Math.ceil(slices.length * 0.999) - 1] ?? 0;
  return { figure: 'records.block.max', value, unit: 'ms', runs: slices.length };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
