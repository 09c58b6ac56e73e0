import { describe, expect, test } from 'vitest';
import { isAllowedAddress, isAllowedOrigin, parseBlock } from './addresses.ts';

describe('allowed addresses', () => {
  test('an empty list allows every address', () => {
    expect(isAllowedAddress('203.0.113.9', [])).toBe(true);
  });

  test.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.8', '192.0.2.7', false],
    ['192.0.2.200', '192.0.2.0/24', true],
    ['192.0.3.1', '192.0.2.0/24', false],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::ffff:192.0.2.7', '192.0.2.0/24', true],
    ['::ffff:c000:207', '192.0.2.0/24', true],
    ['192.0.2.7', '::ffff:192.0.2.0/120', true],
    ['192.0.3.7', '::ffff:192.0.2.0/120', false],
    ['::ffff:192.0.3.7', '192.0.2.0/24', false],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['192.0.2.7', '0.0.0.0/0', true],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['not an address', '0.0.0.0/0', false],
    ['', '::/0', false],
  ])('%s in %s: %s', (address, block, isIn) => {
    expect(isAllowedAddress(address, [block])).toBe(isIn);
  });

  test.each([
    '',
    '192.0.2',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/x',
    '192.0.2.0/24/1',
    '::/129',
    'example.com',
  ])('%j is no block', (text) => {
    expect(parseBlock(text)).toBeNull();
    expect(isAllowedAddress('192.0.2.7', [text])).toBe(false);
  });
});

describe('allowed origins', () => {
  test('whoever sends no Origin is no browser', () => {
    expect(isAllowedOrigin(null, [])).toBe(true);
  });

  test('a browser needs its origin in the list, to the letter', () => {
    expect(isAllowedOrigin('https://a.example.com', ['https://a.example.com'])).toBe(true);
    expect(isAllowedOrigin('https://a.example.com:8443', ['https://a.example.com'])).toBe(false);
    expect(isAllowedOrigin('null', [])).toBe(false);
  });
});
