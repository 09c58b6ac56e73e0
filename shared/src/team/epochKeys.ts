// The keys of a workspace: one for each epoch, sealed to the members' user keys, committed to in the team log.
//
//     commitment = HKDF-Expand(epoch key, context(epochCommitment) ‖ epoch (4), 32)

import { boxHash, type BoxPlace } from '../crypto/box.ts';
import { deriveKey, KEY_BYTES } from '../crypto/derive.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import { openBox, openPreviousKey, type OpenSealedProblem } from '../crypto/open.ts';
import { sealBox } from '../crypto/seal.ts';
import type { Suite } from '../crypto/suite.ts';
import { idToBytes, type AccountId, type WorkspaceId } from '../encoding/ids.ts';
import { equalBytes } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import type { CreateAction, KeyBox, Rotation, TeamEntry } from './teamEntry.ts';
import { userBoxSecret, type StoredBox, type UserKeys } from './userKeys.ts';

export type EpochKeyProblem = OpenSealedProblem | Problem<'boxMissing'>;

/** A sealed epoch key as it is stored: whom it is for, of which epoch and generation. */
export interface EpochBox extends StoredBox<string> {
  readonly epoch: number;
  readonly generation: number;
}

export const createEpochKey = (suite: Pick<Suite, 'random'>): EpochKey => redact(suite.random(KEY_BYTES));

export function epochCommitment(suite: Pick<Suite, 'hmacSha512'>, key: EpochKey, epoch: number): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, epoch);
  return deriveKey(suite, reveal(key), 'epochCommitment', number);
}

/** Whom an epoch key is sealed to: an account with the newest generation of its user key. */
export interface MemberKey {
  readonly account: AccountId;
  readonly generation: number;
  readonly userPublic: Uint8Array;
}

/** The box of the creator, before there is a WorkspaceId: bound to the nonce of the `create` entry. */
export async function sealFirstEpochKey(
  suite: Suite,
  nonce: Uint8Array,
  key: EpochKey,
  member: MemberKey,
): Promise<{ readonly named: KeyBox; readonly stored: EpochBox }> {
  return sealTo(suite, { purpose: 'firstEpochKey', place: nonce, epoch: 1 }, key, member);
}

export async function sealEpochKey(
  suite: Suite,
  workspace: WorkspaceId,
  epoch: number,
  key: EpochKey,
  member: MemberKey,
): Promise<{ readonly named: KeyBox; readonly stored: EpochBox }> {
  return sealTo(suite, { purpose: 'epochKey', place: idToBytes(workspace), epoch }, key, member);
}

async function sealTo(
  suite: Suite,
  where: Pick<BoxPlace, 'purpose' | 'place' | 'epoch'>,
  key: EpochKey,
  { account, generation, userPublic }: MemberKey,
): Promise<{ readonly named: KeyBox; readonly stored: EpochBox }> {
  const place = { ...where, recipient: idToBytes(account), generation };
  const bytes = await sealBox(suite, userPublic, place, reveal(key));
  return {
    named: { recipient: { kind: 'member', id: account }, generation, hash: boxHash(suite, bytes) },
    stored: { recipient: account, epoch: where.epoch, generation, bytes },
  };
}

/** What a member needs to find the keys of a workspace. */
export interface EpochKeySource {
  readonly workspace: WorkspaceId;
  readonly account: AccountId;
  readonly userKeys: UserKeys;
  readonly entries: readonly TeamEntry[];
  readonly boxes: readonly EpochBox[];
}

/**
 * The keys of all epochs that can be had: each from what the newer rotation carries, or from a box of its own where that
 * leads nowhere. Only what the log commits to is taken. Whoever needs the current epoch's looks whether it is among
 * them; it may have to be sealed anew. `boxMissing` if there is none at all.
 */
export async function openEpochKeys(
  suite: Suite,
  source: EpochKeySource,
): Promise<Result<ReadonlyMap<number, EpochKey>, EpochKeyProblem>> {
  const epochs = epochsOf(source.entries);
  const keys = new Map<number, EpochKey>();
  for (const [index, epoch] of [...epochs.entries()].toReversed()) {
    const key = keys.get(epoch.epoch) ?? (await openEpoch(suite, source, epoch));
    if (key === null) continue;
    keys.set(epoch.epoch, key);
    const before = epochs[index - 1];
    if (before === undefined || epoch.previous === null) continue;
    const previous = openPreviousKey(suite, 'epochPrevious', key, epoch.previous);
    if (previous.ok && isCommitted(suite, before, previous.value)) keys.set(before.epoch, previous.value);
  }
  if (keys.size > 0) return succeed(keys);
  return fail('boxMissing', 'No box with a key of this workspace opens: another member must seal it anew.');
}

interface Epoch {
  readonly epoch: number;
  readonly commitment: Uint8Array;
  readonly previous: Uint8Array | null;
  readonly nonce: Uint8Array | null;
}

function epochsOf(entries: readonly TeamEntry[]): readonly Epoch[] {
  return entries.flatMap(({ body: { action } }): readonly Epoch[] => {
    if (action.type === 'create') return [fromCreate(action)];
    if (action.type === 'rotate' || action.type === 'remove') return [fromRotation(action.rotation)];
    return [];
  });
}

const fromCreate = ({ commitment, nonce }: CreateAction): Epoch => ({
  epoch: 1,
  commitment,
  previous: null,
  nonce,
});

const fromRotation = ({ epoch, commitment, previous }: Rotation): Epoch => ({
  epoch,
  commitment,
  previous,
  nonce: null,
});

/** Null if no box opens to the key. Whatever boxes there are, only a key that the log commits to is taken. */
async function openEpoch(suite: Suite, source: EpochKeySource, epoch: Epoch): Promise<EpochKey | null> {
  for (const box of source.boxes) {
    if (box.recipient !== source.account || box.epoch !== epoch.epoch) continue;
    const userKey = source.userKeys.get(box.generation);
    if (userKey === undefined) continue;
    const secret = userBoxSecret(suite, userKey, box.generation);
    for (const place of placesOf(source, epoch, box.generation)) {
      const opened = await openBox(suite, secret, place, box.bytes);
      if (!opened.ok) continue;
      const key: EpochKey = redact(opened.value);
      if (isCommitted(suite, epoch, key)) return key;
    }
  }
  return null;
}

function placesOf(source: EpochKeySource, epoch: Epoch, generation: number): readonly BoxPlace[] {
  const common = { epoch: epoch.epoch, recipient: idToBytes(source.account), generation };
  const usual: BoxPlace = { ...common, purpose: 'epochKey', place: idToBytes(source.workspace) };
  if (epoch.nonce === null) return [usual];
  return [{ ...common, purpose: 'firstEpochKey', place: epoch.nonce }, usual];
}

const isCommitted = (suite: Suite, epoch: Epoch, key: EpochKey): boolean =>
  equalBytes(epochCommitment(suite, key, epoch.epoch), epoch.commitment);
