// Makes the server's secrets and recognises them again. A secret leaves this module once, as text for whoever it was made
// for; what is kept is its public beginning and a hash under the pepper.

import { randomBytes } from 'node:crypto';
import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { readSecret, SECRET_BYTES, writeSecret, type SecretKind } from '@cuebook/shared/protocol/secretText';
import { redact, reveal, type Redacted } from '@cuebook/shared/util/redacted';
import type { Peppers, StoredHash } from './peppers.ts';

export interface MadeSecret extends StoredHash {
  readonly text: Redacted<string>;
  readonly prefix: string;
}

export interface GivenSecret {
  readonly text: Redacted<string>;
  readonly kind: SecretKind;
  readonly prefix: string;
}

export interface Secrets {
  make(kind: SecretKind): MadeSecret;
  /** Null for what no server has made, or of another kind: nothing needs to be looked up. */
  read(text: string, kind: SecretKind): GivenSecret | null;
  /** Of those found by the beginning, the one that it is. Compares each in constant time. */
  pick<Stored extends StoredHash>(given: GivenSecret, found: readonly Stored[]): Stored | null;
}

export function createSecrets(primitives: VerifyPrimitives, peppers: Peppers): Secrets {
  const read: Secrets['read'] = (text, kind) => {
    const secret = redact(text);
    const known = readSecret(primitives, secret);
    return known?.kind === kind ? { text: secret, kind, prefix: known.prefix } : null;
  };
  return {
    read,
    make(kind) {
      const text = writeSecret(primitives, kind, randomBytes(SECRET_BYTES));
      const given = read(reveal(text), kind);
      if (given === null) throw new Error('Broken invariant: a secret reads as it was written');
      return { text, prefix: given.prefix, ...peppers.hash(text) };
    },
    pick: (given, found) => found.find((stored) => peppers.matches(given.text, stored)) ?? null,
  };
}

const ROW_ID_BYTES = 16;

/** The name of a row: random, but no secret. */
export const createRowId = (): string => bytesToBase32(randomBytes(ROW_ID_BYTES));
