// The vocabulary of the account log: which devices an account has, and which user key they share.

import { ED25519_BYTES, X25519_BYTES } from '../crypto/sizes.ts';
import { deviceIdOf, type DevicePublicKeys } from '../crypto/deviceKeys.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import type { DeviceId } from '../encoding/ids.ts';
import type { Reader } from '../encoding/reader.ts';
import type { Writer } from '../encoding/writer.ts';
import { defineLog, type LogEntry, type LogFormat } from './log.ts';

export type AccountAction =
  /** The first device, naming the kit. Signed by both: whoever creates holds both. Its hash is the AccountId. */
  | { readonly type: 'create'; readonly device: PublicKeys; readonly kit: PublicKeys }
  /** Signed by a device that is in, or the kit, and by the new device. */
  | { readonly type: 'add'; readonly device: PublicKeys }
  | { readonly type: 'revoke'; readonly device: DeviceId }
  | GenerationAction
  /** Signed also by the new kit. */
  | { readonly type: 'replaceKit'; readonly kit: PublicKeys }
  /** One device alone says what it will do in seven days. */
  | { readonly type: 'announce'; readonly intent: Intent }
  /** Another device, or the kit, ends what the entry at `index` announced. */
  | { readonly type: 'cancel'; readonly index: number }
  /** From the next entry on, the log is folded by these rules. */
  | { readonly type: 'rules'; readonly rules: number };

/** Starts a generation of the user key; teams seal to nothing else. */
export interface GenerationAction {
  readonly type: 'generation';
  /** 1, 2, … */
  readonly generation: number;
  /** X25519 public key derived from the user key of this generation; it is the commitment to that key. */
  readonly userPublic: Uint8Array;
  /** The user key of the generation before, sealed under this one's; null for the first. */
  readonly previous: Uint8Array | null;
  /** One for each active device and the kit, ordered by id. The boxes themselves lie outside the log. */
  readonly boxes: readonly DeviceBox[];
}

export interface DeviceBox {
  readonly recipient: DeviceId;
  readonly hash: Uint8Array;
}

export interface PublicKeys {
  readonly signPublic: Uint8Array;
  readonly boxPublic: Uint8Array;
}

export type Intent =
  | { readonly kind: 'revoke'; readonly device: DeviceId }
  | { readonly kind: 'replaceKit'; readonly kit: DeviceId };

export type AccountEntry = LogEntry<AccountAction>;

export const MAX_DEVICES = 64;
/** Length of an older key sealed under a newer one (crypto/sealed.ts). */
export const SEALED_KEY_BYTES = 114;
const HASH_BYTES = 32;
export const MAX_ACCOUNT_ENTRY_BYTES = 16 * 1024;

// The index is the number on the wire: append only.
const TYPES: readonly AccountAction['type'][] = [
  'create',
  'add',
  'revoke',
  'generation',
  'replaceKit',
  'announce',
  'cancel',
  'rules',
];
const INTENTS: readonly Intent['kind'][] = ['revoke', 'replaceKit'];

export const accountLog: LogFormat<AccountAction> = defineLog<AccountAction>({
  kind: 'accountEntry',
  signLabel: 'signAccountEntry',
  limit: MAX_ACCOUNT_ENTRY_BYTES,
  writeBody(writer, action) {
    writer.oneOf(TYPES, action.type);
    writeAction(writer, action);
  },
  readBody(reader) {
    return readAction(reader, reader.oneOf(TYPES));
  },
});

export const withId = (primitives: Pick<VerifyPrimitives, 'sha256'>, keys: PublicKeys): DevicePublicKeys => ({
  id: deviceIdOf(primitives, keys.signPublic, keys.boxPublic),
  signPublic: keys.signPublic,
  boxPublic: keys.boxPublic,
});

function writeAction(writer: Writer, action: AccountAction): void {
  switch (action.type) {
    case 'create':
      writeKeys(writer, action.device);
      return writeKeys(writer, action.kit);
    case 'add':
      return writeKeys(writer, action.device);
    case 'revoke':
      return writer.id(action.device);
    case 'generation':
      return writeGeneration(writer, action);
    case 'replaceKit':
      return writeKeys(writer, action.kit);
    case 'announce':
      return writeIntent(writer, action.intent);
    case 'cancel':
      return writer.u32(action.index);
    case 'rules':
      return writer.u16(action.rules);
  }
}

function readAction(reader: Reader, type: AccountAction['type']): AccountAction {
  switch (type) {
    case 'create':
      return { type, device: readKeys(reader), kit: readKeys(reader) };
    case 'add':
      return { type, device: readKeys(reader) };
    case 'revoke':
      return { type, device: reader.longId() };
    case 'generation':
      return readGeneration(reader);
    case 'replaceKit':
      return { type, kit: readKeys(reader) };
    case 'announce':
      return { type, intent: readIntent(reader) };
    case 'cancel':
      return { type, index: reader.u32() };
    case 'rules':
      return { type, rules: reader.u16() };
  }
}

function writeKeys(writer: Writer, keys: PublicKeys): void {
  writer.bytes(keys.signPublic, ED25519_BYTES);
  writer.bytes(keys.boxPublic, X25519_BYTES);
}

const readKeys = (reader: Reader): PublicKeys => ({
  signPublic: reader.bytes(ED25519_BYTES),
  boxPublic: reader.bytes(X25519_BYTES),
});

function writeGeneration(writer: Writer, action: GenerationAction): void {
  writer.u32(action.generation);
  writer.bytes(action.userPublic, X25519_BYTES);
  writer.optional(action.previous, (sealed) => writer.bytes(sealed, SEALED_KEY_BYTES));
  writer.list(action.boxes, MAX_DEVICES + 1, ({ recipient, hash }) => {
    writer.id(recipient);
    writer.bytes(hash, HASH_BYTES);
  });
}

const readGeneration = (reader: Reader): GenerationAction => ({
  type: 'generation',
  generation: reader.u32(),
  userPublic: reader.bytes(X25519_BYTES),
  previous: reader.optional(() => reader.bytes(SEALED_KEY_BYTES)),
  boxes: reader.list(MAX_DEVICES + 1, () => ({ recipient: reader.longId(), hash: reader.bytes(HASH_BYTES) })),
});

function writeIntent(writer: Writer, intent: Intent): void {
  writer.oneOf(INTENTS, intent.kind);
  writer.id(intent.kind === 'revoke' ? intent.device : intent.kit);
}

function readIntent(reader: Reader): Intent {
  const kind = reader.oneOf(INTENTS);
  const id = reader.longId<DeviceId>();
  return kind === 'revoke' ? { kind, device: id } : { kind, kit: id };
}
