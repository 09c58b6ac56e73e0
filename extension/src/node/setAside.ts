// Putting a library out of the way without deleting anything: its folder gets another name, in one rename.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { storeFolder } from './libraryOpening.ts';
import type { SqliteStore } from './sqliteStore.ts';

/**
 * Renames the store's folder and answers its new path. `store` is closed first, after a mark in it has told other
 * windows that it is not to be written to any more; null if it cannot be opened at all.
 */
export function setStoreAside(store: SqliteStore | null, folder: string, now: number): string {
  if (store !== null) {
    store.write(() => {
      store.setMeta('setAside', Buffer.from('1'));
      store.touch('status', '');
    });
    store.close();
  }
  const stamp = new Date(now).toISOString().replaceAll(':', '-');
  const aside = join(folder, `set-aside-${stamp}`);
  renameSync(storeFolder(folder), aside);
  return aside;
}
