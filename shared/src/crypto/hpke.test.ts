import * as nodeCrypto from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { bytesToHex, hexToBytes } from '../util/bytes.ts';
import { createHpke } from './hpke.ts';
import { createPurePrimitives } from './purePrimitives.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

// RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode, sequence number 0.
// The private key of the recipient is the one that the RFC derives; the ephemeral one comes from `ikmE`.
const EPHEMERAL_INPUT = hexToBytes('909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b');
const SECRET = hexToBytes('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb');
const PUBLIC = '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a';
const MESSAGE = {
  info: hexToBytes('4f6465206f6e2061204772656369616e2055726e'),
  associated: hexToBytes('436f756e742d30'),
};
const PLAINTEXT = hexToBytes('4265617574792069732074727574682c20747275746820626561757479');
const SEALED =
  '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a' +
  '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28';

const hpke = createHpke(() => EPHEMERAL_INPUT);

test('HPKE seals and opens as appendix A.2.1 of RFC 9180 has it', async () => {
  expect(bytesToHex(hpke.publicKey(SECRET))).toBe(PUBLIC);
  const sealed = await hpke.seal({ ...MESSAGE, recipient: hexToBytes(PUBLIC), bytes: PLAINTEXT });
  expect(bytesToHex(sealed)).toBe(SEALED);
  expect(await hpke.open({ ...MESSAGE, secret: SECRET, bytes: hexToBytes(SEALED) })).toEqual(PLAINTEXT);
});

test('HPKE opens nothing that was altered in any bit, or is meant for another key, info or associated data', async () => {
  const sealed = hexToBytes(SEALED);
  for (let bit = 0; bit < sealed.length * 8; bit += 13) {
    const altered = sealed.slice();
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(await hpke.open({ ...MESSAGE, secret: SECRET, bytes: altered })).toBeNull();
  }
  const open = (change: object): Promise<Uint8Array | null> =>
    hpke.open({ ...MESSAGE, secret: SECRET, bytes: sealed, ...change });
  expect(await open({ secret: new Uint8Array(32).fill(7) })).toBeNull();
  expect(await open({ info: hexToBytes('00') })).toBeNull();
  expect(await open({ associated: hexToBytes('00') })).toBeNull();
  expect(await open({ bytes: sealed.slice(0, 31) })).toBeNull();
  expect(await open({ bytes: sealed.slice(0, -1) })).toBeNull();
  expect(await open({})).toEqual(PLAINTEXT);
});

// RFC 7748, section 6.1: the points of small order give the shared secret zero, which everybody could know.
test.each([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])('HPKE neither seals to nor opens from the point %s of small order', async (point) => {
  await expect(
    hpke.seal({ ...MESSAGE, recipient: hexToBytes(point), bytes: PLAINTEXT }),
  ).rejects.toBeInstanceOf(Error);
  const bytes = hexToBytes(point + SEALED.slice(64));
  expect(await hpke.open({ ...MESSAGE, secret: SECRET, bytes })).toBeNull();
});

// RFC 7748, section 6.1 (Alice, Bob), and the first step of the iteration in section 5.2.
test.each([
  [
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  ],
  [
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ],
  [
    '0900000000000000000000000000000000000000000000000000000000000000',
    '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  ],
])('the X25519 public key of %s is as RFC 7748 has it', (secret, key) => {
  expect(bytesToHex(hpke.publicKey(hexToBytes(secret)))).toBe(key);
});

test('public keys are those of the platform, for any secret, and do not depend on the bits that are clamped', () => {
  const random = createPurePrimitives().random;
  for (let count = 0; count < 20; count += 1) {
    const secret = random(32);
    const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]);
    const key = nodeCrypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const encoded = nodeCrypto.createPublicKey(key).export({ format: 'der', type: 'spki' });
    expect(bytesToHex(hpke.publicKey(secret))).toBe(encoded.subarray(12).toString('hex'));
    const clamped = secret.slice();
    clamped[0] = (clamped[0] ?? 0) ^ 0x07;
    clamped[31] = (clamped[31] ?? 0) ^ 0x80;
    expect(hpke.publicKey(clamped)).toEqual(hpke.publicKey(secret));
  }
});

test('HPKE takes secrets of 32 bytes only, and no point of small order as a recipient, however it is spelled', async () => {
  for (const length of [0, 31, 33]) {
    const secret = new Uint8Array(length).fill(1);
    expect(() => hpke.publicKey(secret)).toThrow('32');
    await expect(hpke.open({ ...MESSAGE, secret, bytes: hexToBytes(SEALED) })).rejects.toBeInstanceOf(Error);
  }
  const withTopBit = `${'00'.repeat(31)}80`;
  await expect(
    hpke.seal({ ...MESSAGE, recipient: hexToBytes(withTopBit), bytes: PLAINTEXT }),
  ).rejects.toBeInstanceOf(Error);
});

test('two boxes of one message have nothing in common', async () => {
  const real = createHpke(createPurePrimitives().random);
  const seal = (): Promise<Uint8Array> =>
    real.seal({ ...MESSAGE, recipient: hexToBytes(PUBLIC), bytes: PLAINTEXT });
  const [first, second] = [await seal(), await seal()];
  expect(first.slice(0, 32)).not.toEqual(second.slice(0, 32));
  expect(first.slice(32)).not.toEqual(second.slice(32));
});
