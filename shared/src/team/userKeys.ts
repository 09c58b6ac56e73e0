// The user key: what an account's devices share, so that a team seals to an account and not to each of its devices.
//
//     X25519 secret of a generation = HKDF-Expand(user key, context(userBox) ‖ generation (4), 32)

import { sealBox, sealPreviousKey } from '../crypto/seal.ts';
import { openBox, openPreviousKey, type OpenSealedProblem } from '../crypto/open.ts';
import { boxHash, type BoxPlace } from '../crypto/box.ts';
import { deriveKey, KEY_BYTES } from '../crypto/derive.ts';
import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import { idToBytes, type AccountId, type DeviceId } from '../encoding/ids.ts';
import { equalBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import type { AccountEntry, GenerationAction } from './accountEntry.ts';
import { keyHolders, type AccountState } from './accountFold.ts';

/** 32 random bytes of an account and generation. */
export type UserKey = Redacted<Uint8Array> & { readonly __key?: 'user' };

/** All generations that are known, by number. */
export type UserKeys = ReadonlyMap<number, UserKey>;

/** A sealed key for one recipient, to be stored and handed out by whoever stores the log. */
export interface StoredBox<Recipient extends string> {
  readonly recipient: Recipient;
  readonly bytes: Uint8Array;
}

export type UserKeyProblem = OpenSealedProblem | Problem<'boxMissing'>;

export function userBoxSecret(
  suite: Pick<Suite, 'hmacSha512'>,
  key: UserKey,
  generation: number,
): Redacted<Uint8Array> {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, generation);
  return redact(deriveKey(suite, reveal(key), 'userBox', number));
}

export interface NewGeneration {
  readonly action: GenerationAction;
  readonly key: UserKey;
  readonly boxes: readonly StoredBox<DeviceId>[];
}

/**
 * The next generation of an account's user key, sealed to everybody who holds it from now on. If the key before is not
 * here (its author sealed something else to this device), random bytes stand in its place: otherwise nobody could ever
 * start another generation. Older keys are then found in their own boxes.
 */
export async function prepareGeneration(
  suite: Suite,
  state: AccountState,
  keys: UserKeys,
): Promise<NewGeneration> {
  const generation = state.generation + 1;
  const key = randomKey(suite);
  const previous = state.generation === 0 ? null : (keys.get(state.generation) ?? randomKey(suite));
  const boxes: StoredBox<DeviceId>[] = [];
  for (const holder of keyHolders(state)) {
    const place = userKeyPlace(state.id, holder.id, generation);
    boxes.push({ recipient: holder.id, bytes: await sealBox(suite, holder.boxPublic, place, reveal(key)) });
  }
  const action: GenerationAction = {
    type: 'generation',
    generation,
    userPublic: suite.hpke.publicKey(reveal(userBoxSecret(suite, key, generation))),
    previous: previous === null ? null : sealPreviousKey(suite, 'userPrevious', { previous, next: key }),
    boxes: boxes.map(({ recipient, bytes }) => ({ recipient, hash: boxHash(suite, bytes) })),
  };
  return { action, key, boxes };
}

const randomKey = (suite: Pick<Suite, 'random'>): UserKey => redact(suite.random(KEY_BYTES));

/** The current user key for a device that was added later: the approving device seals it. */
export async function sealUserKey(
  suite: Suite,
  state: AccountState,
  key: UserKey,
  to: { readonly id: DeviceId; readonly boxPublic: Uint8Array },
): Promise<StoredBox<DeviceId>> {
  const place = userKeyPlace(state.id, to.id, state.generation);
  return { recipient: to.id, bytes: await sealBox(suite, to.boxPublic, place, reveal(key)) };
}

/**
 * All generations that can be had: each from the newer one's entry, or from a box of its own where that leads nowhere.
 * Whatever is sealed there, only a key that gives the public key named in the log is accepted. `boxMissing` if that
 * leaves out the newest.
 */
export async function openUserKeys(
  suite: Suite,
  device: DeviceKeys,
  account: { readonly state: AccountState; readonly entries: readonly AccountEntry[] },
  boxes: readonly StoredBox<DeviceId>[],
): Promise<Result<UserKeys, UserKeyProblem>> {
  const { state } = account;
  const mine = boxes.filter(({ recipient }) => recipient === device.id);
  const keys = new Map<number, UserKey>();
  for (const { generation, previous } of generationsBackwards(account.entries)) {
    const key = keys.get(generation) ?? (await openGeneration(suite, device, { state, generation }, mine));
    if (key === null) continue;
    keys.set(generation, key);
    const opened = previous === null ? null : openPreviousKey(suite, 'userPrevious', key, previous);
    if (opened?.ok === true && givesNamedPublic(suite, { state, generation: generation - 1 }, opened.value)) {
      keys.set(generation - 1, opened.value);
    }
  }
  if (keys.has(state.generation)) return succeed(keys);
  return fail(
    'boxMissing',
    'This device has no box with the key of its account: another device must seal it anew.',
  );
}

interface Generation {
  readonly state: AccountState;
  readonly generation: number;
}

async function openGeneration(
  suite: Suite,
  device: DeviceKeys,
  wanted: Generation,
  boxes: readonly StoredBox<DeviceId>[],
): Promise<UserKey | null> {
  const place = userKeyPlace(wanted.state.id, device.id, wanted.generation);
  for (const box of boxes) {
    const opened = await openBox(suite, device.boxSecret, place, box.bytes);
    if (!opened.ok) continue;
    const key: UserKey = redact(opened.value);
    if (givesNamedPublic(suite, wanted, key)) return key;
  }
  return null;
}

function givesNamedPublic(suite: Suite, { state, generation }: Generation, key: UserKey): boolean {
  const named = state.userPublics.get(generation);
  const secret = userBoxSecret(suite, key, generation);
  return named !== undefined && equalBytes(suite.hpke.publicKey(reveal(secret)), named);
}

const generationsBackwards = (entries: readonly AccountEntry[]): readonly GenerationAction[] =>
  entries
    .map((entry) => entry.body)
    .filter((body) => body.type === 'generation')
    .toReversed();

const userKeyPlace = (account: AccountId, device: DeviceId, generation: number): BoxPlace => ({
  purpose: 'userKey',
  place: idToBytes(account),
  epoch: 0,
  recipient: idToBytes(device),
  generation,
});
