// A prompt's history as a window asks for it; messages between the threads are inside. `.first` is the first question after
// the library was opened, when every sealed text has to be opened for it; the figure without it is what one works with after
// that: blame of a text that is being typed, just after another version was saved; another search.

import { join } from 'node:path';
import type { Library, PromptId } from '../../extension/src/library/api.ts';
import type { Blame } from '../../extension/src/library/history.ts';
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

export const prefix = 'history';

/** As built: how a user has it. */
const workerUrl = new URL('../../extension/dist/libraryWorker.js', import.meta.url);
const runs = 7;
const lineCount = 1000;
const longVersions = 500;
const manyVersions = 5000;
const rowsShown = 200;

interface Stored {
  readonly folder: string;
  readonly secrets: TestSecrets;
}

export async function figures(): Promise<readonly Figure[]> {
  using folder = createTestFolder();
  const stored = { folder: join(folder.path, 'library'), secrets: createTestSecrets() };
  const { long, many } = await fill(stored);
  return [
    ...(await blame(stored, long)),
    await versions5000(stored, many),
    ...(await introduced(stored, many)),
  ];
}

async function fill(stored: Stored): Promise<{ readonly long: PromptId; readonly many: PromptId }> {
  await using opened = openTestLibrary({ ...stored, workerUrl });
  const lines = Array.from(
    { length: lineCount },
    (_, at) => `Line ${at} says something of its own, as lines of prompts do.`,
  );
  const long = await saveEach(opened, 'long', longVersions, (version) => {
    // Three places in each version: a changed line, a new one, one less.
    const at = (version * 37) % lines.length;
    lines[at] = `Line ${at} as version ${version} has it.`;
    lines.splice((version * 101) % lines.length, 0, `New in version ${version}.`);
    lines.splice((version * 53) % lines.length, 1);
    return lines.join('\n');
  });
  const many = await saveEach(opened, 'many', manyVersions, (version) => {
    const topic = (turn: number): string =>
      `Topic ${turn}: look at ${turn % 7}, and say why it matters for topic ${turn}.`;
    const body = Array.from({ length: 16 }, (_, at) => topic(version - ((version - at) % 16)));
    return `---\ndescription: Version ${version}\n---\n${body.join('\n')}\n`;
  });
  return { long, many };
}

async function saveEach(
  { library }: TestLibrary,
  name: string,
  count: number,
  textOf: (version: number) => string,
): Promise<PromptId> {
  const workspaceId = await workspaceOf(library);
  const [made] = valueOf(
    await library.createPrompts([{ workspaceId, folderId: null, name, text: textOf(1) }]),
  );
  if (made === undefined) throw new Error('one prompt was made');
  let { revisionId: base } = valueOf(await library.read(made.id));
  for (let version = 2; version <= count; version += 1) {
    const saved = valueOf(
      await library.save(made.id, { text: textOf(version), base, message: `Version ${version}` }),
    );
    base = saved.document.revisionId;
  }
  return made.id;
}

async function blame(stored: Stored, id: PromptId): Promise<readonly Figure[]> {
  const first: number[] = [];
  const next: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await using opened = await openAgain(stored);
    const { library } = opened;
    const { text, revisionId: base } = valueOf(await library.read(id));
    first.push(await timeOf(async () => checkBlame(valueOf(await library.blame(id)))));
    const saved = text.replace(/^.*$/mu, `Saved in run ${run}.`);
    valueOf(await library.save(id, { text: saved, base }));
    const typed = saved.replace('\n', ' and typed\n');
    next.push(await timeOf(async () => checkBlame(valueOf(await library.blame(id, { text: typed })))));
  }
  return both('history.blame', next, first);
}

function checkBlame({ runs: found, versions }: Blame): void {
  const lines = found.reduce((sum, { count }) => sum + count, 0);
  if (lines !== lineCount || versions.length < 100) throw new Error('the blame is not whole');
}

/** What the view shows first, with the sizes of the changes of those rows that fit into a window. */
async function versions5000(stored: Stored, id: PromptId): Promise<Figure> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await using opened = await openAgain(stored);
    times.push(await timeOf(async () => checkRows(opened.library, id)));
  }
  return { figure: 'history.versions5000', value: median(times), unit: 'ms', runs };
}

async function checkRows(library: Library, id: PromptId): Promise<void> {
  const { rows, total } = valueOf(await library.history(id, { limit: rowsShown }));
  if (rows.length !== rowsShown || total !== manyVersions) throw new Error('the history is not whole');
  const shown = rows.slice(0, 50).flatMap((row) => (row.trust === 'untrusted' ? [] : [row.revisionId]));
  if (valueOf(await library.changeSizes(id, shown)).length !== 50) throw new Error('sizes are missing');
}

async function introduced(stored: Stored, id: PromptId): Promise<readonly Figure[]> {
  const first: number[] = [];
  const next: number[] = [];
  const search = async (library: Library, topic: number): Promise<void> => {
    const found = valueOf(await library.introduced(id, { text: `matters for topic ${topic}.` }));
    if (found.filter(({ what }) => what === 'introduced').length !== 1)
      throw new Error('one version has it first');
  };
  for (let run = 0; run < runs; run += 1) {
    await using opened = await openAgain(stored);
    first.push(await timeOf(async () => search(opened.library, 1234)));
    next.push(await timeOf(async () => search(opened.library, 4321 + run)));
  }
  return both('history.introduced', next, first);
}

const both = (figure: string, next: readonly number[], first: readonly number[]): readonly Figure[] => [
  { figure, value: median(next), unit: 'ms', runs },
  { figure: `${figure}.first`, value: median(first), unit: 'ms', runs },
];

/** A library that was just started and has shown its tree. */
async function openAgain(stored: Stored): Promise<TestLibrary> {
  const opened = openTestLibrary({ ...stored, workerUrl });
  const workspaceId = await workspaceOf(opened.library);
  valueOf(await opened.library.children({ workspaceId, folderId: null }));
  return opened;
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
