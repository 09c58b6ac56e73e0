// For tests, golden bytes and the simulation: a suite whose randomness repeats. Never give it to anything that is kept.

import { ascii } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { ALL_PURE } from './selfTest.ts';
import { createSuiteFrom, type Suite } from './suite.ts';

/** Random bytes are SHA-512(seed ‖ counter), block after block. */
export function createSeededSuite(base: CryptoPrimitives, seed: string): Suite {
  let counter = 0;
  const block = (): Uint8Array => {
    counter += 1;
    return base.sha512(ascii(`${seed}/${counter}`));
  };
  const random = (length: number): Uint8Array => {
    let bytes = new Uint8Array(0);
    while (bytes.length < length) bytes = new Uint8Array(concatBytes(bytes, block()));
    return bytes.slice(0, length);
  };
  return createSuiteFrom({ ...base, random }, ALL_PURE);
}
