import * as nodeCrypto from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGroupKeys, deriveStreamKey } from '../crypto/groupKeys.ts';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, idToBytes, WORKSPACE_GROUP, type AnyId } from '../encoding/ids.ts';
import { concatBytes } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import { FEED_START, nextPosition } from './feed.ts';
import { encodeHeader, parseRecord, type ParsedRecord, type RecordHeader } from './header.ts';
import { labelTag } from './labelTag.ts';
import { openRecord } from './open.ts';
import type { Payload, ProviderKeyPayload, StreamRole } from './payload.ts';
import { decodePayload, encodePayload } from './payloadCodec.ts';
import { sealRecord, type RecordDraft } from './seal.ts';
import { roleOfPayload, streamId } from './streams.ts';
import { parseTombstone, tombstoneOf } from './tombstone.ts';
import { recordIdOf, verifyRecord } from './verify.ts';

const suite = createSuite(nodeCrypto);
const longId = <Id extends AnyId>(fill: number): Id => idFromBytes<Id>(new Uint8Array(32).fill(fill));
const shortId = <Id extends AnyId>(fill: number): Id => idFromBytes<Id>(new Uint8Array(16).fill(fill));

const seed = new Uint8Array(32).fill(9);
const sign = suite.ed25519Signer(seed);
const verifier = suite.ed25519Verifier(suite.ed25519PublicKey(seed)) ?? ((): never => expect.unreachable());
const epochKeys = new Map([
  [1, redact(new Uint8Array(32).fill(1))],
  [2, redact(new Uint8Array(32).fill(2))],
]);

const draft: RecordDraft = {
  flag: 'none',
  workspace: longId(20),
  group: shortId(21),
  stream: shortId(22),
  parents: [longId(23), longId(24)],
  epoch: 1,
  author: longId(25),
  device: longId(26),
  counter: 7,
  teamLog: { index: 3, hash: longId(27) },
  seen: { seq: 4, feedHash: longId(28) },
};
const groupKeys = createGroupKeys(suite, draft.workspace, epochKeys);
const keyOf = (
  change: Partial<Pick<RecordDraft, 'group' | 'epoch'>> = {},
): ReturnType<typeof groupKeys.keyOf> =>
  groupKeys.keyOf(idToBytes(change.group ?? draft.group), change.epoch ?? draft.epoch);
const groupKey = keyOf() ?? ((): never => expect.unreachable())();

const content: Payload = {
  kind: 'content',
  revisionId: shortId(1),
  revisionKind: 'restore',
  text: '\u{feff}# Grüße\r\n{{> a/b@v3}}\n',
  message: 'Kürzer',
  savedAt: 1_750_000_000_000,
  restoredFrom: shortId(2),
  references: [{ written: 'a/b@v3', prompt: shortId(3), revisionId: shortId(4) }],
};

function sealed(payload: Uint8Array, change: Partial<RecordDraft> = {}): Uint8Array {
  return sealRecord(suite, { group: groupKey, sign }, { ...draft, ...change }, payload).bytes;
}
function parse(bytes: Uint8Array): ParsedRecord {
  const parsed = parseRecord(bytes);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.value;
}
const plain = new TextEncoder().encode('payload');

describe('a record', () => {
  const record = sealRecord(suite, { group: groupKey, sign }, draft, plain);

  test('opens, verifies and has the name that its author gave it', () => {
    const parsed = parse(record.bytes);
    expect(openRecord(suite, groupKey, parsed)).toEqual({ ok: true, value: plain });
    expect(verifyRecord(suite, parsed, verifier)).toBe(true);
    expect(recordIdOf(suite, parsed)).toBe(record.id);
    expect(parsed.header).toEqual(record.header);
    expect(parsed.header).toMatchObject(draft);
  });

  test('does not tell the size of what is inside, up to 1 KB', () => {
    expect(sealed(new Uint8Array(1))).toHaveLength(sealed(new Uint8Array(1000)).length);
    expect(sealed(new Uint8Array(1020))).toHaveLength(284 + 2 * 32 + 1024 + 16 + 64);
  });

  test('sealed twice has another key, another name and nothing in common inside', () => {
    const again = sealRecord(suite, { group: groupKey, sign }, draft, plain);
    expect(again.id).not.toBe(record.id);
    expect(parse(again.bytes).salt).not.toEqual(parse(record.bytes).salt);
    expect(parse(again.bytes).ciphertext).not.toEqual(parse(record.bytes).ciphertext);
  });

  test('with any single bit flipped is refused by signature and seal both', () => {
    fc.assert(
      fc.property(fc.nat(record.bytes.length * 8 - 1), (bit) => {
        const altered = flipBit(record.bytes, bit);
        const parsed = parseRecord(altered);
        if (!parsed.ok) return;
        expect(verifyRecord(suite, parsed.value, verifier)).toBe(false);
        expect(recordIdOf(suite, parsed.value)).not.toBe(record.id);
        const inSignature = bit >> 3 >= record.bytes.length - 64;
        // The signature is not part of what is sealed; everything else is.
        expect(openRecord(suite, groupKey, parsed.value).ok).toBe(inSignature);
      }),
      { numRuns: 300 },
    );
  });

  test('with any single bit of its header flipped is refused, every one of them', () => {
    const opened = Array.from({ length: (284 + 64) * 8 }, (_, bit) => bit).filter((bit) => {
      const parsed = parseRecord(flipBit(record.bytes, bit));
      return parsed.ok && openRecord(suite, groupKey, parsed.value).ok;
    });
    expect(opened).toEqual([]);
  });

  test('cut off anywhere, or longer, is refused', () => {
    for (let length = 0; length < record.bytes.length; length += 37) {
      const parsed = parseRecord(record.bytes.slice(0, length));
      if (parsed.ok) expect(verifyRecord(suite, parsed.value, verifier)).toBe(false);
    }
    const longer = parse(concatBytes(record.bytes, new Uint8Array(1)));
    expect(verifyRecord(suite, longer, verifier)).toBe(false);
    expect(openRecord(suite, groupKey, longer).ok).toBe(false);
  });

  const others: readonly (readonly [string, Partial<RecordHeader>])[] = [
    ['workspace', { workspace: longId(90) }],
    ['group', { group: shortId(90) }],
    ['stream', { stream: shortId(90) }],
    ['parents', { parents: [longId(24), longId(23)] }],
    ['epoch', { epoch: 2 }],
    ['author', { author: longId(90) }],
    ['device', { device: longId(90) }],
    ['counter', { counter: 8 }],
    ['flag', { flag: 'purge' }],
    ['team log', { teamLog: { index: 3, hash: longId(90) } }],
    ['feed', { seen: { seq: 5, feedHash: longId(28) } }],
    ['salt', { salt: new Uint8Array(32) }],
    ['commitment', { commitment: new Uint8Array(32) }],
  ];
  test.each(others)('whose header is given another %s opens no more and verifies no more', (_, change) => {
    const parsed = parse(record.bytes);
    const header = encodeHeader({ ...parsed.header, ...change });
    const moved = parse(concatBytes(header, parsed.ciphertext, parsed.signature));
    expect(openRecord(suite, groupKey, moved).ok).toBe(false);
    expect(verifyRecord(suite, moved, verifier)).toBe(false);
  });

  test('whose header is moved to the payload of another record is refused', () => {
    const other = parse(sealed(new TextEncoder().encode('another payload')));
    const parsed = parse(record.bytes);
    for (const signature of [parsed.signature, other.signature]) {
      const moved = parse(concatBytes(parsed.headerBytes, other.ciphertext, signature));
      expect(openRecord(suite, groupKey, moved)).toMatchObject({ problem: { code: 'altered' } });
      expect(verifyRecord(suite, moved, verifier)).toBe(false);
    }
  });

  test('of any size and place: no part of it can be exchanged for the same part of any other', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    const one = fc.record({
      payload: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      stream: bytes(16),
      parents: fc.array(bytes(32), { maxLength: 3 }),
      counter: fc.integer({ min: 1, max: 1000 }),
      seq: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(one, one, (first, second) => {
        const [a, b] = [first, second].map(({ payload, stream, parents, counter, seq }) => {
          const place = {
            ...draft,
            stream: idFromBytes<RecordHeader['stream']>(stream),
            parents: parents.map((parent) => idFromBytes<RecordHeader['parents'][number]>(parent)),
            counter,
            seen: { seq, feedHash: draft.seen.feedHash },
          };
          return parse(sealRecord(suite, { group: groupKey, sign }, place, payload).bytes);
        });
        if (a === undefined || b === undefined) throw new Error('two were made');
        const mixtures = [
          [a.headerBytes, b.ciphertext, a.signature],
          [a.headerBytes, b.ciphertext, b.signature],
          [b.headerBytes, a.ciphertext, a.signature],
          [b.headerBytes, a.ciphertext, b.signature],
        ] as const;
        for (const parts of mixtures) {
          const mixed = parse(concatBytes(...parts));
          expect(verifyRecord(suite, mixed, verifier)).toBe(false);
          expect(openRecord(suite, groupKey, mixed).ok).toBe(false);
        }
        const otherSignature = parse(concatBytes(a.headerBytes, a.ciphertext, b.signature));
        expect(verifyRecord(suite, otherSignature, verifier)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('opens with the key of its own group and epoch only', () => {
    const parsed = parse(record.bytes);
    const wrong = [keyOf({ epoch: 2 }), keyOf({ group: shortId(90) }), keyOf({ group: WORKSPACE_GROUP })];
    for (const key of wrong) {
      expect(key !== null && openRecord(suite, key, parsed)).toMatchObject({ problem: { code: 'wrongKey' } });
    }
    expect(keyOf({ epoch: 3 })).toBeNull();
  });

  test('signed by another device is refused', () => {
    const other = suite.ed25519Signer(new Uint8Array(32).fill(8));
    const forged = sealRecord(suite, { group: groupKey, sign: other }, draft, plain);
    expect(verifyRecord(suite, parse(forged.bytes), verifier)).toBe(false);
  });

  test('of a newer format asks for an update, and is not called broken', () => {
    const newer = record.bytes.slice();
    newer[0] = 2;
    expect(parseRecord(newer)).toMatchObject({ ok: false, problem: { code: 'newerFormat' } });
  });

  test.each([
    ['an unknown flag', 2, 4],
    ['too many parents', 3, 17],
    ['version 0', 0, 0],
    ['another kind', 1, 2],
    ['a counter beyond what is exact', 8, 0x20],
    ['a Seq beyond what is exact', 20, 0x20],
  ])('with %s is malformed', (_, at, byte) => {
    const bytes = record.bytes.slice();
    bytes[at] = byte;
    expect(parseRecord(bytes)).toMatchObject({ ok: false, problem: { code: 'malformed' } });
  });

  test('with epoch 0 or counter 0 is malformed', () => {
    for (const [at, length] of [
      [4, 4],
      [8, 8],
    ] as const) {
      const bytes = record.bytes.slice();
      bytes.fill(0, at, at + length);
      expect(parseRecord(bytes)).toMatchObject({ ok: false, problem: { code: 'malformed' } });
    }
  });

  test('header of any values is read as it was written', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const id = bytes32.map((bytes) => idFromBytes(bytes));
    const short = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => idFromBytes(bytes));
    const header = fc.record({
      flag: fc.constantFrom('none', 'trash', 'restore', 'purge'),
      workspace: id,
      group: short,
      stream: short,
      parents: fc.array(id, { maxLength: 16 }),
      epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
      author: id,
      device: id,
      counter: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      teamLog: fc.record({ index: fc.integer({ min: 0, max: 0xffff_ffff }), hash: id }),
      seen: fc.record({ seq: fc.maxSafeNat(), feedHash: id }),
      salt: bytes32,
      commitment: bytes32,
    }) as fc.Arbitrary<RecordHeader>;
    fc.assert(
      fc.property(header, (value) => {
        const bytes = concatBytes(encodeHeader(value), new Uint8Array(1024 + 16 + 64));
        expect(parse(bytes).header).toEqual(value);
      }),
    );
  });
});

describe('a purged record', () => {
  const record = sealRecord(suite, { group: groupKey, sign }, draft, plain);
  const tombstone = tombstoneOf(suite, parse(record.bytes));

  test('keeps its name, header and signature, and nothing to open', () => {
    const parsed = parseTombstone(suite, tombstone);
    expect(parsed.ok && parsed.value.id).toBe(record.id);
    expect(parsed.ok && parsed.value.header).toEqual(record.header);
    expect(parsed.ok && parsed.value.verify(verifier)).toBe(true);
    expect(tombstone).toHaveLength(2 + 284 + 64 + 32 + 64);
  });

  test('cannot be altered either', () => {
    for (let bit = 0; bit < tombstone.length * 8; bit += 23) {
      const parsed = parseTombstone(suite, flipBit(tombstone, bit));
      if (parsed.ok) expect(parsed.value.verify(verifier)).toBe(false);
    }
    expect(parseTombstone(suite, tombstone.slice(0, -1)).ok).toBe(false);
    expect(parseTombstone(suite, record.bytes).ok).toBe(false);
  });
});

/** Any code units, halves of surrogate pairs among them. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })), {
    maxLength: 40,
  })
  .map((units) => String.fromCharCode(...units));

const providerKey: ProviderKeyPayload = {
  kind: 'providerKey',
  provider: 'openai',
  shared: { api: 'openai', label: 'OpenAI', address: 'https://api.openai.com/v1', key: redact('sk-team') },
  savedAt: 9,
};

describe('a payload', () => {
  const payloads: readonly Payload[] = [
    content,
    { ...content, revisionKind: 'save', restoredFrom: null, references: [], text: '' },
    {
      kind: 'place',
      groupKind: 'folder',
      folderId: shortId(5),
      name: 'Ordner',
      trashedWith: shortId(6),
      savedAt: 5,
    },
    { kind: 'place', groupKind: 'prompt', folderId: null, name: 'n', trashedWith: null, savedAt: 0 },
    { kind: 'label', name: 'production', revisionId: shortId(7), message: 'go', savedAt: 6 },
    { kind: 'label', name: 'production', revisionId: null, message: '', savedAt: 6 },
    { kind: 'message', revisionId: shortId(7), message: 'better words', savedAt: 6 },
    { kind: 'workspaceName', name: 'Team', savedAt: 6 },
    {
      kind: 'profile',
      account: longId(8),
      displayName: 'Ada',
      devices: [{ device: longId(9), name: 'Laptop' }],
      savedAt: 6,
    },
    {
      kind: 'comment',
      commentId: shortId(10),
      threadId: shortId(10),
      revisionId: shortId(7),
      lines: { first: 3, last: 5 },
      text: 'Why?',
      resolved: false,
      savedAt: 7,
    },
    {
      kind: 'comment',
      commentId: shortId(11),
      threadId: shortId(10),
      revisionId: shortId(7),
      lines: null,
      text: 'Because.',
      resolved: true,
      savedAt: 8,
    },
    providerKey,
    { kind: 'providerKey', provider: 'openai', shared: null, savedAt: 9 },
  ];

  test.each(payloads.map((payload) => [payload.kind, payload] as const))(
    'of kind %s comes back',
    (_, payload) => {
      const bytes = encodePayload(payload);
      expect(bytes.ok && decodePayload(bytes.value)).toEqual({ ok: true, value: payload });
    },
  );

  test('with a provider key gives the key back, and prints it nowhere', () => {
    const bytes = encodePayload(providerKey);
    const decoded = bytes.ok ? decodePayload(bytes.value) : null;
    if (decoded?.ok !== true || decoded.value.kind !== 'providerKey') throw new Error('It comes back.');
    expect(reveal(decoded.value.shared?.key ?? redact(''))).toBe('sk-team');
    expect(`${JSON.stringify(decoded)} ${inspect(decoded, { depth: 9 })}`).not.toContain('sk-team');
  });

  test.each(['', 'OpenAI', '1st', 'a b', 'a/b', 'ä', 'x'.repeat(33)])(
    'with a key for a provider that no prompt can name (%j) is malformed',
    (provider) => {
      const bytes = encodePayload({ ...providerKey, provider });
      expect(bytes.ok && decodePayload(bytes.value).ok).toBe(false);
    },
  );

  test('holds any well-formed text byte for byte', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = encodePayload({ ...content, text });
        if (!text.isWellFormed()) {
          expect(bytes).toMatchObject({ ok: false, problem: { code: 'loneSurrogate' } });
          return;
        }
        const decoded = bytes.ok && decodePayload(bytes.value);
        expect(decoded && decoded.ok && decoded.value.kind === 'content' && decoded.value.text).toBe(text);
      }),
    );
  });

  test('with half of a surrogate pair says where it is', () => {
    const encoded = encodePayload({ ...content, text: 'a🂡\u{d800}' });
    expect(encoded).toMatchObject({ ok: false, problem: { code: 'loneSurrogate' } });
    expect(!encoded.ok && encoded.problem.message).toContain('position 3');
  });

  test('over a limit is a problem in words, not an exception', () => {
    const tooLarge: readonly Payload[] = [
      { ...content, text: 'x'.repeat(4 * 1024 * 1024) },
      { ...content, message: 'x'.repeat(16 * 1024 + 1) },
      {
        ...content,
        references: Array.from({ length: 1001 }, () => ({
          written: 'a',
          prompt: shortId(1),
          revisionId: null,
        })),
      },
      { ...content, references: [{ written: 'x'.repeat(1025), prompt: shortId(1), revisionId: null }] },
      { kind: 'workspaceName', name: 'ü'.repeat(513), savedAt: 1 },
      {
        kind: 'profile',
        account: longId(1),
        displayName: 'a',
        devices: Array.from({ length: 257 }, () => ({ device: longId(1), name: 'a' })),
        savedAt: 1,
      },
    ];
    for (const payload of tooLarge) {
      expect(encodePayload(payload)).toMatchObject({ ok: false, problem: { code: 'tooLarge' } });
    }
  });

  test('is canonical: no byte of it can be changed without changing what it says', () => {
    const bytes = encodePayload(content);
    if (!bytes.ok) throw new Error('does not encode');
    fc.assert(
      fc.property(fc.nat(bytes.value.length * 8 - 1), (bit) => {
        const decoded = decodePayload(flipBit(bytes.value, bit));
        expect(decoded).not.toEqual({ ok: true, value: content });
      }),
    );
  });

  test('that contradicts itself is refused', () => {
    const orphan = encodePayload({ ...content, restoredFrom: null });
    expect(orphan.ok && decodePayload(orphan.value)).toMatchObject({
      ok: false,
      problem: { code: 'malformed' },
    });
  });
});

describe('streams', () => {
  const first = epochKeys.get(1) ?? ((): never => expect.unreachable())();
  const key = deriveStreamKey(suite, draft.workspace, first);
  const other = deriveStreamKey(suite, longId(99), first);
  const roles: readonly StreamRole[] = [
    { role: 'content' },
    { role: 'place' },
    { role: 'messages' },
    { role: 'workspaceName' },
    { role: 'label', name: 'production' },
    { role: 'label', name: 'staging' },
    { role: 'profile', account: longId(1) },
    { role: 'thread', threadId: shortId(1) },
  ];

  test('are named the same by every member, and differently for each group, role and name', () => {
    const ids = [shortId(1), shortId(2)].flatMap((group) =>
      roles.map((role) => streamId(key, group as RecordDraft['group'], role)),
    );
    expect(new Set(ids).size).toBe(roles.length * 2);
    expect(streamId(key, draft.group, { role: 'content' })).toBe(
      streamId(key, draft.group, { role: 'content' }),
    );
  });

  test('cannot be told apart or guessed without the key of the workspace', () => {
    expect(streamId(key, draft.group, { role: 'content' })).not.toBe(
      streamId(other, draft.group, { role: 'content' }),
    );
  });

  test('follow from what a payload says', () => {
    expect(roleOfPayload(content)).toEqual({ role: 'content' });
    expect(roleOfPayload({ kind: 'label', name: 'x', revisionId: null, message: '', savedAt: 1 })).toEqual({
      role: 'label',
      name: 'x',
    });
  });

  test('do not give away the tag of a protected label', () => {
    expect(labelTag(key, 'production')).toHaveLength(16);
    expect(labelTag(key, 'production')).not.toEqual(labelTag(key, 'staging'));
    expect(labelTag(key, 'production')).not.toEqual(labelTag(other, 'production'));
  });
});

test('the feed hash depends on every record and on their order', () => {
  const [a, b] = [longId<RecordHeader['parents'][number]>(1), longId<RecordHeader['parents'][number]>(2)];
  const chain = (...ids: readonly (typeof a)[]): string =>
    ids.reduce((position, id) => nextPosition(suite, position, id), FEED_START).feedHash;
  expect(new Set([chain(), chain(a), chain(b), chain(a, b), chain(b, a), chain(a, a)]).size).toBe(6);
  expect(nextPosition(suite, FEED_START, a).seq).toBe(1);
});

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
