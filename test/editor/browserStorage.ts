// What a page keeps in its browser: IndexedDB and localStorage, as text to search.

import type { Page } from 'playwright-core';

export interface StoredEntry {
  /** `indexedDB:<database>/<store>/<key>` or `localStorage:<key>`. */
  readonly place: string;
  readonly text: string;
}

export async function browserStorage(page: Page): Promise<readonly StoredEntry[]> {
  return page.evaluate(async () => {
    const decoder = new TextDecoder('latin1');
    const asText = (value: unknown): string => {
      if (typeof value === 'string') return value;
      if (value instanceof ArrayBuffer) return decoder.decode(value);
      if (ArrayBuffer.isView(value)) return decoder.decode(value);
      return JSON.stringify(value) ?? '';
    };
    const done = async <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB')));
      });
    const entries = Object.entries(localStorage).map(([key, text]) => ({
      place: `localStorage:${key}`,
      text: `${key} ${String(text)}`,
    }));
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      for (const storeName of database.objectStoreNames) {
        const store = database.transaction(storeName).objectStore(storeName);
        const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
        for (const [at, key] of keys.entries()) {
          entries.push({
            place: `indexedDB:${name}/${storeName}/${asText(key)}`,
            text: `${asText(key)} ${asText(values[at])}`,
          });
        }
      }
      database.close();
    }
    return entries;
  });
}
