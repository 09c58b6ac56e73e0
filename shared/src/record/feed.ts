// The feed of a workspace: every record in the order of its Seq, chained by hash, so that two clients who agree on the
// hash at one Seq agree on everything before it.
//
//     feedHash(0) = 32 zero bytes
//     feedHash(n) = SHA-256(context ‖ feedHash(n − 1) ‖ RecordId(n))

import { idFromBytes, idToBytes, type FeedHash, type RecordId } from '../encoding/ids.ts';
import { labelledHash } from '../crypto/hash.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { FeedPosition } from './header.ts';

/** Before the first record. */
export const FEED_START: FeedPosition = { seq: 0, feedHash: 'a'.repeat(52) as FeedHash };

export function nextPosition(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  last: FeedPosition,
  record: RecordId,
): FeedPosition {
  const hash = labelledHash(primitives, 'feed', idToBytes(last.feedHash), idToBytes(record));
  return { seq: last.seq + 1, feedHash: idFromBytes<FeedHash>(hash) };
}
