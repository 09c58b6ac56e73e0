import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LayeredMap } from './layeredMap.ts';

test('a layered map is the map that it would be if every step had copied it, in the same order', () => {
  const steps = fc.array(fc.tuple(fc.nat(80), fc.option(fc.nat(), { nil: undefined })), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (changes) => {
      const plain = new Map<number, number | undefined>([[1000, 0]]);
      let layered = LayeredMap.of<number, number | undefined>(plain);
      const kept: [typeof layered, readonly (readonly [number, number | undefined])[]][] = [];
      for (const [key, value] of changes) {
        kept.push([layered, [...plain]]);
        plain.set(key, value);
        layered = layered.with(key, value);
        expect(layered.size).toBe(plain.size);
        expect(layered.get(key)).toBe(value);
      }
      expect([...layered]).toEqual([...plain]);
      expect([...layered.keys()]).toEqual([...plain.keys()]);
      expect([...layered.values()]).toEqual([...plain.values()]);
      const visited: unknown[] = [];
      layered.forEach((value, key) => visited.push([key, value]));
      expect(visited).toEqual([...plain]);
      expect(layered.has(-1)).toBe(false);
      // No earlier one was touched.
      for (const [before, entries] of kept) expect([...before]).toEqual(entries);
    }),
    { numRuns: 30 },
  );
});
