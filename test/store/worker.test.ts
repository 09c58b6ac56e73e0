// The client of the worker: what callers see when the worker ends.

import { describe, expect, test } from 'vitest';
import type { LibraryChange } from '../../extension/src/library/api.ts';
import {
  createTestFolder,
  createTestSecrets,
  openTestLibrary,
  problemOf,
  valueOf,
} from './openTestLibrary.ts';

const workerUrl = new URL('endingWorker.mjs', import.meta.url);

describe('when the library worker ends by itself', { timeout: 30_000 }, () => {
  test('calls that wait are answered, views are told, and the next call starts another one', async () => {
    using folder = createTestFolder();
    await using opened = openTestLibrary({ folder: folder.path, secrets: createTestSecrets(), workerUrl });
    const { library } = opened;
    const told: LibraryChange[] = [];
    library.onDidChange((change) => told.push(change));
    const waiting = [library.search('x', 1), library.folders('w' as never)];
    expect((await Promise.all(waiting)).map(problemOf)).toEqual(['stopped', 'stopped']);
    expect(told).toEqual([{ origin: 'elsewhere', texts: [], tree: true, runs: true, status: true }]);
    expect(valueOf(await library.tags())).toEqual([]);
    expect(await library.status()).toMatchObject({ kind: 'unavailable', problem: { code: 'stopped' } });
  });

  test('a worker that ends again and again is not started for ever', async () => {
    using folder = createTestFolder();
    await using opened = openTestLibrary({ folder: folder.path, secrets: createTestSecrets(), workerUrl });
    for (let n = 0; n < 8; n += 1) expect(problemOf(await opened.library.search('x', 1))).toBe('stopped');
    expect(opened.log.filter((line) => line.includes('ended by itself'))).toHaveLength(5);
  });

  test('after dispose every call says that the library was stopped', async () => {
    using folder = createTestFolder();
    const opened = openTestLibrary({ folder: folder.path, secrets: createTestSecrets(), workerUrl });
    valueOf(await opened.library.tags());
    await opened[Symbol.asyncDispose]();
    expect(problemOf(await opened.library.tags())).toBe('stopped');
  });
});
