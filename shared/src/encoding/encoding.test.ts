import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../util/bytes.ts';
import { base32ToBytes, bytesToBase32 } from './base32.ts';
import { defineFormat } from './format.ts';
import {
  compareIds,
  idFromBytes,
  idToBytes,
  parseLongId,
  parseShortId,
  WORKSPACE_GROUP,
  type RecordId,
} from './ids.ts';
import { MIN_PADDED_BYTES, pad, padmeSize, unpad } from './padding.ts';
import { Malformed } from './reader.ts';
import { ascii, textToUtf8, utf8ToText } from './utf8.ts';

describe('base32', () => {
  // RFC 4648, section 10, in lower case and without padding.
  test.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('writes "%s" as RFC 4648 has it', (text, encoded) => {
    expect(bytesToBase32(ascii(text))).toBe(encoded);
    expect(base32ToBytes(encoded)).toEqual(ascii(text));
  });

  test('every byte string has exactly one text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(base32ToBytes(bytesToBase32(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const bytes = base32ToBytes(text);
        if (bytes !== null) expect(bytesToBase32(bytes)).toBe(text);
      }),
    );
  });

  test.each(['MZXW6', 'mzxw1', 'mzxw6===', 'm', 'mzx', 'mzxw6y', 'mz', ' mzxw6', 'mzxw6\u0131'])(
    'refuses "%s": foreign characters, impossible lengths, trailing bits',
    (text) => expect(base32ToBytes(text)).toBeNull(),
  );
});

describe('ids', () => {
  test('are 26 or 52 characters, and nothing else is taken for one', () => {
    expect(idToBytes(WORKSPACE_GROUP)).toEqual(new Uint8Array(16));
    expect(parseShortId('a'.repeat(26)).ok).toBe(true);
    expect(parseLongId('a'.repeat(52)).ok).toBe(true);
    for (const text of ['', 'a'.repeat(25), 'a'.repeat(27), 'A'.repeat(26), 'b'.repeat(26)]) {
      expect(parseShortId(text).ok).toBe(false);
    }
    expect(parseLongId('a'.repeat(26)).ok).toBe(false);
    expect(() => idFromBytes(new Uint8Array(15))).toThrow('16 or 32');
  });

  test('are ordered by their bytes', () => {
    const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(id, id, (left, right) => {
        const order = compareIds(idFromBytes<RecordId>(left), idFromBytes<RecordId>(right));
        expect(Math.sign(order)).toBe(Math.sign(Buffer.compare(left, right)));
      }),
    );
  });
});

/** Any code units, halves of surrogate pairs among them. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })), {
    maxLength: 40,
  })
  .map((units) => String.fromCharCode(...units));

describe('text', () => {
  test('comes back as it was: any well-formed text, with byte order marks, nulls and line ends', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = textToUtf8(text);
        if (text.isWellFormed()) expect(bytes === null ? null : utf8ToText(bytes)).toBe(text);
        else expect(bytes).toBeNull();
      }),
    );
    for (const text of ['\u{feff}a', 'a\u{feff}', '\r\n\0\u{2028}', '🂡']) {
      expect(utf8ToText(textToUtf8(text) ?? new Uint8Array())).toBe(text);
    }
  });

  test('half of a surrogate pair is refused, not replaced', () => {
    expect(textToUtf8('\u{d800}')).toBeNull();
    expect(textToUtf8('a\u{dc00}b')).toBeNull();
  });

  test('bytes that are not UTF-8 are refused: overlong, surrogates, cut off, stray', () => {
    for (const bytes of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
      [0x80],
      [0xff],
      [0xf4, 0x90, 0x80, 0x80],
    ]) {
      expect(utf8ToText(Uint8Array.from(bytes))).toBeNull();
    }
  });
});

interface Sample {
  readonly small: number;
  readonly large: number;
  readonly name: string;
  readonly maybe: number | null;
  readonly list: readonly boolean[];
}

const format = defineFormat<Sample>({
  kind: 'payload',
  limit: 200,
  write(writer, value) {
    writer.u16(value.small);
    writer.u53(value.large);
    writer.text(value.name, 40);
    writer.optional(value.maybe, (number) => writer.u32(number));
    writer.list(value.list, 3, (item) => writer.bool(item));
  },
  read(reader) {
    return {
      small: reader.u16(),
      large: reader.u53(),
      name: reader.text(40),
      maybe: reader.optional(() => reader.u32()),
      list: reader.list(3, () => reader.bool()),
    };
  },
});

const sample = fc.record({
  small: fc.integer({ min: 0, max: 0xffff }),
  large: fc.maxSafeNat(),
  name: fc.string({ maxLength: 10 }).map((name) => `${name}ü🂡`),
  maybe: fc.option(fc.nat(), { nil: null }),
  list: fc.array(fc.boolean(), { maxLength: 3 }),
});

describe('a format', () => {
  test('gives back every value', () => {
    fc.assert(
      fc.property(sample, (value) => {
        expect(format.decode(format.encode(value))).toEqual({ ok: true, value });
      }),
    );
  });

  test('is canonical: whatever decodes is exactly what would be written', () => {
    fc.assert(
      fc.property(
        sample,
        fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 3 }),
        (value, changes) => {
          const bytes = format.encode(value);
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          const decoded = format.decode(bytes);
          if (decoded.ok) expect(format.encode(decoded.value)).toEqual(bytes);
        },
      ),
    );
  });

  const bytes = format.encode({ small: 1, large: 2, name: 'n', maybe: null, list: [true] });

  test('of a higher version asks for an update', () => {
    const newer = bytes.slice();
    newer[0] = 2;
    expect(format.decode(newer)).toMatchObject({ ok: false, problem: { code: 'newerFormat' } });
  });

  test.each([
    ['empty', new Uint8Array(0)],
    ['version 0', Uint8Array.of(0, ...bytes.slice(1))],
    ['another kind', Uint8Array.of(1, 0x7f, ...bytes.slice(2))],
    ['cut off', bytes.slice(0, -1)],
    ['longer', concatBytes(bytes, new Uint8Array(1))],
  ])('refuses what is %s', (_, refused) => {
    expect(format.decode(refused)).toMatchObject({ ok: false, problem: { code: 'malformed' } });
  });

  test('refuses what is over its limits, before it reads it', () => {
    expect(format.decode(new Uint8Array(201))).toMatchObject({ problem: { code: 'tooLarge' } });
    expect(() => format.encode({ small: 65_536, large: 0, name: '', maybe: null, list: [] })).toThrow(
      'two bytes',
    );
    expect(() => format.encode({ small: 0, large: 2 ** 53, name: '', maybe: null, list: [] })).toThrow(
      'safe',
    );
    expect(() => format.encode({ small: 0, large: 0, name: 'x'.repeat(41), maybe: null, list: [] })).toThrow(
      '40',
    );
    const hugeLength = bytes.slice();
    hugeLength.set([0xff, 0xff, 0xff, 0xff], 12);
    expect(format.decode(hugeLength)).toMatchObject({ problem: { code: 'malformed' } });
  });

  test('lets a bug through as a bug: only what the reader refuses is a problem', () => {
    const buggy = defineFormat<null>({
      kind: 'payload',
      limit: 9,
      write: () => undefined,
      read: () => {
        throw new TypeError('a bug');
      },
    });
    expect(() => buggy.decode(Uint8Array.of(1, 3))).toThrow(TypeError);
    expect(new Malformed('x')).toBeInstanceOf(Error);
  });
});

describe('padding', () => {
  test('hides the length: at least 1 KB, then one of few sizes, at most 12 % larger', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), (length) => {
        const size = padmeSize(length);
        expect(size).toBeGreaterThanOrEqual(Math.max(length, MIN_PADDED_BYTES));
        if (length > MIN_PADDED_BYTES) expect(size / length).toBeLessThan(1.12);
        expect(padmeSize(size)).toBe(size);
      }),
    );
    const sizes = new Set(Array.from({ length: 100_000 }, (_, index) => padmeSize(index + 1)));
    expect(sizes.size).toBeLessThan(200);
  });

  // PADMÉ of the paper: the last E − S bits are zero, E = floor(log2 L), S = floor(log2 E) + 1.
  test.each([
    [1, 1024],
    [1024, 1024],
    [1025, 1088],
    [1088, 1088],
    [4097, 4352],
    [1_000_000, 1_015_808],
  ])('pads %i bytes to %i', (length, size) => expect(padmeSize(length)).toBe(size));

  test('comes off again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (plaintext) => {
        expect(unpad(pad(plaintext))).toEqual({ ok: true, value: plaintext });
      }),
    );
  });

  test('is refused if it is of another size, not empty, or says a length that does not fit', () => {
    const padded = pad(ascii('text'));
    const set = (at: number, byte: number): Uint8Array => {
      const changed = padded.slice();
      changed[at] = byte;
      return changed;
    };
    for (const refused of [
      new Uint8Array(0),
      padded.slice(1),
      concatBytes(padded, new Uint8Array(64)),
      set(1023, 1),
      set(8, 1),
      set(0, 1),
      set(2, 4),
    ]) {
      expect(unpad(refused).ok).toBe(false);
    }
  });
});
