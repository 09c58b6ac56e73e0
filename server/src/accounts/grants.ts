// New sessions and new pairs of tokens, in the caller's transaction.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import type { Grant } from '@cuebook/shared/protocol/session';
import { reveal } from '@cuebook/shared/util/redacted';
import { insertSession, insertSessionToken, type Querier } from '../store/accountsSessions.ts';
import type { Ground } from './ground.ts';
import { createRowId } from './secrets.ts';

export const ACCESS_MS = 15 * 60 * 1000;
export const IDLE_MS = 7 * 24 * 60 * 60 * 1000;

type Needs = Pick<Ground, 'secrets' | 'now'>;

/** Signed in; binding it to a device comes after. */
export async function openSession(
  ground: Needs,
  sql: Querier,
  of: { readonly account: AccountId; readonly hasSecondFactor: boolean },
): Promise<Grant> {
  const session = createRowId();
  await insertSession(sql, { ...of, session, now: ground.now() });
  return grantTokens(ground, sql, { account: of.account, session }, 'signedIn');
}

/** A new pair of tokens; `madeFor`: the hash of the refresh token that it is given for. */
export async function grantTokens(
  ground: Needs,
  sql: Querier,
  of: { readonly account: AccountId; readonly session: string },
  grade: Grant['grade'],
  madeFor: Uint8Array | null = null,
): Promise<Grant> {
  const access = ground.secrets.make('access');
  const refresh = ground.secrets.make('refresh');
  const accessExpiresAt = ground.now() + ACCESS_MS;
  const refreshExpiresAt = ground.now() + IDLE_MS;
  await insertSessionToken(sql, { ...of, ...access, kind: 'access', expiresAt: accessExpiresAt, madeFor });
  await insertSessionToken(sql, { ...of, ...refresh, kind: 'refresh', expiresAt: refreshExpiresAt, madeFor });
  return {
    ...of,
    grade,
    accessToken: reveal(access.text),
    accessExpiresAt,
    refreshToken: reveal(refresh.text),
  };
}
