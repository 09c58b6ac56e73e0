// What a message may hold at most. A client keeps within these; a server refuses what does not, before it is parsed.

import { MAX_RECORD_BYTES } from '../record/limits.ts';

/** Bytes of one message on the wire: the largest record, and what stands around it. */
export const MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 1024 * 1024;
/** Records in one append: an offline chain arrives whole. Larger chains arrive in several, oldest first. */
export const MAX_APPEND_RECORDS = 256;
/** Bytes of all records in one append. */
export const MAX_APPEND_BYTES = MAX_RECORD_BYTES;
/** Entries in one append to a log, and in one answer when reading it. */
export const MAX_LOG_ENTRIES = 512;
/** Bytes of entries in one answer. The last entry may exceed it, so that there is always progress. */
export const MAX_LOG_BYTES = 4 * 1024 * 1024;
/** Items and bytes of one answer when reading the feed. The last item may exceed the bytes. */
export const MAX_FEED_ITEMS = 2048;
export const MAX_FEED_BYTES = 4 * 1024 * 1024;
/** Sealed boxes that come with one entry: one for each member and token (see team/teamEntry.ts). */
export const MAX_BOXES = 5120;
/** A sealed box of a key (crypto/box.ts) has 82 bytes; a kit's backup holds more. */
export const MAX_BOX_BYTES = 128;
export const MAX_KIT_BACKUP_BYTES = 64 * 1024;
/** Sealed presence: one size, so that it says nothing. */
export const PRESENCE_BYTES = 512;
/** One step of a device approval. */
export const MAX_APPROVAL_BYTES = 128 * 1024;
export const MAX_WORKSPACES = 256;
export const MAX_EMAIL_CHARACTERS = 254;
export const MIN_PASSWORD_CHARACTERS = 12;
export const MAX_PASSWORD_CHARACTERS = 256;
