// Accounts, their addresses, identities at providers and second factors in the database.

import { idFromBytes, idToBytes, type AccountId } from '@cuebook/shared/encoding/ids';
import type { StoredHash } from '../accounts/peppers.ts';
import { BYTEA, type Querier } from './accountsSessions.ts';

export interface AccountRow {
  readonly account: AccountId;
  readonly createdAt: number;
  readonly email: string | null;
  readonly password: string | null;
  readonly lastSeenAt: number | null;
}

interface Row {
  readonly account: Uint8Array;
  readonly created_at: number;
  readonly email: string | null;
  readonly password: string | null;
  readonly last_seen_at: number | null;
}

const toAccount = (row: Row): AccountRow => ({
  account: idFromBytes<AccountId>(row.account),
  createdAt: row.created_at,
  email: row.email,
  password: row.password,
  lastSeenAt: row.last_seen_at,
});

/** False if there is such an account already. */
export async function insertAccount(
  sql: Querier,
  account: {
    readonly account: AccountId;
    readonly email: string | null;
    readonly password: string | null;
    readonly now: number;
  },
): Promise<boolean> {
  const inserted = await sql`
    insert into accounts (account, created_at, email, password)
    values (${idToBytes(account.account)}, ${account.now}, ${account.email}, ${account.password})
    on conflict do nothing`;
  return inserted.count === 1;
}

/** Null if there is none, or it was deleted. */
export async function readAccount(sql: Querier, account: AccountId): Promise<AccountRow | null> {
  const [row] = await sql<Row[]>`
    select account, created_at, email, password, last_seen_at from accounts
    where account = ${idToBytes(account)} and deleted_at is null`;
  return row === undefined ? null : toAccount(row);
}

export async function findByEmail(sql: Querier, email: string): Promise<AccountRow | null> {
  const [row] = await sql<Row[]>`
    select accounts.account, accounts.created_at, accounts.email, accounts.password, accounts.last_seen_at
    from account_emails emails join accounts on accounts.account = emails.account
    where emails.email = ${email} and accounts.deleted_at is null`;
  return row === undefined ? null : toAccount(row);
}

export async function listAccounts(sql: Querier): Promise<readonly AccountRow[]> {
  const rows = await sql<Row[]>`
    select account, created_at, email, null as password, last_seen_at from accounts
    where deleted_at is null order by created_at, account`;
  return rows.map(toAccount);
}

export async function readEmails(
  sql: Querier,
  accounts: readonly AccountId[],
): Promise<ReadonlyMap<AccountId, string | null>> {
  if (accounts.length === 0) return new Map();
  const rows = await sql<Pick<Row, 'account' | 'email'>[]>`
    select account, email from accounts where account = any (${sql.array(accounts.map(idToBytes), BYTEA)}::bytea[]) and deleted_at is null`;
  return new Map(rows.map(({ account, email }) => [idFromBytes<AccountId>(account), email]));
}

/** False if somebody has it. */
export async function claimEmail(sql: Querier, account: AccountId, email: string): Promise<boolean> {
  const claimed = await sql`
    insert into account_emails (email, account) values (${email}, ${idToBytes(account)})
    on conflict (email) do update set account = excluded.account where account_emails.account = excluded.account`;
  return claimed.count === 1;
}

/** After `claimEmail`: the account's address from now on; its others become free. */
export async function setEmail(sql: Querier, account: AccountId, email: string): Promise<void> {
  await sql`update accounts set email = ${email} where account = ${idToBytes(account)}`;
  await sql`delete from account_emails where account = ${idToBytes(account)} and email <> ${email}`;
}

export async function setPassword(sql: Querier, account: AccountId, password: string): Promise<void> {
  await sql`update accounts set password = ${password} where account = ${idToBytes(account)}`;
}

export async function hasServerOwner(sql: Querier): Promise<boolean> {
  const rows = await sql`
    select from server_owner owner join accounts on accounts.account = owner.account
    where accounts.deleted_at is null`;
  return rows.length > 0;
}

/** False if somebody owns the server already. */
export async function claimServer(sql: Querier, account: AccountId): Promise<boolean> {
  const claimed = await sql`
    insert into server_owner (account) values (${idToBytes(account)})
    on conflict (only_row) do update set account = excluded.account
    where not exists (
      select from accounts where accounts.account = server_owner.account and accounts.deleted_at is null
    )`;
  return claimed.count === 1;
}

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly provider: string;
  readonly email: string;
}

export async function findByIdentity(
  sql: Querier,
  identity: Pick<Identity, 'issuer' | 'subject'>,
): Promise<AccountRow | null> {
  const [row] = await sql<Row[]>`
    select accounts.account, accounts.created_at, accounts.email, accounts.password, accounts.last_seen_at
    from account_identities identities join accounts on accounts.account = identities.account
    where identities.issuer = ${identity.issuer} and identities.subject = ${identity.subject}
      and accounts.deleted_at is null`;
  return row === undefined ? null : toAccount(row);
}

/** False if it is linked to another account. */
export async function linkIdentity(
  sql: Querier,
  account: AccountId,
  identity: Identity,
  now: number,
): Promise<boolean> {
  const linked = await sql`
    insert into account_identities (issuer, subject, account, provider, linked_at)
    values (${identity.issuer}, ${identity.subject}, ${idToBytes(account)}, ${identity.provider}, ${now})
    on conflict (issuer, subject) do update set linked_at = account_identities.linked_at
    where account_identities.account = excluded.account`;
  return linked.count === 1;
}

export interface LinkedIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly provider: string;
  readonly linkedAt: number;
}

export async function listIdentities(sql: Querier, account: AccountId): Promise<readonly LinkedIdentity[]> {
  const rows = await sql<{ issuer: string; subject: string; provider: string; linked_at: number }[]>`
    select issuer, subject, provider, linked_at from account_identities
    where account = ${idToBytes(account)} order by linked_at`;
  return rows.map(({ linked_at, ...identity }) => ({ ...identity, linkedAt: linked_at }));
}

export interface SecondFactorRow {
  readonly sealed: Uint8Array;
  readonly pepper: number;
  readonly confirmed: boolean;
  readonly lastStep: number;
}

export async function readSecondFactor(sql: Querier, account: AccountId): Promise<SecondFactorRow | null> {
  const [row] = await sql<{ sealed: Uint8Array; pepper: number; confirmed: boolean; last_step: number }[]>`
    select sealed, pepper, confirmed, last_step from second_factors where account = ${idToBytes(account)}`;
  return row === undefined ? null : { ...row, lastStep: row.last_step };
}

/** Not confirmed yet. False if there is a confirmed one, which stays. */
export async function offerSecondFactor(
  sql: Querier,
  account: AccountId,
  factor: Pick<SecondFactorRow, 'sealed' | 'pepper'>,
): Promise<boolean> {
  const offered = await sql`
    insert into second_factors (account, sealed, pepper, confirmed, last_step)
    values (${idToBytes(account)}, ${factor.sealed}, ${factor.pepper}, false, 0)
    on conflict (account) do update
    set sealed = excluded.sealed, pepper = excluded.pepper, last_step = 0
    where not second_factors.confirmed`;
  return offered.count === 1;
}

export async function resealSecondFactor(
  sql: Querier,
  account: AccountId,
  factor: Pick<SecondFactorRow, 'sealed' | 'pepper'>,
): Promise<void> {
  await sql`
    update second_factors set sealed = ${factor.sealed}, pepper = ${factor.pepper}
    where account = ${idToBytes(account)}`;
}

/** Takes the code of this step. False if it, or a later one, was taken before. */
export async function useStep(
  sql: Querier,
  account: AccountId,
  step: number,
  confirms: boolean,
): Promise<boolean> {
  const used = await sql`
    update second_factors set last_step = ${step}, confirmed = confirmed or ${confirms}
    where account = ${idToBytes(account)} and last_step < ${step} and (confirmed or ${confirms})`;
  return used.count === 1;
}

export async function deleteSecondFactor(sql: Querier, account: AccountId): Promise<void> {
  await sql`delete from second_factors where account = ${idToBytes(account)}`;
  await sql`delete from recovery_codes where account = ${idToBytes(account)}`;
}

export async function replaceRecoveryCodes(
  sql: Querier,
  account: AccountId,
  codes: readonly StoredHash[],
): Promise<void> {
  await sql`delete from recovery_codes where account = ${idToBytes(account)}`;
  for (const { hash, pepper } of codes) {
    await sql`insert into recovery_codes (account, hash, pepper) values (${idToBytes(account)}, ${hash}, ${pepper})`;
  }
}

export async function listRecoveryCodes(sql: Querier, account: AccountId): Promise<readonly StoredHash[]> {
  return sql<{ hash: Uint8Array; pepper: number }[]>`
    select hash, pepper from recovery_codes where account = ${idToBytes(account)}`;
}

/** False if it was used before. */
export async function useRecoveryCode(sql: Querier, account: AccountId, hash: Uint8Array): Promise<boolean> {
  const used = await sql`
    delete from recovery_codes where account = ${idToBytes(account)} and hash = ${hash}`;
  return used.count === 1;
}

/** All that is about a person goes at once. The row stays for a while, so that its log is not taken for a new account. */
export async function eraseAccount(sql: Querier, account: AccountId, now: number): Promise<void> {
  const id = idToBytes(account);
  await sql`update accounts set deleted_at = ${now}, email = null, password = null, last_seen_at = null
    where account = ${id}`;
  await sql`delete from account_emails where account = ${id}`;
  await sql`delete from account_identities where account = ${id}`;
  await sql`delete from one_time_secrets where account = ${id}`;
  await sql`delete from approvals where account = ${id}`;
  await sql`delete from server_owner where account = ${id}`;
  // What only the account could open. Its log stays: it holds keys and hashes, and others' history is verified by it.
  await sql`delete from account_boxes where account = ${id}`;
  await sql`delete from kit_backups where account = ${id}`;
  await deleteSecondFactor(sql, account);
}

export async function purgeDeletedAccounts(sql: Querier, deletedBefore: number): Promise<void> {
  await sql`delete from accounts where deleted_at <= ${deletedBefore}`;
}
