// The library as a window has it: a worker thread that is started, opens a stored library of ten thousand prompts, and
// is searched as somebody types. Messages between the threads are inside both figures.

import { join } from 'node:path';
import type { Library } from '../../extension/src/library/api.ts';
import type { Figure } from '../../tools/figure.ts';
import {
  createTestFolder,
  createTestSecrets,
  openTestLibrary,
  type TestLibrary,
  type TestSecrets,
  valueOf,
  workspaceOf,
} from '../store/openTestLibrary.ts';

export const prefix = 'library';

/** As built: how long it takes to load is part of opening. */
const workerUrl = new URL('../../extension/dist/libraryWorker.js', import.meta.url);

const promptCount = 10_000;
const atOnce = 1000;
const openings = 7;
/** As somebody types them: each beginning of each is a keystroke. */
const queries = [
  'review',
  'explain selection',
  'prompt 77',
  'every line',
  'common security',
  'zebra',
  'ünit test',
];

interface Stored {
  readonly folder: string;
  readonly secrets: TestSecrets;
}

export async function figures(): Promise<readonly Figure[]> {
  using folder = createTestFolder();
  const stored = { folder: join(folder.path, 'library'), secrets: createTestSecrets() };
  await fill(stored);
  return [await open10k(stored), await searchP95(stored)];
}

async function fill(stored: Stored): Promise<void> {
  await using opened = openTestLibrary({ ...stored, workerUrl });
  const workspaceId = await workspaceOf(opened.library);
  for (let first = 0; first < promptCount; first += atOnce) {
    const prompts = Array.from({ length: atOnce }, (_, index) => ({
      workspaceId,
      folderId: null,
      path: [`Folder ${(first + index) % 200}`],
      name: `${['Review', 'Explain', 'Prompt'][index % 3] ?? ''} ${first + index}`,
      text: textOf(first + index),
    }));
    valueOf(await opened.library.createPrompts(prompts));
  }
}

/** 1 KB, with words that differ between prompts. */
function textOf(index: number): string {
  const topics = ['security', 'naming', 'performance', 'selection', 'unit tests', 'Ünicode'];
  const head = `---\ndescription: Prompt number ${index}\ntags: [tag${index % 40}, common]\n---\n`;
  const body = `You review code for ${topics[index % topics.length] ?? ''} (${index}). Look at every line and say why. `;
  return head + body.repeat(20).slice(0, 1024 - head.length);
}

/** From the start of the worker until the tree's first two levels have been answered. */
async function open10k(stored: Stored): Promise<Figure> {
  const times: number[] = [];
  for (let run = 0; run < openings; run += 1) {
    const start = performance.now();
    await using opened = openTestLibrary({ ...stored, workerUrl });
    await readTree(opened);
    times.push(performance.now() - start);
  }
  return { figure: 'library.open10k', value: quantile(times, 0.5), unit: 'ms', runs: openings };
}

async function readTree({ library }: TestLibrary): Promise<void> {
  const workspaceId = await workspaceOf(library);
  const top = valueOf(await library.children({ workspaceId, folderId: null }));
  const [folder] = top.folders;
  if (top.folders.length !== 200 || folder === undefined) throw new Error('the library is not whole');
  const inside = valueOf(await library.children({ workspaceId, folderId: folder.id }));
  if (inside.prompts.length !== promptCount / 200) throw new Error('the folder is not whole');
}

async function searchP95(stored: Stored): Promise<Figure> {
  await using opened = openTestLibrary({ ...stored, workerUrl });
  const { library } = opened;
  // As the product does when the quick pick opens: the texts are read then, and that is not part of any keystroke.
  valueOf(await library.search('', 1));
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (const query of queries) times.push(...(await typed(library, query)));
  }
  return { figure: 'library.search.p95', value: quantile(times, 0.95), unit: 'ms', runs: times.length };
}

async function typed(library: Library, query: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let length = 1; length <= query.length; length += 1) {
    const start = performance.now();
    valueOf(await library.search(query.slice(0, length), 50));
    times.push(performance.now() - start);
  }
  return times;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
