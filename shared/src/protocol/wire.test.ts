import { encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  frameOfBody,
  MAX_WIRE_DEPTH,
  MAX_WIRE_VALUES,
  WireError,
  wireEncoder,
} from './wire.ts';

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 70_000 }),
    ),
    fc.array(tie('value'), { maxLength: 40 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;

test('what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodeMessage(encodeMessage(value))).toEqual(value);
    }),
  );
});

test('properties that are undefined are left out', () => {
  expect(decodeMessage(encodeMessage({ a: undefined, b: 1 }))).toEqual({ b: 1 });
});

test('byte strings come back as plain bytes, also out of a Buffer', () => {
  const decoded = decodeMessage(Buffer.from(encodeMessage({ bytes: new Uint8Array([1, 2]) })));
  expect(decoded).toEqual({ bytes: new Uint8Array([1, 2]) });
  expect(Buffer.isBuffer((decoded as { bytes: unknown }).bytes)).toBe(false);
});

test('a body that was encoded before makes the same message as encoding all at once', () => {
  fc.assert(
    fc.property(plain, fc.oneof(fc.nat(), fc.string()), (data, id) => {
      expect(frameOfBody(id, encodeMessage(data))).toEqual(
        encodeMessage({ id, result: { type: 'data', data } }),
      );
    }),
  );
});

test('any bytes are either a message or a WireError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 5000 },
  );
});

test('a message that is cut short anywhere, or goes on after its end, is refused', () => {
  const message = encodeMessage({ id: 1, list: [1, 'two', new Uint8Array(300), { three: null, four: 4.5 }] });
  for (let length = 0; length < message.length; length += 1) {
    expect(() => decodeMessage(message.slice(0, length))).toThrow(WireError);
  }
  expect(() => decodeMessage(Uint8Array.of(...message, 0xc0))).toThrow('Bytes follow the message.');
});

test('a small message that claims to hold much is refused before anything is built', () => {
  const claims: readonly (readonly number[])[] = [
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0xc6, 0xff, 0xff, 0xff, 0xff],
    [0xdb, 0xff, 0xff, 0xff, 0xff],
    [0xdd, 0x00, 0x01, 0x00, 0x00, 0xdd, 0x00, 0x01, 0x00, 0x00],
  ];
  for (const claim of claims) expect(() => decodeMessage(Uint8Array.from(claim))).toThrow('cut short');
});

test('depth and number of values have limits', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  expect(decodeMessage(encode(nested(MAX_WIRE_DEPTH)))).toEqual(nested(MAX_WIRE_DEPTH));
  expect(() => decodeMessage(encode(nested(MAX_WIRE_DEPTH + 1)))).toThrow('too deep');
  const many = encode(Array.from({ length: MAX_WIRE_VALUES }, () => 1));
  expect(() => decodeMessage(many)).toThrow('too many values');
  expect(decodeMessage(encode(Array.from({ length: MAX_WIRE_VALUES - 1 }, () => 1)))).toHaveLength(
    MAX_WIRE_VALUES - 1,
  );
});

test('extension types and keys that reach a prototype are refused', () => {
  expect(() => decodeMessage(encode(new Date()))).toThrow('a type that is not used');
  expect(() => decodeMessage(Uint8Array.of(0x81, 0xa9, ...Buffer.from('__proto__'), 0x80))).toThrow(
    WireError,
  );
  expect(() => decodeMessage(Uint8Array.of(0x81, 0x91, 0x01, 0x01))).toThrow(WireError);
});

test('text is no message', () => {
  expect(() => wireEncoder.decode('{"id":1}')).toThrow(WireError);
});
