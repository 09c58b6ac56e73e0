// Making an account: what allows it, its credentials, its log and, with an invite, the join, in one transaction.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import type { Grant } from '@cuebook/shared/protocol/session';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import type { Origin } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { claimEmail, claimServer, insertAccount, linkIdentity } from '../store/accountsRows.ts';
import type { OneTimeSecret } from '../store/accountsSecrets.ts';
import type { Querier } from '../store/accountsSessions.ts';
import type { NewAccount } from './api.ts';
import { emailTaken, hashNewPassword } from './credentials.ts';
import { openSession } from './grants.ts';
import { recordEverywhere, type Ground } from './ground.ts';
import { createInviteProofs } from './inviteProofs.ts';
import { findOneTime, takeOneTime } from './oneTimeSecrets.ts';

/** What lets somebody in, and what is taken with it. */
interface Admitted {
  readonly link: OneTimeSecret | null;
  readonly ticket: OneTimeSecret | null;
  readonly email: string;
  readonly password: string | null;
}

export async function createAccount(ground: Ground, input: NewAccount, origin: Origin): Promise<Grant> {
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
