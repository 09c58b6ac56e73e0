// A second client, written from docs/protocol.md alone: it uses node:crypto and the golden bytes, and nothing of
// shared/src. What it cannot do, the document does not say. Section numbers are the document's.

import * as crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

// ---- 1. Notation and encoding

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);
const u32 = (value: number): Buffer => join(u16(Math.floor(value / 65_536)), u16(value % 65_536));

function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const digit = (group: string): number => Number.parseInt(group.padEnd(5, '0'), 2);
  return groups.map((group) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(digit(group))).join('');
}

function fromBase32(text: string): Buffer {
  let bits = '';
  for (const symbol of text) {
    bits += 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(symbol).toString(2).padStart(5, '0');
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** Fields one after the other; whatever is left at the end is an error. */
class Fields {
  readonly all: Buffer;
  at = 0;

  constructor(bytes: Uint8Array, kind: number) {
    this.all = Buffer.from(bytes);
    expect([this.u8(), this.u8()]).toEqual([1, kind]);
  }

  bytes(length: number): Buffer {
    this.at += length;
    if (this.at > this.all.length) throw new Error('too short');
    return this.all.subarray(this.at - length, this.at);
  }

  u8 = (): number => this.bytes(1).readUInt8();
  u16 = (): number => this.bytes(2).readUInt16BE();
  u32 = (): number => this.bytes(4).readUInt32BE();
  u53 = (): number => Number(this.bytes(8).readBigUInt64BE());
  id = (): string => base32(this.bytes(32));
  shortId = (): string => base32(this.bytes(16));
  bool = (): boolean => this.choice(false, true);
  text = (): string => this.bytes(this.u32()).toString('utf8');
  opt = <T>(read: () => T): T | null => (this.bool() ? read() : null);
  list = <T>(read: () => T): readonly T[] => Array.from({ length: this.u16() }, read);

  choice<const Choices extends readonly unknown[]>(...choices: Choices): Choices[number] {
    const index = this.u8();
    if (index >= choices.length) throw new Error('no such choice');
    return choices[index];
  }

  end(): void {
    expect(this.at).toBe(this.all.length);
  }
}

/** Bytes that a plaintext of this length is padded to. */
function paddedLength(length: number): number {
  const whole = 4 + length;
  if (whole <= 1024) return 1024;
  const e = Math.floor(Math.log2(whole));
  const s = Math.floor(Math.log2(e)) + 1;
  return Math.ceil(whole / 2 ** (e - s)) * 2 ** (e - s);
}

function unpad(padded: Buffer): Buffer {
  const length = padded.readUInt32BE();
  expect(padded.length).toBe(paddedLength(length));
  expect(padded.subarray(4 + length).every((byte) => byte === 0)).toBe(true);
  return padded.subarray(4, 4 + length);
}

// ---- 2. Primitives

/** `label` without what all labels begin with. */
function ctx(label: string): Buffer {
  const whole = utf8(`cuebook/1/${label}`);
  return join(Buffer.of(whole.length), whole);
}
const sha256 = (data: Uint8Array): Buffer => crypto.createHash('sha256').update(data).digest();
const hmac = (key: Uint8Array, data: Uint8Array): Buffer =>
  crypto.createHmac('sha512', key).update(data).digest();
const expand = (key: Uint8Array, info: Uint8Array, n: number): Buffer =>
  hmac(key, join(info, Buffer.of(1))).subarray(0, n);
const H = (label: string, ...parts: readonly Uint8Array[]): Buffer => sha256(join(ctx(label), ...parts));
const derive = (key: Uint8Array, label: string, ...parts: readonly Uint8Array[]): Buffer =>
  expand(key, join(ctx(label), ...parts), 32);

function decrypt(cipher: 'aes-256-gcm' | 'chacha20-poly1305', key: Uint8Array, nonce: Uint8Array) {
  return (associated: Uint8Array, sealed: Uint8Array): Buffer => {
    const decipher = crypto.createDecipheriv(cipher as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(sealed.length - 16));
    return join(decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final());
  };
}

const ed25519Public = (bytes: Uint8Array): crypto.KeyObject =>
  crypto.createPublicKey({ key: join(hex('302a300506032b6570032100'), bytes), format: 'der', type: 'spki' });
const privateKey = (algorithm: 'Ed25519' | 'X25519', secret: Uint8Array): crypto.KeyObject => {
  const prefix = hex(`302e020100300506032b65${algorithm === 'Ed25519' ? '70' : '6e'}04220420`);
  return crypto.createPrivateKey({ key: join(prefix, secret), format: 'der', type: 'pkcs8' });
};
const publicOf = (algorithm: 'Ed25519' | 'X25519', secret: Uint8Array): Buffer =>
  crypto.createPublicKey(privateKey(algorithm, secret)).export({ format: 'der', type: 'spki' }).subarray(12);
const verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  crypto.verify(null, message, ed25519Public(key), signature);

/** RFC 9180, base mode, single shot, with HKDF-SHA256 by hand. */
function openHpke(secret: Uint8Array, info: Uint8Array, associated: Uint8Array, message: Uint8Array): Buffer {
  const mac = (key: Uint8Array, data: Uint8Array): Buffer =>
    crypto.createHmac('sha256', key).update(data).digest();
  const extract = (suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer =>
    mac(salt.length === 0 ? Buffer.alloc(32) : salt, join(utf8('HPKE-v1'), suite, utf8(label), ikm));
  const expandFor = (suite: Buffer, prk: Buffer, label: string, data: Uint8Array, n: number): Buffer =>
    mac(prk, join(u16(n), utf8('HPKE-v1'), suite, utf8(label), data, Buffer.of(1))).subarray(0, n);
  const kem = join(utf8('KEM'), u16(0x0020));
  const hpke = join(utf8('HPKE'), u16(0x0020), u16(0x0001), u16(0x0003));
  const none = Buffer.alloc(0);

  const encapsulated = message.subarray(0, 32);
  const peer = crypto.createPublicKey({
    key: join(hex('302a300506032b656e032100'), encapsulated),
    format: 'der',
    type: 'spki',
  });
  const dh = crypto.diffieHellman({ privateKey: privateKey('X25519', secret), publicKey: peer });
  const kemContext = join(encapsulated, publicOf('X25519', secret));
  const shared = expandFor(kem, extract(kem, none, 'eae_prk', dh), 'shared_secret', kemContext, 32);
  const schedule = join(
    Buffer.of(0),
    extract(hpke, none, 'psk_id_hash', none),
    extract(hpke, none, 'info_hash', info),
  );
  const prk = extract(hpke, shared, 'secret', none);
  const key = expandFor(hpke, prk, 'key', schedule, 32);
  const nonce = expandFor(hpke, prk, 'base_nonce', schedule, 12);
  return decrypt('chacha20-poly1305', key, nonce)(associated, message.subarray(32));
}

// ---- 3. Sealing

const ZERO_NONCE = Buffer.alloc(12);

function openUnder(
  kind: number,
  sealingKey: Uint8Array,
  info: Uint8Array,
  sealed: Buffer,
  bound = '',
): Buffer {
  const fields = new Fields(sealed, kind);
  const salt = fields.bytes(32);
  const both = expand(sealingKey, join(info, salt), 64);
  expect(fields.bytes(32)).toEqual(both.subarray(32));
  const associated = join(sealed.subarray(0, 66), utf8(bound));
  return decrypt('aes-256-gcm', both.subarray(0, 32), ZERO_NONCE)(associated, sealed.subarray(66));
}

const PURPOSES = ['userKey', 'epochKey', 'firstEpochKey', 'inviteKey', 'tokenKey', 'kitBackup'] as const;
interface Place {
  readonly purpose: (typeof PURPOSES)[number];
  readonly place: Uint8Array;
  readonly epoch: number;
  readonly recipient: Uint8Array;
  readonly generation: number;
}

function boxInfo({ purpose, place, epoch, recipient, generation }: Place): Buffer {
  const number = Buffer.of(PURPOSES.indexOf(purpose));
  return join(ctx('box'), number, place, u32(epoch), recipient, u32(generation));
}

const openBox = (secret: Uint8Array, place: Place, box: Buffer): Buffer =>
  openHpke(secret, boxInfo(place), Buffer.of(1, 0x20), box.subarray(2));

// ---- 4. Devices and the recovery kit

interface Device {
  readonly id: string;
  readonly sign: Buffer;
  readonly box: Buffer;
}

const deviceOf = (sign: Buffer, box: Buffer): Device => ({
  id: base32(H('device-id', sign, box)),
  sign,
  box,
});
const boxSecretOf = (seed: Uint8Array): Buffer => derive(seed, 'device/box');
const deviceFromSeed = (seed: Uint8Array): Device =>
  deviceOf(publicOf('Ed25519', derive(seed, 'device/sign')), publicOf('X25519', boxSecretOf(seed)));

function kitSeed(code: string): Buffer {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const symbols = code.replaceAll('-', '');
  expect(symbols).toMatch(/^1.{39}$/);
  const bitsOf = (text: string): string =>
    text
      .split('')
      .map((symbol) => alphabet.indexOf(symbol).toString(2).padStart(5, '0'))
      .join('');
  const bytesOf = (bits: string): Buffer =>
    Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const secret = bytesOf(bitsOf(symbols.slice(1, 33)));
  let hashBits = '';
  for (const byte of H('kit/checksum', secret)) hashBits += byte.toString(2).padStart(8, '0');
  expect(bitsOf(symbols.slice(33))).toBe(hashBits.slice(0, 35));
  return hmac(ctx('kit/seed'), secret).subarray(0, 32);
}

// ---- 5. Logs

interface Entry<Body> {
  readonly index: number;
  readonly hash: string;
  readonly body: Body;
  readonly signers: readonly string[];
  /** True if the signature with this number is the key's. */
  signedBy(number: number, key: Uint8Array): boolean;
}

function readLog<Body>(
  kind: 0x10 | 0x11,
  entries: readonly Buffer[],
  readBody: (fields: Fields) => Body,
): readonly Entry<Body>[] {
  const label = kind === 0x10 ? 'sign/account-entry' : 'sign/team-entry';
  let before = base32(Buffer.alloc(32));
  return entries.map((bytes, index): Entry<Body> => {
    const fields = new Fields(bytes, kind);
    expect([fields.u32(), fields.id()]).toEqual([index, before]);
    fields.u53();
    const body = readBody(fields);
    const core = bytes.subarray(0, fields.at);
    const count = fields.u8();
    expect(count >= 1 && count <= 3).toBe(true);
    const signatures = Array.from({ length: count }, () => [fields.id(), fields.bytes(64)] as const);
    fields.end();
    before = base32(H('log-entry', bytes));
    return {
      index,
      hash: before,
      body,
      signers: signatures.map(([signer]) => signer),
      signedBy: (number, key) =>
        verify(key, join(ctx(label), core), signatures[number]?.[1] ?? Buffer.alloc(64)),
    };
  });
}

// ---- 6. Account log

function readAccountBody(fields: Fields) {
  const device = (): Device => deviceOf(fields.bytes(32), fields.bytes(32));
  const readers = [
    () => ({ type: 'create', device: device(), kit: device() }) as const,
    () => ({ type: 'add', device: device() }) as const,
    () => ({ type: 'revoke', id: fields.id() }) as const,
    () =>
      ({
        type: 'generation',
        number: fields.u32(),
        userPublic: fields.bytes(32),
        previous: fields.opt(() => fields.bytes(114)),
        boxes: fields.list(() => ({ recipient: fields.id(), hash: fields.bytes(32) })),
      }) as const,
    () => ({ type: 'replaceKit', kit: device() }) as const,
    () => ({ type: 'announce', intent: fields.choice('revoke', 'replaceKit'), id: fields.id() }) as const,
    () => ({ type: 'cancel', index: fields.u32() }) as const,
    () => ({ type: 'rules', rules: fields.u16() }) as const,
  ] as const;
  return fields.choice(...readers)();
}

type AccountLog = readonly Entry<ReturnType<typeof readAccountBody>>[];

/** All devices and kits that a log ever named, after checking every signature of it. */
function verifyAccount(log: AccountLog): ReadonlyMap<string, Device> {
  const known = new Map<string, Device>();
  for (const entry of log) {
    const { body } = entry;
    const named = [
      ...(body.type === 'create' ? [body.device, body.kit] : []),
      ...(body.type === 'add' ? [body.device] : []),
      ...(body.type === 'replaceKit' ? [body.kit] : []),
    ];
    for (const device of named) known.set(device.id, device);
    for (const [number, signer] of entry.signers.entries()) {
      const device = known.get(signer);
      expect(device !== undefined && entry.signedBy(number, device.sign)).toBe(true);
    }
  }
  return known;
}

// ---- 7. Team log

function readTeamBody(fields: Fields) {
  const head = () => ({ index: fields.u32(), hash: fields.id() });
  const role = () => fields.choice('viewer', 'editor', 'admin', 'owner');
  const box = () => ({
    to: fields.choice('member', 'token'),
    id: fields.id(),
    generation: fields.u32(),
    hash: fields.bytes(32),
  });
  const rotation = () => ({
    epoch: fields.u32(),
    commitment: fields.bytes(32),
    previous: fields.bytes(114),
    boxes: fields.list(box),
  });
  const optHash = () => fields.opt(() => fields.bytes(32));
  const common = { author: fields.id(), seq: fields.u53(), feedHash: fields.id() };
  const readers = [
    () =>
      ({
        type: 'create',
        kind: fields.choice('personal', 'team'),
        nonce: fields.bytes(32),
        accountHead: head(),
        commitment: fields.bytes(32),
        box: box(),
      }) as const,
    () =>
      ({
        type: 'invite',
        sign: fields.bytes(32),
        box: fields.bytes(32),
        role: role(),
        expires: fields.u53(),
        uses: fields.u16(),
        epoch: fields.u32(),
        commitment: fields.bytes(32),
        boxHash: optHash(),
      }) as const,
    () => ({ type: 'close', invite: fields.id(), reason: fields.choice('withdrawn', 'expired') }) as const,
    () =>
      ({
        type: 'join',
        invite: fields.id(),
        workspace: fields.id(),
        accountHead: head(),
        box: fields.opt(box),
      }) as const,
    () => ({ type: 'role', account: fields.id(), role: role() }) as const,
    () => ({ type: 'remove', account: fields.id(), rotation: rotation() }) as const,
    () => ({ type: 'leave' }) as const,
    () => ({ type: 'rotate', rotation: rotation() }) as const,
    () => ({ type: 'device', accountHead: head() }) as const,
    () => ({ type: 'transfer', to: fields.id() }) as const,
    () =>
      ({
        type: 'token',
        change: fields.choice(
          () => ({ box: fields.bytes(32), expires: fields.u53(), boxHash: optHash() }),
          () => ({ revoke: fields.id() }),
        )(),
      }) as const,
    () =>
      ({
        type: 'policy',
        confirmJoins: fields.bool(),
        requireMfa: fields.bool(),
        labels: fields.list(() => ({ tag: fields.bytes(16), least: role() })),
      }) as const,
    () => ({ type: 'delete' }) as const,
    () => ({ type: 'confirm', account: fields.id() }) as const,
    () => ({ type: 'undelete' }) as const,
    () => ({ type: 'rules', rules: fields.u16() }) as const,
  ] as const;
  return { ...common, action: fields.choice(...readers)() };
}

// ---- the golden bytes

const golden = (part: 'crypto' | 'record' | 'team'): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(new URL(`../../shared/src/${part}/golden/v1.txt`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
const valueOf = (map: ReadonlyMap<string, string>, name: string): string => {
  const value = map.get(name);
  if (value === undefined) throw new Error(`The golden bytes have no ${name}.`);
  return value;
};
const series = (map: ReadonlyMap<string, string>, name: string): readonly Buffer[] =>
  [...map].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => hex(value));

describe('sections 2 to 4: keys and seals', () => {
  const file = golden('crypto');
  const get = (name: string): string => valueOf(file, name);
  const seed = hex(get('given.deviceSeed'));

  test('a device is derived from its seed, and signs', () => {
    const device = deviceFromSeed(seed);
    expect([device.id, device.sign.toString('hex'), device.box.toString('hex')]).toEqual([
      get('deviceId'),
      get('deviceSignPublic'),
      get('deviceBoxPublic'),
    ]);
    const key = privateKey('Ed25519', derive(seed, 'device/sign'));
    expect(crypto.sign(null, utf8(get('given.message')), key).toString('hex')).toBe(get('deviceSignature'));
  });

  test('a kit is a device, read from its forty characters', () => {
    expect(deviceFromSeed(kitSeed(get('kitCode'))).id).toBe(get('kitId'));
  });

  test('boxes, local data and older keys open', () => {
    const thirtyTwo = (fill: number): Buffer => Buffer.alloc(32, fill);
    const place = {
      purpose: 'epochKey',
      place: thirtyTwo(1),
      epoch: 2,
      recipient: thirtyTwo(3),
      generation: 4,
    } as const;
    expect(boxInfo(place).toString('hex')).toBe(get('boxInfo'));
    const box = hex(get('box'));
    expect(openBox(boxSecretOf(seed), place, box).toString()).toBe(get('given.boxContent'));
    expect(H('box-hash', box).toString('hex')).toBe(get('boxHash'));
    const purpose = utf8(get('given.localPurpose'));
    const info = join(ctx('local'), Buffer.of(purpose.length), purpose);
    const local = openUnder(
      0x22,
      hex(get('given.localKey')),
      info,
      hex(get('local')),
      get('given.localAssociated'),
    );
    expect(local.toString()).toBe(get('given.localContent'));
    for (const [name, label] of [
      ['previousUserKey', 'user/previous'],
      ['previousEpochKey', 'epoch/previous'],
    ] as const) {
      const opened = openUnder(0x21, hex(get('given.nextKey')), ctx(label), hex(get(name)));
      expect(opened.toString('hex')).toBe(get('given.previousKey'));
    }
  });

  test('section 16: what people compare', () => {
    const digits = (hash: Buffer): string =>
      (
        (BigInt(`0x${hash.toString('hex')}`) % 10n ** 60n).toString().padStart(60, '0').match(/.{5}/g) ?? []
      ).join(' ');
    expect(digits(H('fingerprint', fromBase32(get('given.account'))))).toBe(get('fingerprint'));
    const [workspace, head] = [fromBase32(get('given.workspace')), fromBase32(get('given.head'))];
    expect(digits(H('team-state', workspace, head))).toBe(get('teamState'));
  });

  test('section 15: what a device signs for a server', () => {
    const origin = utf8('https://cuebook.example.com');
    const message = join(
      ctx('sign/challenge'),
      u16(origin.length),
      origin,
      Buffer.alloc(32, 9),
      Buffer.alloc(32, 10),
    );
    expect(message.toString('hex')).toBe(get('challenge'));
  });
});

describe('sections 11 to 13: records', () => {
  const file = golden('record');
  const get = (name: string): string => valueOf(file, name);
  const bytes = hex(get('record'));
  const parents = bytes.readUInt8(3);
  const headerEnd = 284 + 32 * parents;
  const header = bytes.subarray(0, headerEnd);
  const ciphertext = bytes.subarray(headerEnd, -64);
  const signature = bytes.subarray(-64);
  const workspace = header.subarray(28, 60);
  const group = header.subarray(60, 76);
  const signer = publicOf('Ed25519', hex(get('given.signSeed')));

  test('the header says what it says at its offsets', () => {
    expect([...header.subarray(0, 4)]).toEqual([1, 1, 1, 2]);
    expect(header.readUInt32BE(4)).toBe(0x01020304);
    expect(header.readBigUInt64BE(8)).toBe(0x0102030405n);
    expect(header.readUInt32BE(16)).toBe(0x0a0b0c0d);
    expect(header.readBigUInt64BE(20)).toBe(0x0504030201n);
    const filled = (at: number, length: number, fill: number): void =>
      expect(header.subarray(at, at + length)).toEqual(Buffer.alloc(length, fill));
    filled(28, 32, 20);
    filled(60, 16, 21);
    filled(76, 16, 22);
    filled(92, 32, 25);
    filled(124, 32, 26);
    filled(220, 32, 27);
    filled(252, 32, 28);
    filled(284, 32, 23);
    filled(316, 32, 24);
  });

  test('its signature and its name are computed without any key', () => {
    expect(verify(signer, join(ctx('sign/record'), header, sha256(ciphertext)), signature)).toBe(true);
    expect(base32(H('record-id', header, sha256(ciphertext), signature))).toBe(get('recordId'));
  });

  test('it opens with the key of its group, and its payload is read to the last byte', () => {
    const groupKey = derive(hex(get('given.epochKey')), 'group', workspace, group);
    const both = expand(groupKey, join(ctx('record/key'), header.subarray(156, 188)), 64);
    expect(header.subarray(188, 220)).toEqual(both.subarray(32));
    const padded = decrypt('aes-256-gcm', both.subarray(0, 32), ZERO_NONCE)(header, ciphertext);
    const payload = unpad(padded);
    expect(payload.toString('hex')).toBe(get('payload.content'));
    const fields = new Fields(payload, 3);
    expect(fields.u8()).toBe(0);
    const revision = fields.shortId();
    const content = {
      kind: fields.choice('save', 'merge', 'restore', 'import'),
      time: fields.u53(),
      restoredFrom: fields.opt(fields.shortId),
      message: fields.text(),
      references: fields.list(() => [fields.text(), fields.shortId(), fields.opt(fields.shortId)]),
      text: fields.text(),
    };
    fields.end();
    expect(revision).toBe(base32(Buffer.alloc(16, 1)));
    expect(content).toMatchObject({
      kind: 'restore',
      time: 1_750_000_000_000,
      message: 'First',
      text: '---\nmodel: a/b\n---\nGrüße {{name}}\r\n',
    });
    expect(content.references.map(([written]) => written)).toEqual(['x@v3', 'y']);
  });

  test('every other kind of payload is read to the last byte', () => {
    const fields = (name: string, number: number): Fields => {
      const made = new Fields(hex(get(`payload.${name}`)), 3);
      expect(made.u8()).toBe(number);
      return made;
    };
    const place = fields('placeOfFolder', 1);
    expect(place.choice('prompt', 'folder')).toBe('folder');
    place.u53();
    expect([place.opt(place.shortId), place.opt(place.shortId), place.text()]).toEqual([
      base32(Buffer.alloc(16, 6)),
      base32(Buffer.alloc(16, 7)),
      'Ordner',
    ]);
    const label = fields('label', 2);
    label.u53();
    expect([label.opt(label.shortId) !== null, label.text(), label.text()]).toEqual([
      true,
      'production',
      'Go',
    ]);
    const message = fields('message', 3);
    message.u53();
    expect([message.shortId(), message.text()]).toEqual([base32(Buffer.alloc(16, 8)), 'Better words']);
    const name = fields('workspaceName', 4);
    expect([name.u53(), name.text()]).toEqual([6, 'Team']);
    const profile = fields('profile', 5);
    profile.u53();
    expect([profile.id(), profile.text()]).toEqual([get('given.profileOf'), 'Ada']);
    expect(profile.list(() => [profile.id(), profile.text()])).toEqual([
      [base32(Buffer.alloc(32, 10)), 'Laptop'],
    ]);
    const comment = fields('comment', 6);
    comment.u53();
    expect([comment.shortId(), comment.shortId(), comment.shortId()].at(1)).toBe(get('given.thread'));
    expect(comment.opt(() => [comment.u32(), comment.u32()])).toEqual([0, 4]);
    expect([comment.bool(), comment.text()]).toEqual([false, 'Why?']);
    const key = fields('providerKey', 7);
    key.u53();
    expect(key.text()).toBe(get('given.provider'));
    const apis = ['openai', 'anthropic', 'google', 'openrouter', 'openai-compatible'] as const;
    expect(key.opt(() => [key.choice(...apis), key.text(), key.text(), key.text()])).toEqual([
      'openai-compatible',
      'Gateway',
      'https://models.example/v1',
      'key-of-the-team',
    ]);
    const withdrawn = fields('providerKeyWithdrawn', 7);
    withdrawn.u53();
    expect([withdrawn.text(), withdrawn.opt(() => null)]).toEqual([get('given.provider'), null]);
    for (const read of [place, label, message, name, profile, comment, key, withdrawn]) read.end();
  });

  test('a purged one leaves a tombstone that verifies and has the same name', () => {
    const tombstone = hex(get('tombstone'));
    expect(tombstone).toEqual(join(Buffer.of(1, 2), header, sha256(ciphertext), signature));
  });

  test('streams and the tag of a label are named by the key of the first epoch', () => {
    const streamKey = derive(hex(get('given.epochKey')), 'streams', workspace);
    const roles = [
      'content',
      'place',
      'label',
      'messages',
      'workspaceName',
      'profile',
      'thread',
      'providerKey',
    ];
    const names: Readonly<Record<string, Buffer>> = {
      label: utf8(get('given.label')),
      profile: fromBase32(get('given.profileOf')),
      thread: fromBase32(get('given.thread')),
      providerKey: utf8(get('given.provider')),
    };
    for (const [number, role] of roles.entries()) {
      const info = join(ctx('stream'), group, Buffer.of(number), names[role] ?? Buffer.alloc(0));
      expect(base32(hmac(streamKey, info).subarray(0, 16))).toBe(get(`stream.${role}`));
    }
    const tag = hmac(streamKey, join(ctx('label-tag'), utf8(get('given.label')))).subarray(0, 16);
    expect(tag.toString('hex')).toBe(get('labelTag'));
  });

  test('the feed is chained', () => {
    const first = H('feed', Buffer.alloc(32), fromBase32(get('given.firstRecordId')));
    expect(base32(first)).toBe(get('feedHash.1'));
  });
});

describe('sections 5 to 10 and 14: logs, invites, tokens, approval', () => {
  const file = golden('team');
  const get = (name: string): string => valueOf(file, name);
  const accounts = ['owner', 'editor', 'guest'].map((name) =>
    readLog(0x10, series(file, name), readAccountBody),
  );
  const [owner] = accounts;
  const team = readLog(0x11, series(file, 'team'), readTeamBody);
  const seed = hex(get('given.ownerSeed'));
  const userBoxes = series(file, 'userBox');

  const create = owner?.[0]?.body;
  const generation = owner?.[1]?.body;
  const teamCreate = team[0]?.body.action;
  if (create?.type !== 'create' || generation?.type !== 'generation' || teamCreate?.type !== 'create') {
    throw new Error('Logs begin with a creation.');
  }
  const device = deviceFromSeed(seed);

  test('every entry of every account log follows, is read to its end and is signed by whom it names', () => {
    expect(accounts.map((log) => log.length)).toEqual([2, 9, 2]);
    for (const log of accounts) verifyAccount(log);
    expect([owner?.[0]?.hash, accounts[1]?.[0]?.hash]).toEqual([get('ownerId'), get('editorId')]);
    const types = new Set(accounts.flat().map(({ body }) => body.type));
    expect(types.size).toBe(8);
  });

  test('an account begins with the device of the seed and the kit of the code', () => {
    expect(create.device).toEqual(device);
    expect(create.kit).toEqual(deviceFromSeed(kitSeed(get('given.ownerKit'))));
    expect(owner?.[0]?.signers).toEqual([create.device.id, create.kit.id]);
  });

  /** The user key of generation 1, from the box of the device. */
  function userKey(): Buffer {
    const at =
      generation?.type === 'generation'
        ? generation.boxes.findIndex((box) => box.recipient === device.id)
        : -1;
    const box = userBoxes[at] ?? Buffer.alloc(0);
    const recipient = fromBase32(device.id);
    const place = fromBase32(get('ownerId'));
    return openBox(boxSecretOf(seed), { purpose: 'userKey', place, epoch: 0, recipient, generation: 1 }, box);
  }

  test('the user key comes out of the box of the device, and gives the public key in the log', () => {
    expect(generation.boxes.map(({ hash }) => hash)).toEqual(userBoxes.map((box) => H('box-hash', box)));
    const ids = generation.boxes.map(({ recipient }) => fromBase32(recipient));
    expect(ids.toSorted((left, right) => Buffer.compare(left, right))).toEqual(ids);
    expect(publicOf('X25519', derive(userKey(), 'user/box', u32(1)))).toEqual(generation.userPublic);
  });

  const epochBoxes = [...file]
    .filter(([name]) => name.startsWith('epochBox.'))
    .map(([, value]) => hex(value.slice(value.indexOf(' ') + 1)));

  /** The key of epoch 1, from the box that `create` names. */
  function epochKey(): Buffer {
    const secret = derive(userKey(), 'user/box', u32(1));
    const [box] = epochBoxes;
    if (box === undefined || teamCreate?.type !== 'create') throw new Error('no box');
    const place = { purpose: 'firstEpochKey', place: teamCreate.nonce, epoch: 1, generation: 1 } as const;
    return openBox(secret, { ...place, recipient: fromBase32(get('ownerId')) }, box);
  }

  test('a workspace is named by its first entry, and its key comes out of the box of its creator', () => {
    expect([team[0]?.hash, team.at(-1)?.hash]).toEqual([get('workspace'), get('head')]);
    expect(team[0]?.body).toMatchObject({
      author: get('ownerId'),
      seq: 0,
      feedHash: base32(Buffer.alloc(32)),
    });
    expect(teamCreate.accountHead).toEqual({ index: 1, hash: owner?.[1]?.hash });
    expect(teamCreate.box.hash).toEqual(H('box-hash', epochBoxes[0] ?? Buffer.alloc(0)));
    expect(derive(epochKey(), 'epoch/commitment', u32(1))).toEqual(teamCreate.commitment);
  });

  test('the key of the next epoch comes out of its own box and carries the one before', () => {
    const rotate = team.find(({ body }) => body.action.type === 'rotate')?.body.action;
    if (rotate?.type !== 'rotate') throw new Error('no rotation');
    const { rotation } = rotate;
    const mine = rotation.boxes.find(({ id }) => id === get('ownerId'));
    const box = epochBoxes.find((bytes) => mine !== undefined && H('box-hash', bytes).equals(mine.hash));
    if (box === undefined) throw new Error('no box');
    const secret = derive(userKey(), 'user/box', u32(1));
    const place = {
      purpose: 'epochKey',
      place: fromBase32(get('workspace')),
      epoch: 2,
      generation: 1,
    } as const;
    const key = openBox(secret, { ...place, recipient: fromBase32(get('ownerId')) }, box);
    expect(derive(key, 'epoch/commitment', u32(2))).toEqual(rotation.commitment);
    expect(openUnder(0x21, key, ctx('epoch/previous'), rotation.previous)).toEqual(epochKey());
  });

  test('every entry of the team log follows, is read to its end, and is signed by a device of its author', () => {
    expect(new Set(team.map(({ body }) => body.action.type)).size).toBe(16);
    const ids = accounts.map((log) => log[0]?.hash);
    const devices = accounts.map(verifyAccount);
    const invites = new Map<string, Buffer>();
    for (const entry of team) {
      const { author, action } = entry.body;
      if (action.type === 'invite') {
        invites.set(base32(H('invite-id', action.sign, action.box)), action.sign);
      }
      const signer = devices[ids.indexOf(author)]?.get(entry.signers[0] ?? '');
      expect(signer !== undefined && entry.signedBy(0, signer.sign)).toBe(true);
      expect(entry.signers.length).toBe(action.type === 'join' ? 2 : 1);
      if (action.type !== 'join') continue;
      expect([entry.signers[1], action.workspace]).toEqual([action.invite, get('workspace')]);
      expect(entry.signedBy(1, invites.get(action.invite) ?? Buffer.alloc(32))).toBe(true);
    }
  });

  test('an invite code names the workspace, its head, and the keys of the invite', () => {
    const fields = new Fields(fromBase32(get('inviteCode')), 0x33);
    expect([fields.id(), fields.u32(), fields.id()]).toEqual([
      get('workspace'),
      team.length - 1,
      get('head'),
    ]);
    const secret = fields.bytes(32);
    fields.end();
    expect(secret.toString('hex')).toBe(get('given.inviteSecret'));
    const sign = publicOf('Ed25519', derive(secret, 'invite/sign'));
    const box = publicOf('X25519', derive(secret, 'invite/box'));
    expect(base32(H('invite-id', sign, box))).toBe(get('inviteId'));
  });

  test('a machine token is what is sent, and a key that is not', () => {
    const token = hex(get('given.tokenSeed'));
    expect(derive(token, 'token/auth').toString('hex')).toBe(get('tokenAuth'));
    expect(base32(H('token-id', publicOf('X25519', derive(token, 'token/box'))))).toBe(get('tokenId'));
  });

  test('an approval gives the same seven digits from the three messages', () => {
    const [hello, answer, reveal] = ['Hello', 'Answer', 'Reveal'].map((name) => hex(get(`approval${name}`)));
    if (!hello || !answer || !reveal) throw new Error('no messages');
    expect(hello).toEqual(join(Buffer.of(1, 0x30), H('approval/commitment', reveal.subarray(2))));
    const fields = new Fields(answer, 0x31);
    expect([fields.id(), fields.u32(), fields.id()]).toEqual([get('ownerId'), 1, owner?.[1]?.hash]);
    expect(deviceOf(fields.bytes(32), fields.bytes(32))).toEqual(device);
    fields.bytes(32);
    expect(fields.list(() => [fields.id(), fields.u32(), fields.id()])).toEqual([
      [get('workspace'), team.length - 1, get('head')],
    ]);
    fields.end();
    const transcript = H('approval/transcript', sha256(hello), sha256(answer), sha256(reveal));
    const code = (transcript.readBigUInt64BE() % 10n ** 7n).toString().padStart(7, '0');
    expect(code).toBe(get('approvalCode'));
  });
});
