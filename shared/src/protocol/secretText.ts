// How a token or link of a server is written: so that people see what it is, a scanner finds it where it leaked, and a
// mistyped one is told from an unknown one.
//
//     cb_<kind>_  base64url( 32 random or derived bytes ‖ first 4 bytes of SHA-256(ASCII of "cb_<kind>_" ‖ those 32 bytes) )
//
// The checksum protects from typing errors only; it says nothing about whether anybody knows the token.

import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding } from '@oslojs/encoding';
import type { VerifyPrimitives } from '../crypto/primitives.ts';
import { ascii } from '../encoding/utf8.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';

/**
 * `access`, `refresh`: of a session. `live`: a machine token. `link`: a one-time link of the server's owner. `ticket`: what
 * a provider said of somebody who has no account yet.
 */
export const SECRET_KINDS = ['access', 'refresh', 'live', 'link', 'ticket'] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

export const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;
/** Characters after `cb_<kind>_` that are public: shown in lists and logs, and what a server looks up. */
const PUBLIC_CHARACTERS = 8;
/** 36 bytes are exactly 48 characters. */
const FORM = /^cb_([a-z]+)_([A-Za-z0-9_-]{48})$/;

type Hash = Pick<VerifyPrimitives, 'sha256'>;

export interface ReadSecret {
  readonly kind: SecretKind;
  /** Public, such as `cb_live_ab12cd34`. */
  readonly prefix: string;
}

export function writeSecret(hash: Hash, kind: SecretKind, bytes: Uint8Array): Redacted<string> {
  if (bytes.length !== SECRET_BYTES) throw new Error(`A secret has ${SECRET_BYTES} bytes.`);
  return redact(`cb_${kind}_${encodeBase64urlNoPadding(concatBytes(bytes, checksum(hash, kind, bytes)))}`);
}

/** Null for text that no server has made, mistyped ones included. */
export function readSecret(hash: Hash, text: Redacted<string>): ReadSecret | null {
  const [whole, kind, payload] = FORM.exec(reveal(text)) ?? [];
  if (whole === undefined || kind === undefined || payload === undefined || !isKind(kind)) return null;
  const bytes = decodeBase64urlIgnorePadding(payload);
  const secret = bytes.subarray(0, SECRET_BYTES);
  if (!equalBytes(bytes.subarray(SECRET_BYTES), checksum(hash, kind, secret))) return null;
  return { kind, prefix: `cb_${kind}_${payload.slice(0, PUBLIC_CHARACTERS)}` };
}

const isKind = (kind: string): kind is SecretKind => SECRET_KINDS.some((known) => known === kind);

const checksum = (hash: Hash, kind: SecretKind, bytes: Uint8Array): Uint8Array =>
  hash.sha256(concatBytes(ascii(`cb_${kind}_`), bytes)).subarray(0, CHECKSUM_BYTES);
