// Expected failures of accounts, teams and sync, in words for the user. Owns the texts; none holds content, a name or a
// key. What the server refuses, how the network fails and what the library's disk does all become one kind here.

import type { TeamsProblem, TeamsProblemCode, TeamsResult } from '../library/teams.ts';
import { ProblemError, toProblem } from './libraryProblem.ts';
import { ConnectionLost, ServerRefusal } from './serverSocket.ts';

/** Carries a problem to the edge of the worker, where it becomes a value. */
export class TeamsProblemError extends Error {
  readonly problem: TeamsProblem;

  constructor(problem: TeamsProblem) {
    super(problem.message);
    this.name = 'TeamsProblemError';
    this.problem = problem;
  }
}

type OwnCode = Exclude<TeamsProblemCode, ReturnType<typeof toProblem>['code']>;
type Wording = readonly [message: string, action: string];

const wordings: Readonly<Record<OwnCode, Wording>> = {
  addressInvalid: [
    'This is not the address of a server.',
    'Enter it like https://cuebook.example.com; http: works for this computer only.',
  ],
  offline: ['The server cannot be reached.', 'Check your network. Your work is kept and sent later.'],
  notCuebook: ['There is no Cuebook server at this address.', 'Check the address.'],
  certificateUnknown: [
    "Nobody known to this computer vouches for the server's certificate.",
    'Compare its fingerprint with the one that the operator gave you before you trust it.',
  ],
  certificateChanged: [
    'The server shows another certificate than the one that you trusted.',
    'Ask the operator whether it was replaced. If not, somebody may be in between: do not go on.',
  ],
  proxyFailed: ['The proxy did not let the connection through.', 'Check the proxy in VS Code’s settings.'],
  updateCuebook: ['This version of Cuebook is too old for the server.', 'Update Cuebook.'],
  updateServer: ['The server is too old for this version of Cuebook.', 'Ask the operator to update it.'],
  serverFailed: ['The server could not do this now.', 'Try again in a moment.'],
  signInNeeded: ['Your session has ended.', 'Sign in again. Your work is kept.'],
  wrongCredentials: ['E-mail address or password is wrong.', 'Try again.'],
  wrongCode: ['This code is wrong or was used already.', 'Enter the one that is shown now.'],
  passwordTooCommon: ['This password is on lists of common passwords.', 'Choose another one.'],
  passwordTooShort: ['A password has at least 12 characters.', 'Choose a longer one.'],
  emailTaken: ['There is an account with this e-mail address already.', 'Sign in instead.'],
  emailInvalid: ['This is not an e-mail address.', 'Check it.'],
  linkEnded: ['This link was used, withdrawn, or has run out.', 'Ask for another one.'],
  registrationClosed: ['This server takes new accounts by invitation only.', 'Ask for an invite or a link.'],
  tooManyAttempts: ['There were too many attempts.', 'Wait, then try again.'],
  secondFactorNeeded: [
    'This team asks for a second factor.',
    'Set one up for your account, then sign in again.',
  ],
  accountKnown: ['This account is in the library already.', 'Sign in to it.'],
  deviceNeeded: [
    'This device is not in your account yet.',
    'Enter your recovery kit, or approve this device from another one.',
  ],
  approvalFailed: ['The approval of this device has ended.', 'Start it again on the other device.'],
  kitOfOtherAccount: ['This recovery kit belongs to another account.', 'Look for the right sheet.'],
  notMember: ['You are not a member of this team.', 'Ask for an invite.'],
  lastOwner: ['A team needs an owner.', 'Make somebody else owner first, or delete the team.'],
  inviteInvalid: ['This is not an invite.', 'Copy the link or the code again, in full.'],
  inviteEnded: ['This invite was used, withdrawn, or has run out.', 'Ask for another one.'],
  alreadyMember: ['You are a member of this team already.', 'Nothing needs to be done.'],
  changedMeanwhile: ['The team changed at the same moment, several times.', 'Try again.'],
  alarmed: [
    'Something is wrong with what the server shows of this team, so it is read-only.',
    'See the sync log.',
  ],
};

export function teamsProblem(code: OwnCode, more: Partial<TeamsProblem> = {}): TeamsProblem {
  const [message, action] = wordings[code];
  return { code, message, action, ...more };
}

export function failTeams(code: OwnCode, more: Partial<TeamsProblem> = {}): never {
  throw new TeamsProblemError(teamsProblem(code, more));
}

export const done = <T>(value: T): TeamsResult<T> => ({ ok: true, value });

/** What went wrong, for any thrown value. */
export function toTeamsProblem(error: unknown): TeamsProblem {
  if (error instanceof TeamsProblemError) return error.problem;
  if (error instanceof ConnectionLost) return ofEnd(error);
  if (error instanceof ServerRefusal) return ofRefusal(error);
  return error instanceof ProblemError ? error.problem : toProblem(error);
}

function ofEnd({ end }: ConnectionLost): TeamsProblem {
  if (end.kind === 'otherVersion') return teamsProblem('updateCuebook');
  return teamsProblem(end.kind === 'sessionEnded' ? 'signInNeeded' : 'offline');
}

function ofRefusal({ code, retryAfterSeconds }: ServerRefusal): TeamsProblem {
  const retry = retryAfterSeconds === null ? {} : { retryAfterSeconds };
  switch (code) {
    case 'wrongCredentials':
    case 'wrongCode':
    case 'deviceNeeded':
    case 'secondFactorNeeded':
    case 'passwordTooCommon':
      return teamsProblem(code);
    case 'unauthenticated':
      return teamsProblem('signInNeeded');
    case 'clientTooOld':
      return teamsProblem('updateCuebook');
    case 'serverTooOld':
      return teamsProblem('updateServer');
    case 'conflict':
      return teamsProblem('emailTaken');
    case 'ended':
      return teamsProblem('linkEnded');
    case 'tooMany':
      return teamsProblem('tooManyAttempts', retry);
    case 'behind':
      return teamsProblem('changedMeanwhile');
    case 'notAllowed':
    case 'scopeMissing':
    case 'addressNotAllowed':
    case 'originNotAllowed':
    case 'refused':
      return { ...toProblem(new ProblemError(notAllowed)), code: 'notAllowed' };
    case 'notFound':
      return teamsProblem('notMember');
    case 'malformed':
    case 'tooLarge':
    case 'socketNeeded':
    case 'healing':
    case 'unavailable':
    case 'internal':
      return teamsProblem('serverFailed', retry);
  }
}

const notAllowed = {
  code: 'notAllowed',
  message: 'Your role in this team does not allow this.',
  action: 'Ask an admin or owner of the team.',
} as const;

export function failNotAllowed(): never {
  throw new TeamsProblemError(notAllowed);
}
