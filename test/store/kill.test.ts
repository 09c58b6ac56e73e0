// Processes that save are killed at random moments, again and again, on one library. What a save had acknowledged has to
// be there afterwards, exactly, and nothing may be corrupt.
//
// KILLS=500 runs as many rounds (npm run soak), SEED=… repeats a run's choices of when to kill.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LibraryCalls, PromptId, RevisionId } from '../../extension/src/library/api.ts';
import { createTestFolder, type TestFolder, valueOf } from './openTestLibrary.ts';
import { createRandom } from './random.ts';
import { bundleWindow, startWindow, type TestWindow, type WindowBundle } from './startWindow.ts';

const kills = Number(process.env['KILLS'] ?? 20);
const seed = Number(process.env['SEED'] ?? 20_261_122);
const secondsPerKill = 20;

/** Before it is killed, a process has at most so many saves acknowledged and then so many milliseconds left. */
const mostAcknowledged = 12;
const mostMilliseconds = 40;

type Acknowledged = TestWindow['acknowledged'][number];

describe('a process that saves and is killed', { timeout: 60_000 + kills * secondsPerKill * 1000 }, () => {
  let bundles: TestFolder;
  let bundle: WindowBundle;
  beforeAll(async () => {
    bundles = createTestFolder();
    bundle = await bundleWindow(bundles.path);
  }, 60_000);
  afterAll(() => bundles[Symbol.dispose]());

  test.each([
    ['alone', ['a']],
    ['beside another one that saves the same prompt', ['a', 'b']],
  ] as const)('loses nothing that it had acknowledged, %s', async (_name, writers) => {
    using folder = createTestFolder();
    const open = (): TestWindow =>
      startWindow({ bundle, folder: folder.path, secretsFile: join(folder.path, 'secrets.json') });
    const random = createRandom(seed + writers.length);
    const acknowledged: Acknowledged[] = [];
    const id = await makePrompt(open());

    const rounds = Math.ceil(kills / 2);
    for (let round = 0; round < rounds; round += 1) {
      const windows = writers.map(open);
      const [first] = windows;
      if (first !== undefined) await expectAll(first.calls, id, acknowledged.slice(-2 * mostAcknowledged));
      for (const [index, window] of windows.entries()) window.saveForever(id, writers[index] ?? '');
      await Promise.all(windows.map(async (window) => killAtRandom(window, random)));
      acknowledged.push(...windows.flatMap((window) => window.acknowledged));
      expect(windows.flatMap((window) => window.log).filter((line) => /^(?:warn|error)/.test(line))).toEqual(
        [],
      );
    }

    await using last = open();
    await expectAll(last.calls, id, acknowledged);
    expect(valueOf(await last.calls.prompt(id)).versions).toBeGreaterThan(rounds);
    expect(integrityOf(folder.path)).toBe('ok');
    console.log(`${rounds * writers.length} kills, ${acknowledged.length} acknowledged saves, seed ${seed}`);
  });
});

const isAlarm = (line: string): boolean => /^(?:warn|error)/.test(line);

async function makePrompt(window: TestWindow): Promise<PromptId> {
  const status = await window.calls.status();
  const [workspace] = status.kind === 'ready' ? status.workspaces : [];
  if (workspace === undefined) throw new Error(`not ready: ${JSON.stringify(status)}`);
  const text = 'a: 0\n\nbetween the two\n\nb: 0\n';
  const prompts = [{ workspaceId: workspace.id, folderId: null, name: 'contended', text }];
  const [made] = valueOf(await window.calls.createPrompts(prompts));
  await window.kill();
  if (made === undefined) throw new Error('one prompt was asked for');
  return made.id;
}

async function expectAll(calls: LibraryCalls, id: PromptId, saves: readonly Acknowledged[]): Promise<void> {
  for (const { text, revisionId } of saves) {
    expect(valueOf(await calls.versionText(id, revisionId as RevisionId))).toBe(text);
  }
}

async function killAtRandom(window: TestWindow, random: () => number): Promise<void> {
  const count = Math.floor(random() * mostAcknowledged);
  const isOver = (): boolean => window.acknowledged.length >= count || window.log.some(isAlarm);
  while (!isOver()) await window.next((message) => message.kind === 'acknowledged' || message.kind === 'log');
  // The moment itself is what the test is about: anywhere within the next few saves.
  await new Promise((resolve) => setTimeout(resolve, random() * mostMilliseconds));
  await window.kill();
}

function integrityOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, 'store', 'library.db'));
  try {
    return database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  } finally {
    database.close();
  }
}
