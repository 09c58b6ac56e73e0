// The names of things in a replica. All are text: lower-case base32 without padding (RFC 4648), so that they can be keys
// of maps, parts of addresses and columns of tables without another conversion.

/** Hash of the team log's `create` entry, 52 characters. */
export type WorkspaceId = string & { readonly __brand: 'WorkspaceId' };
/** 128 random bits, 26 characters: a prompt, a folder, or (all zero bits) what belongs to the whole workspace. */
export type GroupId = string & { readonly __brand: 'GroupId' };
/** 128 opaque bits, 26 characters. */
export type StreamId = string & { readonly __brand: 'StreamId' };
/** SHA-256 of header ‖ ciphertext ‖ signature, 52 characters. Changes when a record is sealed again. */
export type RecordId = string & { readonly __brand: 'RecordId' };
/** 128 random bits, 26 characters, inside the sealed payload. Stays the same when a record is sealed again. */
export type RevisionId = string & { readonly __brand: 'RevisionId' };
/** Hash of the account log's `create` entry, 52 characters. */
export type AccountId = string & { readonly __brand: 'AccountId' };
/** Names one device of an account, as the record's header does. */
export type DeviceId = string & { readonly __brand: 'DeviceId' };
