// A workspace's rows are kept from every other by three things, each tested without the others: keys, queries, and the
// database's own row-level security.

import { describe, expect, test } from 'vitest';
import type { Database, Transaction } from '@cuebook/server/store/database';
import { createTestDatabase } from '../ground.ts';
import { authorOf, createWorld, newGroup, newStream, TeamOnServer, type World } from './world.ts';

/** Everything that the store does for one workspace. */
async function journey(world: World, team: TeamOnServer): Promise<void> {
  const { records, workspaces, accountLogs, audit } = team.store;
  const editor = await world.account();
  await team.add(editor);
  const stream = { group: newGroup(), stream: newStream() };
  const first = team.seal(editor, stream);
  await team.append(editor, [first]);
  await team.append(editor, [team.seal(editor, { ...stream, parents: [first.id], flag: 'trash' })]);
  await records.readFeed(team.id, team.cursor, 10);
  await records.readTail(team.id, { ...team.cursor, logFrom: 0 });
  await records.read(team.id, [first.id]);
  await workspaces.membership(team.id, editor.id);
  await workspaces.list(editor.id);
  await workspaces.heads([team.id]);
  await workspaces.readAccountLog(team.id, editor.id, 0);
  await workspaces.readBoxes(team.id, editor.id);
  await workspaces.reportBox(authorOf(editor), team.id, { epoch: 1, generation: 1 });
  await workspaces.wantedBoxes(team.id);
  await workspaces.healing(team.id);
  await accountLogs.readLog(editor.id, 0);
  await audit.write({
    workspace: team.id,
    what: 'tested',
    account: null,
    address: null,
    details: {},
    requestId: null,
  });
  await audit.read(team.id, null, 10);
}

// Known by something else than a workspace or an account: what is of the server, and what has to be found.
const OTHER_KEYS: ReadonlySet<string> = new Set([
  'server',
  'migrations',
  'jobs',
  'guesses',
  'server_owner',
  'account_emails',
  'account_identities',
  'session_token_directory',
  'machine_token_directory',
  'one_time_secrets',
  'oidc_attempts',
]);

describe('keys', () => {
  test('of every table and index begin with the workspace or the account', async () => {
    await using ground = await createTestDatabase();
    const sql = ground.database.connectAs('owner');
    const indexes = await sql<{ table: string; name: string; first: string }[]>`
      select c.relname as table, i.relname as name, a.attname as first
      from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0]
      where n.nspname = 'public'`;
    const tables = await sql<{ name: string; secured: boolean; forced: boolean; key: boolean }[]>`
      select c.relname as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
        exists (select from pg_index x where x.indrelid = c.oid and x.indisprimary) as key
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind = 'r'`;
    const columns = await sql<{ table: string }[]>`
      select table_name as table from information_schema.columns
      where table_schema = 'public' and column_name = 'workspace'`;
    await sql.end();
    expect(tables.filter(({ key }) => !key)).toEqual([]);
    const wrong = indexes.filter(
      ({ table, first }) => !OTHER_KEYS.has(table) && first !== 'workspace' && first !== 'account',
    );
    expect(wrong).toEqual([]);
    const unsecured = tables.filter(({ name, secured, forced }) => {
      const isOfWorkspaces = columns.some(({ table }) => table === name) && !OTHER_KEYS.has(name);
      return isOfWorkspaces && !(secured && forced);
    });
    expect(unsecured).toEqual([]);
  });
});

describe('queries', () => {
  test('all name the workspace or the account that they are about', async () => {
    const statements = new Set<string>();
    await using ground = await createTestDatabase({ onStatement: (text) => statements.add(text.trim()) });
    const world = await createWorld(ground.database);
    await journey(world, await world.team());
    const about = [...statements].filter(
      (text) => !/^(?:begin|commit|rollback)|set_config|pg_catalog\.pg_type|from server$/.test(text),
    );
    expect(about.length).toBeGreaterThan(25);
    const unbound = about.filter(
      (text) =>
        !/\b(?:workspace|account) = (?:any \()?\$\d|from cuebook_(?:tail|lock_for_append|append)\(\$1/.test(
          text,
        ) && !/^(?:with appended as \(\s*)?insert into \w+ \((?:workspace|account),/.test(text),
    );
    expect(unbound).toEqual([]);
  });
});

describe('row-level security', () => {
  test('shows and changes nothing of another workspace, even if no query had a filter', async () => {
    await using ground = await createTestDatabase();
    const filtered = await createWorld(ground.database);
    const [mine, others] = [await filtered.team(), await filtered.team()];
    await journey(filtered, others);
    const before = await rowsOf(ground.database, others);
    const removed = { count: 0 };
    const unfiltered = await createWorld(withoutFilters(ground.database, removed));
    const same = new TeamOnServer(unfiltered.store, mine.team, mine.owner);
    await expectOnlyOwn(same);
    expect(removed.count).toBeGreaterThan(10);
    expect(await rowsOf(ground.database, others)).toEqual(before);
  });

  test('is what does it: as a role that it does not hold for, a query without a filter shows everything', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [mine] = [await world.team(), await world.team()];
    const count = (sql: Pick<Transaction, 'unsafe'>): Promise<unknown> =>
      sql.unsafe('select count(*) from workspaces');
    const owner = ground.database.connectAs('owner');
    expect(await count(owner as unknown as Transaction)).toEqual([{ count: 2 }]);
    await owner.end();
    expect(await ground.database.transact({ workspace: mine.id }, count)).toEqual([{ count: 1 }]);
    expect(await ground.database.transact({}, count)).toEqual([{ count: 0 }]);
  });

  test('lets nobody write into another workspace, add to its security log, or change what was logged', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const [mine, others] = [await world.team(), await world.team()];
    const { idToBytes } = await import('@cuebook/shared/encoding/ids');
    const tries: readonly ((sql: Transaction) => PromiseLike<unknown>)[] = [
      (sql) =>
        sql`insert into members values (${idToBytes(others.id)}, ${idToBytes(mine.owner.id)}, 'owner', true, false)`,
      (sql) => sql`
        insert into audit (workspace, at, what, details) values (${idToBytes(others.id)}, 1, 'forged', '{}')`,
      (sql) => sql`update audit set what = 'forged'`,
      (sql) => sql`delete from team_log`,
      (sql) => sql`update team_log set entry = ''`,
      (sql) => sql`update server set incarnation = ''`,
      (sql) => sql`select * from migrations`,
    ];
    for (const attempt of tries) {
      const tried = ground.database.transact({ workspace: mine.id }, async (sql) => attempt(sql));
      await expect(tried).rejects.toThrow(/row-level security|permission denied/);
    }
  });
});

async function expectOnlyOwn(team: TeamOnServer): Promise<void> {
  const { records, workspaces, audit } = team.store;
  const stream = { group: newGroup(), stream: newStream() };
  const record = team.seal(team.owner, stream);
  expect(await team.append(team.owner, [record])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
  const feed = await records.readFeed(team.id, team.cursor, 100);
  expect(feed).toMatchObject({ kind: 'items', items: [{ id: record.id }] });
  const log = await workspaces.readLog(team.id, 0);
  expect(log.entries).toHaveLength(team.team.history.entries.length);
  expect(await workspaces.accounts(team.id)).toEqual([team.owner.id]);
  expect(await workspaces.list(team.owner.id)).toHaveLength(1);
  expect(await workspaces.readBoxes(team.id, team.owner.id)).toHaveLength(1);
  expect(await audit.read(team.id, null, 10)).toMatchObject([{ what: 'team.create' }]);
}

const TABLES = ['workspaces', 'team_log', 'members', 'epoch_boxes', 'records', 'streams', 'groups', 'audit'];

async function rowsOf(database: Database, team: TeamOnServer): Promise<readonly unknown[]> {
  return database.transact({ workspace: team.id }, async (sql) => {
    const rows: unknown[] = [];
    for (const table of TABLES) rows.push(...(await sql.unsafe(`select * from ${table} order by 1, 2`)));
    return rows;
  });
}

/** Every `workspace = …` and `account = …` of every query becomes a condition that always holds. */
function withoutFilters(database: Database, removed: { count: number }): Database {
  return {
    ...database,
    transact: (about, work) => database.transact(about, (sql) => work(unfiltered(sql, removed))),
  };
}

function unfiltered(sql: Transaction, removed: { count: number }): Transaction {
  return new Proxy(sql, {
    apply(target, self, [first, ...rest]: readonly unknown[]) {
      if (!Array.isArray(first) || !('raw' in first)) return Reflect.apply(target, self, [first, ...rest]);
      const texts: string[] = [...first];
      for (let index = 0; index < texts.length - 1; index += 1) {
        const filter = /\b(workspace|account) = $/.exec(texts[index] ?? '');
        if (filter === null || /\bset\b[^]*$/.test((texts[index] ?? '').split('where').at(-1) ?? ''))
          continue;
        texts[index] = `${(texts[index] ?? '').slice(0, filter.index)}(true or ${filter[0]}`;
        texts[index + 1] = `)${texts[index + 1] ?? ''}`;
        removed.count += 1;
      }
      return Reflect.apply(target, self, [Object.assign(texts, { raw: texts }), ...rest]);
    },
  });
}
