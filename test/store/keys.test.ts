// The store's key: what happens when it is missing, and how it comes back.

import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Library, PromptId } from '../../extension/src/library/api.ts';
import {
  createTestFolder,
  createTestSecrets,
  openTestLibrary,
  problemOf,
  type TestFolder,
  type TestLibrary,
  type TestSecrets,
  valueOf,
  workspaceOf,
} from './openTestLibrary.ts';
import { bundleWindow } from './startWindow.ts';

describe('the key of a library', { timeout: 60_000 }, () => {
  let bundles: TestFolder;
  let workerUrl: URL;
  beforeAll(async () => {
    bundles = createTestFolder();
    workerUrl = pathToFileURL((await bundleWindow(bundles.path)).worker);
  }, 60_000);
  afterAll(() => bundles[Symbol.dispose]());

  const open = (folder: TestFolder, secrets: TestSecrets): TestLibrary =>
    openTestLibrary({ folder: folder.path, secrets, workerUrl });

  /** A library with one prompt, closed again. */
  const prepare = async (
    folder: TestFolder,
    secrets: TestSecrets,
  ): Promise<{ id: PromptId; code: string }> => {
    await using opened = open(folder, secrets);
    const { library } = opened;
    const id = await makePrompt(library, 'kept', 'text');
    return { id, code: valueOf(await library.recoveryKit()).code };
  };

  test('is one secret, and the library is there again after a restart', async () => {
    using folder = createTestFolder();
    const secrets = createTestSecrets();
    const { id } = await prepare(folder, secrets);
    expect(secrets.values.size).toBe(1);
    await using again = open(folder, secrets);
    expect(valueOf(await again.library.read(id)).text).toBe('text');
    expect(again.log).toEqual([]);
  });

  test('if it was deleted, every call says so and nothing is changed', async () => {
    using folder = createTestFolder();
    await prepare(folder, createTestSecrets());
    const before = bytesOf(folder);
    const secrets = createTestSecrets();
    await using opened = open(folder, secrets);
    expect(await opened.library.status()).toMatchObject({ kind: 'keyMissing', folder: folder.path });
    expect(problemOf(await opened.library.tags())).toBe('keyMissing');
    expect(problemOf(await opened.library.search('kept', 1))).toBe('keyMissing');
    expect(secrets.values.size).toBe(0);
    expect(bytesOf(folder)).toEqual(before);
  });

  test('a second browser on the same library sees that it has no key, and never makes one', async () => {
    using folder = createTestFolder();
    const first = createTestSecrets();
    const { id } = await prepare(folder, first);
    await using one = open(folder, first);
    valueOf(await one.library.read(id));
    const second = createTestSecrets();
    await using two = open(folder, second);
    expect(await two.library.status()).toMatchObject({ kind: 'keyMissing' });
    expect(second.values.size).toBe(0);
    expect(valueOf(await one.library.read(id)).text).toBe('text');
  });

  test('the key of another library does not open this one', async () => {
    using folder = createTestFolder();
    using other = createTestFolder();
    const [secrets, others] = [createTestSecrets(), createTestSecrets()];
    await prepare(folder, secrets);
    await prepare(other, others);
    const [name] = secrets.values.keys();
    const [foreign] = others.values.values();
    const wrong = createTestSecrets();
    await wrong.set(name ?? '', foreign ?? '');
    await using opened = open(folder, wrong);
    expect(await opened.library.status()).toMatchObject({ kind: 'keyMissing' });
    expect(wrong.values.get(name ?? '')).toBe(foreign);
  });

  test('once the key is back, trying again opens the library', async () => {
    using folder = createTestFolder();
    const secrets = createTestSecrets();
    const { id } = await prepare(folder, secrets);
    const kept = [...secrets.values];
    secrets.values.clear();
    await using opened = open(folder, secrets);
    expect(await opened.library.status()).toMatchObject({ kind: 'keyMissing' });
    for (const [name, value] of kept) await secrets.set(name, value);
    expect(await opened.library.retryKey()).toMatchObject({ kind: 'ready' });
    expect(valueOf(await opened.library.read(id)).text).toBe('text');
  });

  test('the recovery kit brings it back, in this window and for the next ones', async () => {
    using folder = createTestFolder();
    const { id, code } = await prepare(folder, createTestSecrets());
    const secrets = createTestSecrets();
    {
      await using opened = open(folder, secrets);
      const typed = code.toLowerCase().replaceAll('-', ' ');
      valueOf(await opened.library.unlockWithKit(typed));
      expect(valueOf(await opened.library.read(id)).text).toBe('text');
    }
    await using again = open(folder, secrets);
    expect(valueOf(await again.library.read(id)).text).toBe('text');
  });

  test('a mistyped kit and the kit of another library are told apart', async () => {
    using folder = createTestFolder();
    using other = createTestFolder();
    const { code } = await prepare(folder, createTestSecrets());
    const foreign = await prepare(other, createTestSecrets());
    await using opened = open(folder, createTestSecrets());
    const mistyped = code.slice(0, -1) + (code.endsWith('2') ? '3' : '2');
    expect(problemOf(await opened.library.unlockWithKit(mistyped))).toBe('kitInvalid');
    expect(problemOf(await opened.library.unlockWithKit(''))).toBe('kitInvalid');
    expect(problemOf(await opened.library.unlockWithKit(foreign.code))).toBe('kitWrong');
    expect(await opened.library.status()).toMatchObject({ kind: 'keyMissing' });
  });

  test('the kit still opens the library after its code was erased here', async () => {
    using folder = createTestFolder();
    const secrets = createTestSecrets();
    const { id, code } = await prepare(folder, secrets);
    {
      await using opened = open(folder, secrets);
      valueOf(await opened.library.confirmKitSaved());
    }
    await using locked = open(folder, createTestSecrets());
    valueOf(await locked.library.unlockWithKit(code));
    expect(valueOf(await locked.library.read(id)).text).toBe('text');
  });

  test('setting a locked library aside keeps all of it, and starts an empty one', async () => {
    using folder = createTestFolder();
    const first = createTestSecrets();
    const { id } = await prepare(folder, first);
    const second = createTestSecrets();
    let aside = '';
    {
      await using opened = open(folder, second);
      ({ folder: aside } = valueOf(await opened.library.setAside()));
      expect(await opened.library.status()).toMatchObject({
        kind: 'ready',
        workspaces: [{ promptCount: 0 }],
      });
      expect(problemOf(await opened.library.setAside())).toBe('busy');
    }
    expect(readdirSync(folder.path)).toHaveLength(2);
    // Put back by hand, the old one is a library again for who has its key.
    using restored = createTestFolder();
    cpSync(aside, join(restored.path, 'store'), { recursive: true });
    await using old = open(restored, first);
    expect(valueOf(await old.library.read(id)).text).toBe('text');
    valueOf(
      await old.library.save(id, { text: 'goes on', base: valueOf(await old.library.read(id)).revisionId }),
    );
  });

  test('a window that is open while another one sets the library aside stops writing to it', async () => {
    using folder = createTestFolder();
    const first = createTestSecrets();
    const { id } = await prepare(folder, first);
    await using here = open(folder, first);
    const { revisionId: base } = valueOf(await here.library.read(id));
    await using there = open(folder, createTestSecrets());
    valueOf(await there.library.setAside());
    expect(problemOf(await here.library.save(id, { text: 'lost?', base }))).toBe('stopped');
  });

  test('a secret storage that keeps nothing makes no library', async () => {
    using folder = createTestFolder();
    const forgetful: TestSecrets = { ...createTestSecrets(), set: async () => undefined };
    {
      await using opened = open(folder, forgetful);
      expect(await opened.library.status()).toMatchObject({
        kind: 'unavailable',
        problem: { code: 'keyMissing' },
      });
    }
    await using again = open(folder, createTestSecrets());
    expect(await again.library.status()).toMatchObject({ kind: 'ready' });
  });

  test('a keyring that does not answer is the same as no key, and nothing is made', async () => {
    using folder = createTestFolder();
    const secrets = createTestSecrets();
    const { id } = await prepare(folder, secrets);
    const locked = { ...secrets, isLocked: true };
    locked.get = async (name) =>
      locked.isLocked ? Promise.reject(new Error('the keyring is locked')) : secrets.get(name);
    await using opened = open(folder, locked);
    expect(await opened.library.status()).toMatchObject({ kind: 'keyMissing' });
    locked.isLocked = false;
    expect(await opened.library.retryKey()).toMatchObject({ kind: 'ready' });
    expect(valueOf(await opened.library.read(id)).text).toBe('text');
  });
});

async function makePrompt(library: Library, name: string, text: string): Promise<PromptId> {
  const workspaceId = await workspaceOf(library);
  const [made] = valueOf(await library.createPrompts([{ workspaceId, folderId: null, name, text }]));
  if (made === undefined) throw new Error('one prompt was asked for');
  return made.id;
}

/** The store's files that hold something; `-shm` is shared memory and empty again after each use. */
function bytesOf(folder: TestFolder): readonly string[] {
  return ['library.db', 'library.db-wal']
    .map((name) => join(folder.path, 'store', name))
    .map((path) => (existsSync(path) ? readFileSync(path).toString('base64') : ''));
}
