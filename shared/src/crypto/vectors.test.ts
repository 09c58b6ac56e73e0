// Our own vectors of what must be refused, one class of attack after another (after the classes of Project Wycheproof and
// of Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", 2020), made here from first principles with noble's
// points, and kept in golden/vectors.txt. Every implementation in use is run over that file.

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import * as nodeCrypto from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { bytesToHex, concatBytes, hexToBytes } from '../util/bytes.ts';
import { createHpke } from './hpke.ts';
import { createNativePrimitives } from './nativePrimitives.ts';
import type { AesGcmInput, CryptoPrimitives } from './primitives.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { checkVectors } from './vectors.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { Point } = ed25519;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const PRIME = 2n ** 255n - 19n;
/** A point of order eight: its multiples are all points of small order. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const SMALL_POINTS = Array.from({ length: 8 }, (_, index) =>
  index === 0 ? Point.ZERO : TORSION.multiplyUnsafe(BigInt(index)),
);

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes.toReversed())}`);
const toBytes = (value: bigint): Uint8Array => hexToBytes(value.toString(16).padStart(64, '0')).toReversed();
const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
const mod = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

type Line = readonly [algorithm: string, name: string, expected: 'taken' | 'refused', ...Uint8Array[]];

// ---- Ed25519

const SEED = hexToBytes('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
const { scalar: SECRET, pointBytes: PUBLIC } = ed25519.utils.getExtendedPublicKey(SEED);
const MESSAGE = text('a message');
const challenge = (r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint =>
  mod(toNumber(sha512(concatBytes(r, a, message))));
/** S that fits R = nonce·B (+ torsion), for the encodings of R and A as they are given. */
const scalarFor = (nonce: bigint, r: Uint8Array, a: Uint8Array, message: Uint8Array): Uint8Array =>
  toBytes(mod(nonce + challenge(r, a, message) * SECRET));

function* ed25519Lines(): Generator<Line> {
  const refuse = (name: string, key: Uint8Array, message: Uint8Array, signature: Uint8Array): Line =>
    ['ed25519', name, 'refused', key, message, signature] as const;
  const signature = ed25519.sign(MESSAGE, SEED);
  const [r, s] = [signature.slice(0, 32), signature.slice(32)];
  yield ['ed25519', 'valid', 'taken', PUBLIC, MESSAGE, signature];
  yield ['ed25519', 'valid', 'taken', PUBLIC, new Uint8Array(0), ed25519.sign(new Uint8Array(0), SEED)];
  yield ['ed25519', 'valid', 'taken', PUBLIC, new Uint8Array(1023), ed25519.sign(new Uint8Array(1023), SEED)];

  for (let value = toNumber(s) + ORDER; value < 2n ** 256n; value += ORDER) {
    yield refuse('sPlusOrder', PUBLIC, MESSAGE, concatBytes(r, toBytes(value)));
  }
  for (const value of [0n, ORDER, ORDER + 1n, 2n ** 252n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n]) {
    yield refuse('sSpecial', PUBLIC, MESSAGE, concatBytes(r, toBytes(value)));
  }
  yield refuse('sNegated', PUBLIC, MESSAGE, concatBytes(r, toBytes(mod(-toNumber(s)))));
  yield refuse('sBigEndian', PUBLIC, MESSAGE, concatBytes(r, s.toReversed()));
  yield refuse('rNegated', PUBLIC, MESSAGE, concatBytes(flip(r, 255), s));
  yield refuse('swapped', PUBLIC, MESSAGE, concatBytes(s, r));
  yield refuse('zero', PUBLIC, MESSAGE, new Uint8Array(64));
  for (const length of [0, 1, 32, 63]) yield refuse('tooShort', PUBLIC, MESSAGE, signature.slice(0, length));
  yield refuse('tooLong', PUBLIC, MESSAGE, concatBytes(signature, new Uint8Array(1)));
  for (let bit = 0; bit < 512; bit += 11) yield refuse('bitFlipped', PUBLIC, MESSAGE, flip(signature, bit));
  yield refuse('otherMessage', PUBLIC, text('a massage'), signature);
  yield refuse('otherMessage', PUBLIC, new Uint8Array(0), signature);
  yield refuse('otherKey', ed25519.getPublicKey(new Uint8Array(32)), MESSAGE, signature);
  yield refuse('keyNegated', flip(PUBLIC, 255), MESSAGE, signature);
  yield refuse('keyWrongLength', PUBLIC.slice(1), MESSAGE, signature);
  yield refuse('keyWrongLength', concatBytes(PUBLIC, new Uint8Array(1)), MESSAGE, signature);
  yield refuse('keyNoPoint', toBytes(2n), MESSAGE, signature);
  // y = 2 belongs to no point of the curve.
  yield refuse(
    'rNoPoint',
    PUBLIC,
    MESSAGE,
    concatBytes(toBytes(2n), scalarFor(5n, toBytes(2n), PUBLIC, MESSAGE)),
  );
  yield* smallOrderKeys(refuse);
  yield* mixedOrderKeys(refuse);
  yield* specialRs(refuse);
}

type Refuse = (name: string, key: Uint8Array, message: Uint8Array, signature: Uint8Array) => Line;

/** Who publishes such a key has signatures that fit many messages, or all. */
function* smallOrderKeys(refuse: Refuse): Generator<Line> {
  const nonce = 12345678901234567890n;
  const r = Point.BASE.multiply(nonce).toBytes();
  for (const point of SMALL_POINTS) {
    const key = point.toBytes();
    // With a challenge that is a multiple of eight, h·A is the identity: the equation without cofactor holds too.
    const message = messageWith((candidate) => challenge(r, key, candidate) % 8n === 0n);
    yield refuse('keySmallOrder', key, message, concatBytes(r, toBytes(nonce)));
    yield refuse('keySmallOrder', key, MESSAGE, concatBytes(key, toBytes(0n)));
  }
  for (const key of notCanonical()) {
    const message = messageWith((candidate) => challenge(r, key, candidate) % 8n === 0n);
    yield refuse('keyNotCanonical', key, message, concatBytes(r, toBytes(nonce)));
  }
}

/** y from p on, with either sign; and x = 0 with the sign bit set. */
function* notCanonical(): Generator<Uint8Array> {
  yield toBytes(1n | (1n << 255n));
  yield toBytes((PRIME - 1n) | (1n << 255n));
  for (let y = PRIME; y < 2n ** 255n; y += 1n) {
    yield toBytes(y);
    yield toBytes(y | (1n << 255n));
  }
}

/** A key A + T: libraries with and without cofactor disagree, and on some signatures agree to take them. */
function* mixedOrderKeys(refuse: Refuse): Generator<Line> {
  const nonce = 98765432109876543210n;
  const r = Point.BASE.multiply(nonce).toBytes();
  for (const torsion of SMALL_POINTS.slice(1)) {
    const key = Point.fromBytes(PUBLIC).add(torsion).toBytes();
    const byAll = messageWith((candidate) => challenge(r, key, candidate) % 8n === 0n);
    const bySome = messageWith((candidate) => challenge(r, key, candidate) % 8n === 1n);
    for (const [name, message] of [
      ['keyMixedOrderTakenByAll', byAll],
      ['keyMixedOrderTakenWithCofactor', bySome],
    ] as const) {
      const signature = concatBytes(r, scalarFor(nonce, r, key, message));
      expect(ed25519.verify(signature, message, key, { zip215: true })).toBe(true);
      yield refuse(name, key, message, signature);
    }
  }
}

function* specialRs(refuse: Refuse): Generator<Line> {
  const nonce = 31415926535897932384n;
  const withR = (nonceUsed: bigint, r: Uint8Array): Uint8Array =>
    concatBytes(r, scalarFor(nonceUsed, r, PUBLIC, MESSAGE));
  const holds = (signature: Uint8Array): boolean =>
    ed25519.verify(signature, MESSAGE, PUBLIC, { zip215: true });
  // R = k·B + T: the equation with cofactor holds.
  for (const torsion of SMALL_POINTS.slice(1)) {
    const signature = withR(nonce, Point.BASE.multiply(nonce).add(torsion).toBytes());
    expect(holds(signature)).toBe(true);
    yield refuse('rMixedOrder', PUBLIC, MESSAGE, signature);
  }
  // R = T, with nonce zero. For the identity the equation holds even without cofactor.
  for (const point of SMALL_POINTS) {
    const signature = withR(0n, point.toBytes());
    expect(holds(signature)).toBe(true);
    yield refuse(point.is0() ? 'rIdentity' : 'rSmallOrder', PUBLIC, MESSAGE, signature);
  }
  for (const r of notCanonical()) yield refuse('rNotCanonical', PUBLIC, MESSAGE, withR(0n, r));
}

function messageWith(isWanted: (candidate: Uint8Array) => boolean): Uint8Array {
  for (let number = 0; ; number += 1) {
    const candidate = text(`message ${number}`);
    if (isWanted(candidate)) return candidate;
  }
}

// ---- AES-256-GCM, as used: nonce zero, one key one message

function* gcmLines(seal: CryptoPrimitives['aesGcmSeal']): Generator<Line> {
  const input: AesGcmInput = {
    key: new Uint8Array(32).fill(7),
    nonce: new Uint8Array(12),
    associated: text('header'),
  };
  const plaintext = text('a payload of more than one block');
  const sealed = seal(input, plaintext);
  const line = (name: string, change: Partial<AesGcmInput>, bytes: Uint8Array): Line => {
    const { key, nonce, associated } = { ...input, ...change };
    return ['gcm', name, 'refused', key, nonce, associated, bytes, plaintext] as const;
  };
  yield ['gcm', 'valid', 'taken', input.key, input.nonce, input.associated, sealed, plaintext];
  const [none, bare] = [new Uint8Array(0), { ...input, associated: new Uint8Array(0) }];
  yield ['gcm', 'validEmpty', 'taken', input.key, input.nonce, none, seal(bare, none), none];
  yield [
    'gcm',
    'validOnlyAssociated',
    'taken',
    input.key,
    input.nonce,
    input.associated,
    seal(input, none),
    none,
  ];
  for (let length = 0; length < sealed.length; length += 3)
    yield line('truncated', {}, sealed.slice(0, length));
  for (let length = 1; length < 16; length += 1) {
    yield line('tagTruncated', {}, sealed.slice(0, sealed.length - length));
    yield line(
      'tagZeroPadded',
      {},
      concatBytes(sealed.slice(0, sealed.length - length), new Uint8Array(length)),
    );
  }
  yield line('tagZero', {}, concatBytes(plaintext, new Uint8Array(16)));
  yield line('longer', {}, concatBytes(sealed, new Uint8Array(1)));
  yield line('tagFirst', {}, concatBytes(sealed.slice(-16), sealed.slice(0, -16)));
  for (let bit = 0; bit < 128; bit += 3) {
    yield line('tagFlipped', {}, flip(sealed, (sealed.length - 16) * 8 + bit));
  }
  for (let bit = 0; bit < plaintext.length * 8; bit += 11) yield line('bodyFlipped', {}, flip(sealed, bit));
  for (const bit of [0, 127, 255]) yield line('otherKey', { key: flip(input.key, bit) }, sealed);
  for (const bit of [0, 47, 95]) yield line('otherNonce', { nonce: flip(input.nonce, bit) }, sealed);
  for (let bit = 0; bit < 48; bit += 5) {
    yield line('otherAssociated', { associated: flip(input.associated, bit) }, sealed);
  }
  for (const associated of [new Uint8Array(0), text('heade'), text('header '), text('headerheader')]) {
    yield line('otherAssociated', { associated }, sealed);
  }
  // The border between associated data and ciphertext is part of what is authenticated.
  const shifted = { associated: concatBytes(input.associated, sealed.slice(0, 1)) };
  yield line('borderMoved', shifted, sealed.slice(1));
}

// ---- HPKE and the keys that it is given

const SMALL_COORDINATES = [
  0n,
  1n,
  PRIME - 1n,
  toNumber(hexToBytes('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')),
  toNumber(hexToBytes('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157')),
];

async function hpkeLines(): Promise<readonly Line[]> {
  const hpke = createHpke((length) => new Uint8Array(length).fill(9));
  const secret = new Uint8Array(32).fill(11);
  const [info, associated, plaintext] = [text('info'), text('box'), text('thirty-two bytes of secret keys.')];
  const sealed = await hpke.seal({ recipient: hpke.publicKey(secret), info, associated, bytes: plaintext });
  const line = (
    name: string,
    bytes: Uint8Array,
    other: { secret?: Uint8Array; info?: Uint8Array; associated?: Uint8Array } = {},
  ): Line => {
    const given = { secret, info, associated, ...other };
    return ['hpke', name, 'refused', given.secret, given.info, given.associated, bytes, plaintext] as const;
  };
  const [enc, body] = [sealed.slice(0, 32), sealed.slice(32)];
  const otherEnc = x25519.getPublicKey(new Uint8Array(32).fill(12));
  return [
    ['hpke', 'valid', 'taken', secret, info, associated, sealed, plaintext],
    line('otherInfo', sealed, { info: text('inf0') }),
    line('otherInfo', sealed, { info: new Uint8Array(0) }),
    line('otherInfo', sealed, { info: text('info ') }),
    line('otherAssociated', sealed, { associated: text('bo') }),
    line('otherAssociated', sealed, { associated: new Uint8Array(0) }),
    line('otherSecret', sealed, { secret: new Uint8Array(32).fill(13) }),
    line('otherEncapsulated', concatBytes(otherEnc, body)),
    // The bit that X25519 masks: the same shared point, another message.
    line('encapsulatedTopBit', concatBytes(flip(enc, 255), body)),
    line('tooShort', new Uint8Array(0)),
    line('tooShort', enc.slice(1)),
    line('tooShort', enc),
    line('tooShort', sealed.slice(0, -1)),
    line('longer', concatBytes(sealed, new Uint8Array(1))),
    line('swapped', concatBytes(body, enc)),
    ...[0, 100, 200, 255, 256, 400, sealed.length * 8 - 1].map((bit) =>
      line('bitFlipped', flip(sealed, bit)),
    ),
    ...allSpellings().map((point) => line('encapsulatedSmallOrder', concatBytes(point, body))),
  ];
}

/** Every 32 bytes that X25519 reads as a point of small order: from 0, from p, with and without the masked bit. */
function allSpellings(): readonly Uint8Array[] {
  const spellings = SMALL_COORDINATES.flatMap((u) => (u + PRIME < 2n ** 255n ? [u, u + PRIME] : [u]));
  return spellings.flatMap((u) => [toBytes(u), toBytes(u | (1n << 255n))]);
}

function* x25519Lines(): Generator<Line> {
  yield ['x25519', 'valid', 'taken', x25519.getPublicKey(new Uint8Array(32).fill(11))];
  yield ['x25519', 'valid', 'taken', toBytes(9n)];
  yield ['x25519', 'valid', 'taken', toBytes(PRIME - 2n)];
  for (const point of allSpellings()) {
    // They give the shared secret zero, which everybody knows: noble refuses to hand it out.
    expect(() => x25519.getSharedSecret(new Uint8Array(32).fill(11), point)).toThrow('invalid');
    yield ['x25519', 'smallOrder', 'refused', point];
  }
  for (const u of [PRIME + 2n, PRIME + 9n, 2n ** 255n - 1n, 9n | (1n << 255n)]) {
    yield ['x25519', 'notCanonical', 'refused', toBytes(u)];
  }
  yield ['x25519', 'wrongLength', 'refused', new Uint8Array(31).fill(9)];
  yield ['x25519', 'wrongLength', 'refused', new Uint8Array(33).fill(9)];
}

const format = (lines: readonly Line[]): string =>
  lines
    .map(([algorithm, name, expected, ...fields]) =>
      [
        algorithm,
        name,
        expected,
        ...fields.map((bytes) => (bytes.length === 0 ? '-' : bytesToHex(bytes))),
      ].join(' '),
    )
    .join('\n');

const file = new URL('golden/vectors.txt', import.meta.url);

test('the vectors in the file are the ones that are made here', async () => {
  const pure = createPurePrimitives();
  const lines = [...ed25519Lines(), ...gcmLines(pure.aesGcmSeal), ...(await hpkeLines()), ...x25519Lines()];
  const head =
    '# What must be taken and what must be refused: written by vectors.test.ts, read by vectors.ts.\n';
  await expect(`${head}${format(lines)}\n`).toMatchFileSnapshot('./golden/vectors.txt');
});

test.each([
  ['pure', createPurePrimitives()],
  ['native', createNativePrimitives(nodeCrypto)],
] as const)('the %s implementation takes and refuses what it must', async (_, primitives) => {
  const report = await checkVectors(primitives, await readFile(file, 'utf8'));
  expect(report.wrong).toEqual([]);
  expect(report.checked).toBeGreaterThan(400);
  expect(report.classes.length).toBeGreaterThan(45);
});

test('an implementation that takes too much, or too little, is found out', async () => {
  const vectors = await readFile(file, 'utf8');
  const native = createNativePrimitives(nodeCrypto);
  const lax = { ...native, ed25519Verifier: (key: Uint8Array) => laxVerifier(key) };
  const found = new Set((await checkVectors(lax, vectors)).wrong.map((line) => line.split(' ')[1]));
  for (const name of ['keyMixedOrderTakenByAll', 'rMixedOrder', 'rIdentity', 'keySmallOrder']) {
    expect(found).toContain(name);
  }
  const strict = { ...native, aesGcmOpen: () => null };
  expect((await checkVectors(strict, vectors)).wrong.every((line) => / taken /.test(line))).toBe(true);
});

/** The rule of ZIP 215: cofactor, any encoding. What a library may do that we must not. */
const laxVerifier = (key: Uint8Array) => (message: Uint8Array, signature: Uint8Array) => {
  try {
    return ed25519.verify(signature, message, key, { zip215: true });
  } catch {
    return false;
  }
};
