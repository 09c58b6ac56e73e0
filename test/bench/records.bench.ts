// What sealing costs: opening and verifying records against the bare primitives of the platform, in turns, so that a
// busy machine slows both alike; and what sealing and signing take. Nothing of a store or a network is in it.

import * as nodeCrypto from 'node:crypto';
import { createGroupKeys, type GroupKey } from '@cuebook/shared/crypto/groupKeys';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { idFromBytes, idToBytes, type AnyId } from '@cuebook/shared/encoding/ids';
import { parseRecord } from '@cuebook/shared/record/header';
import { openRecord } from '@cuebook/shared/record/open';
import { sealRecord, type RecordDraft } from '@cuebook/shared/record/seal';
import { verifyRecord } from '@cuebook/shared/record/verify';
import { redact } from '@cuebook/shared/util/redacted';
import type { Figure } from '../../tools/figure.ts';

export const prefix = 'records';

// 10,000 records in all, in slices so short that a busy machine treats both sides of a ratio alike.
const RUNS = 50;
const RECORDS = 200;
const PLAINTEXT_BYTES = 1024;

const suite = createSuite(nodeCrypto);
const randomId = <Id extends AnyId>(length: 16 | 32): Id => idFromBytes<Id>(suite.random(length));
const signSeed = suite.random(32);

export async function figures(): Promise<readonly Figure[]> {
  const library = makeRecords();
  return [openRatio(library), verifyRatio(library), sealing(library), signing()];
}

type Records = ReturnType<typeof makeRecords>;

function makeRecords() {
  const workspace = randomId<RecordDraft['workspace']>(32);
  const group = randomId<RecordDraft['group']>(16);
  const groupKeys = createGroupKeys(suite, workspace, new Map([[1, redact(suite.random(32))]]));
  const key = groupKeys.keyOf(idToBytes(group), 1);
  if (key === null) throw new Error('The key of epoch 1 is there.');
  const draft: RecordDraft = {
    flag: 'none',
    workspace,
    group,
    stream: randomId(16),
    parents: [randomId(32)],
    epoch: 1,
    author: randomId(32),
    device: randomId(32),
    counter: 1,
    teamLog: { index: 0, hash: randomId(32) },
    seen: { seq: 0, feedHash: randomId(32) },
  };
  const seal = (): Uint8Array => sealOne(key, draft);
  return { groupKeys, seal, records: Array.from({ length: RECORDS }, seal) };
}

const signer = suite.ed25519Signer(signSeed);
// With its length in front and padded, it is exactly 1 KB that is encrypted.
const payload = suite.random(PLAINTEXT_BYTES - 4);

const sealOne = (group: GroupKey, draft: RecordDraft): Uint8Array =>
  sealRecord(suite, { group, sign: signer }, draft, payload).bytes;

/** Header read, key of the record derived, commitment, header and padding checked; the signature is not. */
function openRatio({ groupKeys, records }: Records): Figure {
  const open = (): void => {
    for (const bytes of records) {
      const parsed = parseRecord(bytes);
      if (!parsed.ok) throw new Error('Does not parse.');
      const key = groupKeys.keyOf(parsed.value.groupBytes, parsed.value.epoch);
      if (key === null || !openRecord(suite, key, parsed.value).ok) throw new Error('Does not open.');
    }
  };
  return ratio('records.open.ratio', bareDecryption(), open);
}

function bareDecryption(): () => void {
  const messages = Array.from({ length: RECORDS }, () => {
    const [key, nonce] = [nodeCrypto.randomBytes(32), nodeCrypto.randomBytes(12)];
    const cipher = nodeCrypto.createCipheriv('aes-256-gcm', key, nonce);
    const text = Buffer.concat([cipher.update(nodeCrypto.randomBytes(PLAINTEXT_BYTES)), cipher.final()]);
    return { key, nonce, text, tag: cipher.getAuthTag() };
  });
  return () => {
    for (const { key, nonce, text, tag } of messages) {
      const decipher = nodeCrypto.createDecipheriv('aes-256-gcm', key, nonce);
      decipher.setAuthTag(tag);
      decipher.update(text);
      decipher.final();
    }
  };
}

function verifyRatio({ records }: Records): Figure {
  const verifier = suite.ed25519Verifier(suite.ed25519PublicKey(signSeed));
  if (verifier === null) throw new Error('The key is sound.');
  const verify = (): void => {
    for (const bytes of records) {
      const parsed = parseRecord(bytes);
      if (!parsed.ok || !verifyRecord(suite, parsed.value, verifier)) throw new Error('Does not verify.');
    }
  };
  return ratio('records.verify.ratio', bareVerification(), verify);
}

/** Of messages as long as what a record's signature is over. */
function bareVerification(): () => void {
  const { publicKey, privateKey } = nodeCrypto.generateKeyPairSync('ed25519');
  const signed = Array.from({ length: RECORDS }, () => {
    const message = nodeCrypto.randomBytes(372);
    return { message, signature: nodeCrypto.sign(null, message, privateKey) };
  });
  return () => {
    for (const { message, signature } of signed) {
      if (!nodeCrypto.verify(null, message, publicKey, signature)) throw new Error('Does not verify.');
    }
  };
}

/** Microseconds to seal and sign one record of 1 KB. */
function sealing({ seal }: Records): Figure {
  const times = Array.from({ length: RUNS }, () => timeOf(() => repeat(RECORDS, seal)) / RECORDS);
  return { figure: 'records.seal', value: median(times) * 1000, unit: 'µs', runs: RUNS };
}

/** Milliseconds for 10,000 signatures of 1 KB. */
function signing(): Figure {
  const message = suite.random(PLAINTEXT_BYTES);
  const times = Array.from({ length: 5 }, () => timeOf(() => repeat(10_000, () => signer(message))));
  return { figure: 'records.sign10k', value: median(times), unit: 'ms', runs: times.length };
}

/** Both in turns, once unmeasured; the median of each. */
function ratio(figure: string, floor: () => void, measured: () => void): Figure {
  floor();
  measured();
  const pairs = Array.from({ length: RUNS }, () => [timeOf(floor), timeOf(measured)] as const);
  const atBest = median(pairs.map(([time]) => time));
  const ours = median(pairs.map(([, time]) => time));
  return { figure, value: ours / atBest, unit: 'x', floor: atBest, measured: ours, runs: RUNS };
}

/** Milliseconds of this process's CPU: others on the machine are not its business, and a thread's own clock has steps of 4 ms. */
function timeOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function repeat(count: number, work: () => unknown): void {
  for (let done = 0; done < count; done += 1) work();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
