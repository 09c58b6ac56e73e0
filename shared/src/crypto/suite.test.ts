import { ed25519 } from '@noble/curves/ed25519.js';
import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createNativePrimitives } from './nativePrimitives.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { ALL_PURE, chooseImplementations, passesSelfTest, type PrimitiveName } from './selfTest.ts';
import { createSuite } from './suite.ts';

const pure = createPurePrimitives();
const native = createNativePrimitives(nodeCrypto);
const names: readonly PrimitiveName[] = ['sha256', 'sha512', 'hmacSha512', 'aesGcm', 'ed25519'];

test('both implementations answer the test at start', () => {
  for (const name of names) {
    expect(passesSelfTest(name, pure)).toBe(true);
    expect(passesSelfTest(name, native)).toBe(true);
  }
});

test('the native implementation is used where it is there, and a suite says so', () => {
  expect(createSuite(nodeCrypto).implementations).toEqual({
    sha256: 'native',
    sha512: 'native',
    hmacSha512: 'native',
    aesGcm: 'native',
    ed25519: 'native',
  });
  expect(createSuite(null).implementations).toEqual(ALL_PURE);
});

const missing = (): never => {
  throw new Error('not there');
};
const wrongBytes = (): Uint8Array => new Uint8Array(64);

const broken: readonly (readonly [PrimitiveName, string, Partial<CryptoPrimitives>])[] = [
  ['sha256', 'is missing', { sha256: missing }],
  ['sha512', 'answers wrongly', { sha512: wrongBytes }],
  ['hmacSha512', 'is missing', { hmacSha512: missing }],
  ['hmacSha512', 'answers wrongly', { hmacSha512: () => wrongBytes }],
  ['aesGcm', 'seals wrongly', { aesGcmSeal: wrongBytes }],
  ['aesGcm', 'opens nothing', { aesGcmOpen: () => null }],
  [
    'aesGcm',
    'opens what was altered',
    { aesGcmOpen: (input, sealed) => native.aesGcmOpen(input, sealed) ?? sealed },
  ],
  ['ed25519', 'is missing', { ed25519Signer: missing }],
  ['ed25519', 'accepts everything', { ed25519Verifier: () => () => true }],
  ['ed25519', 'accepts nothing', { ed25519Verifier: () => () => false }],
  [
    'ed25519',
    'multiplies by the cofactor',
    {
      ed25519Verifier: (key) => (message, signature) =>
        ed25519.verify(signature, message, key, { zip215: true }),
    },
  ],
  ['ed25519', 'gives other public keys', { ed25519PublicKey: wrongBytes }],
];

test.each(broken)('where native %s %s, the pure one is used, for that primitive alone', (name, _, part) => {
  const { primitives, implementations } = chooseImplementations({ ...native, ...part }, pure);
  expect(implementations).toEqual({
    sha256: 'native',
    sha512: 'native',
    hmacSha512: 'native',
    aesGcm: 'native',
    ed25519: 'native',
    [name]: 'pure',
  });
  for (const each of names) expect(passesSelfTest(each, primitives)).toBe(true);
});
