// Putting a library out of the way without deleting anything: its folder gets another name, in one rename.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { storeFolder } from './libraryOpening.ts';
import type { SqliteStore } from './sqliteStore.ts';

/** Tells windows that have the store open that it is not to be written to any more. */
export function markSetAside(store: SqliteStore): void {
  store.write(() => {
    store.setMeta('setAside', Buffer.from('1'));
    store.touch('status', '');
  });
}

/** Renames the store's folder, which has to be closed here, and answers its new path. */
export function renameStore(folder: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(':', '-');
  const aside = join(folder, `set-aside-${stamp}`);
  renameSync(storeFolder(folder), aside);
  return aside;
}
