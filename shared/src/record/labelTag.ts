// How the policy names a protected label without its name: a keyed hash, the same for every prompt.
//
//     tag = first 16 bytes of HMAC-SHA-512(stream key, context(labelTag) ‖ UTF-8 of the name)

import type { StreamKey } from '../crypto/groupKeys.ts';
import { context } from '../crypto/labels.ts';
import { textToUtf8 } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { reveal } from '../util/redacted.ts';

export const LABEL_TAG_BYTES = 16;

export function labelTag(key: StreamKey, name: string): Uint8Array {
  const bytes = textToUtf8(name);
  invariant(bytes !== null, 'a label has no half of a surrogate pair');
  return reveal(key)(concatBytes(context('labelTag'), bytes)).slice(0, LABEL_TAG_BYTES);
}
