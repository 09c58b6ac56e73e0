// Entry of the library's worker thread: joins the library to the port of the extension host.

import * as nodeCrypto from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { LibraryHostCalls } from '../library/api.ts';
import type { TeamsHostCalls } from '../library/teams.ts';
import type { LibraryWorkerCalls, LibraryWorkerData } from './libraryClient.ts';
import { createLocalLibrary } from './localLibrary.ts';
import { translateWorker } from './translations.ts';
import { openWorkerChannel } from './workerChannel.ts';

const port = parentPort;
if (port === null) throw new Error('libraryWorker.ts runs in a worker thread');
translateWorker();

const now = (): number => Date.now();
const library = createLocalLibrary({
  folder: (workerData as LibraryWorkerData).folder,
  host: {
    getSecret: async (name) => channel.getSecret(name),
    setSecret: async (name, value) => channel.setSecret(name, value),
    changed: (change) => void channel.changed.asEvent(change),
    log: (level, message) => void channel.log.asEvent(level, message),
    networkWay: async (address) => channel.networkWay(address),
    teamsChanged: (change) => void channel.teamsChanged.asEvent(change),
  },
  tools: { suite: createSuite(nodeCrypto), now },
  now,
  wait: async (ms) => wait(ms),
  pollMs: 2000,
});
const channel = openWorkerChannel<LibraryHostCalls & TeamsHostCalls, LibraryWorkerCalls>(port, {
  ...library.calls,
  ...library.teams,
  close: async () => library.close(),
});
