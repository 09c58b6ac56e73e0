// Libraries that older versions made: they open with everything that was in them, and nothing in them is changed.
// `fixtures/format1` was made by the last version before teams.

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  createTestFolder,
  createTestSecrets,
  openTestLibrary,
  valueOf,
  workspaceOf,
} from './openTestLibrary.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/format1/${name}`, import.meta.url));

const kept = ['meta', 'records', 'logs', 'boxes', 'runs', 'favourites', 'touched'] as const;

function rowsOf(path: string): Readonly<Record<string, unknown>> {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = Object.fromEntries(
    kept.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()]),
  );
  database.close();
  return rows;
}

function formatOf(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare('PRAGMA user_version').get();
  database.close();
  return row?.['user_version'];
}

test(
  'a library of format 1 opens with everything, becomes format 2, and none of its rows changes',
  { timeout: 60_000 },
  async () => {
    using folder = createTestFolder();
    const path = join(folder.path, 'store', 'library.db');
    mkdirSync(join(folder.path, 'store'));
    copyFileSync(fixture('library.db'), path);
    const before = rowsOf(path);
    const secrets = createTestSecrets();
    for (const [name, value] of JSON.parse(readFileSync(fixture('secrets.json'), 'utf8')) as [
      string,
      string,
    ][]) {
      secrets.values.set(name, value);
    }
    {
      await using opened = openTestLibrary({ folder: folder.path, secrets });
      const { library } = opened;
      const workspaceId = await workspaceOf(library);
      const listed = valueOf(await library.list({ limit: 10 }));
      expect(listed.map(({ path: where, versions }) => [where, versions])).toEqual([
        ['footer', 1],
        ['Replies/greeting', 2],
      ]);
      const [footer, greeting] = listed;
      if (footer === undefined || greeting === undefined) throw new Error('two prompts');
      expect(valueOf(await library.read(greeting.id)).text).toBe(
        '---\ntags: [a]\n---\nHello {{> footer}}\nsecond version\n',
      );
      expect(valueOf(await library.read(footer.id))).toMatchObject({ text: 'Bye, a draft\n', isDraft: true });
      expect(greeting.favourite).toBe(true);
      expect(valueOf(await library.folders(workspaceId))).toHaveLength(1);
      const overview = await library.teams.overview();
      expect(overview.ok && overview.value.teams.map(({ sync }) => sync)).toEqual([{ kind: 'local' }]);
    }
    expect(rowsOf(path)).toEqual(before);
    expect(formatOf(path)).toBe(2);
  },
);
