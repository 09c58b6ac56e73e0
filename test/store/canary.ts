// Finds planted texts in files, whatever form they are in: UTF-8, UTF-16, hexadecimal, base64 at each of its three
// offsets, URL-escaped. (The store compresses nothing.)

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Finding {
  readonly file: string;
  readonly canary: string;
  readonly form: string;
}

export interface Form {
  readonly form: string;
  readonly bytes: Buffer;
}

/** The forms of a text to look for, as bytes of a file. */
export function formsOf(canary: string): readonly Form[] {
  const utf16 = Buffer.from(canary, 'utf16le');
  return [
    { form: 'UTF-16LE', bytes: utf16 },
    { form: 'UTF-16BE', bytes: Buffer.from(utf16).swap16() },
    ascii('hex of UTF-16', utf16.toString('hex')),
    ...formsOfBytes(Buffer.from(canary, 'utf8')),
  ];
}

/** The same for bytes that are no text, such as a key. */
export function formsOfBytes(bytes: Buffer): readonly Form[] {
  const hex = bytes.toString('hex');
  return [
    { form: 'as it is', bytes },
    ascii('hex', hex),
    ascii('HEX', hex.toUpperCase()),
    ...[0, 1, 2].flatMap((offset) => [
      ascii(`base64+${offset}`, base64At(bytes, offset, 'base64')),
      ascii(`base64url+${offset}`, base64At(bytes, offset, 'base64url')),
    ]),
    ascii('URL-escaped', hex.toUpperCase().replaceAll(/../g, '%$&')),
  ];
}

const ascii = (form: string, text: string): Form => ({ form, bytes: Buffer.from(text, 'latin1') });

/** What base64 shows of a text that begins `offset` bytes into a group of three, without what depends on its neighbours. */
function base64At(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
  const whole = shifted.subarray(0, shifted.length - (shifted.length % 3));
  return whole.toString(encoding).slice(offset === 0 ? 0 : 4);
}

/** Every form of every canary in every file below the folder. */
export function findCanaries(folder: string, canaries: readonly string[]): readonly Finding[] {
  return canaries.flatMap((canary) =>
    findForms(folder, formsOf(canary)).map(({ file, form }) => ({ file, canary, form })),
  );
}

export function findForms(folder: string, wanted: readonly Form[]): readonly Omit<Finding, 'canary'>[] {
  return filesBelow(folder).flatMap((file) => {
    const content = readFileSync(file);
    return wanted.filter(({ bytes }) => content.includes(bytes)).map(({ form }) => ({ file, form }));
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
