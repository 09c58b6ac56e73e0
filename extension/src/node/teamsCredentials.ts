// What an account has on its server besides keys: details, sessions, password, e-mail, second factor, data rights, links
// for others, and signing in by a provider in the browser.

import { randomBytes } from 'node:crypto';
import type { ProviderStep, ServerAddress, TeamsCalls } from '../library/teams.ts';
import type * as teams from '../library/teams.ts';
import type { ServerCalls } from './serverCalls.ts';
import { addressOf, checkPassword, signedIn } from './teamsAccounts.ts';
import { accountId, accountIn, keepSettings, type TeamsContext } from './teamsContext.ts';
import { done, failTeams } from './teamsProblem.ts';

type CredentialCalls = Pick<
  TeamsCalls,
  | 'accountDetails'
  | 'endSession'
  | 'changePassword'
  | 'changeEmail'
  | 'startSecondFactor'
  | 'confirmSecondFactor'
  | 'endSecondFactor'
  | 'exportAccount'
  | 'deleteAccount'
  | 'makeAccountLink'
>;
type ProviderCalls = Pick<TeamsCalls, 'startProvider' | 'finishProvider'>;

export function createCredentialCalls(context: TeamsContext): CredentialCalls & ProviderCalls {
  const calls = async (id: teams.AccountId): Promise<ServerCalls> => context.hub.callsOf(accountId(id));
  return {
    ...providerCalls(context),

    accountDetails: async (id) => {
      const ask = await calls(id);
      const [about, sessions] = await Promise.all([ask.ask('account.about'), ask.ask('session.list')]);
      return done({
        email: about.email,
        hasPassword: about.hasPassword,
        providers: about.providers,
        secondFactor: about.secondFactor,
        recoveryCodesLeft: about.recoveryCodesLeft,
        isServerOwner: about.isServerOwner,
        sessions: sessions.map(({ session, device, createdAt, lastUsedAt, isThis }) => ({
          id: session,
          device: device,
          createdAt,
          lastUsedAt,
          isThis,
        })),
      });
    },
    endSession: async (id, session) => {
      await (await calls(id)).ask('session.revoke', { session });
      return done(null);
    },
    changePassword: async (id, change) => {
      checkPassword(change.newPassword);
      await (await calls(id)).ask('account.changePassword', change);
      return done(null);
    },
    changeEmail: async (id, change) => {
      await (await calls(id)).ask('account.changeEmail', change);
      const account = accountIn(context, id);
      const email = change.email.trim().toLowerCase();
      keepSettings(context, { ...account, settings: { ...account.settings, email } });
      return done(null);
    },
    startSecondFactor: async (id) => done(await (await calls(id)).ask('account.startSecondFactor')),
    confirmSecondFactor: async (id, code) =>
      done((await (await calls(id)).ask('account.confirmSecondFactor', { code })).codes),
    endSecondFactor: async (id, given) => {
      await (await calls(id)).ask('account.endSecondFactor', given);
      return done(null);
    },
    exportAccount: async (id) => done((await (await calls(id)).ask('account.export')).json),
    deleteAccount: async (id, given) => {
      await (await calls(id)).ask('account.delete', given);
      const account = accountIn(context, id);
      keepSettings(context, {
        ...account,
        settings: { ...account.settings, tokens: null, session: 'signedOut' },
      });
      context.hub.refresh();
      return done(null);
    },
    makeAccountLink: async (id, what) => {
      const { link, expiresAt } = await (await calls(id)).ask('server.makeLink', what);
      return done({ link, expiresAt });
    },
  };
}

/** An attempt in the browser, between its start and its end; forgotten with the window. */
interface Attempt {
  readonly server: ServerAddress;
  readonly verifier: string;
}

const mostAttempts = 20;

function providerCalls(context: TeamsContext): ProviderCalls {
  const attempts = new Map<string, Attempt>();
  return {
    startProvider: async ({ server, provider, uri, link }) => {
      const address = addressOf(server);
      const verifier = randomBytes(32).toString('base64url');
      const challenge = context.suite.sha256(Buffer.from(verifier, 'ascii'));
      const codeChallenge = Buffer.from(challenge).toString('base64url');
      const back = uri === null ? ({ kind: 'poll' } as const) : ({ kind: 'uri', uri } as const);
      const input = { provider, codeChallenge, back };
      const started =
        link === undefined
          ? await context.hub.asStranger(address, async (calls) => calls.ask('session.startOidc', input))
          : await (
              await context.hub.callsOf(accountId(link))
            ).ask('session.startOidc', { ...input, link: true });
      attempts.set(started.attempt, { server: address, verifier });
      for (const oldest of [...attempts.keys()].slice(0, Math.max(0, attempts.size - mostAttempts))) {
        attempts.delete(oldest);
      }
      return done(started);
    },

    finishProvider: async ({ attempt, returned, code, deviceName }) => {
      const known = attempts.get(attempt) ?? failTeams('linkEnded');
      const step = await context.hub.asStranger(known.server, async (calls): Promise<ProviderStep> => {
        const answer = await calls.ask('session.finishOidc', {
          attempt,
          codeVerifier: known.verifier,
          ...(returned !== undefined && { returned }),
          ...(code !== undefined && { code }),
        });
        switch (answer.kind) {
          case 'waiting':
          case 'linked':
            return { kind: answer.kind };
          case 'returnNeeded':
            return { kind: 'typeCode' };
          default:
            return signedIn(context, calls, { address: known.server, step: answer, email: null, deviceName });
        }
      });
      if (step.kind === 'signedIn' || step.kind === 'linked') attempts.delete(attempt);
      context.hub.reconnect();
      return done(step);
    },
  };
}
