// Choices, drawn from a seed's generator.

import type { Random } from './seeded.ts';

export class Chance {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): number {
    return this.#random();
  }

  isBelow(probability: number): boolean {
    return this.#random() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }

  pickOr<T>(items: readonly T[], otherwise: T): T {
    return items.length === 0 ? otherwise : this.pick(items);
  }

  /** Clocks are wrong: no two devices agree on the time. */
  time(): number {
    return 1_600_000_000_000 + this.below(200_000_000_000);
  }
}
