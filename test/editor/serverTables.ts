// What a server's database holds, row by row, read by its superuser while the server is stopped.

import path from 'node:path';
import { startEmbedded } from '@cuebook/server/postgres/embedded';
import { openDatabase } from '@cuebook/server/store/database';

export interface TableContent {
  readonly table: string;
  /** All columns of all rows: bytes as they are, everything else as text. */
  readonly content: Buffer;
}

/** `plant`: a text that is written to a table of its own first, to see that it would be found. */
export async function readTables(
  dataFolder: string,
  plant: { readonly text: string; readonly bytes: readonly Buffer[] },
): Promise<readonly TableContent[]> {
  const started = await startEmbedded({ directory: path.join(dataFolder, 'postgres') });
  if (!started.ok) throw new Error(started.problem.message);
  const { address: at, user, password } = started.value;
  const database = openDatabase({ address: { kind: 'embedded', at, user, password, name: 'cuebook' } });
  const sql = database.connectAs('owner');
  try {
    await sql`create table planted (id bigint primary key, words text, bytes bytea)`;
    for (const [id, bytes] of plant.bytes.entries())
      await sql`insert into planted values (${id}, ${plant.text}, ${bytes})`;
    const tables = await sql<{ schema: string; name: string }[]>`
      select schemaname as schema, tablename as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2`;
    const contents: TableContent[] = [];
    for (const { schema, name } of tables) {
      const rows = await sql`select * from ${sql(schema)}.${sql(name)}`;
      const cells = rows.flatMap((row) => Object.values(row as Record<string, unknown>));
      contents.push({ table: name, content: Buffer.concat(cells.map(asBytes)) });
    }
    await sql`drop table planted`;
    return contents;
  } finally {
    await sql.end();
    await started.value.stop();
  }
}

/** Columns may be arrays of any of it. */
function asBytes(cell: unknown): Buffer {
  if (Array.isArray(cell)) return Buffer.concat(cell.map(asBytes));
  if (cell instanceof Uint8Array) return Buffer.from(cell);
  return Buffer.from(typeof cell === 'string' ? `${cell}\n` : `${JSON.stringify(cell)}\n`);
}
