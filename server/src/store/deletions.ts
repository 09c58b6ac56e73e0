// What has been deleted for good, kept beside the database and outside its backups: a backup that is restored later brings
// it back, and this list takes it away again. One line an entry; ids and times only.

import { open, readFile } from 'node:fs/promises';

export type Deletion =
  | { readonly kind: 'account'; readonly account: string; readonly at: number }
  | { readonly kind: 'workspace'; readonly workspace: string; readonly at: number }
  | { readonly kind: 'group'; readonly workspace: string; readonly group: string; readonly at: number };

export interface DeletionList {
  /** Durable when it resolves: before what it names is deleted, never after. */
  add(deletions: readonly Deletion[]): Promise<void>;
  all(): Promise<readonly Deletion[]>;
}

export function createDeletionFile(file: string): DeletionList {
  return {
    async add(deletions) {
      if (deletions.length === 0) return;
      const handle = await open(file, 'a', 0o600);
      try {
        // Begins with a new line, because a killed process may have left half of one.
        await handle.appendFile(`\n${deletions.map((each) => JSON.stringify(each)).join('\n')}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    all: () => readDeletions(file),
  };
}

/** Empty if there is no such file. */
export async function readDeletions(file: string): Promise<readonly Deletion[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').flatMap(parseLine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(line: string): readonly Deletion[] {
  try {
    const value = JSON.parse(line) as Partial<
      Record<keyof Extract<Deletion, { kind: 'group' }> | 'account', unknown>
    >;
    const { kind, account, workspace, group, at } = value;
    if (typeof at !== 'number') return [];
    if (kind === 'account' && typeof account === 'string') return [{ kind, account, at }];
    if (kind === 'workspace' && typeof workspace === 'string') return [{ kind, workspace, at }];
    if (kind === 'group' && typeof workspace === 'string' && typeof group === 'string') {
      return [{ kind, workspace, group, at }];
    }
    return [];
  } catch {
    return [];
  }
}
