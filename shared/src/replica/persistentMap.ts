// A map as a value: `set` gives a new map that shares all but one small bucket with the old one, so that a library of
// ten thousand prompts is not copied for each save. Iteration order is not the order of insertion.

/** Keys are ids: uniformly random text, so the bucket is taken from the key itself. */
export interface PersistentMap<Key extends string, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  has(key: Key): boolean;
  set(key: Key, value: Value): PersistentMap<Key, Value>;
  delete(key: Key): PersistentMap<Key, Value>;
  keys(): IterableIterator<Key>;
  values(): IterableIterator<Value>;
  entries(): IterableIterator<[Key, Value]>;
}

type Bucket<Key, Value> = ReadonlyMap<Key, Value>;

const bucketCount = 256;

export function persistentMap<Key extends string, Value>(
  entries: Iterable<readonly [Key, Value]> = [],
): PersistentMap<Key, Value> {
  const buckets: Map<Key, Value>[] = Array.from({ length: bucketCount }, () => new Map<Key, Value>());
  for (const [key, value] of entries) buckets[bucketOf(key)]?.set(key, value);
  return ofBuckets(
    buckets,
    buckets.reduce((sum, bucket) => sum + bucket.size, 0),
  );
}

function ofBuckets<Key extends string, Value>(
  buckets: readonly Bucket<Key, Value>[],
  size: number,
): PersistentMap<Key, Value> {
  const at = (key: Key): Bucket<Key, Value> => buckets[bucketOf(key)] ?? new Map();
  return {
    size,
    get: (key) => at(key).get(key),
    has: (key) => at(key).has(key),
    set(key, value) {
      const bucket = new Map(at(key)).set(key, value);
      return ofBuckets(buckets.with(bucketOf(key), bucket), size + (at(key).has(key) ? 0 : 1));
    },
    delete(key) {
      if (!at(key).has(key)) return this;
      const bucket = new Map(at(key));
      bucket.delete(key);
      return ofBuckets(buckets.with(bucketOf(key), bucket), size - 1);
    },
    *keys() {
      for (const bucket of buckets) yield* bucket.keys();
    },
    *entries() {
      for (const bucket of buckets) yield* bucket.entries();
    },
    *values() {
      for (const bucket of buckets) yield* bucket.values();
    },
  };
}

/** Djb2 over the last characters: enough for random ids, and cheap for long ones. */
function bucketOf(key: string): number {
  let hash = 5381;
  for (let index = Math.max(0, key.length - 8); index < key.length; index++) {
    hash = ((hash * 33) ^ key.charCodeAt(index)) & 0x7fffffff;
  }
  return hash % bucketCount;
}
