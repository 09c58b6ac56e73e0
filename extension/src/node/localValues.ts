// Sealed local values: drafts, runs, memory, snapshot, the kit's code. Owns how a value becomes bytes and where it may
// be read again: each is bound to a place, so a value moved to another row does not open.

import { hkdfExpand, KEY_BYTES } from '@cuebook/shared/crypto/derive';
import { openLocal } from '@cuebook/shared/crypto/open';
import { sealLocal } from '@cuebook/shared/crypto/seal';
import { type LocalSeal, localContext } from '@cuebook/shared/crypto/sealed';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { redact } from '@cuebook/shared/util/redacted';

/** What a value is for, and the row it lies in. */
export interface Place {
  readonly purpose:
    | 'check'
    | 'draft'
    | 'kitCode'
    | 'memory'
    | 'run'
    | 'snapshot'
    | 'account'
    | 'client'
    | 'keys'
    | 'server'
    | 'sync'
    | 'notes';
  readonly row: string;
}

/** Seals under keys derived from the store key. */
export interface LocalSeals {
  seal(place: Place, plaintext: Uint8Array): Uint8Array;
  /** Null if it is damaged, or was sealed for another place or with another key. */
  open(place: Place, sealed: Uint8Array): Uint8Array | null;
  sealJson(place: Place, value: unknown): Uint8Array;
  /** Authenticated, so its shape is that of its writer. Null as above, and for null. */
  openJson<T>(place: Place, sealed: Uint8Array | null): T | null;
  /** A name for a row that says nothing about `text`, which is at hand only for who has the key. */
  nameOf(text: string): string;
}

export function createLocalSeals(suite: Suite, storeKey: Uint8Array): LocalSeals {
  const key = redact(storeKey);
  const nameKey = hkdfExpand(suite.hmacSha512(storeKey), localContext('names'), KEY_BYTES);
  const hashName = suite.hmacSha512(nameKey);
  const sealOf = ({ purpose, row }: Place): LocalSeal => ({
    key,
    purpose,
    associated: Buffer.from(row, 'utf8'),
  });
  const seals: LocalSeals = {
    seal: (place, plaintext) => sealLocal(suite, sealOf(place), plaintext),
    open(place, sealed) {
      const opened = openLocal(suite, sealOf(place), sealed);
      return opened.ok ? opened.value : null;
    },
    sealJson: (place, value) => seals.seal(place, Buffer.from(JSON.stringify(value), 'utf8')),
    openJson<T>(place: Place, sealed: Uint8Array | null): T | null {
      const plaintext = sealed === null ? null : seals.open(place, sealed);
      return plaintext === null ? null : (JSON.parse(Buffer.from(plaintext).toString('utf8')) as T);
    },
    nameOf: (text) => bytesToBase32(hashName(Buffer.from(text, 'utf8')).subarray(0, 20)),
  };
  return seals;
}
