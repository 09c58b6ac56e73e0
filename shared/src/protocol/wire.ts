// The wire encoding of sockets, the same on both sides: MessagePack in tRPC's envelopes, one message a frame.
//
//     client → server   {id, method: 'query' | 'mutation' | 'subscription', params: {path, input}}
//                       {id, method: 'subscription.stop'}
//                       [ … ]                                                      several of these, sent together
//                       {method: 'connectionParams', data: {protocol, token?}}      the first message of a socket
//     server → client   {id, result: {type: 'data', data}}                         the answer, or a subscription's message
//                       {id, result: {type: 'started' | 'stopped'}}                of a subscription
//                       {id, error: {code, message, data: ErrorData}}              see errors.ts; id is null if none was read
//     either            the text frames PING and PONG
//
// What comes in is walked before anything is built from it: what a message says about its own size must be there in its
// bytes, and depth and number of values have limits, so that a small message cannot become a large one in memory.

import { Decoder, encode, Encoder, ExtensionCodec } from '@msgpack/msgpack';
import { MAX_MESSAGE_BYTES } from './limits.ts';

/** Levels of arrays and maps. The deepest message, a team append in its envelope, has seven. */
export const MAX_WIRE_DEPTH = 12;
/** Values in one message, keys included. The largest, an append with `MAX_BOXES` boxes, has some 72,000. */
export const MAX_WIRE_VALUES = 131_072;

/** Bytes that are no message. Says what is wrong, never with a value. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}

// None is known: neither side sends extension types, timestamps included.
const extensionCodec = new ExtensionCodec();
const createEncoder = (): Encoder =>
  new Encoder({ extensionCodec, ignoreUndefined: true, maxDepth: MAX_WIRE_DEPTH });
const createDecoder = (): Decoder => new Decoder({ extensionCodec });
// Kept, because making one costs more than a small message; not after a large one, which it would hold on to.
let encoder = createEncoder();
let decoder = createDecoder();
const LARGE_BYTES = 64 * 1024;

/** Properties that are undefined are left out. */
export function encodeMessage(value: unknown): Uint8Array<ArrayBuffer> {
  const message = encoder.encode(value);
  if (message.length > LARGE_BYTES) encoder = createEncoder();
  return message;
}

/** Throws `WireError`. Byte strings in the result are views into `message`. */
export function decodeMessage(message: Uint8Array): unknown {
  if (message.length > MAX_MESSAGE_BYTES) throw new WireError('The message is too large.');
  // A plain view: Node's Buffer would hand its own kind on to every byte string inside.
  const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
  const problem = problemOf(bytes);
  if (problem !== null) throw new WireError(problem);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WireError('A map has a key that is not allowed.');
  } finally {
    if (bytes.length > LARGE_BYTES) decoder = createDecoder();
  }
}

/** As tRPC's client takes it (`experimental_encoder`). */
export const wireEncoder = {
  encode: encodeMessage,
  decode(message: string | ArrayBuffer | Uint8Array): unknown {
    if (typeof message === 'string') throw new WireError('Messages are binary.');
    return decodeMessage(message instanceof Uint8Array ? message : new Uint8Array(message));
  },
};

/** tRPC's types change what JSON has no word for, unless a transformer is named: nothing is transformed here. */
export const wireTransformer = {
  serialize: (value: unknown): unknown => value,
  deserialize: (value: unknown): unknown => value,
};

/**
 * A subscription's message from a body that was encoded before: what goes to many is encoded once. The same bytes as
 * `encodeMessage({ id, result: { type: 'data', data } })`.
 */
export function frameOfBody(id: number | string, body: Uint8Array): Uint8Array {
  const encodedId = encode(id);
  const frame = new Uint8Array(BEFORE_ID.length + encodedId.length + AFTER_ID.length + body.length);
  frame.set(BEFORE_ID);
  frame.set(encodedId, BEFORE_ID.length);
  frame.set(AFTER_ID, BEFORE_ID.length + encodedId.length);
  frame.set(body, frame.length - body.length);
  return frame;
}

const mapOf = (entries: number): Uint8Array => Uint8Array.of(0x80 | entries);
const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const BEFORE_ID = join(mapOf(2), encode('id'));
const AFTER_ID = join(encode('result'), mapOf(2), encode('type'), encode('data'), encode('data'));

/** Bytes of length or value behind a head byte from 0xc4 on: `[bytes of the number, what it counts]`. */
type Tail = readonly [bytes: number, counts: 'nothing' | 'bytes' | 'values' | 'pairs'];
const TAILS: ReadonlyMap<number, Tail> = new Map<number, Tail>([
  [0xc0, [0, 'nothing']],
  [0xc2, [0, 'nothing']],
  [0xc3, [0, 'nothing']],
  [0xc4, [1, 'bytes']],
  [0xc5, [2, 'bytes']],
  [0xc6, [4, 'bytes']],
  [0xca, [4, 'nothing']],
  [0xcb, [8, 'nothing']],
  [0xcc, [1, 'nothing']],
  [0xcd, [2, 'nothing']],
  [0xce, [4, 'nothing']],
  [0xcf, [8, 'nothing']],
  [0xd0, [1, 'nothing']],
  [0xd1, [2, 'nothing']],
  [0xd2, [4, 'nothing']],
  [0xd3, [8, 'nothing']],
  [0xd9, [1, 'bytes']],
  [0xda, [2, 'bytes']],
  [0xdb, [4, 'bytes']],
  [0xdc, [2, 'values']],
  [0xdd, [4, 'values']],
  [0xde, [2, 'pairs']],
  [0xdf, [4, 'pairs']],
]);

/** Null if `bytes` are exactly one value within the limits. */
function problemOf(bytes: Uint8Array): string | null {
  /** Values that are still to come: of the innermost array or map, and of those around it. */
  let left = 1;
  const around: number[] = [];
  let offset = 0;
  for (let values = 1; ; values += 1) {
    if (values > MAX_WIRE_VALUES) return 'The message has too many values.';
    const head = bytes[offset];
    if (head === undefined) return 'The message is cut short.';
    const step = stepOf(bytes, offset, head);
    if (step === null) return 'The message has a type that is not used.';
    offset = step.next;
    if (offset > bytes.length) return 'The message is cut short.';
    left -= 1;
    if (step.inside > 0) {
      if (around.length >= MAX_WIRE_DEPTH) return 'The message is too deep.';
      if (step.inside > bytes.length - offset) return 'The message is cut short.';
      around.push(left);
      left = step.inside;
    }
    while (left === 0) {
      const outer = around.pop();
      if (outer === undefined) return offset === bytes.length ? null : 'Bytes follow the message.';
      left = outer;
    }
  }
}

/** Where the next value begins, and how many values are inside this one; null for a type that is not used. */
function stepOf(
  bytes: Uint8Array,
  offset: number,
  head: number,
): { readonly next: number; readonly inside: number } | null {
  if (head <= 0x7f || head >= 0xe0) return { next: offset + 1, inside: 0 };
  if (head <= 0x8f) return { next: offset + 1, inside: (head & 0x0f) * 2 };
  if (head <= 0x9f) return { next: offset + 1, inside: head & 0x0f };
  if (head <= 0xbf) return { next: offset + 1 + (head & 0x1f), inside: 0 };
  const tail = TAILS.get(head);
  if (tail === undefined) return null;
  const [width, counts] = tail;
  const next = offset + 1 + width;
  if (counts === 'nothing') return { next, inside: 0 };
  const count = numberAt(bytes, offset + 1, width);
  if (counts === 'bytes') return { next: next + count, inside: 0 };
  return { next, inside: counts === 'values' ? count : count * 2 };
}

/** Big-endian; bytes beyond the end count as 0, which the caller finds out by its offset. */
function numberAt(bytes: Uint8Array, offset: number, width: number): number {
  let value = 0;
  for (let index = 0; index < width; index += 1) value = value * 256 + (bytes[offset + index] ?? 0);
  return value;
}
