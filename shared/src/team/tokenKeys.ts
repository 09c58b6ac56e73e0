// A machine token is a seed of 32 random bytes. Only what is derived for authentication is ever sent; contents are
// sealed to the other half, which no server sees.
//
//     secret that is sent = HKDF-Expand(seed, context(tokenAuth), 32)
//     X25519 secret       = HKDF-Expand(seed, context(tokenBox), 32)

import { deriveKey } from '../crypto/derive.ts';
import type { Suite } from '../crypto/suite.ts';
import type { TokenId } from '../encoding/ids.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { tokenIdOf } from './teamFold.ts';

export interface TokenKeys {
  readonly id: TokenId;
  readonly auth: Redacted<Uint8Array>;
  readonly boxPublic: Uint8Array;
  readonly boxSecret: Redacted<Uint8Array>;
}

export function deriveTokenKeys(suite: Suite, seed: Redacted<Uint8Array>): TokenKeys {
  const boxSecret = deriveKey(suite, reveal(seed), 'tokenBox');
  const boxPublic = suite.hpke.publicKey(boxSecret);
  const auth = redact(deriveKey(suite, reveal(seed), 'tokenAuth'));
  return { id: tokenIdOf(suite, boxPublic), auth, boxPublic, boxSecret: redact(boxSecret) };
}
