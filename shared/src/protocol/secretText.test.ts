import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { redact, reveal } from '../util/redacted.ts';
import { readSecret, SECRET_KINDS, writeSecret } from './secretText.ts';

const suite = createSuite(nodeCrypto);

test('a token says what it is, carries 32 bytes and a checksum, and is read back', () => {
  for (const kind of SECRET_KINDS) {
    const text = writeSecret(suite, kind, suite.random(32));
    expect(reveal(text)).toMatch(new RegExp(`^cb_${kind}_[A-Za-z0-9_-]{48}$`));
    expect(readSecret(suite, text)).toEqual({
      kind,
      prefix: reveal(text).slice(0, `cb_${kind}_`.length + 8),
    });
  }
});

test('the bytes of a token are frozen: a second client writes the same text', () => {
  expect(reveal(writeSecret(suite, 'live', new Uint8Array(32).fill(1)))).toBe(
    'cb_live_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQFIm8XT',
  );
});

test('a token with any one character mistyped, cut, longer, or of another kind is no token', () => {
  const text = reveal(writeSecret(suite, 'live', suite.random(32)));
  for (let index = 'cb_live_'.length; index < text.length; index += 1) {
    const other = text[index] === 'A' ? 'B' : 'A';
    expect(readSecret(suite, redact(text.slice(0, index) + other + text.slice(index + 1)))).toBeNull();
  }
  for (const wrong of [
    text.slice(0, -1),
    `${text}A`,
    text.replace('live', 'link'),
    text.replace('live', 'lives'),
    '',
  ]) {
    expect(readSecret(suite, redact(wrong))).toBeNull();
  }
});
