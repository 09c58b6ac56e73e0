// Seeded simulation: several members with several devices edit, lose their connection, restart, join, leave, are removed
// and lose devices, while every message is delivered when a seed says so. After quiet all members see the same, and
// nothing that was saved is lost. A seed that ever failed stays below as a case of its own.
//
// SEEDS says how many (60 unless told), FROM which is the first: `npm run soak -- convergence` runs ten thousand.

import * as nodeCrypto from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { EVENTS, RARE_EVENTS, type EventCounts } from './events.ts';
import { createSetting } from './founding.ts';
import { problemsOf } from './outcome.ts';
import { Simulation, type Story } from './simulation.ts';

const suite = createSuite(nodeCrypto);
const cheap = createSetting(suite, 'cheap');
const exact = createSetting(suite, 'exact');
const first = Number(process.env['FROM'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 60);
const perTest = 10;

/** Seeds that found something once, and what it was, each told as it was told then. */
const committed: readonly (Story & { readonly found: string })[] = [
  {
    seed: 46,
    sharesKeys: false,
    found: 'a purge that is refused, since its author is no admin any more, blocks nothing',
  },
  { seed: 74, sharesKeys: false, found: 'what a purged folder stood in the way of counts again' },
  {
    seed: 92,
    sharesKeys: false,
    found: 'what a purged folder stood in the way of counts again, for those who saw it go',
  },
  { seed: 32, sharesKeys: true, found: 'what was set aside leaves nothing behind where it was seen before' },
  {
    seed: 41,
    sharesKeys: true,
    found:
      'what a device wrote stays readable on it when an entry comes late that took its person out before',
  },
  {
    seed: 5444,
    sharesKeys: true,
    found: 'two folders that were merged into each other, both in the trash, are looked for without end',
  },
  {
    seed: 4951,
    sharesKeys: true,
    found:
      'what its author may not write any more is sent after a restart as without one, and waits for nobody',
  },
  {
    seed: 5689,
    sharesKeys: true,
    found: 'a key that was shared by whom may not share any more shows the same before and after a restart',
  },
  {
    seed: 1861,
    sharesKeys: true,
    found: 'a new device asks for its boxes again when the log that it reads afterwards names newer ones',
  },
  {
    seed: 3816,
    sharesKeys: true,
    found:
      'a key whose box a restored server has lost is sealed for other devices of the own account as well',
  },
  {
    seed: 2051,
    sharesKeys: true,
    found: 'a log that was shorter is asked for again: who had the rest has brought it back',
  },
];

describe('replicas converge', () => {
  const happened: EventCounts = new Map();
  for (let from = first; from < first + count; from += perTest) {
    const to = Math.min(first + count, from + perTest) - 1;
    test(`whatever happens between them (seeds ${from} to ${to})`, async () => {
      for (let seed = from; seed <= to; seed++) {
        const { problems, events } = await outcomeOf({ seed, sharesKeys: true });
        expect({ seed, problems }).toEqual({ seed, problems: [] });
        for (const name of events) happened.set(name, (happened.get(name) ?? 0) + 1);
      }
    }, 120_000);
  }

  test('in some of the seeds each kind of event happens', () => {
    const expected = count < 1000 ? EVENTS : [...EVENTS, ...RARE_EVENTS];
    expect(expected.filter((name) => !happened.has(name))).toEqual([]);
  });

  afterAll(() => {
    const lines = [...EVENTS, ...RARE_EVENTS].map(
      (name) => `${String(happened.get(name) ?? 0).padStart(6)} ${name}`,
    );
    process.stdout.write(`Seeds in which it happened, of ${count}:\n${lines.join('\n')}\n`);
  });

  for (const { found, ...story } of committed) {
    test(`${found} (seed ${story.seed})`, async () => {
      expect((await outcomeOf(story)).problems).toEqual([]);
    });
  }

  test('with the signatures and boxes of the product', async () => {
    for (let seed = first; seed < first + Math.max(2, count / 100); seed++) {
      const { problems } = await outcomeOf({ seed, sharesKeys: true }, exact);
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
  }, 600_000);
});

async function outcomeOf(story: Story, setting = cheap) {
  const simulation = await Simulation.start(await setting, story);
  await simulation.run();
  await simulation.settle();
  return { problems: await problemsOf(simulation), events: simulation.events.keys() };
}
