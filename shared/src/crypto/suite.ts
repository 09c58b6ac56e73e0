// Everything cryptographic that the rest of the program is given, as one argument. The native implementation is used
// for each primitive that answers its known-answer test at start, the pure one for the others (selfTest.ts).

import { createHpke, type Hpke } from './hpke.ts';
import { createNativePrimitives, type NodeCrypto, type NodeKey } from './nativePrimitives.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { chooseImplementations, type Implementations } from './selfTest.ts';
import { createVerifiers, type VerifiersAhead } from './verifiers.ts';

export interface Suite extends CryptoPrimitives {
  readonly hpke: Hpke;
  /** Of every key that was asked for, kept. */
  readonly verifiers: VerifiersAhead;
  /** Which implementation each primitive got; for the log and the doctor page. */
  readonly implementations: Implementations;
}

/** `nodeCrypto` is the module `node:crypto`; without it everything is pure. Takes a few milliseconds: make one. */
export function createSuite<Key extends NodeKey>(nodeCrypto: NodeCrypto<Key> | null): Suite {
  const pure = createPurePrimitives();
  const native = nodeCrypto === null ? null : createNativePrimitives(nodeCrypto);
  const { primitives, implementations } = chooseImplementations(native, pure);
  return createSuiteFrom(primitives, implementations);
}

/** From primitives of one's own: tests use it with a reproducible source of randomness. */
export function createSuiteFrom(primitives: CryptoPrimitives, implementations: Implementations): Suite {
  return {
    ...primitives,
    hpke: createHpke(primitives.random),
    verifiers: createVerifiers(primitives),
    implementations,
  };
}
