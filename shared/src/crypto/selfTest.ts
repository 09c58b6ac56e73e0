// A known-answer test for each native primitive, run at start: VS Code's Node stands on another cryptographic library
// (BoringSSL) than Node's own, and a platform may lack a primitive. What does not answer exactly is replaced, one by
// one, by the pure implementation. `random` has no known answer and is the platform's in both.

import { bytesToHex, hexToBytes } from '../util/bytes.ts';
import { ascii } from '../encoding/utf8.ts';
import type { CryptoPrimitives, VerifyPrimitives } from './primitives.ts';

export type PrimitiveName = 'sha256' | 'sha512' | 'hmacSha512' | 'aesGcm' | 'ed25519';
export type Implementations = Readonly<Record<PrimitiveName, 'native' | 'pure'>>;

export const ALL_PURE: Implementations = {
  sha256: 'pure',
  sha512: 'pure',
  hmacSha512: 'pure',
  aesGcm: 'pure',
  ed25519: 'pure',
};

/** True if the implementation gives the known answer; false also if it throws. */
export function passesSelfTest(name: PrimitiveName, primitives: CryptoPrimitives): boolean {
  try {
    return SELF_TESTS[name](primitives);
  } catch {
    return false;
  }
}

export function chooseImplementations(
  native: CryptoPrimitives | null,
  pure: CryptoPrimitives,
): { readonly primitives: CryptoPrimitives; readonly implementations: Implementations } {
  if (native === null) return { primitives: pure, implementations: ALL_PURE };
  const choice = (name: PrimitiveName): 'native' | 'pure' =>
    passesSelfTest(name, native) ? 'native' : 'pure';
  const implementations: Implementations = {
    sha256: choice('sha256'),
    sha512: choice('sha512'),
    hmacSha512: choice('hmacSha512'),
    aesGcm: choice('aesGcm'),
    ed25519: choice('ed25519'),
  };
  const from = (name: PrimitiveName): CryptoPrimitives =>
    implementations[name] === 'native' ? native : pure;
  const primitives: CryptoPrimitives = {
    random: native.random,
    sha256: from('sha256').sha256,
    sha512: from('sha512').sha512,
    hmacSha512: from('hmacSha512').hmacSha512,
    aesGcmSeal: from('aesGcm').aesGcmSeal,
    aesGcmOpen: from('aesGcm').aesGcmOpen,
    ed25519PublicKey: from('ed25519').ed25519PublicKey,
    ed25519Signer: from('ed25519').ed25519Signer,
    ed25519Verifier: from('ed25519').ed25519Verifier,
  };
  return { primitives, implementations };
}

const ABC = ascii('abc');
const sameHex = (bytes: Uint8Array | null, hex: string): boolean =>
  bytes !== null && bytesToHex(bytes) === hex;

const SELF_TESTS: Readonly<Record<PrimitiveName, (primitives: CryptoPrimitives) => boolean>> = {
  // FIPS 180-4, "abc".
  sha256: ({ sha256 }) =>
    sameHex(sha256(ABC), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
  sha512: ({ sha512 }) =>
    sameHex(
      sha512(ABC),
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ),
  // RFC 4231, test case 2.
  hmacSha512: ({ hmacSha512 }) =>
    sameHex(
      hmacSha512(ascii('Jefe'))(ascii('what do ya want for nothing?')),
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ),
  aesGcm: aesGcmAnswers,
  ed25519: ed25519Answers,
};

// The Galois/Counter Mode of Operation (McGrew, Viega), test case 16: AES-256 with associated data.
const GCM_INPUT = {
  key: hexToBytes('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
  nonce: hexToBytes('cafebabefacedbaddecaf888'),
  associated: hexToBytes('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
};
const GCM_PLAINTEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
  '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
const GCM_SEALED =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
  '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b';

function aesGcmAnswers({ aesGcmSeal, aesGcmOpen }: CryptoPrimitives): boolean {
  const sealed = hexToBytes(GCM_SEALED);
  const altered = sealed.slice();
  altered[altered.length - 1] = (altered[altered.length - 1] ?? 0) ^ 1;
  return (
    sameHex(aesGcmSeal(GCM_INPUT, hexToBytes(GCM_PLAINTEXT)), GCM_SEALED) &&
    sameHex(aesGcmOpen(GCM_INPUT, sealed), GCM_PLAINTEXT) &&
    aesGcmOpen(GCM_INPUT, altered) === null
  );
}

// RFC 8032, section 7.1, test 3.
const ED25519_SEED = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
const ED25519_PUBLIC = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
const ED25519_MESSAGE = hexToBytes('af82');
const ED25519_SIGNATURE =
  '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
  '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a';

// The same key and message, made with the private key: R is moved by a point of order eight, so that the equation holds
// with cofactor and not without. A native implementation that took it would break the one rule (ed25519Rule.ts), which
// leaves this to the library; golden/vectors.txt has all cases.
const ED25519_MIXED_R =
  '83e8e28acb16e782596825ee175d6c3f075075904e5c84130e4520ae008428f8' +
  'eb525e610c88999ba28b6a6787740083bbc2cac417d89ba64ba2d40b37fb8a0b';

function ed25519Answers(primitives: CryptoPrimitives): boolean {
  const seed = hexToBytes(ED25519_SEED);
  const verifier = primitives.ed25519Verifier(hexToBytes(ED25519_PUBLIC));
  const signature = hexToBytes(ED25519_SIGNATURE);
  return (
    sameHex(primitives.ed25519PublicKey(seed), ED25519_PUBLIC) &&
    sameHex(primitives.ed25519Signer(seed)(ED25519_MESSAGE), ED25519_SIGNATURE) &&
    verifier !== null &&
    verifier(ED25519_MESSAGE, signature) &&
    !verifier(ABC, signature) &&
    !verifier(ED25519_MESSAGE, hexToBytes(ED25519_MIXED_R))
  );
}

/** The same questions to what works beside the thread. A platform without it passes nothing. */
export async function passesSelfTestBeside(
  primitives: Pick<VerifyPrimitives, 'ed25519Verifier'>,
): Promise<boolean> {
  try {
    const beside = primitives.ed25519Verifier(hexToBytes(ED25519_PUBLIC))?.beside;
    const signature = hexToBytes(ED25519_SIGNATURE);
    return (
      beside !== undefined &&
      (await beside(ED25519_MESSAGE, signature)) &&
      !(await beside(ABC, signature)) &&
      !(await beside(ED25519_MESSAGE, hexToBytes(ED25519_MIXED_R)))
    );
  } catch {
    return false;
  }
}
