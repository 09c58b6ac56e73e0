// Golden bytes of format version 1: what is in the file is frozen, since there are libraries out there that were
// written with it. Both implementations must give exactly these bytes. A change here is a new format version.

import * as nodeCrypto from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../encoding/format.ts';
import { idFromBytes, type AccountId, type EntryHash, type WorkspaceId } from '../encoding/ids.ts';
import { pad } from '../encoding/padding.ts';
import { ascii } from '../encoding/utf8.ts';
import { bytesToHex } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import { boxHash, boxInfo, type BoxPlace } from './box.ts';
import { challengeMessage } from './challenge.ts';
import { createDeviceSeed, deriveDeviceKeys } from './deviceKeys.ts';
import { accountFingerprint, teamStateCode } from './fingerprint.ts';
import { LABELS } from './labels.ts';
import { createNativePrimitives } from './nativePrimitives.ts';
import { openBox, openLocal } from './open.ts';
import { createPurePrimitives } from './purePrimitives.ts';
import { createKit } from './recoveryKit.ts';
import { sealBox, sealLocal, sealPreviousKey } from './seal.ts';
import { createSeededSuite } from './seededSuite.ts';

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe.each([
  ['pure', createPurePrimitives()],
  ['native', createNativePrimitives(nodeCrypto)],
] as const)('with the %s implementation', (_, primitives) => {
  test('keys, boxes and seals of version 1 are the bytes that they were', async () => {
    const suite = createSeededSuite(primitives, 'golden/crypto');
    const seed = createDeviceSeed(suite);
    const device = deriveDeviceKeys(suite, seed);
    const kit = createKit(suite);
    const place: BoxPlace = {
      purpose: 'epochKey',
      place: filled(1),
      epoch: 2,
      recipient: filled(3),
      generation: 4,
    };
    const box = await sealBox(suite, device.boxPublic, place, ascii('a key'));
    const draft = { key: redact(filled(5)), purpose: 'draft', associated: ascii('row') };
    const local = sealLocal(suite, draft, ascii('a draft'));
    const keys = { previous: redact(filled(6)), next: redact(filled(7)) };
    const account = idFromBytes<AccountId>(filled(8));
    const golden = {
      'given.deviceSeed': bytesToHex(reveal(seed)),
      'given.message': 'message',
      'given.boxContent': 'a key',
      'given.localKey': bytesToHex(filled(5)),
      'given.localPurpose': 'draft',
      'given.localAssociated': 'row',
      'given.localContent': 'a draft',
      'given.previousKey': bytesToHex(filled(6)),
      'given.nextKey': bytesToHex(filled(7)),
      'given.account': account,
      'given.workspace': idFromBytes<WorkspaceId>(filled(11)),
      'given.head': idFromBytes<EntryHash>(filled(12)),
      deviceId: device.id,
      deviceSignPublic: bytesToHex(device.signPublic),
      deviceBoxPublic: bytesToHex(device.boxPublic),
      deviceSignature: bytesToHex(device.sign(ascii('message'))),
      kitCode: reveal(kit.code),
      kitId: kit.keys.id,
      boxInfo: bytesToHex(boxInfo(place)),
      box: bytesToHex(box),
      boxHash: bytesToHex(boxHash(suite, box)),
      local: bytesToHex(local),
      previousUserKey: bytesToHex(sealPreviousKey(suite, 'userPrevious', keys)),
      previousEpochKey: bytesToHex(sealPreviousKey(suite, 'epochPrevious', keys)),
      padded: bytesToHex(pad(ascii('padded')).subarray(0, 16)),
      challenge: bytesToHex(
        challengeMessage({
          origin: 'https://cuebook.example.com',
          challenge: filled(9),
          session: filled(10),
        }),
      ),
      fingerprint: accountFingerprint(suite, account),
      teamState: teamStateCode(
        suite,
        idFromBytes<WorkspaceId>(filled(11)),
        idFromBytes<EntryHash>(filled(12)),
      ),
    };
    await expect(format(golden)).toMatchFileSnapshot('./golden/v1.txt');
    expect(await openBox(suite, device.boxSecret, place, box)).toEqual({ ok: true, value: ascii('a key') });
    expect(openLocal(suite, draft, local)).toEqual({ ok: true, value: ascii('a draft') });
  });
});

test('every label is used for one thing: no two are the same', async () => {
  const labels = Object.values(LABELS);
  expect(new Set(labels).size).toBe(labels.length);
  await expect(`${labels.join('\n')}\n`).toMatchFileSnapshot('./golden/labels.txt');
});

test('docs/protocol.md names every label and the number of every kind', async () => {
  const page = await readFile(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const missing = Object.values(LABELS).filter((label) => !page.includes(`\`${label}\``));
  expect(missing).toEqual([]);
  const kinds = Object.values(KINDS).map((kind) => `\`${kind.toString(16).padStart(2, '0')}\``);
  expect(kinds.filter((kind) => !page.includes(kind))).toEqual([]);
});

const format = (golden: Readonly<Record<string, string>>): string =>
  `${Object.entries(golden)
    .map(([name, value]) => `${name} ${value}`)
    .join('\n')}\n`;
