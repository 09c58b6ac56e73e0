import { describe, expect, test } from 'vitest';
import { generateHOTP } from '@oslojs/otp';
import { createRecoveryCodes, matchingStep, readRecoveryCode, STEP_MS, totpUri } from './secondFactor.ts';
import { reveal } from '@cuebook/shared/util/redacted';

// RFC 6238 appendix B, SHA-1; its eight digits end in these six.
const RFC_KEY = new TextEncoder().encode('12345678901234567890');

describe('codes of an authenticator app', () => {
  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ])('are those of RFC 6238 at %i s', (seconds, code) => {
    expect(matchingStep(RFC_KEY, code, seconds * 1000, 0)).toBe(Math.floor(seconds / 30));
  });

  test('may be one step early or late, and no more', () => {
    const step = 1_000_000;
    const codeAt = (offset: number): string => generateHOTP(RFC_KEY, BigInt(step + offset), 6);
    for (const offset of [-1, 0, 1]) {
      expect(matchingStep(RFC_KEY, codeAt(offset), step * STEP_MS, 0)).toBe(step + offset);
    }
    for (const offset of [-2, 2]) expect(matchingStep(RFC_KEY, codeAt(offset), step * STEP_MS, 0)).toBeNull();
  });

  test('are worth nothing once their step, or a later one, was used', () => {
    const step = 1_000_000;
    const code = generateHOTP(RFC_KEY, BigInt(step), 6);
    expect(matchingStep(RFC_KEY, code, step * STEP_MS, step - 1)).toBe(step);
    expect(matchingStep(RFC_KEY, code, step * STEP_MS, step)).toBeNull();
  });

  test('are six digits; spaces are forgiven', () => {
    const code = generateHOTP(RFC_KEY, 1n, 6);
    expect(matchingStep(RFC_KEY, `${code.slice(0, 3)} ${code.slice(3)}`, STEP_MS, 0)).toBe(1);
    for (const wrong of ['', '12345', `${code}0`, 'abcdef', '٠١٢٣٤٥']) {
      expect(matchingStep(RFC_KEY, wrong, STEP_MS, 0)).toBeNull();
    }
  });

  test('come from an address that names product and person', () => {
    expect(totpUri(RFC_KEY, 'ana@example.com')).toMatch(
      /^otpauth:\/\/totp\/Cuebook:ana(%40|@)example\.com\?/,
    );
  });
});

describe('recovery codes', () => {
  test('are ten different ones, and are read back whatever way they are typed', () => {
    const codes = createRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      const plain = code.replaceAll('-', '');
      for (const typed of [code, plain, code.toUpperCase(), code.replaceAll('-', ' ')]) {
        const read = readRecoveryCode(typed);
        expect(read === null ? null : reveal(read)).toBe(plain);
      }
    }
  });

  test('of another form are none', () => {
    for (const text of ['', '123456', 'abcd-efgh-ijkl-mno', 'abcd-efgh-ijkl-mno1']) {
      expect(readRecoveryCode(text)).toBeNull();
    }
  });
});
