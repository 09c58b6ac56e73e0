// The floor of checking signatures: the platform's verification on one thread, and nothing else.

import * as nodeCrypto from 'node:crypto';

/** Milliseconds for so many, of messages as long as what a record's signature is over. */
export function bareVerification(count: number): number {
  const { publicKey, privateKey } = nodeCrypto.generateKeyPairSync('ed25519');
  const message = nodeCrypto.randomBytes(372);
  const signature = nodeCrypto.sign(null, message, privateKey);
  const started = performance.now();
  for (let index = 0; index < count; index += 1) nodeCrypto.verify(null, message, publicKey, signature);
  return performance.now() - started;
}
