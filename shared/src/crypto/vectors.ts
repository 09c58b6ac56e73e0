// Runs a file of vectors (golden/vectors.txt) over an implementation: what must be taken is, what must be refused is.
// For tests, here and inside the editor, whose Node stands on another cryptographic library; no program uses this.
//
// One vector a line, fields separated by spaces, bytes in hexadecimal, `-` for none:
//
//     ed25519 <class> <taken|refused> <public key> <message> <signature>
//     gcm     <class> <taken|refused> <key> <nonce> <associated> <sealed> <plaintext>
//     hpke    <class> <taken|refused> <secret> <info> <associated> <sealed> <plaintext>
//     x25519  <class> <taken|refused> <public key>

import { bytesToHex, hexToBytes } from '../util/bytes.ts';
import { createHpke } from './hpke.ts';
import type { CryptoPrimitives } from './primitives.ts';
import { isSoundX25519Key } from './x25519Rule.ts';

export interface VectorReport {
  readonly checked: number;
  /** By algorithm and class, such as `ed25519 sPlusOrder`. */
  readonly classes: readonly string[];
  /** Lines on which the implementation does not do what it must. */
  readonly wrong: readonly string[];
}

export async function checkVectors(primitives: CryptoPrimitives, file: string): Promise<VectorReport> {
  const lines = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const classes = new Set<string>();
  const wrong: string[] = [];
  for (const line of lines) {
    const [algorithm = '', name = '', expected, ...fields] = line.split(' ');
    classes.add(`${algorithm} ${name}`);
    const bytes = fields.map((field) => hexToBytes(field === '-' ? '' : field));
    const outcome = (await isTaken(primitives, algorithm, bytes)) ? 'taken' : 'refused';
    if (outcome !== expected) wrong.push(line);
  }
  return { checked: lines.length, classes: [...classes], wrong };
}

const NOTHING = new Uint8Array(0);

async function isTaken(
  primitives: CryptoPrimitives,
  algorithm: string,
  [a = NOTHING, b = NOTHING, c = NOTHING, d = NOTHING, e = NOTHING]: readonly Uint8Array[],
): Promise<boolean> {
  switch (algorithm) {
    case 'ed25519':
      return primitives.ed25519Verifier(a)?.(b, c) ?? false;
    case 'gcm':
      return isEqual(primitives.aesGcmOpen({ key: a, nonce: b, associated: c }, d), e);
    case 'hpke': {
      const hpke = createHpke(primitives.random);
      return isEqual(await hpke.open({ secret: a, info: b, associated: c, bytes: d }), e);
    }
    case 'x25519':
      return isSoundX25519Key(a);
    default:
      throw new Error(`No algorithm ${algorithm}.`);
  }
}

const isEqual = (opened: Uint8Array | null, expected: Uint8Array): boolean =>
  opened !== null && bytesToHex(opened) === bytesToHex(expected);
