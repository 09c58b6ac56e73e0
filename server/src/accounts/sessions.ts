// Sessions: an access token for 15 minutes, a refresh token that is exchanged for the next pair, once. A refresh token that
// is presented again was copied by somebody: the session ends, whoever of the two asks. The one exception is an exchange
// whose answer was lost: within a minute, while nobody has presented anything of the pair that was given, it is taken back
// and another one given. Seven days without use end a session too.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import type { Grant, SignInAnswer } from '@cuebook/shared/protocol/session';
import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { findByEmail, setPassword, type AccountRow } from '../store/accountsRows.ts';
import {
  endSessions,
  findSessionTokens,
  listSessions,
  readSession,
  takeBackPair,
  touchSession,
  useRefreshToken,
  type FoundToken,
  type Querier,
} from '../store/accountsSessions.ts';
import type { Sessions } from './api.ts';
import { createChallenge, bindDevice } from './devices.ts';
import { announceEnd, record, recordEverywhere, type Ground } from './ground.ts';
import { checkCode, hasConfirmedFactor } from './factorCheck.ts';
import { grantTokens, openSession } from './grants.ts';

export function createSessions(ground: Ground): Sessions {
  return {
    signIn: (input, origin) =>
      ground.guessing.attempt(
        { source: origin.address, subject: input.email },
        () => signIn(ground, input, origin),
        (answer) => answer.kind === 'granted',
      ),
    refresh: (token, origin) => refresh(ground, token, origin),
    challenge: (caller) => createChallenge(ground, caller),
    bindDevice: (caller, proof, origin) => bindDevice(ground, caller, proof, origin),
    list: async (caller) =>
      (await listSessions(ground.database.app, caller.account)).map((session) => ({
        ...session,
        grade: session.device === null ? 'signedIn' : 'deviceBound',
        isThis: session.session === caller.session,
      })),
    async revoke(caller, session, origin) {
      const ended = await ground.database.transact({ account: caller.account }, (sql) =>
        endSessions(sql, caller.account, { only: session }),
      );
      if (ended === 0) throw new Refusal('notFound', 'There is no such session.');
      announceEnd(ground, caller.account);
      await record(ground, {
        what: 'session.revoked',
        account: caller.account,
        origin,
        details: { session },
      });
    },
    signOut: (caller, origin) => signOut(ground, caller, origin),
  };
}

async function signIn(
  ground: Ground,
  input: { readonly email: string; readonly password: string; readonly code?: string | undefined },
  origin: Origin,
): Promise<SignInAnswer> {
  const account = await findByEmail(ground.database.app, input.email);
  const fits = await ground.passwords.verify(account?.password ?? null, input.password);
  if (account === null || !fits) {
    await record(ground, { what: 'signIn.failed', account: account?.account ?? null, origin });
    throw new Refusal('wrongCredentials', 'The address or the password is wrong.');
  }
  await strengthen(ground, account, input.password);
  return admit(ground, account.account, input.code, origin);
}

/** Hashed again when the parameters have been raised since. */
async function strengthen(ground: Ground, account: AccountRow, password: string): Promise<void> {
  if (account.password === null || !ground.passwords.isWeak(account.password)) return;
  await setPassword(ground.database.app, account.account, await ground.passwords.hash(password));
}

/** Past the password or the provider: the second factor, if there is one, and a new session. */
export async function admit(
  ground: Ground,
  account: AccountId,
  code: string | undefined,
  origin: Origin,
): Promise<Extract<SignInAnswer, { kind: 'granted' | 'codeNeeded' }>> {
  const needsCode = await hasConfirmedFactor(ground, account);
  if (needsCode && code === undefined) return { kind: 'codeNeeded' };
  if (needsCode && code !== undefined && !(await checkCode(ground, account, code))) {
    await record(ground, { what: 'signIn.failed', account, origin, details: { factor: 'second' } });
    throw new Refusal('wrongCode', 'The code is wrong, or was used before.');
  }
  const grant = await ground.database.transact({ account }, (sql) =>
    openSession(ground, sql, { account, hasSecondFactor: needsCode }),
  );
  await recordEverywhere(ground, { what: 'signIn', account, origin, details: { session: grant.session } });
  return { kind: 'granted', grant };
}

const sessionOver = (): Refusal => new Refusal('unauthenticated', 'The session has ended.');

async function refresh(ground: Ground, text: string, origin: Origin): Promise<Grant> {
  const given = ground.secrets.read(text, 'refresh');
  if (given === null) throw sessionOver();
  const token = ground.secrets.pick(
    given,
    await findSessionTokens(ground.database.app, 'refresh', given.prefix),
  );
  if (token === null || token.expiresAt <= ground.now()) throw sessionOver();
  const next = await exchange(ground, token);
  if (next !== null) return next;
  await endFamily(ground, token, origin);
  throw sessionOver();
}

/** In which an exchange whose answer was lost may be done again. */
export const AGAIN_MS = 60_000;

/** Null if it was exchanged before, and that was not a lost answer. */
async function exchange(ground: Ground, token: FoundToken): Promise<Grant | null> {
  const { account, session } = token;
  return ground.database.transact({ account }, async (sql) => {
    const now = ground.now();
    const isGood =
      (await useRefreshToken(sql, token, now)) ||
      (await takeBackPair(sql, token, { since: now - AGAIN_MS, now }));
    if (!isGood) return null;
    if (!(await touchSession(sql, account, session, ground.now()))) throw sessionOver();
    const current = await readSession(sql, account, session);
    return grantTokens(
      ground,
      sql,
      { account, session },
      current?.device == null ? 'signedIn' : 'deviceBound',
      token.hash,
    );
  });
}

async function endFamily(ground: Ground, token: FoundToken, origin: Origin): Promise<void> {
  const { account, session } = token;
  await ground.database.transact({ account }, (sql) => endSessions(sql, account, { only: session }));
  announceEnd(ground, account);
  await recordEverywhere(ground, { what: 'session.tokenReused', account, origin, details: { session } });
}

async function signOut(ground: Ground, caller: SessionCaller, origin: Origin): Promise<void> {
  await ground.database.transact({ account: caller.account }, (sql) =>
    endSessions(sql, caller.account, { only: caller.session }),
  );
  const details = { session: caller.session };
  await recordEverywhere(ground, { what: 'signOut', account: caller.account, origin, details });
  // Last, so that the answer is on its way before the socket is closed.
  announceEnd(ground, caller.account);
}

/** Of whoever changes a credential: all others end, in the same transaction as the change. */
export const endOtherSessions = (sql: Querier, caller: SessionCaller): Promise<number> =>
  endSessions(sql, caller.account, { except: caller.session });
