import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import type { SharedProviderKey } from '../record/payload.ts';
import { redact, reveal } from '../util/redacted.ts';
import { succeed } from '../util/result.ts';
import { append, compose } from './composer.ts';
import { createTestRecordPort, createTestStore, createTestWindow, type TestWindow } from './fixture.ts';
import { openSharedKey, sharedKeys, shareProviderKey, withdrawProviderKey } from './providerKeys.ts';
import { receive } from './receive.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import { emptyReplica } from './state.ts';

const suite = createSuite(nodeCrypto);

const openAi = (key: string, address = 'https://api.openai.com/v1'): SharedProviderKey => ({
  api: 'openai',
  label: 'OpenAI',
  address,
  key: redact(key),
});

function twoWindows() {
  const records = createTestRecordPort(suite);
  const store = createTestStore(records);
  const open = (): TestWindow => createTestWindow(suite, records, store);
  return { records, store, mine: open(), other: open() };
}

const share = (window: TestWindow, provider: string, shared: SharedProviderKey) =>
  window.run((state, ports) => shareProviderKey(state, ports, { provider, shared }));

const keyIn = (window: TestWindow, provider: string): string | null => {
  const opened = openSharedKey(window.catchUp(), window.ports, provider);
  return opened === null ? null : reveal(opened.key);
};

test('a shared key is there for another member, with its address', () => {
  const { mine, other } = twoWindows();
  share(mine, 'openai', openAi('sk-one'));
  expect(keyIn(other, 'openai')).toBe('sk-one');
  expect(sharedKeys(other.state())).toMatchObject([
    { provider: 'openai', label: 'OpenAI', address: 'https://api.openai.com/v1' },
  ]);
});

test('a replaced key takes the place of the one before, and each provider has its own', () => {
  const { mine, other } = twoWindows();
  share(mine, 'openai', openAi('sk-one'));
  share(other, 'gateway', { ...openAi('key', 'https://models.example/v1'), api: 'openai-compatible' });
  share(other, 'openai', openAi('sk-two', 'https://proxy.example/v1'));
  expect(keyIn(mine, 'openai')).toBe('sk-two');
  expect(sharedKeys(mine.state()).map(({ provider, address }) => [provider, address])).toEqual([
    ['gateway', 'https://models.example/v1'],
    ['openai', 'https://proxy.example/v1'],
  ]);
});

test('a withdrawn key is not shared any more, and can be shared again', () => {
  const { mine, other } = twoWindows();
  share(mine, 'openai', openAi('sk-one'));
  mine.run((state, ports) => withdrawProviderKey(state, ports, 'openai'));
  expect(keyIn(other, 'openai')).toBeNull();
  expect(sharedKeys(other.state())).toEqual([]);
  share(other, 'openai', openAi('sk-two'));
  expect(keyIn(mine, 'openai')).toBe('sk-two');
});

test('what was never shared cannot be withdrawn, and what no prompt can name cannot be shared', () => {
  const { mine } = twoWindows();
  expect(mine.refusal((state, ports) => withdrawProviderKey(state, ports, 'openai'))).toBe('notFound');
  const refused = { provider: 'Open AI', shared: openAi('sk') };
  expect(mine.refusal((state, ports) => shareProviderKey(state, ports, refused))).toBe('nameInvalid');
  const long = { provider: 'openai', shared: openAi('x'.repeat(4097)) };
  expect(mine.refusal((state, ports) => shareProviderKey(state, ports, long))).toBe('tooLarge');
});

test('whoever may not share a key is told before anything is written', () => {
  const { records, store } = twoWindows();
  const editor = createTestWindow(suite, { ...records, mayShareKey: () => false }, store);
  const given = { provider: 'openai', shared: openAi('sk') };
  expect(editor.refusal((state, ports) => shareProviderKey(state, ports, given))).toBe('notAllowed');
  expect(store.rows).toEqual([]);
});

test('a key whose signature is still to be checked is not used', () => {
  const { mine, store } = twoWindows();
  share(mine, 'openai', openAi('sk-one'));
  const { state } = receive(emptyReplica(mine.ports.records.workspace), mine.ports, store.rows, {
    verify: 'later',
  });
  expect(sharedKeys(state)).toEqual([]);
  expect(openSharedKey(state, mine.ports, 'openai')).toBeNull();
});

test('neither a state nor its snapshot holds a key', () => {
  const { mine } = twoWindows();
  share(mine, 'openai', openAi('sk-secret'));
  const snapshot = encodeSnapshot(mine.state());
  expect(Buffer.from(snapshot).toString('latin1')).not.toContain('sk-secret');
  const restored = decodeSnapshot(snapshot, mine.state().workspace);
  expect(restored === null ? [] : sharedKeys(restored)).toEqual(sharedKeys(mine.state()));
});

test('a key that stands in the group of a prompt is set aside', () => {
  const { mine, other } = twoWindows();
  const { id } = mine.prompt({ name: 'a' });
  const payload = { kind: 'providerKey', provider: 'openai', shared: openAi('sk'), savedAt: 1 } as const;
  mine.run((state, ports) =>
    compose(state, ports, (composer) => {
      append(composer, { group: id, payload, parents: [] });
      return succeed(null);
    }),
  );
  const { quarantine } = other.catchUp();
  expect([...quarantine.values()]).toMatchObject([{ reason: 'badPayload', group: id }]);
  expect(sharedKeys(other.state())).toEqual([]);
  expect(other.state().groups.get(WORKSPACE_GROUP)).toBeUndefined();
});
