// When the recovery kit is offered: once there is something to lose, and once only.

import { expect, test, vi } from 'vitest';
import type { LibraryCalls } from '../../extension/src/library/api.ts';
import { type InProcessLibrary, openInProcess } from './openInProcess.ts';
import { createTestFolder, createTestSecrets, type TestFolder, valueOf } from './openTestLibrary.ts';

vi.setConfig({ testTimeout: 60_000 });

const day = 86_400_000;

interface Fixture extends AsyncDisposable {
  readonly opened: InProcessLibrary;
  readonly clock: { now: number };
}

function open(folder: TestFolder): Fixture {
  const clock = { now: 1_800_000_000_000 };
  const opened = openInProcess({ folder: folder.path, secrets: createTestSecrets(), now: () => clock.now });
  return { opened, clock, [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose]() };
}

async function make(calls: LibraryCalls, count: number, isSample = false): Promise<void> {
  const status = await calls.status();
  const [workspace] = status.kind === 'ready' ? status.workspaces : [];
  if (workspace === undefined) throw new Error('not ready');
  const prompt = { workspaceId: workspace.id, folderId: null, name: 'prompt', text: 'x', isSample };
  valueOf(await calls.createPrompts(Array.from({ length: count }, () => prompt)));
}

async function isDue(calls: LibraryCalls): Promise<boolean> {
  const status = await calls.status();
  return status.kind === 'ready' && status.kit.due;
}

test('an empty library and four prompts do not call for it; the fifth does, and says so', async () => {
  using folder = createTestFolder();
  await using fixture = open(folder);
  const { calls, changes } = fixture.opened;
  expect(await isDue(calls)).toBe(false);
  await make(calls, 4);
  expect(await isDue(calls)).toBe(false);
  expect(valueOf(await calls.claimKitOffer())).toBe(false);
  expect(changes.some((change) => change.status)).toBe(false);
  await make(calls, 1);
  expect(await isDue(calls)).toBe(true);
  expect(changes.at(-1)?.status).toBe(true);
});

test('samples do not call for it until they are changed', async () => {
  using folder = createTestFolder();
  await using fixture = open(folder);
  const { calls } = fixture.opened;
  await make(calls, 9, true);
  fixture.clock.now += 2 * day;
  expect(await isDue(calls)).toBe(false);
  for (const { id } of valueOf(await calls.list({ limit: 5 }))) {
    expect(await isDue(calls)).toBe(false);
    const { revisionId: base } = valueOf(await calls.read(id));
    valueOf(await calls.save(id, { text: 'mine', base }));
  }
  expect(await isDue(calls)).toBe(true);
});

test('twenty versions of one prompt call for it', async () => {
  using folder = createTestFolder();
  await using fixture = open(folder);
  const { calls } = fixture.opened;
  await make(calls, 1);
  const [prompt] = valueOf(await calls.list({ limit: 1 }));
  if (prompt === undefined) throw new Error('there is a prompt');
  for (let n = 2; n <= 20; n += 1) {
    expect(await isDue(calls)).toBe(false);
    const { revisionId: base } = valueOf(await calls.read(prompt.id));
    valueOf(await calls.save(prompt.id, { text: `${n}`, base }));
  }
  expect(await isDue(calls)).toBe(true);
});

test('a day after the first version it is time, whatever there is', async () => {
  using folder = createTestFolder();
  await using fixture = open(folder);
  await make(fixture.opened.calls, 1);
  fixture.clock.now += day - 1;
  expect(await isDue(fixture.opened.calls)).toBe(false);
  fixture.clock.now += 1;
  expect(await isDue(fixture.opened.calls)).toBe(true);
});

test('it is offered once, also after a restart, and never once it is saved', async () => {
  using folder = createTestFolder();
  const secrets = createTestSecrets();
  {
    await using opened = openInProcess({ folder: folder.path, secrets });
    await make(opened.calls, 5);
    expect(valueOf(await opened.calls.claimKitOffer())).toBe(true);
    expect(valueOf(await opened.calls.claimKitOffer())).toBe(false);
  }
  await using again = openInProcess({ folder: folder.path, secrets });
  expect(await again.calls.status()).toMatchObject({ kit: { state: 'offered', due: false } });
  valueOf(await again.calls.confirmKitSaved());
  expect(await again.calls.status()).toMatchObject({ kit: { state: 'saved', due: false } });
});
