// Tells windows that share a library of each other's writes. After a commit a window touches a small signal file; the
// others watch the folder and look whether the database has changed. Watching is a hint only (it can be missing on a
// network drive, or used up): a slow poll of SQLite's own change counter finds what the hint missed.

import { type FSWatcher, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface StoreWatch {
  /** To be called after each commit of this window. */
  announce(): void;
  close(): void;
}

export interface StoreWatchOptions {
  readonly databasePath: string;
  /** Cheap, and called often: after any change in the folder, and at each poll. */
  readonly onHint: () => void;
  readonly pollMs: number;
}

const signalName = 'changed';

export function watchStore({ databasePath, onHint, pollMs }: StoreWatchOptions): StoreWatch {
  const folder = dirname(databasePath);
  const signal = join(folder, signalName);
  const watcher = tryWatch(folder, onHint);
  const poll = setInterval(onHint, pollMs);
  return {
    announce() {
      try {
        // Its content means nothing; writing is what every platform reports.
        writeFileSync(signal, '.');
      } catch {
        // The others find the change with their next poll.
      }
    },
    close() {
      clearInterval(poll);
      watcher?.close();
    },
  };
}

function tryWatch(folder: string, onHint: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || name === signalName) onHint();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
