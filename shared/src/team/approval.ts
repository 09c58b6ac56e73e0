// Approving a new device: the old one and the new one compare a short code, with a server in between that may lie.
//
//     new → old   hello   H(new keys ‖ nonce)                           a commitment; nothing else is told yet
//     old → new   answer  account, old keys, nonce, account-log head, pins
//     new → old   reveal  new keys, nonce                               must fit the commitment
//     both        code = digits of a hash over all three messages
//     person      reads the code on the new device and types it into the old one: one try, five minutes
//     person      says on the new device whether the old one took the code: only then does it use the account
//     both        admission.ts: the `add` entry, signed by both, and the user key sealed to the new device
//
// The last question is not a courtesy: a server that plays an old device of its own to the new one shows another code
// there. The person types it, the real old device refuses, and only that refusal tells the new one whom it spoke to.
//
// Because the new device is bound to its keys before it sees the old one's nonce, and the old one answers before it sees
// them, neither side nor anybody between can search for keys that give a chosen code: one try in ten million succeeds.
// Both machines are values: `(state, message) → state`. Whatever does not fit ends in `failed`, for good.

import { ED25519_BYTES, X25519_BYTES } from '../crypto/sizes.ts';
import type { Suite } from '../crypto/suite.ts';
import type { DevicePublicKeys } from '../crypto/deviceKeys.ts';
import { labelledHash } from '../crypto/hash.ts';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import { defineFormat, type Format } from '../encoding/format.ts';
import type { AccountId, EntryHash, WorkspaceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { withId, type PublicKeys } from './accountEntry.ts';

/** The highest verified team-log head of each workspace: the new device cannot be shown less. */
export interface Pin {
  readonly workspace: WorkspaceId;
  readonly head: LogHead;
}

export interface ApprovalAnswer {
  readonly account: AccountId;
  readonly accountHead: LogHead;
  readonly device: PublicKeys;
  readonly nonce: Uint8Array;
  readonly pins: readonly Pin[];
}

interface Reveal {
  readonly device: PublicKeys;
  readonly nonce: Uint8Array;
}

export const APPROVAL_MS = 5 * 60 * 1000;
export const CODE_DIGITS = 7;
const NONCE_BYTES = 32;
const HASH_BYTES = 32;
const MAX_PINS = 1024;

export type NewDeviceState =
  | {
      readonly step: 'greeting';
      readonly toReveal: Reveal;
      readonly hello: Uint8Array;
      readonly startedAt: number;
    }
  /** Show `code`; send `revealed`; ask "Did the other device accept it?". `answer` is not to be trusted yet. */
  | {
      readonly step: 'showing';
      readonly code: string;
      readonly revealed: Uint8Array;
      readonly answer: ApprovalAnswer;
      readonly startedAt: number;
    }
  /** The person said so: what the answer names is the account, and its heads are the first pins. See admission.ts. */
  | { readonly step: 'accepted'; readonly answer: ApprovalAnswer }
  | { readonly step: 'failed'; readonly reason: ApprovalFailure };

export type OldDeviceState =
  | {
      readonly step: 'answering';
      readonly hello: Uint8Array;
      readonly answer: Uint8Array;
      readonly startedAt: number;
    }
  /** Ask for the code. It is not to be shown: it must come from the other screen. */
  | {
      readonly step: 'asking';
      readonly code: Redacted<string>;
      readonly device: DevicePublicKeys;
      readonly startedAt: number;
    }
  /** The `add` entry may be written for this device. */
  | { readonly step: 'approved'; readonly device: DevicePublicKeys }
  | { readonly step: 'failed'; readonly reason: ApprovalFailure };

/** `notAccepted`: the person said that the other device refused the code. */
export type ApprovalFailure = 'wrongCode' | 'tooLate' | 'malformed' | 'commitmentBroken' | 'notAccepted';

const failed = (reason: ApprovalFailure): { readonly step: 'failed'; readonly reason: ApprovalFailure } => ({
  step: 'failed',
  reason,
});

/** On the new device. Send `hello`. */
export function startAsNewDevice(suite: Suite, device: PublicKeys, now: number): NewDeviceState {
  const toReveal: Reveal = {
    device: { signPublic: device.signPublic, boxPublic: device.boxPublic },
    nonce: suite.random(NONCE_BYTES),
  };
  const hello = HELLO.encode(commitmentTo(suite, toReveal));
  return { step: 'greeting', toReveal, hello, startedAt: now };
}

/** On the old device, started there by the person. Send `answer`. */
export function answerNewDevice(
  suite: Suite,
  hello: Uint8Array,
  answer: Omit<ApprovalAnswer, 'nonce'>,
  now: number,
): OldDeviceState {
  if (!HELLO.decode(hello).ok) return failed('malformed');
  const bytes = ANSWER.encode({ ...answer, nonce: suite.random(NONCE_BYTES) });
  return { step: 'answering', hello, answer: bytes, startedAt: now };
}

/** On the new device, with the old one's answer. */
export function receiveAnswer(
  suite: Suite,
  state: NewDeviceState,
  answer: Uint8Array,
  now: number,
): NewDeviceState {
  if (state.step !== 'greeting') return failed('malformed');
  if (isLate(state.startedAt, now)) return failed('tooLate');
  const decoded = ANSWER.decode(answer);
  if (!decoded.ok) return failed('malformed');
  const revealed = REVEAL.encode(state.toReveal);
  const code = codeOf(suite, state.hello, answer, revealed);
  return { step: 'showing', code, revealed, answer: decoded.value, startedAt: state.startedAt };
}

/** On the old device, with what the new one revealed. */
export function receiveReveal(
  suite: Suite,
  state: OldDeviceState,
  revealed: Uint8Array,
  now: number,
): OldDeviceState {
  if (state.step !== 'answering') return failed('malformed');
  if (isLate(state.startedAt, now)) return failed('tooLate');
  const hello = HELLO.decode(state.hello);
  const told = REVEAL.decode(revealed);
  if (!hello.ok || !told.ok) return failed('malformed');
  if (!equalBytes(commitmentTo(suite, told.value), hello.value)) return failed('commitmentBroken');
  const code = redact(codeOf(suite, state.hello, state.answer, revealed));
  return { step: 'asking', code, device: withId(suite, told.value.device), startedAt: state.startedAt };
}

/** On the old device, with what the person typed. One try: a wrong code ends the approval. */
export function typeCode(state: OldDeviceState, typed: string, now: number): OldDeviceState {
  if (state.step !== 'asking') return failed('malformed');
  if (isLate(state.startedAt, now)) return failed('tooLate');
  const digits = typed.replaceAll(/[\s-]/g, '');
  return digits === reveal(state.code) ? { step: 'approved', device: state.device } : failed('wrongCode');
}

/** On the new device, with the person's answer to "Did the other device accept the code?". */
export function receiveConfirmation(
  state: NewDeviceState,
  otherAccepted: boolean,
  now: number,
): NewDeviceState {
  if (state.step !== 'showing') return failed('malformed');
  if (!otherAccepted) return failed('notAccepted');
  return isLate(state.startedAt, now) ? failed('tooLate') : { step: 'accepted', answer: state.answer };
}

const isLate = (startedAt: number, now: number): boolean => now - startedAt > APPROVAL_MS || now < startedAt;

const commitmentTo = (primitives: Pick<VerifyPrimitives, 'sha256'>, { device, nonce }: Reveal): Uint8Array =>
  labelledHash(primitives, 'approvalCommitment', device.signPublic, device.boxPublic, nonce);

/** Seven digits of a hash over the transcript: H(H(hello) ‖ H(answer) ‖ H(reveal)). */
function codeOf(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  ...messages: readonly [hello: Uint8Array, answer: Uint8Array, revealed: Uint8Array]
): string {
  const hashes = messages.map((message) => primitives.sha256(message));
  const transcript = labelledHash(primitives, 'approvalTranscript', concatBytes(...hashes));
  const number = new DataView(transcript.buffer, transcript.byteOffset).getBigUint64(0);
  return (number % 10n ** BigInt(CODE_DIGITS)).toString().padStart(CODE_DIGITS, '0');
}

const HELLO: Format<Uint8Array> = defineFormat<Uint8Array>({
  kind: 'approvalHello',
  limit: 2 + HASH_BYTES,
  write: (writer, commitment) => writer.bytes(commitment, HASH_BYTES),
  read: (reader) => reader.bytes(HASH_BYTES),
});

const ANSWER: Format<ApprovalAnswer> = defineFormat<ApprovalAnswer>({
  kind: 'approvalAnswer',
  limit: 128 * 1024,
  write(writer, { account, accountHead, device, nonce, pins }) {
    writer.id(account);
    writer.u32(accountHead.index);
    writer.id(accountHead.hash);
    writer.bytes(device.signPublic, ED25519_BYTES);
    writer.bytes(device.boxPublic, X25519_BYTES);
    writer.bytes(nonce, NONCE_BYTES);
    writer.list(pins, MAX_PINS, ({ workspace, head }) => {
      writer.id(workspace);
      writer.u32(head.index);
      writer.id(head.hash);
    });
  },
  read: (reader) => ({
    account: reader.longId<AccountId>(),
    accountHead: { index: reader.u32(), hash: reader.longId<EntryHash>() },
    device: { signPublic: reader.bytes(ED25519_BYTES), boxPublic: reader.bytes(X25519_BYTES) },
    nonce: reader.bytes(NONCE_BYTES),
    pins: reader.list(MAX_PINS, () => ({
      workspace: reader.longId<WorkspaceId>(),
      head: { index: reader.u32(), hash: reader.longId<EntryHash>() },
    })),
  }),
});

const REVEAL: Format<Reveal> = defineFormat<Reveal>({
  kind: 'approvalReveal',
  limit: 2 + ED25519_BYTES + X25519_BYTES + NONCE_BYTES,
  write(writer, { device, nonce }) {
    writer.bytes(device.signPublic, ED25519_BYTES);
    writer.bytes(device.boxPublic, X25519_BYTES);
    writer.bytes(nonce, NONCE_BYTES);
  },
  read: (reader) => ({
    device: { signPublic: reader.bytes(ED25519_BYTES), boxPublic: reader.bytes(X25519_BYTES) },
    nonce: reader.bytes(NONCE_BYTES),
  }),
});
