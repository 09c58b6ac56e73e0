import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { ascii } from '../encoding/utf8.ts';
import { redact } from '../util/redacted.ts';
import { boxHash, type BoxPlace } from './box.ts';
import { deriveDeviceKeys } from './deviceKeys.ts';
import { openBox, openLocal, openPreviousKey } from './open.ts';
import { sealBox, sealLocal, sealPreviousKey } from './seal.ts';
import { createSuite } from './suite.ts';

const suite = createSuite(nodeCrypto);
const key = redact(suite.random(32));
const draft = { key, purpose: 'draft', associated: ascii('row 7') };

test('local data opens with the key, purpose and place it was sealed for, and with no other', () => {
  const sealed = sealLocal(suite, draft, ascii('a draft'));
  expect(sealed).toHaveLength('a draft'.length + 82);
  expect(openLocal(suite, draft, sealed)).toEqual({ ok: true, value: ascii('a draft') });
  const refusals = [
    [{ ...draft, key: redact(suite.random(32)) }, 'wrongKey'],
    [{ ...draft, purpose: 'run' }, 'wrongKey'],
    [{ ...draft, associated: ascii('row 8') }, 'altered'],
    [{ key, purpose: 'draft' }, 'altered'],
  ] as const;
  for (const [other, code] of refusals) {
    expect(openLocal(suite, other, sealed)).toMatchObject({ ok: false, problem: { code } });
  }
});

test('local data opens in no part if any bit of it is flipped', () => {
  const sealed = sealLocal(suite, draft, ascii('a draft'));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const altered = sealed.slice();
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(openLocal(suite, draft, altered).ok).toBe(false);
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(openLocal(suite, draft, sealed.slice(0, length)).ok).toBe(false);
  }
});

test('local data of a newer format asks for an update', () => {
  const sealed = sealLocal(suite, draft, ascii('a draft'));
  sealed[0] = 2;
  expect(openLocal(suite, draft, sealed)).toMatchObject({ problem: { code: 'newerFormat' } });
});

test('the same data sealed twice has nothing in common: each seal has its own key', () => {
  const [first, second] = [sealLocal(suite, draft, ascii('x')), sealLocal(suite, draft, ascii('x'))];
  expect(first.slice(2, 34)).not.toEqual(second.slice(2, 34));
  expect(first.slice(34)).not.toEqual(second.slice(34));
});

test('an older key opens under the newer one of the same line only', () => {
  const previous = redact(suite.random(32));
  const sealed = sealPreviousKey(suite, 'epochPrevious', { previous, next: key });
  expect(sealed).toHaveLength(114);
  expect(openPreviousKey(suite, 'epochPrevious', key, sealed).ok).toBe(true);
  expect(openPreviousKey(suite, 'userPrevious', key, sealed).ok).toBe(false);
  expect(openPreviousKey(suite, 'epochPrevious', previous, sealed).ok).toBe(false);
  expect(openLocal(suite, { key, purpose: 'x' }, sealed).ok).toBe(false);
});

test('a box opens for its recipient at its place, and nowhere else', async () => {
  const recipient = deriveDeviceKeys(suite, redact(suite.random(32)));
  const other = deriveDeviceKeys(suite, redact(suite.random(32)));
  const place: BoxPlace = {
    purpose: 'epochKey',
    place: new Uint8Array(32).fill(1),
    epoch: 3,
    recipient: new Uint8Array(32).fill(2),
    generation: 4,
  };
  const box = await sealBox(suite, recipient.boxPublic, place, ascii('a key'));
  expect(await openBox(suite, recipient.boxSecret, place, box)).toEqual({ ok: true, value: ascii('a key') });
  expect((await openBox(suite, other.boxSecret, place, box)).ok).toBe(false);
  const elsewhere: readonly Partial<BoxPlace>[] = [
    { purpose: 'firstEpochKey' },
    { place: new Uint8Array(32).fill(9) },
    { epoch: 4 },
    { recipient: new Uint8Array(32).fill(9) },
    { generation: 5 },
  ];
  for (const change of elsewhere) {
    expect((await openBox(suite, recipient.boxSecret, { ...place, ...change }, box)).ok).toBe(false);
  }
  expect(boxHash(suite, box)).not.toEqual(
    boxHash(suite, await sealBox(suite, recipient.boxPublic, place, ascii('a key'))),
  );
});
