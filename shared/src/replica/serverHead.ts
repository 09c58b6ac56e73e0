// Compares what a server says about its feed with what this device has verified of it: shorter is a rollback, different
// is a fork. Neither heals by itself: a rollback is said and waits for healing, a fork ends writing.

import type { FeedPosition } from '../record/header.ts';
import type { ReplicaState } from './state.ts';

export type ServerView =
  | { readonly kind: 'same' }
  /** The server has more: read the feed, then compare again. */
  | { readonly kind: 'ahead' }
  /** The server is missing this many records that it once had (see Restore in docs/protocol.md). */
  | { readonly kind: 'rollback'; readonly missing: number }
  /** The server shows two people two different feeds. */
  | { readonly kind: 'fork' };

/** `feedHashAt`: of this device's own feed, from its store; null if it does not know. */
export function compareWithServer(
  state: ReplicaState,
  server: FeedPosition,
  feedHashAt: (seq: number) => FeedPosition['feedHash'] | null,
): ServerView {
  const { feed } = state;
  if (server.seq > feed.seq) return { kind: 'ahead' };
  const here = server.seq === feed.seq ? feed.feedHash : feedHashAt(server.seq);
  if (here !== server.feedHash) return { kind: 'fork' };
  return server.seq === feed.seq ? { kind: 'same' } : { kind: 'rollback', missing: feed.seq - server.seq };
}
