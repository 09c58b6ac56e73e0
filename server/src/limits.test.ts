import { expect, test } from 'vitest';
import type { AccountId } from '@cuebook/shared/encoding/ids';
import type { Caller, Origin } from './caller.ts';
import { createLimits, networkOf, type LimitOptions } from './limits.ts';

const options: LimitOptions = {
  callsPerMinute: { read: 3, write: 2, secret: 1 },
  connections: 3,
  connectionsPerAddress: 2,
  connectionsPerCaller: 1,
};

const from = (address: string): Origin => ({
  requestId: 'r',
  transport: 'http',
  address,
  browserOrigin: null,
});
const nobody: Caller = { kind: 'nobody' };
const session = (account: string): Caller => ({
  kind: 'session',
  session: 's',
  account: account as AccountId,
  device: null,
  hasSecondFactor: false,
  isServerOwner: false,
  tokenHash: new Uint8Array(32),
  expiresAt: 0,
});

test('a budget that is used up is refused, with the seconds until there is more', async () => {
  const limits = createLimits(options);
  for (let call = 0; call < 3; call += 1) await limits.take('read', nobody, from('10.0.0.1'));
  await expect(limits.take('read', nobody, from('10.0.0.1'))).rejects.toMatchObject({
    code: 'tooMany',
    retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 60),
  });
});

test('budgets are apart: by kind, by address, and by account whatever the address', async () => {
  const limits = createLimits(options);
  for (let call = 0; call < 3; call += 1) await limits.take('read', nobody, from('10.0.0.1'));
  await limits.take('write', nobody, from('10.0.0.1'));
  await limits.take('read', nobody, from('10.0.0.2'));
  await limits.take('read', session('ada'), from('10.0.0.1'));
  await limits.take('write', session('ada'), from('10.0.0.1'));
  await limits.take('write', session('ada'), from('10.0.0.9'));
  await expect(limits.take('write', session('ada'), from('10.0.0.8'))).rejects.toThrow('used up');
});

test('secrets are counted by address, so that another account does not give another try', async () => {
  const limits = createLimits(options);
  await limits.take('secret', session('ada'), from('2001:db8:1:2:3::1'));
  await expect(limits.take('secret', session('bob'), from('2001:db8:1:2:9::7'))).rejects.toThrow('used up');
  await limits.take('secret', session('bob'), from('2001:db8:1:3::1'));
});

test('connections are counted in all, by address and by account, and given back once', () => {
  const limits = createLimits(options);
  const first = limits.connect('10.0.0.1');
  limits.connect('10.0.0.1');
  expect(() => limits.connect('10.0.0.1')).toThrow('used up');
  limits.connect('10.0.0.2');
  expect(() => limits.connect('10.0.0.3')).toThrow('used up');
  first();
  first();
  limits.connect('10.0.0.1');
  expect(() => limits.connect('10.0.0.3')).toThrow('used up');
  const attached = limits.attach(session('ada'));
  expect(() => limits.attach(session('ada'))).toThrow('used up');
  attached();
  limits.attach(session('ada'));
});

test('an IPv6 address counts as its network, a mapped one as the IPv4 address that it is', () => {
  expect(networkOf('2001:0db8:0:1::5')).toBe('2001:db8:0:1');
  expect(networkOf('2001:db8:0:1:ffff:0:0:9')).toBe('2001:db8:0:1');
  expect(networkOf('::1')).toBe('0:0:0:0');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0');
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
});
