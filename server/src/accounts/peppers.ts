// The server's peppers: keys that lie beside the database, never in it, so that a stolen table of hashes or sealed
// second factors is worth nothing alone. Owns the file they are kept in and everything that is computed with them.
//
// Peppers are numbered. The highest is used for what is new; the older ones stay for what was made under them, until
// nothing is left (accounts/administration.ts). Several processes share the file, or are given the same text: a process
// reads the file again every minute, and when it meets a number that it does not know.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';
import { fail, succeed, type Problem, type Result } from '@cuebook/shared/util/result';

/** What the tables keep of a secret. */
export interface StoredHash {
  readonly hash: Uint8Array;
  /** Number of the pepper. */
  readonly pepper: number;
}

export interface Peppers {
  /** HMAC-SHA-256 of the secret's text under the newest pepper. */
  hash(secret: Redacted<string>): StoredHash;
  /** In constant time. False if the pepper is gone. */
  matches(secret: Redacted<string>, stored: StoredHash): boolean;
  /** True if it should be hashed again, under the newest, at the next use. */
  isOld(pepper: number): boolean;
  /** Seals what has to be read again (second factors). `place` is bound: what is sealed for one row opens in no other. */
  seal(place: string, plaintext: Uint8Array): { readonly sealed: Uint8Array; readonly pepper: number };
  /** Null if it was altered, moved, or its pepper is gone. */
  open(place: string, stored: { readonly sealed: Uint8Array; readonly pepper: number }): Uint8Array | null;
  /** For values that are recomputed instead of stored (challenges, what is sent to a provider). 32 bytes. */
  derive(purpose: string, text: string): Uint8Array;
  /** All that are known, ascending. */
  numbers(): readonly number[];
}

export interface KeptPeppers extends Peppers {
  /** Adds a newer one, durably. */
  rotate(): number;
  /** Forgets these, durably; never the newest. */
  drop(numbers: readonly number[]): void;
}

type PepperProblem = Problem<'malformed' | 'unreadable'>;
type Ring = ReadonlyMap<number, Uint8Array>;

const REREAD_MS = 60_000;
const PEPPER_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A line a pepper: `1:<base64>`. White space or commas between them. */
const LINE = /^([1-9]\d{0,5}):([A-Za-z0-9+/]{43}=)$/;

/** From configuration, for several machines: rotated there. */
export function peppersFromText(text: Redacted<string>): Result<Peppers, PepperProblem> {
  const ring = parse(reveal(text));
  return ring.ok ? succeed(createPeppers({ ring: () => ring.value, reload: () => ring.value })) : ring;
}

/** From a file that only its owner can read, made at the first start; two processes that start at once make one. */
export function peppersFromFile(file: string): Result<KeptPeppers, PepperProblem> {
  try {
    const read = readRing(file) ?? makeRing(file);
    if (!read.ok) return read;
    return succeed(keptIn(file, read.value));
  } catch (error) {
    return fail('unreadable', `The file of peppers, ${file}, cannot be used: ${(error as Error).message}`);
  }
}

function keptIn(file: string, first: Ring): KeptPeppers {
  let ring = first;
  let readAt = Date.now();
  const reload = (): Ring => {
    readAt = Date.now();
    const read = readRing(file);
    if (read?.ok === true) ring = read.value;
    return ring;
  };
  const change = (next: Ring): void => {
    writeRing(file, next);
    ring = next;
  };
  return {
    ...createPeppers({ ring: () => (Date.now() - readAt > REREAD_MS ? reload() : ring), reload }),
    rotate() {
      const number = newest(reload()) + 1;
      change(new Map(ring).set(number, randomBytes(PEPPER_BYTES)));
      return number;
    },
    drop(numbers) {
      const last = newest(reload());
      change(new Map([...ring].filter(([number]) => number === last || !numbers.includes(number))));
    },
  };
}

interface RingSource {
  readonly ring: () => Ring;
  /** When a number is not known: another process may have made it. */
  readonly reload: () => Ring;
}

function createPeppers(source: RingSource): Peppers {
  const keyOf = (number: number): Uint8Array | null =>
    source.ring().get(number) ?? source.reload().get(number) ?? null;
  const current = (): { readonly number: number; readonly key: Uint8Array } => {
    const number = newest(source.ring());
    return { number, key: source.ring().get(number) ?? new Uint8Array(PEPPER_BYTES) };
  };
  return {
    hash(secret) {
      const { number, key } = current();
      return { hash: hmac(subkey(key, 'token'), reveal(secret)), pepper: number };
    },
    matches(secret, { hash, pepper }) {
      const key = keyOf(pepper);
      if (key === null) return false;
      const expected = hmac(subkey(key, 'token'), reveal(secret));
      return hash.length === expected.length && timingSafeEqual(hash, expected);
    },
    isOld: (pepper) => pepper < newest(source.ring()),
    seal(place, plaintext) {
      const { number, key } = current();
      return { sealed: sealUnder(subkey(key, 'seal'), place, plaintext), pepper: number };
    },
    open(place, { sealed, pepper }) {
      const key = keyOf(pepper);
      return key === null ? null : openUnder(subkey(key, 'seal'), place, sealed);
    },
    derive: (purpose, text) => hmac(subkey(current().key, `derive/${purpose}`), text),
    numbers: () => [...source.reload().keys()].sort((left, right) => left - right),
  };
}

const newest = (ring: Ring): number => Math.max(...ring.keys());

const hmac = (key: Uint8Array, text: string): Uint8Array => createHmac('sha256', key).update(text).digest();

/** One key, one purpose (RFC 5869). */
const subkey = (pepper: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', pepper, '', `cuebook/server/${purpose}`, 32));

function sealUnder(key: Uint8Array, place: string, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function openUnder(key: Uint8Array, place: string, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

function parse(text: string): Result<Ring, PepperProblem> {
  const ring = new Map<number, Uint8Array>();
  for (const line of text.split(/[\s,]+/).filter((line) => line !== '')) {
    const [, number, key] = LINE.exec(line) ?? [];
    if (number === undefined || key === undefined || ring.has(Number(number))) {
      return fail('malformed', 'Peppers are lines "number:base64 of 32 bytes", each number once.');
    }
    ring.set(Number(number), Buffer.from(key, 'base64'));
  }
  return ring.size === 0 ? fail('malformed', 'There is no pepper.') : succeed(ring);
}

function readRing(file: string): Result<Ring, PepperProblem> | null {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const write = (ring: Ring): string =>
  [...ring].map(([number, key]) => `${number}:${Buffer.from(key).toString('base64')}\n`).join('');

/** Appears whole, and only if nobody was quicker. */
function makeRing(file: string): Result<Ring, PepperProblem> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const aside = asideOf(file);
  writeFileSync(aside, write(new Map([[1, randomBytes(PEPPER_BYTES)]])), { mode: 0o600, flush: true });
  try {
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return readRing(file) ?? fail('unreadable', `The file of peppers, ${file}, was removed while starting.`);
}

function writeRing(file: string, ring: Ring): void {
  const aside = asideOf(file);
  writeFileSync(aside, write(ring), { mode: 0o600, flush: true });
  renameSync(aside, file);
}

const asideOf = (file: string): string => `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
