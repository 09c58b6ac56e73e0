// Reads fields from bytes that came from outside. Everything has a length that is checked before anything is taken.

import { idFromBytes, LONG_ID_BYTES, SHORT_ID_BYTES, type AnyId } from './ids.ts';
import { utf8ToText } from './utf8.ts';

/** Thrown while reading, caught by `defineFormat` and nowhere else. */
export class Malformed extends Error {}

const HIGH_WORD = 2 ** 32;

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Eight bytes, at most 2^53 − 1. */
  u53(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at) * HIGH_WORD + this.#view.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new Malformed('a number is too large');
    return value;
  }

  /** A copy: nothing that is kept holds on to the message it came in. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  /** Length in four bytes, then the bytes. */
  block(limit: number): Uint8Array {
    const length = this.u32();
    if (length > limit) throw new Malformed(`a field has ${length} bytes, allowed are ${limit}`);
    return this.bytes(length);
  }

  /** Length in four bytes, then UTF-8. */
  text(limit: number): string {
    const text = utf8ToText(this.block(limit));
    if (text === null) throw new Malformed('a text is not UTF-8');
    return text;
  }

  bool(): boolean {
    return this.oneOf([false, true]);
  }

  /** One byte, the index into `choices`. */
  oneOf<T>(choices: readonly T[]): T {
    const index = this.u8();
    if (index >= choices.length) throw new Malformed(`a choice has the unknown number ${index}`);
    return choices[index] as T;
  }

  shortId<Id extends AnyId>(): Id {
    return idFromBytes<Id>(this.bytes(SHORT_ID_BYTES));
  }

  longId<Id extends AnyId>(): Id {
    return idFromBytes<Id>(this.bytes(LONG_ID_BYTES));
  }

  /** One byte 0 or 1, then the value if it was 1. */
  optional<T>(read: () => T): T | null {
    return this.bool() ? read() : null;
  }

  /** Count in two bytes, then the items. */
  list<T>(limit: number, read: () => T): readonly T[] {
    const count = this.u16();
    if (count > limit) throw new Malformed(`a list has ${count} items, allowed are ${limit}`);
    return Array.from({ length: count }, read);
  }

  /** Everything must have been read. */
  end(): void {
    const left = this.#bytes.length - this.#offset;
    if (left !== 0) throw new Malformed(`${left} bytes too many`);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) throw new Malformed('it ends too early');
    this.#offset = at + length;
    return at;
  }
}
