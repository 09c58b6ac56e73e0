import { expect, test } from 'vitest';
import { proxyFor, type ProxySettings } from './proxyFor.ts';

const none: ProxySettings = { isOff: false, setting: '', exceptions: [], environment: {} };
const address = 'https://cue.example.com:8443';

test('the setting comes before the environment, and both may be switched off', () => {
  const both = {
    ...none,
    setting: 'http://user:pass@one:8080',
    environment: { HTTPS_PROXY: 'http://two:1' },
  };
  expect(proxyFor(address, both)).toBe('http://user:pass@one:8080');
  expect(proxyFor(address, { ...both, setting: '' })).toBe('http://two:1');
  expect(proxyFor(address, { ...both, isOff: true })).toBeNull();
  expect(proxyFor(address, none)).toBeNull();
});

test('an address takes the proxy of its own protocol; a bare host is one', () => {
  const environment = { http_proxy: 'plain:3128', https_proxy: 'secure:3128' };
  expect(proxyFor('http://cue.example.com', { ...none, environment })).toBe('http://plain:3128');
  expect(proxyFor(address, { ...none, environment })).toBe('http://secure:3128');
  expect(proxyFor(address, { ...none, environment: { ALL_PROXY: 'http://any:1' } })).toBe('http://any:1');
});

test('what is no proxy that we can use is none', () => {
  expect(proxyFor(address, { ...none, setting: 'socks5://one:1080' })).toBeNull();
  expect(proxyFor('no address', { ...none, setting: 'http://one:1' })).toBeNull();
});

test.each([
  ['*', true],
  ['cue.example.com', true],
  ['example.com', true],
  ['.example.com', true],
  ['*.example.com', true],
  ['cue.example.com:8443', true],
  ['cue.example.com:443', false],
  ['xexample.com', false],
  ['other.org', false],
  ['', false],
])('the exception %j, and the address goes directly: %s', (exception, directly) => {
  const settings = { ...none, setting: 'http://one:8080' };
  expect(proxyFor(address, { ...settings, exceptions: [exception] }) === null).toBe(directly);
  expect(proxyFor(address, { ...settings, environment: { NO_PROXY: `a.b, ${exception}` } }) === null).toBe(
    directly,
  );
});
