// Sealing: under a symmetric key of one's own, under a newer key of the same line, or to somebody's public key.
// Whoever may not open must not import this file or open.ts (the server's lint zone).

import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { reveal, type Redacted } from '../util/redacted.ts';
import { BOX_PREFIX, boxInfo, MAX_BOX_BYTES, type BoxPlace } from './box.ts';
import { deriveMessageKey } from './derive.ts';
import { context } from './labels.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { localContext, SALT_BYTES, sealedHeader, ZERO_NONCE, type LocalSeal } from './sealed.ts';
import type { Suite } from './suite.ts';

/** For files of this device: drafts, run history, snapshots, keys at rest. Adds 82 bytes. */
export function sealLocal(primitives: CryptoPrimitives, seal: LocalSeal, plaintext: Uint8Array): Uint8Array {
  const binding = {
    kind: 'local',
    context: localContext(seal.purpose),
    associated: seal.associated,
  } as const;
  return sealUnder(primitives, seal.key, binding, plaintext);
}

/** An older key of a line (user key, epoch key) under the newer one, so that the newest opens all. 114 bytes. */
export function sealPreviousKey(
  primitives: CryptoPrimitives,
  line: 'userPrevious' | 'epochPrevious',
  keys: { readonly previous: Redacted<Uint8Array>; readonly next: Redacted<Uint8Array> },
): Uint8Array {
  const binding = { kind: 'underKey', context: context(line), associated: undefined } as const;
  return sealUnder(primitives, keys.next, binding, reveal(keys.previous));
}

interface Binding {
  readonly kind: 'local' | 'underKey';
  readonly context: Uint8Array;
  readonly associated: Uint8Array | undefined;
}

function sealUnder(
  primitives: CryptoPrimitives,
  under: Redacted<Uint8Array>,
  binding: Binding,
  plaintext: Uint8Array,
): Uint8Array {
  const salt = primitives.random(SALT_BYTES);
  const derived = deriveMessageKey(primitives.hmacSha512(reveal(under)), concatBytes(binding.context, salt));
  const header = sealedHeader(binding.kind, salt, derived.commitment);
  const associated = binding.associated === undefined ? header : concatBytes(header, binding.associated);
  const input = { key: derived.key, nonce: ZERO_NONCE, associated };
  return concatBytes(header, primitives.aesGcmSeal(input, plaintext));
}

/** To an X25519 public key, by HPKE. `place` says what it is and whom it is for; it opens nowhere else. */
export async function sealBox(
  suite: Pick<Suite, 'hpke'>,
  recipientKey: Uint8Array,
  place: BoxPlace,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  invariant(plaintext.length <= MAX_BOX_BYTES - 64, 'a box contains keys, not contents');
  const message = { info: boxInfo(place), associated: BOX_PREFIX, bytes: plaintext };
  return concatBytes(BOX_PREFIX, await suite.hpke.seal({ ...message, recipient: recipientKey }));
}
