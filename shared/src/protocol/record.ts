// Appending records, reading the feed, following it, and presence.

import * as z from 'zod/mini';
import { MAX_RECORD_BYTES } from '../record/limits.ts';
import {
  bytes,
  bytesOf,
  count,
  feedPosition,
  groupId,
  logHead,
  recordId,
  rowId,
  streamId,
  workspaceId,
} from './fields.ts';
import { MAX_APPEND_RECORDS, MAX_FEED_ITEMS, PRESENCE_BYTES } from './limits.ts';
import { teamEntries } from './workspace.ts';

const record = bytes(MAX_RECORD_BYTES);

/** To one stream, all or nothing. The same bytes may be sent again after a lost answer. */
export const appendInput = z.object({
  workspace: workspaceId,
  group: groupId,
  stream: streamId,
  /** What the client takes for the stream's newest record; null for none. */
  expectedHead: z.nullable(recordId),
  records: z.readonly(z.array(record).check(z.minLength(1), z.maxLength(MAX_APPEND_RECORDS))),
});
export type AppendInput = z.infer<typeof appendInput>;

export const appendAnswer = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('stored'),
    places: z.readonly(z.array(z.object({ id: recordId, seq: count }))),
  }),
  /** Somebody wrote first: merge, then append again. */
  z.object({ kind: z.literal('behind'), head: z.nullable(recordId) }),
  /** Sealed under an epoch that has ended: seal anew. */
  z.object({ kind: z.literal('oldEpoch') }),
  /** By the team log's state, which `reason` names (team/authority.ts). */
  z.object({ kind: z.literal('notAllowed'), reason: z.string() }),
  /** The group was purged. */
  z.object({ kind: z.literal('gone') }),
]);
export type AppendAnswer = z.infer<typeof appendAnswer>;

export const cursor = z.object({ incarnation: rowId, seq: count });
export type Cursor = z.infer<typeof cursor>;

export const feedItem = z.object({ seq: count, id: recordId, bytes: record });
export type FeedItemMessage = z.infer<typeof feedItem>;

export const readFeedInput = z.object({
  workspace: workspaceId,
  after: cursor,
  limit: z.int().check(z.minimum(1), z.maximum(MAX_FEED_ITEMS)),
});
export const feedAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('items'), items: z.readonly(z.array(feedItem)), end: feedPosition }),
  /** The database was restored from a backup since: the cursor is of another time. */
  z.object({ kind: z.literal('otherIncarnation'), incarnation: rowId, end: feedPosition }),
]);
export type FeedAnswer = z.infer<typeof feedAnswer>;

export const readRecordsInput = z.object({
  workspace: workspaceId,
  ids: z.readonly(z.array(recordId).check(z.minLength(1), z.maxLength(MAX_FEED_ITEMS))),
});
/** As many of them as fit, in the order asked for; those that are not there are left out. */
export const recordsAnswer = z.readonly(z.array(feedItem));

/** One subscription a workspace. Catch-up and live are the same: everything after the cursor, then what comes. */
export const followInput = z.object({
  workspace: workspaceId,
  after: cursor,
  /** Index of the first team-log entry that the client does not have. */
  logFrom: count,
});

export const followMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('log'), from: count, entries: teamEntries, head: logHead }),
  z.object({ kind: z.literal('items'), items: z.readonly(z.array(feedItem)), end: feedPosition }),
  z.object({ kind: z.literal('otherIncarnation'), incarnation: rowId, end: feedPosition }),
  /** Everything that was there when asked has been sent. Sent once. */
  z.object({ kind: z.literal('upToDate') }),
  /** Sealed boxes were put for somebody: whoever waits for one reads again. */
  z.object({ kind: z.literal('boxes') }),
  /** Somebody has no box that opens: whoever has the key asks for whom, and seals it. */
  z.object({ kind: z.literal('boxesWanted') }),
  z.object({ kind: z.literal('presence'), message: bytesOf(PRESENCE_BYTES) }),
  z.object({ kind: z.literal('healing'), healing: z.boolean() }),
  /** No member any more: nothing follows. */
  z.object({ kind: z.literal('ended') }),
]);
export type FollowMessage = z.infer<typeof followMessage>;

export const presenceInput = z.object({ workspace: workspaceId, message: bytesOf(PRESENCE_BYTES) });
