// Marks of this user about teams, on this computer only: members whose fingerprints were compared, prompts that others
// changed. Lists of ids.

import type { TeamsContext } from './teamsContext.ts';

export function readNotes({ sessions, accounts }: TeamsContext, row: string): readonly string[] {
  const { seals } = accounts.tools;
  return seals.openJson<string[]>({ purpose: 'notes', row }, sessions.store.blob('notes', row)) ?? [];
}

export function writeNotes({ sessions, accounts }: TeamsContext, row: string, ids: readonly string[]): void {
  const { seals } = accounts.tools;
  sessions.write((touch) => {
    sessions.store.setBlob('notes', row, seals.sealJson({ purpose: 'notes', row }, ids));
    touch('teams');
  });
}

export const unreadRow = (workspace: string): string => `unread.${workspace}`;
