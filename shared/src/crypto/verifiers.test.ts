import * as nodeCrypto from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { hexToBytes } from '../util/bytes.ts';
import { createNativePrimitives } from './nativePrimitives.ts';
import type { Ed25519Verifier } from './primitives.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { createVerifiers, type Signed } from './verifiers.ts';

const native = createNativePrimitives(nodeCrypto);
/** The key of the known answers (RFC 8032, test 3), by which a way beside the thread is tried before it is believed. */
const KNOWN = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
const seed = native.random(32);
const publicKey = native.ed25519PublicKey(seed);
const sign = native.ed25519Signer(seed);

function signed(length: number): Signed {
  const message = native.random(length);
  return { message, signature: sign(message) };
}

function forged(): Signed {
  const { message, signature } = signed(100);
  return { message: native.random(message.length), signature };
}

/** Native verifiers that count what is asked on the thread; `beside`: instead of the platform's own way. */
function watched(beside?: Ed25519Verifier['beside']) {
  const onThread = vi.fn();
  const verifiers = createVerifiers({
    ed25519Verifier(key) {
      const verify = native.ed25519Verifier(key);
      if (verify === null) return null;
      const counted = (message: Uint8Array, signature: Uint8Array): boolean => {
        onThread();
        return verify(message, signature);
      };
      const besides = beside ?? verify.beside;
      return besides === undefined ? counted : Object.assign(counted, { beside: besides });
    },
  });
  return { verifiers, onThread };
}

test('what was worked out ahead is the answer, right or wrong, and is not worked out again', async () => {
  const { verifiers, onThread } = watched();
  const all = [signed(4), signed(372), forged()];
  await Promise.all(all.map(async (each) => verifiers.ahead(publicKey, each)));
  const answers = all.map(({ message, signature }) => verifiers.of(publicKey)?.(message, signature));
  expect(answers).toEqual([true, true, false]);
  expect(onThread).not.toHaveBeenCalled();
});

test('an answer is for its own message, and for one question', async () => {
  const { verifiers, onThread } = watched();
  const { message, signature } = signed(100);
  await verifiers.ahead(publicKey, { message, signature });
  const other = message.map((byte) => byte ^ 1);
  expect(verifiers.of(publicKey)?.(other, signature)).toBe(false);
  expect(verifiers.of(publicKey)?.(message, signature)).toBe(true);
  expect(onThread).toHaveBeenCalledTimes(1);
  expect(verifiers.of(publicKey)?.(message, signature)).toBe(true);
  expect(onThread).toHaveBeenCalledTimes(2);
});

test('bytes that are changed after they were given change no answer', async () => {
  const { verifiers } = watched();
  const { message, signature } = signed(100);
  const given = message.slice();
  await verifiers.ahead(publicKey, { message: given, signature });
  given.fill(0);
  expect(verifiers.of(publicKey)?.(given, signature)).toBe(false);
  expect(verifiers.of(publicKey)?.(message, signature)).toBe(true);
});

test.each([
  ['takes everything', async (): Promise<boolean> => true],
  ['takes nothing', async (): Promise<boolean> => false],
  ['fails', async (): Promise<boolean> => Promise.reject(new Error('No thread.'))],
] as const)('a way beside the thread that %s is never believed', async (_, beside) => {
  const { verifiers, onThread } = watched(beside);
  const [right, wrong] = [signed(100), forged()];
  await verifiers.ahead(publicKey, right);
  await verifiers.ahead(publicKey, wrong);
  expect(verifiers.of(publicKey)?.(right.message, right.signature)).toBe(true);
  expect(verifiers.of(publicKey)?.(wrong.message, wrong.signature)).toBe(false);
  expect(onThread).toHaveBeenCalledTimes(2);
});

test('a platform that fails later calls no signature wrong', async () => {
  let fails = false;
  // Of two keys only: that of the known answers, which are short, and this test's.
  const known = native.ed25519Verifier(hexToBytes(KNOWN));
  const own = native.ed25519Verifier(publicKey);
  const { verifiers, onThread } = watched(async (message, signature) => {
    if (fails) throw new Error('No memory.');
    const verify = message.length < 100 ? known : own;
    return verify?.beside?.(message, signature) ?? false;
  });
  const [first, second] = [signed(100), signed(100)];
  await verifiers.ahead(publicKey, first);
  fails = true;
  await verifiers.ahead(publicKey, second);
  expect(verifiers.of(publicKey)?.(first.message, first.signature)).toBe(true);
  expect(verifiers.of(publicKey)?.(second.message, second.signature)).toBe(true);
  expect(onThread).toHaveBeenCalledTimes(1);
});

test('without a way beside the thread nothing is lost', async () => {
  const verifiers = createVerifiers(createPurePrimitives());
  const { message, signature } = signed(100);
  await verifiers.ahead(publicKey, { message, signature });
  expect(verifiers.of(publicKey)?.(message, signature)).toBe(true);
  await verifiers.ahead(new Uint8Array(32), { message, signature });
  expect(verifiers.of(new Uint8Array(32))).toBeNull();
});
