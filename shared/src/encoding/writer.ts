// Writes fields into bytes; the counterpart of reader.ts. Numbers are big-endian. A value that the format cannot hold
// throws: what users give was checked before.

import { invariant } from '../util/invariant.ts';
import { idToBytes, type AnyId } from './ids.ts';
import { textToUtf8 } from './utf8.ts';

const HIGH_WORD = 2 ** 32;

export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): void {
    invariant(isUnsigned(value, 0xff), 'a number fits into one byte');
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    invariant(isUnsigned(value, 0xffff), 'a number fits into two bytes');
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    invariant(isUnsigned(value, 0xffff_ffff), 'a number fits into four bytes');
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  u53(value: number): void {
    invariant(isUnsigned(value, Number.MAX_SAFE_INTEGER), 'a number is a safe integer');
    const at = this.#grow(8);
    this.#view.setUint32(at, Math.floor(value / HIGH_WORD));
    this.#view.setUint32(at + 4, value % HIGH_WORD);
  }

  bytes(value: Uint8Array, length: number): void {
    invariant(value.length === length, `a field has ${length} bytes`);
    this.#append(value);
  }

  block(value: Uint8Array, limit: number): void {
    invariant(value.length <= limit, `a field has at most ${limit} bytes`);
    this.u32(value.length);
    this.#append(value);
  }

  text(value: string, limit: number): void {
    const bytes = textToUtf8(value);
    invariant(bytes !== null, 'a text has no half of a surrogate pair');
    this.block(bytes, limit);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  oneOf<T>(choices: readonly T[], value: T): void {
    const index = choices.indexOf(value);
    invariant(index !== -1, 'a choice is one of the list');
    this.u8(index);
  }

  id(value: AnyId): void {
    this.#append(idToBytes(value));
  }

  optional<T>(value: T | null, write: (value: T) => void): void {
    this.bool(value !== null);
    if (value !== null) write(value);
  }

  list<T>(values: readonly T[], limit: number, write: (value: T) => void): void {
    invariant(values.length <= limit, `a list has at most ${limit} items`);
    this.u16(values.length);
    for (const value of values) write(value);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #append(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  #grow(by: number): number {
    const at = this.#length;
    this.#length += by;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

const isUnsigned = (value: number, largest: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= largest;
