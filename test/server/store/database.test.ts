import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../ground.ts';

describe('the driver', () => {
  test('gives a whole result after a query that failed in the middle of its rows', async () => {
    await using ground = await createTestDatabase({ connections: 1 });
    const sql = ground.database.app;
    // Division by zero in the fifth row: four have arrived by then.
    await expect(sql`select 1 / (5 - n) from generate_series(1, 5) n`).rejects.toThrow('division by zero');
    const rows = await sql`select n from generate_series(1, 2) n`;
    expect([...rows]).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
