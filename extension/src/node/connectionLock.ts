// Which of the windows that share a library holds the connections to servers: one at a time, so that a session's tokens
// are refreshed once and every step of the sync has one author. Held as a lock of the operating system (by SQLite, on a
// file beside the library): it is free the moment its holder ends, however that happens.

import { dirname, join } from 'node:path';
import { type Database, openDatabase } from './database.ts';

export interface ConnectionLock {
  readonly isHeld: boolean;
  /** False if another window holds it. */
  take(): boolean;
  release(): void;
}

export function createConnectionLock(libraryPath: string): ConnectionLock {
  const path = join(dirname(libraryPath), 'connection.db');
  let held: Database | null = null;
  return {
    get isHeld() {
      return held !== null;
    },
    take() {
      if (held !== null) return true;
      const database = openDatabase(path, { busyMs: 0 });
      try {
        database.execute('BEGIN IMMEDIATE');
        held = database;
        return true;
      } catch {
        database.close();
        return false;
      }
    },
    release() {
      held?.execute('ROLLBACK');
      held?.close();
      held = null;
    },
  };
}
