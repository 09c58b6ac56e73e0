// The lying server: every row of the table of lies is a story, told with the product's engine and real formats. What the
// row says is what is seen, and docs/table-of-lies.md is written from the rows.

import * as nodeCrypto from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { LIES, tableOfLies } from './table.ts';
import { copyOf, createWorld, type World } from './world.ts';

// Accounts and boxes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const suite = createSuite(nodeCrypto);
let world: World;
beforeAll(async () => {
  world = await createWorld(suite);
});

for (const { rows } of LIES) {
  test.each(rows)('$lie: seen $when', async ({ act, codes, standing }) => {
    const client = await act(copyOf(world));
    expect(client.seen).toEqual(codes);
    expect(client.standing).toBe(standing);
  });
}

test('no lie is told twice, and what nobody ever sees has no code', () => {
  const rows = LIES.flatMap((part) => part.rows);
  expect(new Set(rows.map(({ lie }) => lie)).size).toBe(rows.length);
  for (const { codes, when } of rows) {
    expect(codes.length === 0).toBe(when === 'never' || when === 'when two people compare');
  }
});

/** `vitest run test/blindness -u` writes it. */
test('docs/table-of-lies.md says what the tests show', async () => {
  await expect(tableOfLies()).toMatchFileSnapshot('../../docs/table-of-lies.md');
});
