// The mechanism of both logs, the account log and the team log: entries that are signed, numbered and chained by hash.
// What the entries say is in two vocabularies (accountEntry.ts, teamEntry.ts), what they do in two folds.
//
//     entry = core ‖ number of signatures (1) ‖ signatures
//     core  = version ‖ kind ‖ index (4) ‖ hash of the entry before (32; zeros at index 0) ‖ time (8) ‖ body
//     each signature = signer's id (32) ‖ Ed25519(signer, context ‖ core) (64)
//     hash of an entry = SHA-256(context(entry) ‖ entry)

import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import { labelledHash } from '../crypto/hash.ts';
import { context, type Label } from '../crypto/labels.ts';
import type { Ed25519Signer, VerifyPrimitives } from '../crypto/primitives.ts';
import type { Verifiers } from '../crypto/verifiers.ts';
import { defineFormat, type DecodeProblem, type Format, type FormatKind } from '../encoding/format.ts';
import { idFromBytes, LONG_ID_BYTES, type DeviceId, type EntryHash, type InviteId } from '../encoding/ids.ts';
import { Malformed, type Reader } from '../encoding/reader.ts';
import type { Writer } from '../encoding/writer.ts';
import type { LogHead } from '../record/header.ts';
import { concatBytes } from '../util/bytes.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';

/** Who signed: a device, or (a second signature under a `join`) an invite. */
export type SignerId = DeviceId | InviteId;

export interface EntrySignature {
  readonly signer: SignerId;
  readonly signature: Uint8Array;
}

export interface EntryContent<Body> {
  readonly index: number;
  /** Hash of the entry before; `NO_ENTRY` at index 0. */
  readonly previous: EntryHash;
  /** The author's clock, epoch milliseconds. A claim: order comes from the index. */
  readonly at: number;
  readonly body: Body;
}

/** An entry whose form is sound. Says nothing yet about its signatures. */
export interface LogEntry<Body> extends EntryContent<Body> {
  readonly signatures: readonly EntrySignature[];
  readonly bytes: Uint8Array;
  readonly hash: EntryHash;
  /** What the signatures are over. */
  readonly message: Uint8Array;
}

export interface EntrySigner {
  readonly id: SignerId;
  readonly sign: Ed25519Signer;
}

/**
 * Why an entry does not count. `brokenChain`: does not follow the entry before. `notAllowed`: soundly signed, by
 * somebody who may not. `newerRules`: the log is folded by rules that this version does not know: read-only, update.
 * `missingAccount`: an account log is needed that is not here (yet).
 */
export type LogProblem =
  | DecodeProblem
  | Problem<'brokenChain' | 'badSignature' | 'notAllowed' | 'newerRules' | 'missingAccount'>;

export type LogResult<T> = Result<T, LogProblem>;

export const NO_ENTRY = 'a'.repeat(52) as EntryHash;
export const MAX_SIGNATURES = 3;

export interface Vocabulary<Body> {
  readonly kind: Extract<FormatKind, 'accountEntry' | 'teamEntry'>;
  readonly signLabel: Extract<Label, 'signAccountEntry' | 'signTeamEntry'>;
  readonly limit: number;
  writeBody(writer: Writer, body: Body): void;
  readBody(reader: Reader): Body;
}

export interface LogFormat<Body> {
  /** Signs in the order given; the author comes first. */
  compose(
    primitives: Pick<VerifyPrimitives, 'sha256'>,
    content: EntryContent<Body>,
    signers: readonly EntrySigner[],
  ): LogEntry<Body>;
  parse(primitives: Pick<VerifyPrimitives, 'sha256'>, bytes: Uint8Array): LogResult<LogEntry<Body>>;
}

type Signed<Body> = EntryContent<Body> & { readonly signatures: readonly EntrySignature[] };

export function defineLog<Body>(vocabulary: Vocabulary<Body>): LogFormat<Body> {
  const format = formatOf(vocabulary);
  const finish = (
    primitives: Pick<VerifyPrimitives, 'sha256'>,
    signed: Signed<Body>,
    bytes: Uint8Array,
  ): LogEntry<Body> => ({
    ...signed,
    bytes,
    hash: idFromBytes<EntryHash>(labelledHash(primitives, 'entry', bytes)),
    message: messageOf(vocabulary, bytes, signed.signatures.length),
  });
  return {
    compose(primitives, content, signers) {
      const unsigned = format.encode({ ...content, signatures: [] });
      const message = messageOf(vocabulary, unsigned, 0);
      const signatures = signers.map(({ id, sign }) => ({ signer: id, signature: sign(message) }));
      const signed = { ...content, signatures };
      return finish(primitives, signed, format.encode(signed));
    },
    parse(primitives, bytes) {
      const decoded = format.decode(bytes);
      if (!decoded.ok) return decoded;
      if (decoded.value.signatures.length === 0) return fail('malformed', 'An entry is not signed.');
      return succeed(finish(primitives, decoded.value, bytes.slice()));
    },
  };
}

function formatOf<Body>(vocabulary: Vocabulary<Body>): Format<Signed<Body>> {
  return defineFormat<Signed<Body>>({
    kind: vocabulary.kind,
    limit: vocabulary.limit,
    write(writer, entry) {
      writer.u32(entry.index);
      writer.id(entry.previous);
      writer.u53(entry.at);
      vocabulary.writeBody(writer, entry.body);
      writer.u8(entry.signatures.length);
      for (const { signer, signature } of entry.signatures) {
        writer.id(signer);
        writer.bytes(signature, SIGNATURE_BYTES);
      }
    },
    read(reader) {
      return {
        index: reader.u32(),
        previous: reader.longId<EntryHash>(),
        at: reader.u53(),
        body: vocabulary.readBody(reader),
        signatures: readSignatures(reader),
      };
    },
  });
}

function readSignatures(reader: Reader): readonly EntrySignature[] {
  const count = reader.u8();
  if (count > MAX_SIGNATURES) throw new Malformed('an entry has too many signatures');
  return Array.from({ length: count }, () => ({
    signer: reader.longId<DeviceId>(),
    signature: reader.bytes(SIGNATURE_BYTES),
  }));
}

function messageOf(
  vocabulary: Pick<Vocabulary<never>, 'signLabel'>,
  bytes: Uint8Array,
  signatures: number,
): Uint8Array {
  const coreLength = bytes.length - 1 - signatures * (LONG_ID_BYTES + SIGNATURE_BYTES);
  return concatBytes(context(vocabulary.signLabel), bytes.subarray(0, coreLength));
}

export const headOf = (entry: Pick<LogEntry<unknown>, 'index' | 'hash'>): LogHead => ({
  index: entry.index,
  hash: entry.hash,
});

/** The index and hash that the next entry names; `head` null for the first. */
export const following = (head: LogHead | null): Pick<EntryContent<unknown>, 'index' | 'previous'> =>
  head === null ? { index: 0, previous: NO_ENTRY } : { index: head.index + 1, previous: head.hash };

/** Null if the entry follows `head`. */
export function chainProblem(head: LogHead | null, entry: EntryContent<unknown>): LogProblem | null {
  const expected = following(head);
  if (entry.index === expected.index && entry.previous === expected.previous) return null;
  const message = `Entry ${entry.index} does not follow entry ${expected.index - 1} of the log.`;
  return { code: 'brokenChain', message };
}

/** True if the signature with this number is sound under the key. */
export function isSignedBy(
  verifiers: Verifiers,
  entry: LogEntry<unknown>,
  number: number,
  publicKey: Uint8Array,
): boolean {
  const signature = entry.signatures[number]?.signature;
  return signature !== undefined && (verifiers.of(publicKey)?.(entry.message, signature) ?? false);
}
