// Opening what seal.ts sealed. Every failure is a value; nothing of a plaintext that does not verify is returned.

import { checkPrefix, type DecodeProblem } from '../encoding/format.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { BOX_PREFIX, boxInfo, MAX_BOX_BYTES, type BoxPlace } from './box.ts';
import { deriveMessageKey, KEY_BYTES } from './derive.ts';
import { context } from './labels.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { localContext, SALT_BYTES, SEALED_HEADER_BYTES, ZERO_NONCE, type LocalSeal } from './sealed.ts';
import type { Suite } from './suite.ts';

/** `wrongKey`: sealed under another key, or for another purpose. `altered`: changed, or bound to something else. */
export type OpenSealedProblem = DecodeProblem | Problem<'wrongKey' | 'altered'>;

const LOCAL_LIMIT = 2 ** 31 - 1;

export function openLocal(
  primitives: CryptoPrimitives,
  seal: LocalSeal,
  bytes: Uint8Array,
): Result<Uint8Array, OpenSealedProblem> {
  const prefix = checkPrefix(bytes, 'local', LOCAL_LIMIT);
  if (prefix !== null) return { ok: false, problem: prefix };
  const binding = { context: localContext(seal.purpose), associated: seal.associated };
  return openUnder(primitives, seal.key, binding, bytes);
}

/** The older key of a line, from what the entry of the newer one carries. */
export function openPreviousKey(
  primitives: CryptoPrimitives,
  line: 'userPrevious' | 'epochPrevious',
  next: Redacted<Uint8Array>,
  bytes: Uint8Array,
): Result<Redacted<Uint8Array>, OpenSealedProblem> {
  const prefix = checkPrefix(bytes, 'underKey', MAX_BOX_BYTES);
  if (prefix !== null) return { ok: false, problem: prefix };
  const opened = openUnder(primitives, next, { context: context(line), associated: undefined }, bytes);
  if (!opened.ok) return opened;
  if (opened.value.length !== KEY_BYTES) return fail('malformed', 'What should be a key has another length.');
  return succeed(redact(opened.value));
}

function openUnder(
  primitives: CryptoPrimitives,
  under: Redacted<Uint8Array>,
  binding: { readonly context: Uint8Array; readonly associated: Uint8Array | undefined },
  bytes: Uint8Array,
): Result<Uint8Array, OpenSealedProblem> {
  if (bytes.length < SEALED_HEADER_BYTES) return fail('malformed', 'Sealed bytes end too early.');
  const header = bytes.subarray(0, SEALED_HEADER_BYTES);
  const salt = header.subarray(2, 2 + SALT_BYTES);
  const derived = deriveMessageKey(primitives.hmacSha512(reveal(under)), concatBytes(binding.context, salt));
  if (!equalBytes(derived.commitment, header.subarray(2 + SALT_BYTES))) {
    return fail('wrongKey', 'Sealed under another key or for another purpose.');
  }
  const associated = binding.associated === undefined ? header : concatBytes(header, binding.associated);
  const input = { key: derived.key, nonce: ZERO_NONCE, associated };
  const plaintext = primitives.aesGcmOpen(input, bytes.subarray(SEALED_HEADER_BYTES));
  return plaintext === null ? fail('altered', 'Altered after it was sealed.') : succeed(plaintext);
}

/** With the X25519 secret of the recipient named in `place`. */
export async function openBox(
  suite: Pick<Suite, 'hpke'>,
  secret: Redacted<Uint8Array>,
  place: BoxPlace,
  box: Uint8Array,
): Promise<Result<Uint8Array, OpenSealedProblem>> {
  const prefix = checkPrefix(box, 'box', MAX_BOX_BYTES);
  if (prefix !== null) return { ok: false, problem: prefix };
  const opened = await suite.hpke.open({
    secret: reveal(secret),
    info: boxInfo(place),
    associated: BOX_PREFIX,
    bytes: box.subarray(BOX_PREFIX.length),
  });
  return opened === null ? fail('wrongKey', 'A box is not for this key and place.') : succeed(opened);
}
