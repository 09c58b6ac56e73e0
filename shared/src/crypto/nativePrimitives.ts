// The primitives of the platform (`node:crypto`), given as an argument: shared code imports nothing of Node's.

import { AES_GCM_TAG_BYTES, ED25519_BYTES } from './sizes.ts';
import { concatBytes, hexToBytes } from '../util/bytes.ts';
import { hasSoundForm, isPrimeOrderPoint } from './ed25519Rule.ts';
import type {
  AesGcmInput,
  CryptoPrimitives,
  Ed25519Signer,
  Ed25519Verifier,
  HmacSha512,
} from './primitives.ts';

/** The part of `node:crypto` that is used. `Key` is its KeyObject, told by what `createSecretKey` returns. */
export interface NodeCrypto<Key extends NodeKey> {
  randomBytes(length: number): Uint8Array;
  createHash(algorithm: string): NodeDigest;
  createHmac(algorithm: string, key: NoInfer<Key>): NodeDigest;
  createCipheriv(algorithm: 'aes-256-gcm', key: Uint8Array, nonce: Uint8Array): NodeCipher;
  createDecipheriv(algorithm: 'aes-256-gcm', key: Uint8Array, nonce: Uint8Array): NodeDecipher;
  createSecretKey(key: Uint8Array): Key;
  createPrivateKey(input: NodeKeyInput & { readonly type: 'pkcs8' }): NoInfer<Key>;
  createPublicKey(input: (NodeKeyInput & { readonly type: 'spki' }) | NoInfer<Key>): NoInfer<Key>;
  sign(algorithm: null, data: Uint8Array, key: NoInfer<Key>): Uint8Array;
  verify(algorithm: null, data: Uint8Array, key: NoInfer<Key>, signature: Uint8Array): boolean;
  /** In a thread of the platform's; it takes copies of the bytes. */
  verify(
    algorithm: null,
    data: Uint8Array,
    key: NoInfer<Key>,
    signature: Uint8Array,
    callback: (error: Error | null, isRight: boolean) => void,
  ): void;
}

export interface NodeKey {
  export(options: { readonly format: 'der'; readonly type: 'spki' }): Uint8Array;
}

interface NodeDigest {
  update(data: Uint8Array): NodeDigest;
  digest(): Uint8Array;
}

interface NodeCipherBase {
  setAAD(data: Uint8Array): unknown;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

interface NodeCipher extends NodeCipherBase {
  getAuthTag(): Uint8Array;
}

interface NodeDecipher extends NodeCipherBase {
  setAuthTag(tag: Uint8Array): unknown;
}

interface NodeKeyInput {
  /** Any byte array; Node's types say Buffer, which shared code does not know, so that nothing but `der` fits. */
  readonly key: never;
  readonly format: 'der';
}

// RFC 8410: what stands before the 32 bytes of an Ed25519 key in DER.
const PRIVATE_KEY_PREFIX = hexToBytes('302e020100300506032b657004220420');
const PUBLIC_KEY_PREFIX = hexToBytes('302a300506032b6570032100');

const der = (prefix: Uint8Array, key: Uint8Array): never => concatBytes(prefix, key) as never;

export function createNativePrimitives<Key extends NodeKey>(node: NodeCrypto<Key>): CryptoPrimitives {
  const privateKey = (seed: Uint8Array): Key =>
    node.createPrivateKey({ key: der(PRIVATE_KEY_PREFIX, seed), format: 'der', type: 'pkcs8' });

  return {
    random: (length) => plain(node.randomBytes(length)),
    sha256: (data) => plain(node.createHash('sha256').update(data).digest()),
    sha512: (data) => plain(node.createHash('sha512').update(data).digest()),
    hmacSha512(key): HmacSha512 {
      // A key object, because Node takes five times as long to prepare a key from bytes for each call.
      const prepared = node.createSecretKey(key);
      return (data) => plain(node.createHmac('sha512', prepared).update(data).digest());
    },
    aesGcmSeal: (input, plaintext) => sealAesGcm(node, input, plaintext),
    aesGcmOpen: (input, sealed) => openAesGcm(node, input, sealed),
    ed25519PublicKey(seed) {
      const encoded = node.createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
      return plain(encoded).slice(PUBLIC_KEY_PREFIX.length);
    },
    ed25519Signer(seed): Ed25519Signer {
      const key = privateKey(seed);
      return (message) => plain(node.sign(null, message, key));
    },
    ed25519Verifier: (publicKey) => createVerifier(node, publicKey),
  };
}

/** Node's Buffer is a Uint8Array that prints, slices and compares differently: it never leaves this file. */
const plain = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function sealAesGcm(
  node: Pick<NodeCrypto<never>, 'createCipheriv'>,
  input: AesGcmInput,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = node.createCipheriv('aes-256-gcm', input.key, input.nonce);
  cipher.setAAD(input.associated);
  const body = cipher.update(plaintext);
  const rest = cipher.final();
  return concatBytes(body, rest, cipher.getAuthTag());
}

function openAesGcm(
  node: Pick<NodeCrypto<never>, 'createDecipheriv'>,
  input: AesGcmInput,
  sealed: Uint8Array,
): Uint8Array | null {
  const length = sealed.length - AES_GCM_TAG_BYTES;
  if (length < 0) return null;
  const decipher = node.createDecipheriv('aes-256-gcm', input.key, input.nonce);
  decipher.setAAD(input.associated);
  decipher.setAuthTag(sealed.subarray(length));
  const plaintext = decipher.update(sealed.subarray(0, length));
  try {
    // GCM is a stream mode: everything came with `update`; `final` only checks the tag.
    decipher.final();
  } catch {
    return null;
  }
  return plain(plaintext);
}

function createVerifier<Key extends NodeKey>(
  node: NodeCrypto<Key>,
  publicKey: Uint8Array,
): Ed25519Verifier | null {
  if (publicKey.length !== ED25519_BYTES || !isPrimeOrderPoint(publicKey)) return null;
  const key = node.createPublicKey({
    key: der(PUBLIC_KEY_PREFIX, publicKey),
    format: 'der',
    type: 'spki',
  });
  const verify: Ed25519Verifier = (message, signature) =>
    hasSoundForm(signature) && node.verify(null, message, key, signature);
  return Object.assign(verify, {
    beside: async (message: Uint8Array, signature: Uint8Array): Promise<boolean> =>
      hasSoundForm(signature) &&
      new Promise<boolean>((resolve, reject) => {
        node.verify(null, message, key, signature, (error, isRight) =>
          error === null ? resolve(isRight) : reject(error),
        );
      }),
  });
}
