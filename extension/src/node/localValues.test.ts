import * as nodeCrypto from 'node:crypto';
import { createSuite } from '@cuebook/shared/crypto/suite';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLocalSeals } from './localValues.ts';

const suite = createSuite(nodeCrypto);
const seals = createLocalSeals(suite, suite.random(32));
const place = { purpose: 'draft', row: 'a' } as const;

test('a value comes back from its own place only', () => {
  const sealed = seals.sealJson(place, { text: 'ü' });
  expect(seals.openJson(place, sealed)).toEqual({ text: 'ü' });
  expect(seals.openJson({ ...place, row: 'b' }, sealed)).toBeNull();
  expect(seals.openJson({ ...place, purpose: 'run' }, sealed)).toBeNull();
  expect(seals.openJson(place, null)).toBeNull();
});

test('another store key opens nothing and names rows otherwise', () => {
  const others = createLocalSeals(suite, suite.random(32));
  expect(others.open(place, seals.seal(place, new Uint8Array(3)))).toBeNull();
  expect(others.nameOf('x')).not.toBe(seals.nameOf('x'));
  expect(seals.nameOf('x')).toBe(seals.nameOf('x'));
});

test('one value is sealed to other bytes each time', () => {
  const [one, two] = [seals.seal(place, new Uint8Array(9)), seals.seal(place, new Uint8Array(9))];
  expect(Buffer.from(one).equals(two)).toBe(false);
});

test('a value with any bit flipped does not open', () => {
  const sealed = seals.sealJson(place, 'text');
  fc.assert(
    fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(seals.open(place, changed)).toBeNull();
    }),
  );
});
