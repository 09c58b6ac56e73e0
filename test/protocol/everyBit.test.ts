// Every single bit of one instance of each format, flipped: refused, or (where a person types it) read as the same or as
// something that nobody has. The instances are the golden bytes. Larger instances are in property tests beside the code.

import * as nodeCrypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createGroupKeys } from '@cuebook/shared/crypto/groupKeys';
import { deriveDeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import { openBox, openLocal, openPreviousKey } from '@cuebook/shared/crypto/open';
import { parseKit } from '@cuebook/shared/crypto/recoveryKit';
import { sealLocal } from '@cuebook/shared/crypto/seal';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { idToBytes, type AccountId } from '@cuebook/shared/encoding/ids';
import type { LogHead } from '@cuebook/shared/record/header';
import { parseRecord } from '@cuebook/shared/record/header';
import { openRecord } from '@cuebook/shared/record/open';
import { parseTombstone } from '@cuebook/shared/record/tombstone';
import { recordIdOf, verifyRecord } from '@cuebook/shared/record/verify';
import { encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { emptyReplica } from '@cuebook/shared/replica/state';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import { foldAccountEntry, type AccountState } from '@cuebook/shared/team/accountFold';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  stateAt,
  type LogHistory,
} from '@cuebook/shared/team/history';
import { deriveInviteKeys, readInviteCode } from '@cuebook/shared/team/invite';
import { compareWithPin } from '@cuebook/shared/team/pins';
import { unwrap } from '@cuebook/shared/team/sampleTeam';
import { teamLog } from '@cuebook/shared/team/teamEntry';
import { foldTeamEntry } from '@cuebook/shared/team/teamFold';
import { hexToBytes } from '@cuebook/shared/util/bytes';
import { redact } from '@cuebook/shared/util/redacted';
import { describe, expect, test, vi } from 'vitest';

// Tens of thousands of signatures, on a machine that others use too.
vi.setConfig({ testTimeout: 120_000 });

const suite = createSuite(nodeCrypto);

function golden(part: 'crypto' | 'record' | 'team'): (name: string) => string {
  const file = new URL(`../../shared/src/${part}/golden/v1.txt`, import.meta.url);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return (name) => {
    const line = lines.find((candidate) => candidate.startsWith(`${name} `));
    if (line === undefined) throw new Error(`The golden bytes have no ${name}.`);
    return line.slice(name.length + 1);
  };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** The bits whose flipping `isTaken` does not notice; throws if it takes not even the original. */
function unnoticed(bytes: Uint8Array, isTaken: (bytes: Uint8Array) => boolean): readonly number[] {
  if (!isTaken(bytes)) throw new Error('The original is not taken either: this shows nothing.');
  return Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) =>
    isTaken(flipped(bytes, bit)),
  );
}

async function unnoticedLater(
  bytes: Uint8Array,
  isTaken: (bytes: Uint8Array) => Promise<boolean>,
): Promise<readonly number[]> {
  if (!(await isTaken(bytes))) throw new Error('The original is not taken either: this shows nothing.');
  const taken: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) if (await isTaken(flipped(bytes, bit))) taken.push(bit);
  return taken;
}

describe('no bit can be flipped', () => {
  const record = golden('record');
  const crypto = golden('crypto');
  const signer = suite.verifiers.of(suite.ed25519PublicKey(hexToBytes(record('given.signSeed'))));
  if (signer === null) throw new Error('the key is sound');

  test('in a record: its signature does not verify', () => {
    const isTaken = (bytes: Uint8Array): boolean => {
      const parsed = parseRecord(bytes);
      return parsed.ok && verifyRecord(suite, parsed.value, signer);
    };
    expect(unnoticed(hexToBytes(record('record')), isTaken)).toEqual([]);
  });

  test('in a record: its name is another', () => {
    const isTaken = (bytes: Uint8Array): boolean => {
      const parsed = parseRecord(bytes);
      return parsed.ok && recordIdOf(suite, parsed.value) === record('recordId');
    };
    expect(unnoticed(hexToBytes(record('record')), isTaken)).toEqual([]);
  });

  test('in a record before its signature: it does not open, even with the keys', () => {
    const bytes = hexToBytes(record('record'));
    const original = unwrap(parseRecord(bytes));
    const epochs = new Map([[original.epoch, redact(hexToBytes(record('given.epochKey')))]]);
    const key = createGroupKeys(suite, original.header.workspace, epochs).keyOf(
      original.groupBytes,
      original.epoch,
    );
    if (key === null) throw new Error('the key is there');
    const signature = bytes.slice(-64);
    const isTaken = (rest: Uint8Array): boolean => {
      const parsed = parseRecord(Uint8Array.of(...rest, ...signature));
      return parsed.ok && openRecord(suite, key, parsed.value).ok;
    };
    expect(unnoticed(bytes.slice(0, -64), isTaken)).toEqual([]);
  });

  test('in a tombstone', () => {
    const isTaken = (bytes: Uint8Array): boolean => {
      const parsed = parseTombstone(suite, bytes);
      return parsed.ok && parsed.value.verify(signer);
    };
    expect(unnoticed(hexToBytes(record('tombstone')), isTaken)).toEqual([]);
  });

  test('in a box', async () => {
    const device = deriveDeviceKeys(suite, redact(hexToBytes(crypto('given.deviceSeed'))));
    const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
    const place = {
      purpose: 'epochKey',
      place: filled(1),
      epoch: 2,
      recipient: filled(3),
      generation: 4,
    } as const;
    const isTaken = async (bytes: Uint8Array): Promise<boolean> =>
      (await openBox(suite, device.boxSecret, place, bytes)).ok;
    expect(await unnoticedLater(hexToBytes(crypto('box')), isTaken)).toEqual([]);
  });

  test('in an older key under a newer one', () => {
    const next = redact(hexToBytes(crypto('given.nextKey')));
    for (const [line, name] of [
      ['userPrevious', 'previousUserKey'],
      ['epochPrevious', 'previousEpochKey'],
    ] as const) {
      const isTaken = (bytes: Uint8Array): boolean => openPreviousKey(suite, line, next, bytes).ok;
      expect(unnoticed(hexToBytes(crypto(name)), isTaken)).toEqual([]);
    }
  });

  test('in the snapshot of a library, or in other local data', () => {
    const { workspace } = unwrap(parseRecord(hexToBytes(record('record')))).header;
    const seal = { key: redact(suite.random(32)), purpose: 'snapshot' };
    const snapshot = sealLocal(suite, seal, encodeSnapshot(emptyReplica(workspace)));
    expect(unnoticed(snapshot, (bytes) => openLocal(suite, seal, bytes).ok)).toEqual([]);
  });
});

describe('no bit can be flipped in an entry of a log', () => {
  const file = golden('team');
  const entriesOf = (name: string): readonly Uint8Array[] => {
    const entries: Uint8Array[] = [];
    for (;;) {
      try {
        entries.push(hexToBytes(file(`${name}.${entries.length}`)));
      } catch {
        return entries;
      }
    }
  };
  const tools = { primitives: suite, verifiers: suite.verifiers };
  const accounts = ['owner', 'editor', 'guest'].map((name) =>
    unwrap(extendAccount(tools, EMPTY_HISTORY, entriesOf(name))),
  );
  const accountAt = (id: AccountId, head: LogHead): AccountState | null => {
    const history = accounts.find((account) => latest(account).id === id);
    return history === undefined ? null : stateAt(history, head);
  };
  const team = unwrap(extendTeam({ ...tools, accountAt }, EMPTY_HISTORY, entriesOf('team')));
  const before = <State>(history: LogHistory<unknown, State>, index: number): State | null =>
    history.states[index - 1] ?? null;

  // The shortest of each type: what is longer only repeats itself.
  const oneOfEach = <Entry extends { readonly type: string; readonly bytes: Uint8Array }>(
    entries: readonly Entry[],
  ): readonly (readonly [string, Entry])[] => {
    const shortest = new Map<string, Entry>();
    for (const entry of entries.toSorted((left, right) => left.bytes.length - right.bytes.length)) {
      if (!shortest.has(entry.type)) shortest.set(entry.type, entry);
    }
    return [...shortest];
  };
  const accountEntries = oneOfEach(
    accounts.flatMap((history) =>
      history.entries.map(({ body, bytes }, index) => ({ type: body.type, bytes, index, history })),
    ),
  );
  test.each(accountEntries)('account log: %s', (_, { index, history, bytes }) => {
    const isTaken = (altered: Uint8Array): boolean => {
      const entry = accountLog.parse(suite, altered);
      if (!entry.ok) return false;
      const state = foldAccountEntry(tools, before(history, index), entry.value);
      // The first entry of a log can be another one only as another account.
      return state.ok && (index > 0 || state.value.id === latest(history).id);
    };
    expect(unnoticed(bytes, isTaken)).toEqual([]);
  });

  const teamEntries = oneOfEach(
    team.entries.map(({ body, bytes }, index) => ({ type: body.action.type, bytes, index })),
  );
  test.each(teamEntries)('team log: %s', (_, { index, bytes }) => {
    const isTaken = (altered: Uint8Array): boolean => {
      const entry = teamLog.parse(suite, altered);
      if (!entry.ok) return false;
      return foldTeamEntry({ ...tools, accountAt }, before(team, index), entry.value).ok;
    };
    expect(unnoticed(bytes, isTaken)).toEqual([]);
  });

  test('of whatever type there is: every one stands in these logs', () => {
    expect(accountEntries.length).toBe(8);
    expect(teamEntries.length).toBe(16);
  });
});

describe('what people carry', () => {
  const file = golden('team');

  test('a recovery kit with any bit of its text flipped is no kit, or (in other case) the same one', () => {
    const code = golden('crypto')('kitCode');
    const id = golden('crypto')('kitId');
    const text = new TextEncoder().encode(code);
    const outcomes = Array.from({ length: text.length * 8 }, (_, bit) => {
      const read = parseKit(suite, new TextDecoder('latin1').decode(flipped(text, bit)));
      return read.ok ? read.value.keys.id : null;
    });
    expect(outcomes.filter((outcome) => outcome !== null && outcome !== id)).toEqual([]);
  });

  test('an invite code with any bit flipped leads to no workspace, shows another log, or is no open invite', () => {
    const workspace = file('workspace');
    const original = unwrap(readInviteCode(file('inviteCode')));
    const own = deriveInviteKeys(suite, original.secret).id;
    expect(own).toBe(file('inviteId'));
    // A log as long as the code's pin says, with its head at that place.
    const entries = Array.from({ length: original.head.index + 1 }, () => ({ hash: original.head.hash }));
    const isTaken = (bytes: Uint8Array): boolean => {
      const read = readInviteCode(bytesToBase32(bytes));
      if (!read.ok || read.value.workspace !== workspace) return false;
      if (compareWithPin(entries, read.value.head).kind !== 'same') return false;
      return deriveInviteKeys(suite, read.value.secret).id === own;
    };
    const bytes = Uint8Array.of(
      1,
      0x33,
      ...idToBytes(original.workspace),
      0,
      0,
      0,
      original.head.index,
      ...idToBytes(original.head.hash),
      ...hexToBytes(file('given.inviteSecret')),
    );
    expect(bytesToBase32(bytes)).toBe(file('inviteCode'));
    expect(unnoticed(bytes, isTaken)).toEqual([]);
  });
});
