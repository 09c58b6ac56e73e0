// Disks that fail: damaged files, files of a newer version, folders that cannot be written, no space. The library says
// what and where, never shows a wrong text, and never overwrites what it cannot read.

import { chmodSync, chownSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LibraryCalls, PromptId } from '../../extension/src/library/api.ts';
import { openInProcess } from './openInProcess.ts';
import {
  createTestFolder,
  createTestSecrets,
  problemOf,
  type TestFolder,
  valueOf,
} from './openTestLibrary.ts';
import { createRandom } from './random.ts';
import { bundleWindow, startWindow, type WindowBundle } from './startWindow.ts';

const secrets = createTestSecrets();
const promptCount = 12;
const textOf = (n: number): string => `text of prompt ${n}, revised\n`.repeat(30);

describe('a library on a failing disk', { timeout: 60_000 }, () => {
  let sound: TestFolder;
  let ids: readonly PromptId[] = [];
  beforeAll(async () => {
    sound = createTestFolder();
    await using opened = openInProcess({ folder: sound.path, secrets });
    ids = await fill(opened.calls, promptCount);
  }, 60_000);
  afterAll(() => sound[Symbol.dispose]());

  /** A copy of the sound library, to be damaged. */
  const copy = (): TestFolder => {
    const folder = createTestFolder();
    cpSync(sound.path, folder.path, { recursive: true });
    return folder;
  };
  const file = (folder: TestFolder, name = 'library.db'): string => join(folder.path, 'store', name);

  test('whose file is no database says so, leaves it as it is, and can be set aside', async () => {
    using folder = copy();
    const rubbish = Buffer.alloc(20_000, 'rubbish');
    writeFileSync(file(folder), rubbish);
    await using opened = openInProcess({ folder: folder.path, secrets });
    expect(await opened.calls.status()).toMatchObject({ kind: 'unavailable', problem: { code: 'corrupt' } });
    expect(problemOf(await opened.calls.tags())).toBe('corrupt');
    expect(readFileSync(file(folder)).equals(rubbish)).toBe(true);
    const aside = valueOf(await opened.calls.setAside());
    expect(readFileSync(join(aside.folder, 'library.db')).equals(rubbish)).toBe(true);
    expect(await opened.calls.status()).toMatchObject({ kind: 'ready' });
  });

  test('whose file was cut short never shows a wrong text', async () => {
    using folder = copy();
    const bytes = readFileSync(file(folder));
    writeFileSync(file(folder), bytes.subarray(0, Math.floor(bytes.length / 2)));
    await using opened = openInProcess({ folder: folder.path, secrets });
    await expectNothingWrong(opened.calls, ids);
  });

  test('whose database is gone but not its log is not opened, so that the log is not deleted', async () => {
    using folder = copy();
    rmSync(file(folder));
    const log = Buffer.alloc(5000, 'what is left');
    writeFileSync(file(folder, 'library.db-wal'), log);
    await using opened = openInProcess({ folder: folder.path, secrets });
    expect(await opened.calls.status()).toMatchObject({ kind: 'unavailable', problem: { code: 'corrupt' } });
    expect(readFileSync(file(folder, 'library.db-wal')).equals(log)).toBe(true);
    expect(existsSync(file(folder))).toBe(false);
  });

  test("that holds somebody else's database leaves it alone", async () => {
    using folder = copy();
    rmSync(file(folder));
    const other = new DatabaseSync(file(folder));
    other.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
    other.close();
    await using opened = openInProcess({ folder: folder.path, secrets });
    expect(await opened.calls.status()).toMatchObject({ kind: 'unavailable', problem: { code: 'corrupt' } });
  });

  test('written by a newer version says which side to update, and is not changed', async () => {
    using folder = copy();
    const database = new DatabaseSync(file(folder));
    database.exec('PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(file(folder));
    {
      await using opened = openInProcess({ folder: folder.path, secrets });
      expect(await opened.calls.status()).toMatchObject({
        kind: 'unavailable',
        problem: { code: 'newerFormat' },
      });
    }
    expect(readFileSync(file(folder)).equals(before)).toBe(true);
  });

  test('with one damaged record shows all others, and reports that one', async () => {
    using folder = copy();
    const database = new DatabaseSync(file(folder));
    database.exec('DELETE FROM blobs');
    const [last] = database.prepare('SELECT row, id, bytes FROM records ORDER BY row DESC').all();
    const bytes = Buffer.from(last?.['bytes'] as Uint8Array);
    bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
    database.prepare('UPDATE records SET bytes = ? WHERE row = ?').run(bytes, last?.['row'] as number);
    database.close();
    await using opened = openInProcess({ folder: folder.path, secrets });
    const shown = await expectNothingWrong(opened.calls, ids);
    // The damaged record was the last prompt's newest version: the one before it is shown.
    expect(shown).toBe(promptCount - 1);
    expect(opened.log.filter((line) => line.includes(String(last?.['id'])))).toHaveLength(1);
  });

  test('with a damaged snapshot is read from its records', async () => {
    using folder = copy();
    const database = new DatabaseSync(file(folder));
    database.exec("UPDATE blobs SET bytes = zeroblob(500) WHERE kind = 'snapshot'");
    database.close();
    await using opened = openInProcess({ folder: folder.path, secrets });
    expect(await expectNothingWrong(opened.calls, ids)).toBe(promptCount);
  });

  test('that has to read many records anew shows them at once, and has checked them all soon after', async () => {
    using folder = createTestFolder();
    const own = createTestSecrets();
    const many = 150;
    {
      await using opened = openInProcess({ folder: folder.path, secrets: own });
      await fill(opened.calls, many);
    }
    const database = new DatabaseSync(file(folder));
    database.exec("DELETE FROM blobs WHERE kind = 'snapshot'");
    database.close();
    await using opened = openInProcess({ folder: folder.path, secrets: own });
    const verified = async (): Promise<number> =>
      valueOf(await opened.calls.list({ limit: many })).filter((prompt) => prompt.verified).length;
    expect(await verified()).toBeLessThan(many);
    await expect.poll(verified, { timeout: 30_000 }).toBe(many);
    expect(opened.changes.at(-1)).toMatchObject({ origin: 'elsewhere', tree: true });
  });

  test('with a damaged draft shows the saved version, and keeps the draft beside a new one', async () => {
    using folder = copy();
    const [id] = ids;
    if (id === undefined) throw new Error('the library has prompts');
    {
      await using opened = openInProcess({ folder: folder.path, secrets });
      const { revisionId: base } = valueOf(await opened.calls.read(id));
      valueOf(await opened.calls.saveDraft(id, { text: 'draft', base }));
    }
    const database = new DatabaseSync(file(folder));
    database.exec("UPDATE blobs SET bytes = zeroblob(500) WHERE kind = 'draft'");
    await using opened = openInProcess({ folder: folder.path, secrets });
    const read = valueOf(await opened.calls.read(id));
    expect(read).toMatchObject({ text: textOf(0), isDraft: false });
    valueOf(await opened.calls.saveDraft(id, { text: 'again', base: read.revisionId }));
    expect(database.prepare("SELECT count(*) AS n FROM blobs WHERE kind = 'unreadable'").get()?.['n']).toBe(
      1,
    );
    database.close();
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'with random bytes flipped (seed %i) never shows a wrong text and never throws',
    async (seed) => {
      using folder = copy();
      const bytes = readFileSync(file(folder));
      const random = createRandom(seed);
      for (let n = 0; n < 1 + seed; n += 1) {
        const at = Math.floor(random() * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      }
      writeFileSync(file(folder), bytes);
      await using opened = openInProcess({ folder: folder.path, secrets });
      await expectNothingWrong(opened.calls, ids);
    },
  );

  test('that becomes full refuses the save, keeps what it had, and goes on when there is space again', async () => {
    using folder = copy();
    const [id] = ids;
    if (id === undefined) throw new Error('the library has prompts');
    const pages = Math.ceil(readFileSync(file(folder)).length / 4096);
    let last = '';
    {
      await using opened = openInProcess({ folder: folder.path, secrets, maxPages: pages + 60 });
      for (let n = 0; ; n += 1) {
        const before = valueOf(await opened.calls.read(id));
        const text = `${n} ${'x'.repeat(20_000)}`;
        const saved = await opened.calls.save(id, { text, base: before.revisionId });
        if (!saved.ok) {
          expect(saved.problem.code).toBe('diskFull');
          expect(valueOf(await opened.calls.read(id))).toEqual(before);
          break;
        }
        last = text;
      }
    }
    expect(last).not.toBe('');
    await using opened = openInProcess({ folder: folder.path, secrets });
    const read = valueOf(await opened.calls.read(id));
    expect(read.text).toBe(last);
    expect(valueOf(await opened.calls.save(id, { text: 'space', base: read.revisionId })).kind).toBe('saved');
  });

  test('on which another process writes for long says busy, changes nothing, and goes on afterwards', async () => {
    using folder = copy();
    const [id] = ids;
    if (id === undefined) throw new Error('the library has prompts');
    await using opened = openInProcess({ folder: folder.path, secrets, busyMs: 50 });
    const before = valueOf(await opened.calls.read(id));
    const other = new DatabaseSync(file(folder));
    other.exec('BEGIN IMMEDIATE');
    const change = { text: 'changed', base: before.revisionId };
    expect(problemOf(await opened.calls.save(id, change))).toBe('busy');
    expect(valueOf(await opened.calls.read(id))).toEqual(before);
    other.exec('COMMIT');
    other.close();
    expect(valueOf(await opened.calls.save(id, change)).kind).toBe('saved');
  });

  describe('that may only be read', () => {
    let bundles: TestFolder;
    let bundle: WindowBundle;
    const isRoot = process.getuid?.() === 0;
    const user = isRoot ? 65_534 : undefined;
    beforeAll(async () => {
      bundles = createTestFolder();
      chmodSync(bundles.path, 0o755);
      bundle = await bundleWindow(bundles.path);
    }, 60_000);
    afterAll(() => bundles[Symbol.dispose]());

    test('says so, with what to do', async () => {
      using folder = createTestFolder();
      if (user !== undefined) chownSync(folder.path, 0, 0);
      chmodSync(folder.path, 0o555);
      const secretsFile = join(bundles.path, 'secrets.json');
      await using window = startWindow({
        bundle,
        folder: folder.path,
        secretsFile,
        ...(user === undefined ? {} : { user }),
      });
      const status = await window.calls.status();
      expect(status).toMatchObject({ kind: 'unavailable', problem: { code: 'readOnly' } });
      chmodSync(folder.path, 0o755);
    });
  });
});

async function fill(calls: LibraryCalls, count: number): Promise<readonly PromptId[]> {
  const status = await calls.status();
  const [workspace] = status.kind === 'ready' ? status.workspaces : [];
  if (workspace === undefined) throw new Error(`not ready: ${JSON.stringify(status)}`);
  const made = valueOf(
    await calls.createPrompts(
      Array.from({ length: count }, (_, n) => ({
        workspaceId: workspace.id,
        folderId: null,
        name: `prompt ${n}`,
        text: `text of prompt ${n}\n`,
      })),
    ),
  );
  for (const [n, { id }] of made.entries()) {
    const { revisionId: base } = valueOf(await calls.read(id));
    valueOf(await calls.save(id, { text: textOf(n), base }));
  }
  return made.map(({ id }) => id);
}

/** Each prompt has a text that was once saved, or a problem is said. Answers how many show their newest one. */
async function expectNothingWrong(calls: LibraryCalls, ids: readonly PromptId[]): Promise<number> {
  let newest = 0;
  for (const [n, id] of ids.entries()) {
    const read = await calls.read(id);
    if (!read.ok) {
      expect(read.problem.message).not.toBe('');
      continue;
    }
    expect([textOf(n), `text of prompt ${n}\n`]).toContain(read.value.text);
    if (read.value.text === textOf(n)) newest += 1;
  }
  return newest;
}
