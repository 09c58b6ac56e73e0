import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInEndpoints, checkAddress, readEndpoints } from './endpoints.ts';

const nothing = { providers: {}, providerAddresses: {}, plainHttpHosts: [] };

test('without settings there are the built-in providers and the usual local servers', () => {
  const { endpoints, problems } = readEndpoints({
    providers: undefined,
    providerAddresses: undefined,
    plainHttpHosts: undefined,
  });
  expect(endpoints).toEqual(builtInEndpoints);
  expect(problems).toEqual([]);
});

test('an own provider speaks the OpenAI protocol and needs a key unless it says otherwise', () => {
  const { endpoints } = readEndpoints({
    ...nothing,
    providers: { gateway: { baseUrl: 'https://llm.example.com/v1/' } },
  });
  expect(endpoints.at(-1)).toEqual({
    id: 'gateway',
    kind: 'openai-compatible',
    label: 'gateway',
    baseUrl: 'https://llm.example.com/v1',
    needsKey: true,
  });
});

test('the address of a built-in provider can be replaced, and nothing else of it', () => {
  const { endpoints } = readEndpoints({
    ...nothing,
    providerAddresses: { openai: 'https://proxy.example.com/openai/v1' },
  });
  expect(endpoints.find((endpoint) => endpoint.id === 'openai')).toEqual({
    id: 'openai',
    kind: 'openai',
    label: 'OpenAI',
    baseUrl: 'https://proxy.example.com/openai/v1',
    needsKey: true,
  });
});

describe('addresses', () => {
  test.each([
    ['https://api.example.com/v1', 'https://api.example.com/v1'],
    ['https://api.example.com/v1///', 'https://api.example.com/v1'],
    ['https://API.Example.com', 'https://api.example.com'],
    ['http://localhost:11434/v1', 'http://localhost:11434/v1'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.8.9.1/v1', 'http://127.8.9.1/v1'],
    ['http://[::1]:8080/v1', 'http://[::1]:8080/v1'],
  ])('%s is good', (address, baseUrl) => {
    expect(checkAddress(address, [])).toEqual({ ok: true, baseUrl });
  });

  test.each([
    '',
    '   ',
    'api.example.com/v1',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:password@example.com/v1',
    'https://example.com/v1?key=secret',
    'https://example.com/v1#x',
    42,
    null,
    {},
  ])('%s is refused for good', (address) => {
    expect(checkAddress(address, ['example.com'])).toMatchObject({ ok: false, plainHost: null });
  });

  test.each([
    'http://example.com/v1',
    'http://192.168.1.5:11434/v1',
    'http://localhost.evil.example/v1',
    'http://127.0.0.1.evil.example/v1',
  ])('%s needs the user to allow the host', (address) => {
    const refused = checkAddress(address, []);
    expect(refused).toMatchObject({ ok: false, plainHost: new URL(address).host });
    expect(checkAddress(address, [new URL(address).host])).toMatchObject({ ok: true });
  });
});

test.each([
  ['a built-in name', { openai: { baseUrl: 'https://evil.example/v1' } }, 'openai'],
  ['a bad name', { 'My Provider': { baseUrl: 'https://example.com' } }, 'My Provider'],
  ['no object', { mine: 'https://example.com' }, 'mine'],
  ['no address', { mine: {} }, 'mine'],
  ['an unknown kind', { mine: { baseUrl: 'https://example.com', kind: 'telnet' } }, 'mine'],
  ['a label that is no text', { mine: { baseUrl: 'https://example.com', label: 3 } }, 'mine'],
  ['needsKey that is no switch', { mine: { baseUrl: 'https://example.com', needsKey: 'no' } }, 'mine'],
])('%s is a problem in words, and the provider is left out', (_what, providers, id) => {
  const { endpoints, problems } = readEndpoints({ ...nothing, providers });
  expect(endpoints).toEqual(builtInEndpoints);
  expect(problems).toEqual([expect.objectContaining({ id, setting: 'cuebook.providers' })]);
});

test('an override that is refused leaves the provider out instead of falling back to the real address', () => {
  const { endpoints, problems } = readEndpoints({
    ...nothing,
    providerAddresses: { openai: 'http://gateway/v1' },
  });
  expect(endpoints.some((endpoint) => endpoint.id === 'openai')).toBe(false);
  expect(problems).toMatchObject([
    { id: 'openai', setting: 'cuebook.providerAddresses', plainHost: 'gateway' },
  ]);
});

const anyAddress = fc
  .tuple(
    fc.constantFrom('http://', 'https://', 'HTTP://', 'ftp://', ''),
    fc.constantFrom(
      'localhost',
      '127.0.0.1',
      '127.0.0.1.evil.example',
      'evil.example',
      '[::1]',
      '0x7f.1',
      'localhost.',
    ),
    fc.constantFrom('', ':80', ':8080', ':99999', '@evil.example', '/v1', '?x=1', '#x', '\\@evil.example'),
  )
  .map((parts) => parts.join(''));
const anyEntry = fc.oneof(anyAddress, fc.record({ baseUrl: anyAddress }), fc.jsonValue({ maxDepth: 1 }));
const anyEntries = fc.dictionary(fc.constantFrom('openai', 'ollama', 'mine', 'Not Good'), anyEntry);

test('whatever stands in the settings, no key goes unencrypted to a host that was not allowed', () => {
  const allowed = ['evil.example:8080'];
  fc.assert(
    fc.property(anyEntries, anyEntries, (providerAddresses, providers) => {
      for (const { kind, baseUrl } of readEndpoints({ providers, providerAddresses, plainHttpHosts: allowed })
        .endpoints) {
        if (kind === 'vscode') continue;
        const url = new URL(baseUrl);
        const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
        expect(url.protocol === 'https:' || isLocal || allowed.includes(url.host)).toBe(true);
        expect(url.username + url.password + url.search + url.hash).toBe('');
      }
    }),
  );
});
