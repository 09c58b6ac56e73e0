// One-time codes of an authenticator app (RFC 6238: SHA-1, 30 seconds, six digits, what every app can do), and recovery
// codes. A step that was used once is refused afterwards, and with it all that came before.

import { randomBytes } from 'node:crypto';
import { base32ToBytes, bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { redact, type Redacted } from '@cuebook/shared/util/redacted';
import { createTOTPKeyURI, verifyHOTP } from '@oslojs/otp';

export const STEP_MS = 30_000;
const DIGITS = 6;
const KEY_BYTES = 20;
/** Clocks that are a little off: one step before, one after. */
const STEPS_AROUND = [0, -1, 1] as const;

export const RECOVERY_CODES = 10;
/** 80 bits. */
const RECOVERY_BYTES = 10;

export const createTotpKey = (): Uint8Array => randomBytes(KEY_BYTES);

/** For typing, as apps expect it. */
export const totpKeyText = (key: Uint8Array): string => bytesToBase32(key).toUpperCase();

export const totpUri = (key: Uint8Array, email: string): string =>
  createTOTPKeyURI('Cuebook', email, key, STEP_MS / 1000, DIGITS);

/** The step that the code belongs to, if it is later than the last one used; else null. */
export function matchingStep(key: Uint8Array, code: string, now: number, lastUsed: number): number | null {
  const digits = code.replaceAll(/[\s-]/g, '');
  if (!/^\d{6}$/.test(digits)) return null;
  const current = Math.floor(now / STEP_MS);
  const steps = STEPS_AROUND.map((around) => current + around);
  return steps.find((step) => step > lastUsed && verifyHOTP(key, BigInt(step), DIGITS, digits)) ?? null;
}

/** Such as `abcd-efgh-ijkl-mnop`. */
export const createRecoveryCodes = (): readonly string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    [...bytesToBase32(randomBytes(RECOVERY_BYTES)).matchAll(/.{4}/g)].map(([group]) => group).join('-'),
  );

/** As it is hashed; null if it is no recovery code. Forgives case, white space and dashes. */
export function readRecoveryCode(code: string): Redacted<string> | null {
  const plain = code.toLowerCase().replaceAll(/[\s-]/g, '');
  return plain.length === 16 && base32ToBytes(plain) !== null ? redact(plain) : null;
}
