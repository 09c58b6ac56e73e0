// How every byte string of ours begins and how it is read: one byte of format version, one byte of kind, then fields.
// Encoding is canonical: a reader accepts only what the writer would have written for the same value, so two parties
// can never see different bytes as the same thing, nor the same bytes as different things.

import { equalBytes } from '../util/bytes.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { Malformed, Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** The version that this program writes. A higher one is answered with `newerFormat`: "update Cuebook". */
export const FORMAT_VERSION = 1;

/** Second byte of every byte string. Numbers are part of the format and never used again for something else. */
export const KINDS = {
  record: 0x01,
  tombstone: 0x02,
  payload: 0x03,
  accountEntry: 0x10,
  teamEntry: 0x11,
  box: 0x20,
  underKey: 0x21,
  local: 0x22,
  client: 0x23,
  approvalHello: 0x30,
  approvalAnswer: 0x31,
  approvalReveal: 0x32,
  invite: 0x33,
} as const;

export type FormatKind = keyof typeof KINDS;

export type DecodeProblem = Problem<'malformed' | 'newerFormat' | 'tooLarge'>;

export interface Format<T> {
  /** Throws if the value breaks a limit: that is a bug of the caller, who checks what users give before. */
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): Result<T, DecodeProblem>;
}

export interface FormatDefinition<T> {
  readonly kind: FormatKind;
  /** Largest number of bytes that is read. */
  readonly limit: number;
  write(writer: Writer, value: T): void;
  /** May throw `Malformed`. */
  read(reader: Reader): T;
}

export function defineFormat<T>(definition: FormatDefinition<T>): Format<T> {
  const encode = (value: T): Uint8Array => {
    const writer = new Writer();
    writer.u8(FORMAT_VERSION);
    writer.u8(KINDS[definition.kind]);
    definition.write(writer, value);
    return writer.finish();
  };
  return {
    encode,
    decode(bytes) {
      const prefix = checkPrefix(bytes, definition.kind, definition.limit);
      if (prefix !== null) return { ok: false, problem: prefix };
      return readCanonical(bytes, definition, encode);
    },
  };
}

/** What is wrong with the first two bytes or the length, or null. */
export function checkPrefix(bytes: Uint8Array, kind: FormatKind, limit: number): DecodeProblem | null {
  if (bytes.length > limit) {
    return {
      code: 'tooLarge',
      message: `A ${kind} has at most ${limit} bytes; this one has ${bytes.length}.`,
    };
  }
  const version = bytes[0] ?? 0;
  if (version > FORMAT_VERSION) {
    return { code: 'newerFormat', message: `Format ${version} is newer than this version of Cuebook reads.` };
  }
  if (version !== FORMAT_VERSION || bytes[1] !== KINDS[kind]) {
    return { code: 'malformed', message: `These bytes are not a ${kind}.` };
  }
  return null;
}

function readCanonical<T>(
  bytes: Uint8Array,
  definition: FormatDefinition<T>,
  encode: (value: T) => Uint8Array,
): Result<T, DecodeProblem> {
  try {
    const reader = new Reader(bytes, 2);
    const value = definition.read(reader);
    reader.end();
    if (!equalBytes(encode(value), bytes)) throw new Malformed('not the canonical encoding');
    return succeed(value);
  } catch (error) {
    if (error instanceof Malformed)
      return fail('malformed', `Not a sound ${definition.kind}: ${error.message}.`);
    throw error;
  }
}
