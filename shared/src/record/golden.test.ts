// Golden bytes of format version 1 of records and payloads: see crypto/golden.test.ts.

import { readFile } from 'node:fs/promises';
import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createGroupKeys, deriveStreamKey } from '../crypto/groupKeys.ts';
import { createNativePrimitives } from '../crypto/nativePrimitives.ts';
import { createPurePrimitives } from '../crypto/purePrimitives.ts';
import { createSeededSuite } from '../crypto/seededSuite.ts';
import type { Suite } from '../crypto/suite.ts';
import { idFromBytes, idToBytes, type AnyId } from '../encoding/ids.ts';
import { bytesToHex, hexToBytes } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import { FEED_START, nextPosition } from './feed.ts';
import { parseRecord } from './header.ts';
import { labelTag } from './labelTag.ts';
import { openRecord } from './open.ts';
import type { Payload } from './payload.ts';
import { decodePayload, encodePayload } from './payloadCodec.ts';
import { sealRecord, type RecordDraft } from './seal.ts';
import { streamId } from './streams.ts';
import { tombstoneOf } from './tombstone.ts';
import { recordIdOf, verifyRecord } from './verify.ts';

const long = <Id extends AnyId>(fill: number): Id => idFromBytes<Id>(new Uint8Array(32).fill(fill));
const short = <Id extends AnyId>(fill: number): Id => idFromBytes<Id>(new Uint8Array(16).fill(fill));

const payloads: Readonly<Record<string, Payload>> = {
  content: {
    kind: 'content',
    revisionId: short(1),
    revisionKind: 'restore',
    text: '---\nmodel: a/b\n---\nGrüße {{name}}\r\n',
    message: 'First',
    savedAt: 1_750_000_000_000,
    restoredFrom: short(2),
    references: [
      { written: 'x@v3', prompt: short(3), revisionId: short(4) },
      { written: 'y', prompt: short(5), revisionId: null },
    ],
  },
  placeOfPrompt: {
    kind: 'place',
    groupKind: 'prompt',
    folderId: null,
    name: 'Summary',
    trashedWith: null,
    savedAt: 1_750_000_000_001,
  },
  placeOfFolder: {
    kind: 'place',
    groupKind: 'folder',
    folderId: short(6),
    name: 'Ordner',
    trashedWith: short(7),
    savedAt: 1_750_000_000_002,
  },
  label: { kind: 'label', name: 'production', revisionId: short(8), message: 'Go', savedAt: 3 },
  labelRemoved: { kind: 'label', name: 'production', revisionId: null, message: '', savedAt: 4 },
  message: { kind: 'message', revisionId: short(8), message: 'Better words', savedAt: 5 },
  workspaceName: { kind: 'workspaceName', name: 'Team', savedAt: 6 },
  profile: {
    kind: 'profile',
    account: long(9),
    displayName: 'Ada',
    devices: [{ device: long(10), name: 'Laptop' }],
    savedAt: 7,
  },
  comment: {
    kind: 'comment',
    commentId: short(11),
    threadId: short(11),
    revisionId: short(8),
    lines: { first: 0, last: 4 },
    text: 'Why?',
    resolved: false,
    savedAt: 8,
  },
  commentOnPrompt: {
    kind: 'comment',
    commentId: short(12),
    threadId: short(11),
    revisionId: short(8),
    lines: null,
    text: 'Because.',
    resolved: true,
    savedAt: 9,
  },
  providerKey: {
    kind: 'providerKey',
    provider: 'gateway',
    shared: {
      api: 'openai-compatible',
      label: 'Gateway',
      address: 'https://models.example/v1',
      key: redact('key-of-the-team'),
    },
    savedAt: 10,
  },
  providerKeyWithdrawn: { kind: 'providerKey', provider: 'gateway', shared: null, savedAt: 11 },
};

const draft: RecordDraft = {
  flag: 'trash',
  workspace: long(20),
  group: short(21),
  stream: short(22),
  parents: [long(23), long(24)],
  epoch: 0x01020304,
  author: long(25),
  device: long(26),
  counter: 0x0102030405,
  teamLog: { index: 0x0a0b0c0d, hash: long(27) },
  seen: { seq: 0x0504030201, feedHash: long(28) },
};
const epochKey = redact(new Uint8Array(32).fill(29));
const signSeed = new Uint8Array(32).fill(30);

function recordOf(suite: Suite): { readonly bytes: Uint8Array; readonly id: string } {
  const key = createGroupKeys(suite, draft.workspace, new Map([[draft.epoch, epochKey]])).keyOf(
    idToBytes(draft.group),
    draft.epoch,
  );
  const payload = encodePayload(payloads['content'] ?? ((): never => expect.unreachable())());
  if (key === null || !payload.ok) throw new Error('the golden record seals');
  return sealRecord(suite, { group: key, sign: suite.ed25519Signer(signSeed) }, draft, payload.value);
}

describe.each([
  ['pure', createPurePrimitives()],
  ['native', createNativePrimitives(nodeCrypto)],
] as const)('with the %s implementation', (_, primitives) => {
  const suite = createSeededSuite(primitives, 'golden/record');

  test('records and payloads of version 1 are the bytes that they were', async () => {
    const lines = Object.entries(payloads).map(([name, payload]) => {
      const bytes = encodePayload(payload);
      return `payload.${name} ${bytes.ok ? bytesToHex(bytes.value) : 'does not encode'}`;
    });
    const record = recordOf(suite);
    const parsed = parseRecord(record.bytes);
    if (!parsed.ok) throw new Error('the golden record parses');
    const streams = deriveStreamKey(suite, draft.workspace, epochKey);
    lines.push(
      `given.epochKey ${bytesToHex(reveal(epochKey))}`,
      `given.signSeed ${bytesToHex(signSeed)}`,
      `given.profileOf ${long(9)}`,
      `given.thread ${short(11)}`,
      `given.label production`,
      `given.provider gateway`,
      `given.firstRecordId ${long(31)}`,
      `record ${bytesToHex(record.bytes)}`,
      `recordId ${record.id}`,
      `tombstone ${bytesToHex(tombstoneOf(suite, parsed.value))}`,
      `stream.content ${streamId(streams, draft.group, { role: 'content' })}`,
      `stream.place ${streamId(streams, draft.group, { role: 'place' })}`,
      `stream.label ${streamId(streams, draft.group, { role: 'label', name: 'production' })}`,
      `stream.messages ${streamId(streams, draft.group, { role: 'messages' })}`,
      `stream.workspaceName ${streamId(streams, draft.group, { role: 'workspaceName' })}`,
      `stream.profile ${streamId(streams, draft.group, { role: 'profile', account: long(9) })}`,
      `stream.thread ${streamId(streams, draft.group, { role: 'thread', threadId: short(11) })}`,
      `stream.providerKey ${streamId(streams, draft.group, { role: 'providerKey', provider: 'gateway' })}`,
      `labelTag ${bytesToHex(labelTag(streams, 'production'))}`,
      `feedHash.1 ${nextPosition(suite, FEED_START, long(31)).feedHash}`,
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./golden/v1.txt');
  });

  test('the record in the file opens, verifies and says what it said', async () => {
    const golden = await goldenValues();
    const parsed = parseRecord(hexToBytes(golden.get('record') ?? ''));
    if (!parsed.ok) throw new Error(parsed.problem.message);
    const keys = createGroupKeys(suite, draft.workspace, new Map([[draft.epoch, epochKey]]));
    const key = keys.keyOf(parsed.value.groupBytes, parsed.value.epoch);
    const verifier = suite.ed25519Verifier(suite.ed25519PublicKey(signSeed));
    if (key === null || verifier === null) throw new Error('no key');
    const opened = openRecord(suite, key, parsed.value);
    expect(opened.ok && decodePayload(opened.value)).toEqual({ ok: true, value: payloads['content'] });
    expect(verifyRecord(suite, parsed.value, verifier)).toBe(true);
    expect(recordIdOf(suite, parsed.value)).toBe(golden.get('recordId'));
    expect(parsed.value.header).toMatchObject(draft);
  });

  test.each(Object.entries(payloads))(
    'the payload %s in the file says what it said',
    async (name, payload) => {
      const golden = await goldenValues();
      const decoded = decodePayload(hexToBytes(golden.get(`payload.${name}`) ?? ''));
      expect(decoded).toEqual({ ok: true, value: payload });
      // A redacted key equals any other: what it is, its bytes say.
      expect(decoded.ok && encodePayload(decoded.value)).toEqual(encodePayload(payload));
    },
  );
});

async function goldenValues(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(new URL('golden/v1.txt', import.meta.url), 'utf8');
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
}
