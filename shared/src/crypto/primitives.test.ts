// What every implementation of the primitives must do, and must refuse: one suite for the native and the pure one.
// Known answers are from the RFCs; what must fail is made here, point by point, in the manner of Project Wycheproof.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import * as nodeCrypto from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { hkdfExpand } from './derive.ts';
import { createNativePrimitives } from './nativePrimitives.ts';
import type { AesGcmInput, CryptoPrimitives } from './primitives.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../util/bytes.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const PRIME = 2n ** 255n - 19n;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe.each([
  ['pure', createPurePrimitives()],
  ['native', createNativePrimitives(nodeCrypto)],
] as const)('%s primitives', (_, primitives) => {
  hashes(primitives);
  keyDerivation(primitives);
  authenticatedEncryption(primitives);
  signatures(primitives);
  refusedSignatures(primitives);

  test('random bytes have the length asked for and do not repeat', () => {
    const drawn = Array.from({ length: 100 }, () => bytesToHex(primitives.random(32)));
    expect(new Set(drawn).size).toBe(100);
    expect(primitives.random(1000)).toHaveLength(1000);
  });

  test('results are plain byte arrays, so they compare and print alike everywhere', () => {
    const signer = primitives.ed25519Signer(new Uint8Array(32));
    const results = [
      primitives.random(4),
      primitives.sha256(text('')),
      primitives.hmacSha512(new Uint8Array(32))(text('')),
      primitives.ed25519PublicKey(new Uint8Array(32)),
      signer(text('')),
    ];
    for (const bytes of results) expect(bytes.constructor).toBe(Uint8Array);
  });
});

function hashes({ sha256, sha512, hmacSha512 }: CryptoPrimitives): void {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('SHA-256 of "%s" is as FIPS 180-4 has it', (message, digest) => {
    expect(bytesToHex(sha256(text(message)))).toBe(digest);
  });

  test('SHA-512 of "abc" is as FIPS 180-4 has it', () => {
    expect(bytesToHex(sha512(text('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });

  // RFC 4231, test cases 1, 2, 3 and 6 (a key longer than a block).
  test.each([
    [
      '0b'.repeat(20),
      bytesToHex(text('Hi There')),
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ],
    [
      bytesToHex(text('Jefe')),
      bytesToHex(text('what do ya want for nothing?')),
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
    [
      'aa'.repeat(20),
      'dd'.repeat(50),
      'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
    ],
    [
      'aa'.repeat(131),
      bytesToHex(text('Test Using Larger Than Block-Size Key - Hash Key First')),
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    ],
  ])('HMAC-SHA-512 is as RFC 4231 has it (key %s)', (key, data, mac) => {
    const keyed = hmacSha512(hexToBytes(key));
    expect(bytesToHex(keyed(hexToBytes(data)))).toBe(mac);
    // A prepared key is used many times.
    expect(bytesToHex(keyed(hexToBytes(data)))).toBe(mac);
  });
}

function keyDerivation({ hmacSha512 }: CryptoPrimitives): void {
  test('expanding is HKDF-Expand of RFC 5869, with the inputs of its first test case and SHA-512', () => {
    const key = hmacSha512(hexToBytes('000102030405060708090a0b0c'))(hexToBytes('0b'.repeat(22)));
    expect(bytesToHex(hkdfExpand(hmacSha512(key), hexToBytes('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
      '832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb',
    );
  });

  test('expanding agrees with an independent HKDF for every length up to a block', () => {
    const salt = text('salt');
    const input = text('input key material');
    const key = hmacSha512(hmacSha512(salt)(input));
    for (let length = 1; length <= 64; length += 1) {
      const info = new Uint8Array(length).fill(length);
      const independent = new Uint8Array(nodeCrypto.hkdfSync('sha512', input, salt, info, length));
      expect(hkdfExpand(key, info, length)).toEqual(independent);
    }
  });

  test('nothing longer than one block is expanded', () => {
    const key = hmacSha512(new Uint8Array(32));
    expect(() => hkdfExpand(key, new Uint8Array(0), 65)).toThrow('one block');
    expect(() => hkdfExpand(key, new Uint8Array(0), 0)).toThrow('one block');
  });
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16 (AES-256).
const GCM_KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308';
const GCM_TEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
const GCM_CASES = [
  ['00'.repeat(32), '00'.repeat(12), '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [
    '00'.repeat(32),
    '00'.repeat(12),
    '',
    '00'.repeat(16),
    'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  ],
  [
    GCM_KEY,
    'cafebabefacedbaddecaf888',
    '',
    GCM_TEXT,
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c',
  ],
  [
    GCM_KEY,
    'cafebabefacedbaddecaf888',
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    GCM_TEXT.slice(0, 120),
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  ],
] as const;

function authenticatedEncryption({ aesGcmSeal, aesGcmOpen }: CryptoPrimitives): void {
  test.each(GCM_CASES)('AES-256-GCM seals and opens %s %s', (key, nonce, associated, plaintext, sealed) => {
    const input = {
      key: hexToBytes(key),
      nonce: hexToBytes(nonce),
      associated: hexToBytes(associated),
    };
    expect(bytesToHex(aesGcmSeal(input, hexToBytes(plaintext)))).toBe(sealed);
    expect(bytesToHex(aesGcmOpen(input, hexToBytes(sealed)) ?? new Uint8Array(1))).toBe(plaintext);
  });

  const input: AesGcmInput = {
    key: hexToBytes(GCM_KEY),
    nonce: hexToBytes('cafebabefacedbaddecaf888'),
    associated: text('associated'),
  };
  const sealed = aesGcmSeal(input, text('a message'));

  test('AES-256-GCM refuses every single flipped bit of ciphertext and tag', () => {
    const opened = Array.from({ length: sealed.length * 8 }, (_, bit) =>
      aesGcmOpen(input, flipBit(sealed, bit)),
    );
    expect(opened.filter((plaintext) => plaintext !== null)).toEqual([]);
  });

  test('AES-256-GCM refuses every truncated tag, a missing one and a longer one', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(aesGcmOpen(input, sealed.slice(0, length))).toBeNull();
    }
    expect(aesGcmOpen(input, concatBytes(sealed, new Uint8Array(1)))).toBeNull();
  });

  test('AES-256-GCM refuses another key, nonce or associated data', () => {
    expect(aesGcmOpen({ ...input, key: flipBit(input.key, 0) }, sealed)).toBeNull();
    expect(aesGcmOpen({ ...input, nonce: flipBit(input.nonce, 95) }, sealed)).toBeNull();
    expect(aesGcmOpen({ ...input, associated: text('Associated') }, sealed)).toBeNull();
    expect(aesGcmOpen({ ...input, associated: new Uint8Array(0) }, sealed)).toBeNull();
    expect(aesGcmOpen(input, sealed)).toEqual(text('a message'));
  });
}

// RFC 8032, section 7.1, tests 1, 2, 3 and SHA(abc).
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
] as const;

function signatures({ ed25519PublicKey, ed25519Signer, ed25519Verifier }: CryptoPrimitives): void {
  test.each(RFC_8032)(
    'Ed25519 signs and verifies with the key %s of RFC 8032',
    async (seed, key, message, signature) => {
      expect(bytesToHex(ed25519PublicKey(hexToBytes(seed)))).toBe(key);
      expect(bytesToHex(ed25519Signer(hexToBytes(seed))(hexToBytes(message)))).toBe(signature);
      const verify = ed25519Verifier(hexToBytes(key));
      expect(verify?.(hexToBytes(message), hexToBytes(signature))).toBe(true);
      expect(verify?.(hexToBytes(`${message}00`), hexToBytes(signature))).toBe(false);
      if (verify?.beside === undefined) return;
      expect(await verify.beside(hexToBytes(message), hexToBytes(signature))).toBe(true);
      expect(await verify.beside(hexToBytes(`${message}00`), hexToBytes(signature))).toBe(false);
    },
  );
}

const { Point } = ed25519;
/** A point of order eight: its multiples are all points of small order. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

function refusedSignatures(primitives: CryptoPrimitives): void {
  const seed = hexToBytes(RFC_8032[1][0]);
  const publicKey = primitives.ed25519PublicKey(seed);
  const message = text('a message');
  const signature = primitives.ed25519Signer(seed)(message);
  const verify = primitives.ed25519Verifier(publicKey);

  test('Ed25519 refuses keys of small order, all eight', () => {
    const points = Array.from({ length: 8 }, (_, index) =>
      index === 0 ? Point.ZERO : TORSION.multiplyUnsafe(BigInt(index)),
    );
    const encodings = points.map((point) => point.toBytes());
    expect(new Set(encodings.map(bytesToHex)).size).toBe(8);
    for (const encoding of encodings) expect(primitives.ed25519Verifier(encoding)).toBeNull();
  });

  test('Ed25519 refuses every encoding that is not canonical: a coordinate from p on, or minus zero', () => {
    // y = 1 has x = 0, for which the sign bit must not be set.
    const refused = [numberToBytes(1n | (1n << 255n)), numberToBytes((PRIME - 1n) | (1n << 255n))];
    for (let y = PRIME; y < 2n ** 255n; y += 1n) {
      refused.push(numberToBytes(y), numberToBytes(y | (1n << 255n)));
    }
    for (const encoding of refused) expect(primitives.ed25519Verifier(encoding)).toBeNull();
  });

  test('Ed25519 refuses keys that are no point, too short or too long', () => {
    expect(primitives.ed25519Verifier(numberToBytes(2n))).toBeNull();
    expect(primitives.ed25519Verifier(publicKey.slice(1))).toBeNull();
    expect(primitives.ed25519Verifier(concatBytes(publicKey, new Uint8Array(1)))).toBeNull();
    expect(primitives.ed25519Verifier(new Uint8Array(0))).toBeNull();
  });

  test('Ed25519 refuses a key with a component of small order, on which libraries disagree', () => {
    const mixed = Point.fromBytes(publicKey).add(TORSION);
    expect(mixed.isSmallOrder()).toBe(false);
    expect(primitives.ed25519Verifier(mixed.toBytes())).toBeNull();
  });

  test('Ed25519 refuses an S that is not below the order: nobody makes a second signature of one', () => {
    const s = bytesToNumber(signature.subarray(32));
    for (let factor = 1n; s + factor * ORDER < 2n ** 256n; factor += 1n) {
      const second = concatBytes(signature.subarray(0, 32), numberToBytes(s + factor * ORDER));
      expect(verify?.(message, second)).toBe(false);
    }
    const exactly = concatBytes(signature.subarray(0, 32), numberToBytes(ORDER));
    expect(verify?.(message, exactly)).toBe(false);
  });

  test('Ed25519 refuses an R with a component of small order, which the cofactored equation would accept', () => {
    for (let multiple = 1n; multiple < 8n; multiple += 1n) {
      const forged = signWithTorsion(seed, message, TORSION.multiplyUnsafe(multiple));
      // The equation of RFC 8032 with cofactor holds: this is what makes the rule necessary.
      expect(ed25519.verify(forged, message, publicKey, { zip215: true })).toBe(true);
      expect(verify?.(message, forged)).toBe(false);
    }
  });

  test('Ed25519 refuses an R of small order', () => {
    for (let multiple = 1n; multiple < 8n; multiple += 1n) {
      const r = TORSION.multiplyUnsafe(multiple).toBytes();
      const s = scalarTimesChallenge(seed, r, message);
      expect(verify?.(message, concatBytes(r, numberToBytes(s)))).toBe(false);
    }
    // With the identity as R the equation holds everywhere; no honest signer makes it, so both refuse it.
    const zero = Point.ZERO.toBytes();
    const s = scalarTimesChallenge(seed, zero, message);
    const equationHolds = concatBytes(zero, numberToBytes(s));
    expect(ed25519.verify(equationHolds, message, publicKey, { zip215: true })).toBe(true);
    expect(verify?.(message, equationHolds)).toBe(false);
  });

  test('Ed25519 refuses signatures that are truncated, extended, empty or all zero', () => {
    for (let length = 0; length < 64; length += 1)
      expect(verify?.(message, signature.slice(0, length))).toBe(false);
    expect(verify?.(message, concatBytes(signature, new Uint8Array(1)))).toBe(false);
    expect(verify?.(message, new Uint8Array(64))).toBe(false);
  });

  test('Ed25519 refuses every single flipped bit of a signature', () => {
    const step = 17;
    for (let bit = 0; bit < 512; bit += step) expect(verify?.(message, flipBit(signature, bit))).toBe(false);
    expect(verify?.(message, signature)).toBe(true);
  });

  test('Ed25519 refuses the signature of another key and of another message', () => {
    const other = primitives.ed25519Signer(new Uint8Array(32))(message);
    expect(verify?.(message, other)).toBe(false);
    expect(verify?.(text('another message'), signature)).toBe(false);
  });
}

/** A signature whose R is moved by a point of small order; needs the private key, as a malicious signer has it. */
function signWithTorsion(seed: Uint8Array, message: Uint8Array, torsion: typeof TORSION): Uint8Array {
  const nonce = 12345678901234567890n;
  const r = Point.BASE.multiply(nonce).add(torsion).toBytes();
  const s = (nonce + scalarTimesChallenge(seed, r, message)) % ORDER;
  return concatBytes(r, numberToBytes(s));
}

function scalarTimesChallenge(seed: Uint8Array, r: Uint8Array, message: Uint8Array): bigint {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const challenge = bytesToNumber(sha512(concatBytes(r, pointBytes, message))) % ORDER;
  return (challenge * scalar) % ORDER;
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

const bytesToNumber = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes.toReversed())}`);
const numberToBytes = (value: bigint): Uint8Array =>
  hexToBytes(value.toString(16).padStart(64, '0')).toReversed();
