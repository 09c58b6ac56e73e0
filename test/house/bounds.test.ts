import { expect, test } from 'vitest';
import { behindBounds } from '../../tools/performanceAims.ts';

test('a ratio behind its aim fails the benchmarks; a time, which a busy machine makes longer, does not', () => {
  const slow = { runs: 1, value: 99 };
  expect(
    behindBounds([
      { figure: 'records.open.ratio', unit: 'x', ...slow },
      { figure: 'sync.saves.ratio', unit: 'x', runs: 1, value: 0.1 },
      { figure: 'records.verify.ratio', unit: 'x', runs: 1, value: 1.1 },
      { figure: 'library.search.p95', unit: 'ms', ...slow },
    ]),
  ).toEqual([
    'records.open.ratio: 99.0 x, bound to at most 2.5',
    'sync.saves.ratio: 0.100 x, bound to at least 0.5',
  ]);
});
