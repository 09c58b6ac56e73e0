// Looks for planted strings in everything that a profile left on disk, in every form in which a text may lie there.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow } from './server.ts';

/** An unmistakable string and what it stands for: `body`, `name`, `key`, `input`, `answer`. */
export interface Canary {
  readonly what: string;
  readonly text: string;
}

export interface Sighting {
  readonly what: string;
  /** `utf8`, `utf16`, `hex`, `base64`, … */
  readonly form: string;
  /** Path below the searched folder, with `/`. */
  readonly place: string;
}

interface Form {
  readonly name: string;
  /** The byte strings of which any betrays the text. */
  readonly bytes: readonly Buffer[];
}

/** Every form that is searched for. Base64 loses up to two characters at each end, depending on what stands before. */
export function formsOf(text: string): readonly Form[] {
  const utf8 = Buffer.from(text, 'utf8');
  const utf16 = Buffer.from(text, 'utf16le');
  return [
    { name: 'utf8', bytes: [utf8] },
    { name: 'utf16', bytes: [utf16, Buffer.from(utf16).swap16()] },
    {
      name: 'hex',
      bytes: [utf8, utf16].flatMap((bytes) => {
        const hex = bytes.toString('hex');
        return [Buffer.from(hex), Buffer.from(hex.toUpperCase())];
      }),
    },
    {
      name: 'base64',
      bytes: [utf8, utf16].flatMap((bytes) =>
        [0, 1, 2].flatMap((offset) => [
          Buffer.from(base64Core(bytes, offset, 'base64')),
          Buffer.from(base64Core(bytes, offset, 'base64url')),
        ]),
      ),
    },
    { name: 'url', bytes: [Buffer.from(encodeURIComponent(text)), Buffer.from(encodeAll(utf8))] },
  ];
}

/** The base64 digits that depend on `bytes` alone when `offset` bytes (modulo 3) stand before them. */
function base64Core(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const digits = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return digits.slice(first, end);
}

function encodeAll(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** Everything found below `folder`, file names and folder names included. */
export async function findCanaries(
  folder: string,
  canaries: readonly Canary[],
): Promise<readonly Sighting[]> {
  const wanted = canaries.map(({ what, text }) => ({ what, forms: formsOf(text) }));
  const sightings: Sighting[] = [];
  for (const file of await filesBelow(folder)) {
    const place = path.relative(folder, file).replaceAll(path.sep, '/');
    const content = await readFile(file).catch(() => Buffer.alloc(0));
    sightings.push(...sightingsIn(content, place, wanted), ...sightingsIn(Buffer.from(place), place, wanted));
  }
  return sightings;
}

/** The same for what lies in no file, such as what a page keeps in its browser, or what went over a wire. */
export function findCanariesIn(
  content: string | Buffer,
  place: string,
  canaries: readonly Canary[],
): readonly Sighting[] {
  return sightingsIn(
    typeof content === 'string' ? Buffer.from(content) : content,
    place,
    canaries.map(({ what, text }) => ({ what, forms: formsOf(text) })),
  );
}

function sightingsIn(
  content: Buffer,
  place: string,
  wanted: readonly { readonly what: string; readonly forms: readonly Form[] }[],
): readonly Sighting[] {
  return wanted.flatMap(({ what, forms }) =>
    forms
      .filter((form) => form.bytes.some((bytes) => content.includes(bytes)))
      .map((form) => ({ what, form: form.name, place })),
  );
}
