// What is expected: for each rule that a procedure can have, what everybody is answered. Written down once more, apart
// from access.ts, so that the two can disagree.

import type { Access } from '@cuebook/server/router/procedures';
import { ROLES, type Role } from '@cuebook/shared/team/roles';
import type { Outcome } from './asking.ts';
import { CALLERS, type CallerName } from './callers.ts';

type Row = Readonly<Record<CallerName, Outcome>>;

/** Their token is worth nothing, or not here: there is no connection. */
const SHUT_OUT: ReadonlySet<CallerName> = new Set<CallerName>([
  'revoked device',
  'expired token',
  'revoked token',
  'wrong address',
  'wrong origin',
]);
const TOKENS: ReadonlySet<CallerName> = new Set<CallerName>([
  'token records:read',
  'token records:write',
  'token log:read',
  'token audit:read',
  "another team's token",
]);

export function expectedFor(access: Access): Row {
  const row = rowOf(access);
  return Object.fromEntries(
    CALLERS.map((caller) => [caller, SHUT_OUT.has(caller) ? 'closed' : row(caller)]),
  ) as Row;
}

function rowOf(access: Access): (caller: CallerName) => Outcome {
  switch (access.kind) {
    case 'anyone':
      return () => 'yes';
    case 'signedIn':
      return (caller) => withoutTokens(caller) ?? 'yes';
    case 'deviceBound':
      return (caller) => withoutTokens(caller) ?? (caller === 'signed in only' ? 'deviceNeeded' : 'yes');
    case 'serverOwner':
      return (caller) => withoutTokens(caller) ?? (caller === "server's owner" ? 'yes' : 'notAllowed');
    case 'member':
      return (caller) => memberRow(access, caller);
  }
}

function withoutTokens(caller: CallerName): Outcome | null {
  if (caller === 'nobody') return 'unauthenticated';
  return TOKENS.has(caller) ? 'scopeMissing' : null;
}

function memberRow(access: Extract<Access, { kind: 'member' }>, caller: CallerName): Outcome {
  switch (caller) {
    case 'nobody':
      return 'unauthenticated';
    case 'signed in only':
      return 'deviceNeeded';
    case 'viewer':
    case 'editor':
    case 'admin':
    case 'owner':
      return hasAtLeast(caller, access.least) ? 'yes' : 'notAllowed';
    case 'waits for confirmation':
      return access.waitingToo === true ? 'yes' : 'notAllowed';
    case 'removed member':
    case 'owner of another team':
    case "server's owner":
    case "another team's token":
      return 'notFound';
    case 'without second factor':
      return 'secondFactorNeeded';
    case 'token records:read':
    case 'token records:write':
    case 'token log:read':
    case 'token audit:read':
      return caller === `token ${access.scope}` ? 'yes' : 'scopeMissing';
    case 'revoked device':
    case 'expired token':
    case 'revoked token':
    case 'wrong address':
    case 'wrong origin':
      return 'closed';
  }
}

const hasAtLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);
