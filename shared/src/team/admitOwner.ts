// A library that began without an account of a server belongs to an account of its own. When its device comes into
// another account, that one becomes an owner of the library's workspace as well: an invite and a join, both made on this
// device, before any server knows of the workspace. Records stay as they were signed, and the account that began it stays
// an owner; the keys open with the joined account's own from then on.

import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import { idToBytes } from '../encoding/ids.ts';
import { invariant } from '../util/invariant.ts';
import type { Result } from '../util/result.ts';
import type { AccountState } from './accountFold.ts';
import { sealEpochKey, type EpochBox } from './epochKeys.ts';
import { extendTeam, latest, type TeamHistory } from './history.ts';
import { createInviteSecret, deriveInviteKeys, sealToInvite } from './invite.ts';
import { following, type LogProblem } from './log.ts';
import { teamLog, type TeamAction } from './teamEntry.ts';
import type { TeamTools } from './teamState.ts';

interface Party {
  readonly account: AccountState;
  readonly device: DeviceKeys;
}

export interface Admitting {
  readonly owner: Party;
  readonly joining: Party;
  /** Of a workspace that is on no server. */
  readonly team: TeamHistory;
  /** Of its current epoch. */
  readonly key: EpochKey;
  readonly accountAt: TeamTools['accountAt'];
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Admitted {
  /** Two entries longer. */
  readonly team: TeamHistory;
  /** The epoch key for the account that has joined. */
  readonly box: EpochBox;
}

/** The invite is used up by the join that follows it: nobody else could ever use it, and its secret is kept nowhere. */
const INVITE_MS = 60_000;

export async function admitOwner(
  suite: Suite,
  { owner, joining, team, key, accountAt, now }: Admitting,
): Promise<Result<Admitted, LogProblem>> {
  const { id: workspace, epoch, commitment, position, head } = latest(team);
  const { account } = joining;
  const userPublic = account.userPublics.get(account.generation);
  invariant(userPublic !== undefined, 'an account that joins has a user key');
  const invite = deriveInviteKeys(suite, createInviteSecret(suite));
  const carried = await sealToInvite(suite, invite, workspace, { number: epoch, key });
  const { named, stored } = await sealEpochKey(suite, workspace, epoch, key, {
    account: account.id,
    generation: account.generation,
    userPublic,
  });
  const { id, signPublic, boxPublic, signer } = invite;
  const inviting = teamLog.compose(
    suite,
    {
      ...following(head),
      at: now,
      body: {
        author: owner.account.id,
        position,
        action: {
          type: 'invite',
          signPublic,
          boxPublic,
          role: 'owner',
          expiresAt: now + INVITE_MS,
          uses: 1,
          epoch,
          commitment,
          boxHash: carried.hash,
        },
      },
    },
    [{ id: owner.device.id, sign: owner.device.sign }],
  );
  const join: TeamAction = {
    type: 'join',
    invite: id,
    workspace: idToBytes(workspace),
    accountHead: account.head,
    box: named,
  };
  const joined = teamLog.compose(
    suite,
    {
      ...following({ index: head.index + 1, hash: inviting.hash }),
      at: now,
      body: { author: account.id, position, action: join },
    },
    [{ id: joining.device.id, sign: joining.device.sign }, signer],
  );
  const tools = { primitives: suite, verifiers: suite.verifiers, accountAt };
  const extended = extendTeam(tools, team, [inviting.bytes, joined.bytes]);
  return extended.ok ? { ok: true, value: { team: extended.value, box: stored } } : extended;
}
