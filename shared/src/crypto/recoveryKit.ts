// The recovery kit: one more device, on paper. 160 random bits, written in Crockford's base32, which has no I, L, O and
// U: what looks like one of them can only have been meant as 1, 1, 0 and V.
//
//     1XXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX
//
// First character: format version. Then 32 characters of secret, then 7 of checksum (the first 35 bits of
// SHA-256(context(kitChecksum) ‖ secret)). Device seed = first 32 bytes of HMAC-SHA-512(context(kitSeed), secret).

import { concatBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { KEY_BYTES } from './derive.ts';
import { deriveDeviceKeys, type DeviceKeys } from './deviceKeys.ts';
import { labelledHash } from './hash.ts';
import { context } from './labels.ts';
import type { Suite } from './suite.ts';

export interface RecoveryKit {
  /** As shown and typed. */
  readonly code: Redacted<string>;
  readonly keys: DeviceKeys;
}

export type KitProblem = Problem<'kitInvalid' | 'newerFormat'>;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const FOREIGN = /[^0-9A-HJKMNP-TV-Z]/;
const VERSION = '1';
const SECRET_BYTES = 20;
const SECRET_CHARACTERS = 32;
const CHECKSUM_CHARACTERS = 7;
const CODE_CHARACTERS = 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;
const GROUP_CHARACTERS = 5;

export const createKit = (suite: Suite): RecoveryKit => kitFrom(suite, suite.random(SECRET_BYTES));

/** Forgives case, spaces, dashes, and letters mistaken for digits. Never repeats what was typed. */
export function parseKit(suite: Suite, typed: string): Result<RecoveryKit, KitProblem> {
  const code = tidy(typed);
  if (FOREIGN.test(code)) return fail('kitInvalid', 'A recovery kit has letters, digits and dashes only.');
  if (code.length !== CODE_CHARACTERS) {
    const message = `A recovery kit has ${CODE_CHARACTERS} characters without the dashes; these are ${code.length}.`;
    return fail('kitInvalid', message);
  }
  if (!code.startsWith(VERSION))
    return fail('newerFormat', 'This recovery kit is of a newer Cuebook: update first.');
  const secret = charactersToBytes(code.slice(1, 1 + SECRET_CHARACTERS));
  if (checksum(suite, secret) !== code.slice(1 + SECRET_CHARACTERS)) {
    return fail(
      'kitInvalid',
      'A character of the recovery kit is wrong: compare with the sheet, group by group.',
    );
  }
  return succeed(kitFrom(suite, secret));
}

function kitFrom(suite: Suite, secret: Uint8Array): RecoveryKit {
  const seed = suite.hmacSha512(context('kitSeed'))(secret).slice(0, KEY_BYTES);
  return { code: redact(format(suite, secret)), keys: deriveDeviceKeys(suite, redact(seed)) };
}

function format(suite: Suite, secret: Uint8Array): string {
  const characters = VERSION + bytesToCharacters(secret) + checksum(suite, secret);
  const groups = characters.match(new RegExp(`.{${GROUP_CHARACTERS}}`, 'g')) ?? [];
  return groups.join('-');
}

const tidy = (typed: string): string =>
  typed
    .toUpperCase()
    .replaceAll(/[\s\-\u2010-\u2015\u2212]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
    .replaceAll('U', 'V');

function checksum(suite: Suite, secret: Uint8Array): string {
  const hash = labelledHash(suite, 'kitChecksum', secret);
  return bytesToCharacters(hash.subarray(0, 5)).slice(0, CHECKSUM_CHARACTERS);
}

/** For a number of bytes that is a multiple of five: eight characters each. */
function bytesToCharacters(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 5) {
    let number = 0n;
    for (const byte of bytes.subarray(at, at + 5)) number = (number << 8n) | BigInt(byte);
    for (let shift = 35n; shift >= 0n; shift -= 5n) text += ALPHABET.charAt(Number((number >> shift) & 31n));
  }
  return text;
}

function charactersToBytes(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += 8) {
    let number = 0n;
    for (const character of text.slice(at, at + 8))
      number = (number << 5n) | BigInt(ALPHABET.indexOf(character));
    parts.push(Uint8Array.from([32n, 24n, 16n, 8n, 0n], (shift) => Number((number >> shift) & 255n)));
  }
  return concatBytes(...parts);
}

/** Groups of the code, for a sheet that is read aloud or typed. */
export const kitGroups = (kit: RecoveryKit): readonly string[] => reveal(kit.code).split('-');
