// Marks of this user about teams, on this computer only: members whose fingerprints were compared. A list of ids.

import type { LocalSeals } from './localValues.ts';
import type { SqliteStore } from './sqliteStore.ts';
import type { TeamsContext } from './teamsContext.ts';

const place = { purpose: 'notes', row: 'verified' } as const;

/** Accounts whose fingerprints the user has compared and found equal. */
export const readVerified = (store: SqliteStore, seals: LocalSeals): readonly string[] =>
  seals.openJson<string[]>(place, store.blob('notes', place.row)) ?? [];

export function writeVerified({ sessions, accounts }: TeamsContext, ids: readonly string[]): void {
  const { seals } = accounts.tools;
  sessions.write((touch) => {
    sessions.store.setBlob('notes', place.row, seals.sealJson(place, ids));
    touch('teams');
  });
}
