// A map as a value that keeps its order: `with` gives a new map that shares nearly everything with the old one, so that
// the state after each of thousands of entries can be kept. What changed lately lies in a small layer over a large
// shared one; when the small one is full, both become a new large one.

/** Entries in the upper layer: about the square root of the size of a large team. */
const LAYER = 32;

export class LayeredMap<Key, Value> implements ReadonlyMap<Key, Value> {
  readonly #lower: ReadonlyMap<Key, Value>;
  readonly #upper: ReadonlyMap<Key, Value>;
  readonly size: number;

  private constructor(lower: ReadonlyMap<Key, Value>, upper: ReadonlyMap<Key, Value>, size: number) {
    this.#lower = lower;
    this.#upper = upper;
    this.size = size;
  }

  static of<Key, Value>(entries: Iterable<readonly [Key, Value]>): LayeredMap<Key, Value> {
    const lower = new Map(entries);
    return new LayeredMap(lower, new Map(), lower.size);
  }

  /** This map with one entry more, or another value in its place. This one stays as it is. */
  with(key: Key, value: Value): LayeredMap<Key, Value> {
    const upper = new Map(this.#upper).set(key, value);
    if (upper.size <= LAYER) return new LayeredMap(this.#lower, upper, this.size + (this.has(key) ? 0 : 1));
    return LayeredMap.of([...this.#lower, ...upper]);
  }

  get(key: Key): Value | undefined {
    return this.#upper.has(key) ? this.#upper.get(key) : this.#lower.get(key);
  }

  has(key: Key): boolean {
    return this.#upper.has(key) || this.#lower.has(key);
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const [key, value] of this.#lower) {
      const changed = this.#upper.get(key);
      yield [key, changed === undefined && !this.#upper.has(key) ? value : (changed as Value)];
    }
    for (const [key, value] of this.#upper) if (!this.#lower.has(key)) yield [key, value];
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }

  forEach(visit: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }
}
