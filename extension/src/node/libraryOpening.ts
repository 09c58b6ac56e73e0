// How a library's folder becomes an unlocked library: the file, the key, the identity, and only then the content.
//
// Promises: two windows that start at once on an empty folder make one library with one key; a library whose key is
// not there is never made anew; what cannot be read is never overwritten.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import type { LibraryHostCalls, LibraryProblem } from '../library/api.ts';
import { type DatabaseOptions, openDatabase } from './database.ts';
import {
  createIdentity,
  type Identity,
  type IdentityTools,
  loadIdentity,
  type NewIdentity,
  storeIdentity,
} from './libraryIdentity.ts';
import { fail, placeOf, problem, ProblemError, toProblem } from './libraryProblem.ts';
import { createSqliteStore, type SqliteStore } from './sqliteStore.ts';
import { readSecret, type StoreSecret, writeSecret } from './storeSecret.ts';

export interface OpeningDependencies {
  /** Holds the library's own folder and those that were set aside; made if it is not there. */
  readonly folder: string;
  readonly host: Pick<LibraryHostCalls, 'getSecret' | 'setSecret' | 'log'>;
  readonly tools: IdentityTools;
  readonly wait: (ms: number) => Promise<void>;
  /** Limits of the database other than usual. */
  readonly database: Partial<DatabaseOptions>;
}

/** The store is there; its key may not be. */
export interface LockedLibrary {
  readonly store: SqliteStore;
  readonly storeId: string;
}

export interface UnlockedLibrary extends LockedLibrary {
  readonly secret: StoreSecret;
  readonly identity: Identity;
}

export type Opened =
  | { readonly kind: 'unlocked'; readonly library: UnlockedLibrary }
  | { readonly kind: 'keyMissing'; readonly library: LockedLibrary }
  | { readonly kind: 'unavailable'; readonly problem: LibraryProblem };

/** The library's own folder: a name of its own, so that setting it aside is one rename. */
export const storeFolder = (folder: string): string => join(folder, 'store');

/** How long a write waits for another window. A window at its first start may be waiting for the user's keyring. */
const busyMs = 5000;
const openingAttempts = 12;
/** A keyring that was just unlocked, or a key that another window has just stored, may need a moment. */
const secretRetriesMs = [100, 400, 1500] as const;

/** Never throws: what went wrong is part of the answer. */
export async function openStore(dependencies: OpeningDependencies): Promise<Opened> {
  let store: SqliteStore | null = null;
  try {
    mkdirSync(storeFolder(dependencies.folder), { recursive: true, mode: 0o700 });
    store = openFile(dependencies);
    const storeId = storeIdOf(store);
    return storeId === null
      ? await createOrWait(dependencies, store)
      : await unlock(dependencies, { store, storeId });
  } catch (error) {
    store?.close();
    return { kind: 'unavailable', problem: reported(dependencies, error) };
  }
}

function openFile({ folder, database: options }: OpeningDependencies): SqliteStore {
  const path = join(storeFolder(folder), 'library.db');
  const database = openDatabase(path, { busyMs, ...options });
  try {
    return createSqliteStore(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function reported({ host }: OpeningDependencies, error: unknown): LibraryProblem {
  const found = toProblem(error);
  host.log('warn', `The library could not be opened: ${found.code} ${placeOf(error)}`);
  return found;
}

function storeIdOf(store: SqliteStore): string | null {
  const bytes = store.meta('storeId');
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}

/** First start. Of two windows the second waits for the lock, and then finds what the first one made. */
async function createOrWait(dependencies: OpeningDependencies, store: SqliteStore): Promise<Opened> {
  const made = await createIdentity(dependencies.tools);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const created = await store.writeAsync(async () => createUnderLock(dependencies, store, made));
      return created ?? (await unlock(dependencies, { store, storeId: storeIdOf(store) ?? '' }));
    } catch (error) {
      if (toProblem(error).code !== 'busy' || attempt === openingAttempts) throw error;
    }
  }
}

/** Null if another window was first. The key is kept and read back before anything is sealed under it. */
async function createUnderLock(
  { host, tools }: OpeningDependencies,
  store: SqliteStore,
  made: NewIdentity,
): Promise<Opened | null> {
  if (storeIdOf(store) !== null) return null;
  const { storeId, secret } = made;
  if (!(await writeSecret(host, storeId, secret))) throw new ProblemError(secretsNotKept());
  storeIdentity(store, made);
  // Opened from what was stored, so that a library that could not be opened again is never begun.
  const identity = (await loadIdentity(tools, store, secret)) ?? fail('corrupt');
  return { kind: 'unlocked', library: { store, storeId, secret, identity } };
}

const secretsNotKept = () =>
  problem('keyMissing', {
    message: t("The editor's secret storage did not keep the library's key, so no library was made."),
    action: t("Unlock or set up your system's keyring, then reload the window."),
  });

async function unlock(dependencies: OpeningDependencies, locked: LockedLibrary): Promise<Opened> {
  const secret = await findSecret(dependencies, locked);
  if (secret === null) return { kind: 'keyMissing', library: locked };
  const identity = await loadIdentity(dependencies.tools, locked.store, secret);
  // A key is there, but it is not this store's: the same to the user as none.
  if (identity === null) return { kind: 'keyMissing', library: locked };
  forgetSetAside(locked.store);
  return { kind: 'unlocked', library: { ...locked, secret, identity } };
}

/** A library that was set aside and put back by hand is in use again. */
function forgetSetAside(store: SqliteStore): void {
  if (store.meta('setAside') !== null) store.write(() => store.deleteMeta('setAside'));
}

async function findSecret(
  { host, wait }: OpeningDependencies,
  { storeId }: LockedLibrary,
): Promise<StoreSecret | null> {
  for (const pause of [0, ...secretRetriesMs]) {
    if (pause > 0) await wait(pause);
    const secret = await readSecret(host, storeId).catch((error: unknown) => {
      host.log('warn', `The secret storage did not answer: ${placeOf(error)}`);
      return null;
    });
    if (secret !== null) return secret;
  }
  return null;
}

/** With the key that the recovery kit brought back: keeps it on this computer and unlocks. Null if it is another's. */
export async function unlockWith(
  { host, tools }: OpeningDependencies,
  locked: LockedLibrary,
  secret: StoreSecret,
): Promise<UnlockedLibrary | null> {
  const identity = await loadIdentity(tools, locked.store, secret);
  if (identity === null) return null;
  if (!(await writeSecret(host, locked.storeId, secret))) throw new ProblemError(secretsNotKept());
  forgetSetAside(locked.store);
  return { ...locked, secret, identity };
}
