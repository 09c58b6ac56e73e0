// One's own account: made together with its log, its credentials changed beside the old ones, its second factor.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import type { AboutMe } from '@cuebook/shared/protocol/account';
import type { Grant } from '@cuebook/shared/protocol/session';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import {
  claimEmail,
  claimServer,
  insertAccount,
  linkIdentity,
  listIdentities,
  listRecoveryCodes,
  readAccount,
  setEmail,
  setPassword,
  type AccountRow,
} from '../store/accountsRows.ts';
import type { OneTimeSecret } from '../store/accountsSecrets.ts';
import { endSessions, type Querier } from '../store/accountsSessions.ts';
import type { NewAccount, OwnAccount } from './api.ts';
import { isCommonPassword } from './commonPasswords.ts';
import { deleteAccount, exportAll } from './dataRights.ts';
import { confirmSecondFactor, endSecondFactor, startSecondFactor } from './ownSecondFactor.ts';
import { hasConfirmedFactor } from './factorCheck.ts';
import { openSession } from './grants.ts';
import { announceEnd, record, recordEverywhere, type Ground } from './ground.ts';
import { createInviteProofs } from './inviteProofs.ts';
import { findOneTime, takeOneTime } from './oneTimeSecrets.ts';
import type { OidcProviderFacts } from './oidcProviders.ts';
import { endOtherSessions } from './sessions.ts';

export function createOwnAccount(ground: Ground, providers: readonly OidcProviderFacts[]): OwnAccount {
  return {
    create: (input, origin) =>
      ground.guessing.attempt({ source: origin.address, subject: null }, () => create(ground, input, origin)),
    about: (caller) => about(ground, providers, caller),
    changePassword: (caller, input, origin) => changePassword(ground, caller, input, origin),
    changeEmail: (caller, input, origin) => changeEmail(ground, caller, input, origin),
    resetPassword: (input, origin) =>
      ground.guessing.attempt({ source: origin.address, subject: null }, () =>
        resetPassword(ground, input, origin),
      ),
    startSecondFactor: (caller) => startSecondFactor(ground, caller),
    confirmSecondFactor: (caller, code, origin) => confirmSecondFactor(ground, caller, code, origin),
    endSecondFactor: (caller, input, origin) => endSecondFactor(ground, caller, input, origin),
    exportAll: (caller, origin) => exportAll(ground, caller, origin),
    delete: (caller, proof, origin) => deleteAccount(ground, caller, proof, origin),
  };
}

/** What lets somebody in, and what is taken with it. */
interface Admitted {
  readonly link: OneTimeSecret | null;
  readonly ticket: OneTimeSecret | null;
  readonly email: string;
  readonly password: string | null;
}

async function create(ground: Ground, input: NewAccount, origin: Origin): Promise<Grant> {
  const account = accountOf(ground, input.log);
  const link = await requireGround(ground, input);
  const credentials = await readCredentials(ground, input.credentials);
  const admitted: Admitted = { ...credentials, link };
  let grant: Grant | undefined;
  const { log: entries, boxes, kitBackup = null, join = null } = input;
  const made = await ground.store.accountLogs.create(
    { account, entries, boxes, kitBackup, join },
    async (sql) => {
      grant = await writeAccount(ground, sql, account, admitted);
    },
  );
  if (made.kind === 'behind') throw new Refusal('behind', 'The team log has gone on: compose the join anew.');
  if (grant === undefined) throw new Error('Broken invariant: an account is made with a session');
  const details = { ground: input.ground.kind };
  await recordEverywhere(ground, { what: 'account.created', account, origin, details });
  return grant;
}

/** Its id is the hash of its first entry. Whether the log is sound is decided by the store, with its fold. */
function accountOf(ground: Ground, log: readonly Uint8Array[]): AccountId {
  const [first] = log;
  const entry = first === undefined ? null : accountLog.parse(ground.primitives, first);
  if (entry?.ok !== true) throw new Refusal('refused', 'The account log does not begin with an entry.');
  return entry.value.hash as string as AccountId;
}

async function requireGround(ground: Ground, input: NewAccount): Promise<OneTimeSecret | null> {
  const { ground: why, join } = input;
  switch (why.kind) {
    case 'link':
      return findOneTime(ground, why.secret, 'link', ['owner', 'newAccount']);
    case 'open':
      if (ground.registration === 'open') return null;
      throw new Refusal('notAllowed', 'Accounts are made by invitation here.');
    case 'invite': {
      const opened = await ground.store.workspaces.openInvite(why.workspace, why.invite, 0);
      if (opened === null || !createInviteProofs(ground).isProven(why, opened.signPublic)) {
        throw new Refusal('notFound', 'There is no such invite, or its key was not proven.');
      }
      if (join?.workspace !== why.workspace) {
        throw new Refusal('malformed', 'An account made by an invite joins its workspace.', {
          field: 'join',
        });
      }
      return null;
    }
  }
}

async function readCredentials(
  ground: Ground,
  credentials: NewAccount['credentials'],
): Promise<Omit<Admitted, 'link'>> {
  if (credentials.kind === 'password') {
    const { email, password } = credentials;
    return { ticket: null, email, password: await hashNewPassword(ground, password, email) };
  }
  const ticket = await findOneTime(ground, credentials.ticket, 'ticket', ['identity']);
  if (ticket.identity === null) throw new Error('Broken invariant: a ticket holds an identity');
  return { ticket, email: ticket.identity.email, password: null };
}

async function hashNewPassword(ground: Ground, password: string, email: string | null): Promise<string> {
  if (await isCommonPassword(password, email)) {
    throw new Refusal('passwordTooCommon', 'Everybody tries this password first.', { field: 'password' });
  }
  return ground.passwords.hash(password);
}

const emailTaken = (): Refusal =>
  new Refusal('conflict', 'Another account has this address.', { field: 'email' });

async function writeAccount(
  ground: Ground,
  sql: Querier,
  account: AccountId,
  admitted: Admitted,
): Promise<Grant> {
  const now = ground.now();
  const { link, ticket, email, password } = admitted;
  if (link !== null) await takeOneTime(sql, link);
  if (ticket !== null) await takeOneTime(sql, ticket);
  if (!(await insertAccount(sql, { account, email, password, now }))) {
    throw new Refusal('conflict', 'There is such an account already.', { field: 'log' });
  }
  if (!(await claimEmail(sql, account, email))) throw emailTaken();
  if (link?.purpose === 'owner' && !(await claimServer(sql, account))) {
    throw new Refusal('ended', 'The server has an owner already.');
  }
  const identity = ticket?.identity ?? null;
  if (identity !== null && !(await linkIdentity(sql, account, identity, now))) {
    throw new Refusal('conflict', 'Another account is linked to this one of the provider.');
  }
  return openSession(ground, sql, { account, hasSecondFactor: false });
}

export async function requireAccount(ground: Ground, caller: SessionCaller): Promise<AccountRow> {
  const account = await readAccount(ground.database.app, caller.account);
  if (account === null) throw new Refusal('unauthenticated', 'The account was deleted.');
  return account;
}

async function about(
  ground: Ground,
  providers: readonly OidcProviderFacts[],
  caller: SessionCaller,
): Promise<AboutMe> {
  const sql = ground.database.app;
  const account = await requireAccount(ground, caller);
  const identities = await listIdentities(sql, caller.account);
  const nameOf = (id: string): string => providers.find((provider) => provider.id === id)?.name ?? id;
  return {
    account: caller.account,
    email: account.email,
    hasPassword: account.password !== null,
    providers: identities.map(({ provider }) => ({ id: provider, name: nameOf(provider) })),
    secondFactor: await hasConfirmedFactor(ground, caller.account),
    recoveryCodesLeft: (await listRecoveryCodes(sql, caller.account)).length,
    isServerOwner: caller.isServerOwner,
    createdAt: account.createdAt,
  };
}

/** Counts as a try to sign in: who has a session open must not be able to guess the password by it. */
export async function requirePassword(
  ground: Ground,
  account: AccountRow,
  password: string,
  origin: Origin,
): Promise<void> {
  const subject = account.email ?? account.account;
  await ground.guessing.attempt({ source: origin.address, subject }, async () => {
    if (!(await ground.passwords.verify(account.password, password))) {
      throw new Refusal('wrongCredentials', 'The password is wrong.', { field: 'password' });
    }
  });
}

async function changePassword(
  ground: Ground,
  caller: SessionCaller,
  input: { readonly password: string; readonly newPassword: string },
  origin: Origin,
): Promise<void> {
  const account = await requireAccount(ground, caller);
  await requirePassword(ground, account, input.password, origin);
  const password = await hashNewPassword(ground, input.newPassword, account.email);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    await setPassword(sql, caller.account, password);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.passwordChanged', account: caller.account, origin });
}

async function changeEmail(
  ground: Ground,
  caller: SessionCaller,
  input: { readonly password: string; readonly email: string },
  origin: Origin,
): Promise<void> {
  const account = await requireAccount(ground, caller);
  await requirePassword(ground, account, input.password, origin);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    if (!(await claimEmail(sql, caller.account, input.email))) throw emailTaken();
    await setEmail(sql, caller.account, input.email);
    await endOtherSessions(sql, caller);
  });
  announceEnd(ground, caller.account);
  await recordEverywhere(ground, { what: 'account.emailChanged', account: caller.account, origin });
}

/** Gives sign-in back, never keys; a second factor stays. */
async function resetPassword(
  ground: Ground,
  input: { readonly secret: string; readonly newPassword: string },
  origin: Origin,
): Promise<void> {
  const link = await findOneTime(ground, input.secret, 'link', ['resetPassword']);
  const account = link.account === null ? null : await readAccount(ground.database.app, link.account);
  if (account === null) throw new Refusal('ended', 'The account was deleted.');
  const password = await hashNewPassword(ground, input.newPassword, account.email);
  await ground.database.transact({ account: account.account }, async (sql) => {
    await takeOneTime(sql, link);
    await setPassword(sql, account.account, password);
    await endSessions(sql, account.account, { except: null });
  });
  announceEnd(ground, account.account);
  await record(ground, { what: 'account.passwordReset', account: account.account, origin });
}
