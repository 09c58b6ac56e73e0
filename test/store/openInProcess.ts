// A library without a worker thread, for what a test has to arrange around it: a full disk, a clock.

import * as nodeCrypto from 'node:crypto';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { LibraryCalls, LibraryChange } from '../../extension/src/library/api.ts';
import { createLocalLibrary } from '../../extension/src/node/localLibrary.ts';
import type { TestSecrets } from './openTestLibrary.ts';

export interface InProcessLibrary extends AsyncDisposable {
  readonly calls: LibraryCalls;
  readonly log: readonly string[];
  readonly changes: readonly LibraryChange[];
}

export interface InProcessOptions {
  readonly folder: string;
  readonly secrets: TestSecrets;
  readonly now?: () => number;
  /** Pages of 4 KB at which the disk is full. */
  readonly maxPages?: number;
  /** How long a write waits for another process. */
  readonly busyMs?: number;
}

export function openInProcess(options: InProcessOptions): InProcessLibrary {
  const { folder, secrets, now = Date.now, ...database } = options;
  const log: string[] = [];
  const changes: LibraryChange[] = [];
  const library = createLocalLibrary({
    folder,
    host: {
      getSecret: async (name) => secrets.get(name),
      setSecret: async (name, value) => secrets.set(name, value),
      changed: (change) => changes.push(change),
      networkWay: async () => ({ proxy: null, systemCertificates: false }),
      teamsChanged: () => undefined,
      log: (level, message) => log.push(`${level} ${message}`),
    },
    tools: { suite: createSuite(nodeCrypto), now },
    now,
    wait: async () => undefined,
    pollMs: 60_000,
    database,
  });
  return { calls: library.calls, log, changes, [Symbol.asyncDispose]: async () => library.close() };
}
