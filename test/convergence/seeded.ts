// What makes ten thousand stories affordable and repeatable: one generator of chance for each seed, and a suite that
// draws from it and is cheap.
//
// Eight replicas open the same records: the answers are kept, under everything that they hang on. Signatures and boxes
// are stand-ins that only whoever has the secret can make or open: Ed25519 and HPKE themselves have their own tests, and
// here would take half of the time. `exactSuite` is the product's suite with nothing but its chance replaced; some seeds
// run with that.

import { hash } from 'node:crypto';
import type { Hpke } from '@cuebook/shared/crypto/hpke';
import type { AesGcmInput, CryptoPrimitives, HmacSha512 } from '@cuebook/shared/crypto/primitives';
import { createSuiteFrom, type Suite } from '@cuebook/shared/crypto/suite';
import { concatBytes } from '@cuebook/shared/util/bytes';

export type Random = () => number;

/** Mulberry32: small, and good enough to choose by. Between 0 and 1, never 1. */
export function generator(seed: number): Random {
  let state = seed * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The product's suite, its chance replaced. */
export const exactSuite = (base: Suite, random: Random): Suite =>
  createSuiteFrom({ ...base, random: bytesFrom(random) }, base.implementations);

/** What the stand-ins look up by public key, for all seeds of a process. */
export interface Secrets {
  readonly sign: Map<string, Uint8Array>;
  readonly box: Map<string, Uint8Array>;
}

export const noSecrets = (): Secrets => ({ sign: new Map(), box: new Map() });

/** Answers as the product's suite does, in its own formats of signatures and boxes. */
export function cheapSuite(base: Suite, secrets: Secrets, random: Random): Suite {
  const primitives: CryptoPrimitives = {
    ...base,
    ...standInSignatures(base, secrets.sign),
    random: bytesFrom(random),
    sha256: (data) => plain(hash('sha256', data, 'buffer')),
    aesGcmOpen: rememberOpened(base),
    hmacSha512: rememberMacs(base),
  };
  const suite = createSuiteFrom(primitives, base.implementations);
  return { ...suite, hpke: standInBoxes(primitives, secrets.box) };
}

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** A signature is a hash that only whoever has the seed can make, and that can be checked by looking the seed up. */
function standInSignatures(
  base: CryptoPrimitives,
  secrets: Map<string, Uint8Array>,
): Pick<CryptoPrimitives, 'ed25519PublicKey' | 'ed25519Signer' | 'ed25519Verifier'> {
  const publicKeys = new Map<string, Uint8Array>();
  const sign = (seed: Uint8Array, message: Uint8Array): Uint8Array =>
    plain(hash('sha512', concatBytes(seed, message), 'buffer'));
  return {
    ed25519PublicKey(seed) {
      const name = named(seed);
      const publicKey = publicKeys.get(name) ?? base.ed25519PublicKey(seed);
      publicKeys.set(name, publicKey);
      secrets.set(named(publicKey), seed.slice());
      return publicKey.slice();
    },
    ed25519Signer(seed) {
      const own = seed.slice();
      return (message) => sign(own, message);
    },
    ed25519Verifier(publicKey) {
      const seed = secrets.get(named(publicKey));
      return seed === undefined ? null : (message, signature) => isSame(sign(seed, message), signature);
    },
  };
}

function bytesFrom(random: Random): (length: number) => Uint8Array {
  return (length) => {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let index = 0; index < words.length; index++) words[index] = random() * 4_294_967_296;
    return new Uint8Array(words.buffer, 0, length);
  };
}

const named = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

function rememberOpened(base: CryptoPrimitives): CryptoPrimitives['aesGcmOpen'] {
  interface Opened extends AesGcmInput {
    readonly sealed: Uint8Array;
    readonly opened: Uint8Array | null;
  }
  const known = new Map<string, Opened>();
  return (input, sealed) => {
    const name = named(sealed.subarray(-16));
    const before = known.get(name);
    const isKnown =
      before !== undefined &&
      isSame(before.key, input.key) &&
      isSame(before.nonce, input.nonce) &&
      isSame(before.associated, input.associated) &&
      isSame(before.sealed, sealed);
    if (isKnown) return before.opened?.slice() ?? null;
    const opened = base.aesGcmOpen(input, sealed);
    const { key, nonce, associated } = input;
    known.set(name, {
      key: key.slice(),
      nonce: nonce.slice(),
      associated: associated.slice(),
      sealed: sealed.slice(),
      opened: opened?.slice() ?? null,
    });
    return opened;
  };
}

function rememberMacs(base: CryptoPrimitives): CryptoPrimitives['hmacSha512'] {
  const keys = new Map<string, HmacSha512>();
  return (key) => {
    const name = named(key);
    const before = keys.get(name);
    if (before !== undefined) return before;
    let mac: HmacSha512 | null = null;
    const known = new Map<string, Uint8Array>();
    const remembering: HmacSha512 = (data) => {
      const input = named(data);
      const answer = known.get(input);
      if (answer !== undefined) return answer.slice();
      mac ??= base.hmacSha512(Uint8Array.from(name, (character) => character.charCodeAt(0)));
      const made = mac(data);
      known.set(input, made.slice());
      return made;
    };
    keys.set(name, remembering);
    return remembering;
  };
}

/** Opens only for whoever has the secret, only with the same info and associated data. Not the format of the product. */
function standInBoxes(primitives: CryptoPrimitives, secrets: Map<string, Uint8Array>): Hpke {
  const nonce = new Uint8Array(12);
  const keyOf = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array =>
    primitives.sha256(concatBytes(secret, salt, info));
  return {
    publicKey(secret) {
      const publicKey = primitives.sha256(concatBytes(secret, nonce));
      // As of a point on the curve.
      publicKey[31] = (publicKey[31] ?? 0) & 0x7f;
      secrets.set(named(publicKey), secret.slice());
      return publicKey;
    },
    seal({ recipient, info, associated, bytes }) {
      const secret = secrets.get(named(recipient));
      if (secret === undefined) throw new Error('Boxes are sealed to keys that somebody made.');
      const salt = primitives.random(32);
      const sealed = primitives.aesGcmSeal({ key: keyOf(secret, salt, info), nonce, associated }, bytes);
      return Promise.resolve(concatBytes(salt, sealed));
    },
    open({ secret, info, associated, bytes }) {
      const key = keyOf(secret, bytes.subarray(0, 32), info);
      return Promise.resolve(primitives.aesGcmOpen({ key, nonce, associated }, bytes.subarray(32)));
    },
  };
}
