// Everything that a server keeps, byte for byte: every cell of every table, and every line of its log.

import { formsOf, formsOfBytes, type Form } from '../../store/canary.ts';
import type { TestServer } from '../testServer.ts';

export interface Cell {
  /** Table and column, or `log`. */
  readonly place: string;
  readonly bytes: Buffer;
}

/** As the owner of the tables, who sees every row. */
export async function dump(server: TestServer): Promise<readonly Cell[]> {
  const log = server.logLines.map((line): Cell => ({ place: 'log', bytes: Buffer.from(line) }));
  return [...log, ...(await dumpTables(server))];
}

async function dumpTables(server: TestServer): Promise<readonly Cell[]> {
  const owner = server.database.connectAs('owner');
  try {
    const tables = await owner<{ name: string }[]>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`;
    const cells: Cell[] = [];
    for (const { name } of tables) {
      const rows = await owner<Record<string, unknown>[]>`select * from ${owner(name)}`;
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          if (value !== null) cells.push({ place: `${name}.${column}`, bytes: bytesOf(value) });
        }
      }
    }
    return cells;
  } finally {
    await owner.end();
  }
}

function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

export interface Secret {
  readonly what: string;
  /** As text, or as bytes where it has them. */
  readonly value: string | Uint8Array;
}

export const formsFor = ({ value }: Secret): readonly Form[] =>
  typeof value === 'string' ? formsOf(value) : formsOfBytes(Buffer.from(value));

export interface Sighting {
  readonly what: string;
  readonly form: string;
  readonly place: string;
}

export function search(cells: readonly Cell[], secrets: readonly Secret[]): readonly Sighting[] {
  return secrets.flatMap((secret) => {
    const forms = formsFor(secret);
    return cells.flatMap(({ place, bytes }) =>
      forms
        .filter((form) => bytes.includes(form.bytes))
        .map(({ form }) => ({ what: secret.what, form, place })),
    );
  });
}
