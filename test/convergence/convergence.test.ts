// Seeded simulation: several members with several devices edit, lose their connection, restart, are removed, while every
// message is delivered when a seed says so. After quiet all members see the same, and nothing that was saved is lost.
// A seed that ever failed stays below as a case of its own.

import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { createPool, Simulation } from './simulation.ts';

const suite = createSuite(nodeCrypto);
const pool = createPool(suite);
const seeds = Number(process.env['SEEDS'] ?? 24);
const perTest = 4;

/** Seeds that found something once, and what it was. */
const committed: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 72, found: 'what comes in for a prompt that was purged here misses nothing' },
];

describe('replicas converge', () => {
  for (let first = 1; first <= seeds; first += perTest) {
    const last = Math.min(seeds, first + perTest - 1);
    test(`whatever happens between them (seeds ${first} to ${last})`, async () => {
      for (let seed = first; seed <= last; seed++)
        expect(await outcomeOf(seed)).toEqual({ seed, problems: [] });
    }, 120_000);
  }

  for (const { seed, found } of committed) {
    test(`${found} (seed ${seed})`, async () => {
      expect(await outcomeOf(seed)).toEqual({ seed, problems: [] });
    });
  }
});

async function outcomeOf(
  seed: number,
): Promise<{ readonly seed: number; readonly problems: readonly string[] }> {
  const simulation = await Simulation.start(suite, await pool, seed);
  await simulation.run();
  simulation.settle();
  return { seed, problems: simulation.problems() };
}
