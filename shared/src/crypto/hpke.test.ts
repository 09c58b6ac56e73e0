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

test('two boxes of one message have nothing in common', async () => {
  const real = createHpke(createPurePrimitives().random);
  const seal = (): Promise<Uint8Array> =>
    real.seal({ ...MESSAGE, recipient: hexToBytes(PUBLIC), bytes: PLAINTEXT });
  const [first, second] = [await seal(), await seal()];
  expect(first.slice(0, 32)).not.toEqual(second.slice(0, 32));
  expect(first.slice(32)).not.toEqual(second.slice(32));
});
