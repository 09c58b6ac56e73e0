// Who asks: looks up what is presented, for each request. What is unknown, has run out, or has ended gets one answer.

import { createHash } from 'node:crypto';
import { reveal } from '@cuebook/shared/util/redacted';
import type { Caller, Origin, SessionCaller, TokenCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import {
  findTokenWorkspaces,
  listMachineTokens,
  tokensThatHold,
  touchMachineToken,
  type MachineTokenRow,
} from '../store/accountsSecrets.ts';
import { findSessionTokens, noteAccess, readSession, sessionsThatHold } from '../store/accountsSessions.ts';
import { isAllowedAddress, isAllowedOrigin } from './addresses.ts';
import type { Authentication } from './api.ts';
import type { Ground } from './ground.ts';
import type { GivenSecret } from './secrets.ts';

const NOBODY: Caller = { kind: 'nobody' };
/** How exactly it is known when a machine token was last used. */
const LAST_USED_MS = 60_000;

export function createAuthentication(ground: Ground): Authentication {
  return {
    async authenticate(token, origin) {
      if (token === null) return NOBODY;
      const access = ground.secrets.read(token, 'access');
      if (access !== null) return authenticateSession(ground, access);
      const live = ground.secrets.read(token, 'live');
      if (live !== null) return authenticateMachine(ground, live, origin);
      throw unauthenticated();
    },
    recheck: (caller) => recheck(ground, caller),
    stillValid: (callers) => stillValid(ground, callers),
  };
}

const unauthenticated = (): Refusal =>
  new Refusal('unauthenticated', 'The token is unknown, has run out, or its session has ended.');

async function authenticateSession(ground: Ground, given: GivenSecret): Promise<SessionCaller> {
  const found = await findSessionTokens(ground.database.app, 'access', given.prefix);
  const token = ground.secrets.pick(given, found);
  if (token === null || token.expiresAt <= ground.now()) throw unauthenticated();
  const isFirst = token.usedAt === null;
  if (isFirst && !(await noteAccess(ground.database.app, token, ground.now()))) throw unauthenticated();
  return {
    kind: 'session',
    session: token.session,
    account: token.account,
    device: token.device,
    hasSecondFactor: token.hasSecondFactor,
    isServerOwner: token.isServerOwner,
    tokenHash: createHash('sha256').update(reveal(given.text)).digest(),
    expiresAt: token.expiresAt,
  };
}

async function authenticateMachine(ground: Ground, given: GivenSecret, origin: Origin): Promise<TokenCaller> {
  for (const workspace of await findTokenWorkspaces(ground.database.app, given.prefix)) {
    const token = await ground.database.transact({ workspace }, async (sql) => {
      const found = await listMachineTokens(sql, workspace, { prefix: given.prefix });
      const known = ground.secrets.pick(given, found);
      if (known === null || known.expiresAt <= ground.now()) return null;
      checkPlace(known, origin);
      await noteUse(ground, sql, known, given);
      return known;
    });
    if (token !== null) {
      return { kind: 'token', token: token.id, workspace, scopes: token.scopes, expiresAt: token.expiresAt };
    }
  }
  throw unauthenticated();
}

function checkPlace(token: MachineTokenRow, origin: Origin): void {
  if (!isAllowedAddress(origin.address, token.addresses)) {
    throw new Refusal('addressNotAllowed', 'The token may not be used from this address.');
  }
  if (!isAllowedOrigin(origin.browserOrigin, token.origins)) {
    throw new Refusal('originNotAllowed', 'The token may not be used from this origin.');
  }
}

/** Also moves it under the newest pepper: now its text is known. */
async function noteUse(
  ground: Ground,
  sql: Parameters<typeof touchMachineToken>[0],
  token: MachineTokenRow,
  given: GivenSecret,
): Promise<void> {
  const now = ground.now();
  const isRecent = token.lastUsedAt !== null && now - token.lastUsedAt < LAST_USED_MS;
  const isOld = ground.peppers.isOld(token.pepper);
  if (isRecent && !isOld) return;
  await touchMachineToken(sql, { ...token, ...(isOld ? ground.peppers.hash(given.text) : {}) }, now);
}

async function recheck(ground: Ground, caller: Caller): Promise<Caller> {
  if (caller.kind === 'nobody' || caller.expiresAt <= ground.now()) return NOBODY;
  if (caller.kind === 'token') {
    return (await tokensThatHold(ground.database.app, [caller.token])).has(caller.token) ? caller : NOBODY;
  }
  const session = await readSession(ground.database.app, caller.account, caller.session);
  return session === null ? NOBODY : { ...caller, ...session };
}

async function stillValid(ground: Ground, callers: readonly Caller[]): Promise<readonly boolean[]> {
  const now = ground.now();
  const sessions = callers.filter((caller) => caller.kind === 'session');
  const tokens = callers.filter((caller) => caller.kind === 'token').map(({ token }) => token);
  const [live, held] = await Promise.all([
    sessionsThatHold(ground.database.app, sessions),
    tokensThatHold(ground.database.app, tokens),
  ]);
  const liveSessions = new Set(
    sessions.filter((_, index) => live[index] === true).map(({ session }) => session),
  );
  const holds = (caller: Caller): boolean => {
    if (caller.kind === 'nobody') return true;
    const isThere = caller.kind === 'token' ? held.has(caller.token) : liveSessions.has(caller.session);
    return isThere && caller.expiresAt > now;
  };
  return callers.map(holds);
}
