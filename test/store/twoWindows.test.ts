// Two windows of one profile: two processes, one folder, one secret storage.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LibraryCalls, PromptId, PromptText, WorkspaceId } from '../../extension/src/library/api.ts';
import { createTestFolder, type TestFolder, valueOf } from './openTestLibrary.ts';
import { bundleWindow, startWindow, type TestWindow, type WindowBundle } from './startWindow.ts';

describe('two windows on one library', { timeout: 60_000 }, () => {
  let bundles: TestFolder;
  let bundle: WindowBundle;
  beforeAll(async () => {
    bundles = createTestFolder();
    bundle = await bundleWindow(bundles.path);
  }, 60_000);
  afterAll(() => bundles[Symbol.dispose]());

  const open = (folder: TestFolder): TestWindow =>
    startWindow({ bundle, folder: folder.path, secretsFile: join(folder.path, 'secrets.json') });

  test('that start at once on an empty folder make one library with one key', async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    await using two = open(folder);
    await using three = open(folder);
    const ids = await Promise.all([one, two, three].map(async (window) => readyWorkspace(window.calls)));
    expect(new Set(ids).size).toBe(1);
    const made = await make(one.calls, 'shared', 'text');
    expect(valueOf(await two.calls.read(made.id)).text).toBe('text');
    expect(valueOf(await three.calls.read(made.id)).text).toBe('text');
  });

  test("each is told of the other's saves and drafts, with the same time of change", async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    await using two = open(folder);
    const { id, revisionId } = await make(one.calls, 'shared', 'one');
    await two.calls.status();
    const told = two.next((message) => message.kind === 'changed' && message.change.texts.length > 0);
    const saved = valueOf(await one.calls.save(id, { text: 'two', base: revisionId }));
    const message = await told;
    expect(message).toMatchObject({
      change: { origin: 'elsewhere', texts: [{ id, mtime: saved.document.mtime }] },
    });
    expect(valueOf(await two.calls.read(id))).toEqual(saved.document);

    const toldAgain = one.next((each) => each.kind === 'changed' && each.change.origin === 'elsewhere');
    const draft = valueOf(await two.calls.saveDraft(id, { text: 'three', base: saved.document.revisionId }));
    await toldAgain;
    expect(valueOf(await one.calls.read(id))).toEqual(draft);
  });

  test('a save in both on the same version merges, and both texts stay in history', async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    await using two = open(folder);
    const { id, revisionId: base } = await make(one.calls, 'shared', 'a\n\nb\n\nc\n');
    await two.calls.status();
    const outcomes = await Promise.all([
      one.calls.save(id, { text: 'A\n\nb\n\nc\n', base }),
      two.calls.save(id, { text: 'a\n\nb\n\nC\n', base }),
    ]);
    expect(outcomes.map((outcome) => valueOf(outcome).kind).toSorted()).toEqual(['merged', 'saved']);
    expect(valueOf(await one.calls.read(id)).text).toBe('A\n\nb\n\nC\n');
    expect(valueOf(await two.calls.read(id)).text).toBe('A\n\nb\n\nC\n');
    expect(valueOf(await two.calls.versions(id, { limit: 10 }))).toHaveLength(4);
  });

  test('many saves from both at once are all kept', async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    await using two = open(folder);
    const mine = await make(one.calls, 'mine', '0');
    const theirs = await make(two.calls, 'theirs', '0');
    const saveMany = async (calls: LibraryCalls, start: PromptText): Promise<void> => {
      let base = start.revisionId;
      for (let n = 1; n <= 25; n += 1) {
        base = valueOf(await calls.save(start.id, { text: `${n}`, base })).document.revisionId;
      }
    };
    await Promise.all([saveMany(one.calls, mine), saveMany(two.calls, theirs)]);
    for (const id of [mine.id, theirs.id]) {
      expect(valueOf(await one.calls.prompt(id)).versions).toBe(26);
      expect(valueOf(await two.calls.prompt(id)).versions).toBe(26);
    }
  });

  test('the kit is offered by one of them only', async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    await using two = open(folder);
    for (let n = 0; n < 5; n += 1) await make(one.calls, `prompt ${n}`, '');
    expect(await two.calls.status()).toMatchObject({ kit: { state: 'offered', due: true } });
    const claims = await Promise.all([one.calls.claimKitOffer(), two.calls.claimKitOffer()]);
    expect(claims.filter((claim) => valueOf(claim))).toHaveLength(1);
    expect(await one.calls.status()).toMatchObject({ kit: { state: 'offered', due: false } });
  });

  test('what one of them acknowledged survives its kill, and the other goes on', async () => {
    using folder = createTestFolder();
    await using one = open(folder);
    const two = open(folder);
    const { id, revisionId: base } = await make(two.calls, 'shared', 'one');
    await one.calls.status();
    const saved = valueOf(await two.calls.save(id, { text: 'two', base }));
    await two.kill();
    expect(valueOf(await one.calls.read(id)).text).toBe('two');
    const next = await one.calls.save(id, { text: 'three', base: saved.document.revisionId });
    expect(valueOf(next).kind).toBe('saved');
  });
});

async function readyWorkspace(calls: LibraryCalls): Promise<WorkspaceId> {
  const status = await calls.status();
  const [workspace] = status.kind === 'ready' ? status.workspaces : [];
  if (workspace === undefined) throw new Error(`not ready: ${JSON.stringify(status)}`);
  return workspace.id;
}

async function make(
  calls: LibraryCalls,
  name: string,
  text: string,
): Promise<PromptText & { readonly id: PromptId }> {
  const workspaceId = await readyWorkspace(calls);
  const [made] = valueOf(await calls.createPrompts([{ workspaceId, folderId: null, name, text }]));
  if (made === undefined) throw new Error('one prompt was asked for');
  return valueOf(await calls.read(made.id));
}
