// Expected failures of accounts, teams and sync, in words for the user. Owns the texts; none holds content, a name or a
// key. What the server refuses, how the network fails and what the library's disk does all become one kind here.

import { t } from '@vscode/l10n';
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

const wordings = (): Readonly<Record<OwnCode, Wording>> => ({
  addressInvalid: [
    t('This is not the address of a server.'),
    t('Enter it like https://cuebook.example.com; http: works for this computer only.'),
  ],
  offline: [t('The server cannot be reached.'), t('Check your network. Your work is kept and sent later.')],
  notCuebook: [t('There is no Cuebook server at this address.'), t('Check the address.')],
  certificateUnknown: [
    t("Nobody known to this computer vouches for the server's certificate."),
    t('Compare its fingerprint with the one that the operator gave you before you trust it.'),
  ],
  certificateChanged: [
    t('The server shows another certificate than the one that you trusted.'),
    t('Ask the operator whether it was replaced. If not, somebody may be in between: do not go on.'),
  ],
  proxyFailed: [
    t('The proxy did not let the connection through.'),
    t('Check the proxy in VS Code’s settings.'),
  ],
  updateCuebook: [t('This version of Cuebook is too old for the server.'), t('Update Cuebook.')],
  updateServer: [
    t('The server is too old for this version of Cuebook.'),
    t('Ask the operator to update it.'),
  ],
  serverFailed: [t('The server could not do this now.'), t('Try again in a moment.')],
  signInNeeded: [t('Your session has ended.'), t('Sign in again. Your work is kept.')],
  wrongCredentials: [t('E-mail address or password is wrong.'), t('Try again.')],
  wrongCode: [t('This code is wrong or was used already.'), t('Enter the one that is shown now.')],
  passwordTooCommon: [t('This password is on lists of common passwords.'), t('Choose another one.')],
  passwordTooShort: [t('A password has at least 12 characters.'), t('Choose a longer one.')],
  emailTaken: [t('There is an account with this e-mail address already.'), t('Sign in instead.')],
  emailInvalid: [t('This is not an e-mail address.'), t('Check it.')],
  linkEnded: [t('This link was used, withdrawn, or has run out.'), t('Ask for another one.')],
  registrationClosed: [
    t('This server takes new accounts by invitation only.'),
    t('Ask for an invite or a link.'),
  ],
  tooManyAttempts: [t('There were too many attempts.'), t('Wait, then try again.')],
  secondFactorNeeded: [
    t('This team asks for a second factor.'),
    t('Set one up for your account, then sign in again.'),
  ],
  accountKnown: [t('This account is in the library already.'), t('Sign in to it.')],
  deviceNeeded: [
    t('This device is not in your account yet.'),
    t('Enter your recovery kit, or approve this device from another one.'),
  ],
  deviceRevoked: [
    t('This device was taken out of your account.'),
    t('What was here stays and can be exported. To use the account here again, begin with an empty profile.'),
  ],
  approvalFailed: [t('The approval of this device has ended.'), t('Start it again on the other device.')],
  kitOfOtherAccount: [t('This recovery kit belongs to another account.'), t('Look for the right sheet.')],
  notMember: [t('You are not a member of this team.'), t('Ask for an invite.')],
  lastOwner: [t('A team needs an owner.'), t('Make somebody else owner first, or delete the team.')],
  inviteInvalid: [t('This is not an invite.'), t('Copy the link or the code again, in full.')],
  inviteEnded: [t('This invite was used, withdrawn, or has run out.'), t('Ask for another one.')],
  alreadyMember: [t('You are a member of this team already.'), t('Nothing needs to be done.')],
  changedMeanwhile: [t('The team changed at the same moment, several times.'), t('Try again.')],
  alarmed: [
    t('Something is wrong with what the server shows of this team, so it is read-only.'),
    t('See the sync log.'),
  ],
});

export function teamsProblem(code: OwnCode, more: Partial<TeamsProblem> = {}): TeamsProblem {
  const [message, action] = wordings()[code];
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
  if (end.kind === 'serverTooOld') return teamsProblem('updateServer');
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
      return { ...toProblem(new ProblemError(notAllowed())), code: 'notAllowed' };
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

const notAllowed = () =>
  ({
    code: 'notAllowed',
    message: t('Your role in this team does not allow this.'),
    action: t('Ask an admin or owner of the team.'),
  }) as const;

export function failNotAllowed(why: Partial<Pick<TeamsProblem, 'message' | 'action'>> = {}): never {
  throw new TeamsProblemError({ ...notAllowed(), ...why });
}
