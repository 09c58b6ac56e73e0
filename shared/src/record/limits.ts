// Limits of records, part of the format: what is larger is refused by every reader, so no writer may make it.

/** Bytes of an encoded payload, a prompt's text and what stands around it: 4 MiB. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
/** Bytes of a whole record: a padded payload of the largest size, header, tag and signature. */
export const MAX_RECORD_BYTES = 5 * 1024 * 1024;
/** The smallest padded payload (1 KB) and the tag. */
export const MIN_CIPHERTEXT_BYTES = 1024 + 16;
/** A record's parents: the head it follows and what it merges. */
export const MAX_PARENTS = 16;
export const MAX_NAME_BYTES = 1024;
export const MAX_MESSAGE_BYTES = 16 * 1024;
export const MAX_REFERENCES = 1000;
export const MAX_REFERENCE_BYTES = 1024;
export const MAX_PROFILE_DEVICES = 256;
export const MAX_COMMENT_BYTES = 64 * 1024;
export const MAX_PROVIDER_BYTES = 32;
export const MAX_ADDRESS_BYTES = 2048;
export const MAX_PROVIDER_KEY_BYTES = 4096;

/** How prompts name a provider: 1 to 32 lower-case letters, digits, `-` or `_`, beginning with a letter. */
export const isProviderName = (text: string): boolean => /^[a-z][a-z0-9_-]{0,31}$/u.test(text);
