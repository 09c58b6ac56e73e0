import * as nodeCrypto from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { expect, onTestFinished, test } from 'vitest';
import type { LibraryChange, LibraryHostCalls } from '../library/api.ts';
import type { TeamsHostCalls } from '../library/teams.ts';
import { openStore } from './libraryOpening.ts';
import { openReadyLibrary, type ReadyLibrary } from './readyLibrary.ts';

const now = (): number => Date.UTC(2026, 10, 22);

async function twoWindows() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-ready-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const secrets = new Map<string, string>();
  const changes: LibraryChange[] = [];
  const host: LibraryHostCalls & TeamsHostCalls = {
    getSecret: async (name) => secrets.get(name) ?? null,
    setSecret: async (name, value) => void secrets.set(name, value),
    changed: (change) => void changes.push(change),
    log: () => undefined,
    networkWay: async () => ({ proxy: null, systemCertificates: false }),
    teamsChanged: () => undefined,
  };
  const tools = { suite: createSuite(nodeCrypto), now };
  const dependencies = { host, tools, now, wait: async () => undefined, pollMs: 60_000 };
  const unlock = async () => {
    const opened = await openStore({ folder, host, tools, wait: async () => undefined, database: {} });
    if (opened.kind !== 'unlocked') throw new Error(opened.kind);
    return opened.library;
  };
  const open = (library: Awaited<ReturnType<typeof unlock>>): ReadyLibrary => {
    const ready = openReadyLibrary(dependencies, library);
    onTestFinished(() => ready.close());
    return ready;
  };
  return { changes, unlock, open };
}

// Seen once in a killed-writer test: the first look at the session found another window's write.
test('what another window writes while this one opens is told, and the library opens', async () => {
  const { changes, unlock, open } = await twoWindows();
  const other = open(await unlock());
  const library = await unlock();
  const write = other.calls.remember('key', 'value');
  let looked = false;
  const store: typeof library.store = {
    ...library.store,
    // The state of the kit is the first thing that is looked up in a session that is open.
    meta(name) {
      if (name === 'kitCode' && !looked) {
        looked = true;
        const [workspaceId] = library.identity.own.client.workspaces.keys();
        if (workspaceId === undefined) throw new Error('a library begins with a workspace');
        void other.calls.createPrompts([{ workspaceId, folderId: null, name: 'meanwhile', text: 'text' }]);
      }
      return library.store.meta(name);
    },
  };
  const ready = open({ ...library, store });
  expect((await write).ok).toBe(true);
  expect(looked).toBe(true);
  const listed = await ready.calls.list({ limit: 10 });
  expect(listed.ok && listed.value.map(({ name }) => name)).toEqual(['meanwhile']);
  expect(changes.some(({ origin, tree }) => origin === 'elsewhere' && tree)).toBe(true);
});
