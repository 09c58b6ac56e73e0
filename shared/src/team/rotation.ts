// Starting a new epoch: a new key, sealed to everybody who has a right to it from now on, the old key sealed under it.

import { sealBox, sealPreviousKey } from '../crypto/seal.ts';
import { boxHash } from '../crypto/box.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import { idToBytes, type AccountId, type TokenId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { invariant } from '../util/invariant.ts';
import { reveal } from '../util/redacted.ts';
import type { AccountState } from './accountFold.ts';
import { createEpochKey, epochCommitment, sealEpochKey, type EpochBox } from './epochKeys.ts';
import type { KeyBox, Rotation } from './teamEntry.ts';
import { keyRecipients } from './teamFold.ts';
import type { TeamState } from './teamState.ts';

export interface PreparedRotation {
  readonly rotation: Rotation;
  readonly key: EpochKey;
  readonly boxes: readonly EpochBox[];
}

/**
 * For a `rotate`, or with `without` for the `remove` of that member. `previous`: the key of the current epoch; null if
 * nobody has it (whoever started that epoch sealed something else): random bytes stand in its place, so that a workspace
 * always gets out of an epoch that nobody can read.
 * Throws if an account of a member is not here: the team log could not have been folded without it.
 */
export async function prepareRotation(
  suite: Suite,
  state: TeamState,
  accountAt: (account: AccountId, head: LogHead) => AccountState | null,
  given: { readonly previous: EpochKey | null; readonly without?: AccountId },
): Promise<PreparedRotation> {
  const key = createEpochKey(suite);
  const epoch = state.epoch + 1;
  const named: KeyBox[] = [];
  const stored: EpochBox[] = [];
  for (const recipient of keyRecipients(state)) {
    if (recipient.id === given.without) continue;
    const box =
      recipient.kind === 'member'
        ? await sealToMember(suite, state, accountAt, { epoch, key, account: recipient.id })
        : await sealToToken(suite, state, { epoch, key, token: recipient.id });
    named.push(box.named);
    stored.push(box.stored);
  }
  const rotation: Rotation = {
    epoch,
    commitment: epochCommitment(suite, key, epoch),
    previous: sealPreviousKey(suite, 'epochPrevious', {
      previous: given.previous ?? createEpochKey(suite),
      next: key,
    }),
    boxes: named,
  };
  return { rotation, key, boxes: stored };
}

type SealedBox = { readonly named: KeyBox; readonly stored: EpochBox };

function sealToMember(
  suite: Suite,
  state: TeamState,
  accountAt: (account: AccountId, head: LogHead) => AccountState | null,
  given: { readonly epoch: number; readonly key: EpochKey; readonly account: AccountId },
): Promise<SealedBox> {
  const member = state.members.get(given.account);
  const account = member === undefined ? null : accountAt(given.account, member.accountHead);
  const userPublic = account?.userPublics.get(account.generation);
  invariant(account !== null && userPublic !== undefined, 'the account of a member is here');
  const to = { account: account.id, generation: account.generation, userPublic };
  return sealEpochKey(suite, state.id, given.epoch, given.key, to);
}

/** Seals the key of an epoch to a machine token. */
export async function sealToToken(
  suite: Suite,
  state: TeamState,
  given: { readonly epoch: number; readonly key: EpochKey; readonly token: TokenId },
): Promise<SealedBox> {
  const token = state.tokens.get(given.token);
  invariant(token !== undefined, 'a token is there');
  const place = {
    purpose: 'tokenKey',
    place: idToBytes(state.id),
    epoch: given.epoch,
    recipient: idToBytes(token.id),
    generation: 0,
  } as const;
  const bytes = await sealBox(suite, token.boxPublic, place, reveal(given.key));
  return {
    named: { recipient: { kind: 'token', id: token.id }, generation: 0, hash: boxHash(suite, bytes) },
    stored: { recipient: token.id, epoch: given.epoch, generation: 0, bytes },
  };
}
