// What is good once or for a while, in the database: links and tickets, sign-ins at a provider, approvals of devices,
// machine tokens; and which peppers are still needed.

import {
  idFromBytes,
  idToBytes,
  type AccountId,
  type DeviceId,
  type TokenId,
  type WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import type { TokenScope } from '@cuebook/shared/protocol/token';
import type { StoredHash } from '../accounts/peppers.ts';
import type { Identity } from './accountsRows.ts';
import { BYTEA, type Querier } from './accountsSessions.ts';
import type { Transaction } from './database.ts';

export type OneTimePurpose = 'owner' | 'newAccount' | 'resetPassword' | 'identity';

export interface OneTimeSecret extends StoredHash {
  readonly prefix: string;
  readonly purpose: OneTimePurpose;
  readonly account: AccountId | null;
  readonly identity: Identity | null;
  readonly expiresAt: number;
}

interface OneTimeRow extends StoredHash {
  readonly prefix: string;
  readonly purpose: OneTimePurpose;
  readonly account: Uint8Array | null;
  readonly identity: Identity | null;
  readonly expires_at: number;
}

export async function insertOneTimeSecret(sql: Querier, secret: OneTimeSecret): Promise<void> {
  const account = secret.account === null ? null : idToBytes(secret.account);
  const identity = secret.identity === null ? null : sql.json({ ...secret.identity });
  await sql`
    insert into one_time_secrets (prefix, hash, pepper, purpose, account, identity, expires_at)
    values (${secret.prefix}, ${secret.hash}, ${secret.pepper}, ${secret.purpose}, ${account}, ${identity},
      ${secret.expiresAt})`;
}

export async function findOneTimeSecrets(sql: Querier, prefix: string): Promise<readonly OneTimeSecret[]> {
  const rows = await sql<OneTimeRow[]>`
    select prefix, hash, pepper, purpose, account, identity, expires_at from one_time_secrets
    where prefix = ${prefix}`;
  return rows.map(({ account, expires_at, ...row }) => ({
    ...row,
    account: account === null ? null : idFromBytes<AccountId>(account),
    expiresAt: expires_at,
  }));
}

/** False if it was used before. */
export async function useOneTimeSecret(sql: Querier, secret: OneTimeSecret): Promise<boolean> {
  const used = await sql`
    delete from one_time_secrets where prefix = ${secret.prefix} and hash = ${secret.hash}`;
  return used.count === 1;
}

/** Earlier links for the same thing end when there is a new one. */
export async function endOneTimeSecrets(
  sql: Querier,
  purpose: OneTimePurpose,
  account: AccountId | null,
): Promise<void> {
  await sql`
    delete from one_time_secrets where purpose = ${purpose}
      and account is not distinct from ${account === null ? null : idToBytes(account)}`;
}

/** What came of a sign-in at a provider. */
export type OidcOutcome =
  | { readonly kind: 'identity'; readonly identity: Identity }
  | { readonly kind: 'failed'; readonly reason: 'denied' | 'emailNotVerified' | 'provider' };

export interface OidcAttempt {
  readonly attempt: string;
  readonly provider: string;
  readonly codeChallenge: string;
  readonly backUri: string | null;
  readonly link: { readonly account: AccountId; readonly session: string } | null;
  readonly outcome: OidcOutcome | null;
  readonly returned: StoredHash | null;
  readonly tries: number;
  readonly expiresAt: number;
}

interface OidcRow {
  readonly attempt: string;
  readonly provider: string;
  readonly code_challenge: string;
  readonly back_uri: string | null;
  readonly link_account: Uint8Array | null;
  readonly link_session: string | null;
  readonly outcome: OidcOutcome | null;
  readonly returned_hash: Uint8Array | null;
  readonly returned_pepper: number | null;
  readonly tries: number;
  readonly expires_at: number;
}

export async function insertOidcAttempt(
  sql: Querier,
  attempt: Omit<OidcAttempt, 'outcome' | 'returned' | 'tries'>,
): Promise<void> {
  const account = attempt.link === null ? null : idToBytes(attempt.link.account);
  await sql`
    insert into oidc_attempts (attempt, provider, code_challenge, back_uri, link_account, link_session, expires_at)
    values (${attempt.attempt}, ${attempt.provider}, ${attempt.codeChallenge}, ${attempt.backUri}, ${account},
      ${attempt.link?.session ?? null}, ${attempt.expiresAt})`;
}

export async function readOidcAttempt(
  sql: Querier,
  attempt: string,
  now: number,
): Promise<OidcAttempt | null> {
  const [row] = await sql<OidcRow[]>`
    select attempt, provider, code_challenge, back_uri, link_account, link_session, outcome, returned_hash,
      returned_pepper, tries, expires_at
    from oidc_attempts where attempt = ${attempt} and expires_at > ${now}`;
  if (row === undefined) return null;
  const { link_account: account, link_session: session, returned_hash: hash, returned_pepper: pepper } = row;
  return {
    attempt: row.attempt,
    provider: row.provider,
    codeChallenge: row.code_challenge,
    backUri: row.back_uri,
    link: account === null || session === null ? null : { account: idFromBytes<AccountId>(account), session },
    outcome: row.outcome,
    returned: hash === null || pepper === null ? null : { hash, pepper },
    tries: row.tries,
    expiresAt: row.expires_at,
  };
}

/** Once: false if the provider has sent the browser back before. */
export async function putOidcOutcome(
  sql: Querier,
  attempt: string,
  outcome: OidcOutcome,
  returned: StoredHash | null,
): Promise<boolean> {
  const put = await sql`
    update oidc_attempts
    set outcome = ${sql.json(outcome as never)}, returned_hash = ${returned?.hash ?? null},
      returned_pepper = ${returned?.pepper ?? null}
    where attempt = ${attempt} and outcome is null`;
  return put.count === 1;
}

/** How often something wrong was given, this one included. */
export async function countOidcTry(sql: Querier, attempt: string): Promise<number> {
  const [row] = await sql<{ tries: number }[]>`
    update oidc_attempts set tries = tries + 1 where attempt = ${attempt} returning tries`;
  return row?.tries ?? Number.POSITIVE_INFINITY;
}

/** False if somebody was quicker. */
export async function deleteOidcAttempt(sql: Querier, attempt: string): Promise<boolean> {
  const deleted = await sql`delete from oidc_attempts where attempt = ${attempt}`;
  return deleted.count === 1;
}

export interface ApprovalRow {
  readonly approval: string;
  /** The one that approves. */
  readonly device: DeviceId;
  readonly otherSession: string | null;
  readonly hello: Uint8Array | null;
  readonly answer: Uint8Array | null;
  readonly reveal: Uint8Array | null;
  readonly accepted: Uint8Array | null;
  readonly startedAt: number;
  readonly expiresAt: number;
}

/** In the place of whichever was there: one at a time. */
export async function startApproval(
  sql: Querier,
  account: AccountId,
  approval: Pick<ApprovalRow, 'approval' | 'device' | 'startedAt' | 'expiresAt'>,
): Promise<void> {
  await sql`delete from approvals where account = ${idToBytes(account)}`;
  await sql`
    insert into approvals (account, approval, device, started_at, expires_at)
    values (${idToBytes(account)}, ${approval.approval}, ${idToBytes(approval.device)}, ${approval.startedAt},
      ${approval.expiresAt})`;
}

/** Locked until the transaction is over. */
export async function readApproval(
  sql: Querier,
  account: AccountId,
  now: number,
): Promise<ApprovalRow | null> {
  const [row] = await sql<
    (Pick<ApprovalRow, 'approval' | 'hello' | 'answer' | 'reveal' | 'accepted'> & {
      device: Uint8Array;
      other_session: string | null;
      started_at: number;
      expires_at: number;
    })[]
  >`
    select approval, device, other_session, hello, answer, reveal, accepted, started_at, expires_at from approvals
    where account = ${idToBytes(account)} and expires_at > ${now} for update`;
  if (row === undefined) return null;
  const { device, other_session, started_at, expires_at, ...messages } = row;
  return {
    ...messages,
    device: idFromBytes<DeviceId>(device),
    otherSession: other_session,
    startedAt: started_at,
    expiresAt: expires_at,
  };
}

export async function putApprovalMessage(
  sql: Querier,
  account: AccountId,
  step: 'hello' | 'answer' | 'reveal' | 'accepted',
  message: Uint8Array,
  otherSession: string | null,
): Promise<void> {
  await sql`
    update approvals set ${sql(step)} = ${message}, other_session = coalesce(other_session, ${otherSession})
    where account = ${idToBytes(account)}`;
}

export async function deleteApproval(sql: Querier, account: AccountId, approval: string): Promise<void> {
  await sql`delete from approvals where account = ${idToBytes(account)} and approval = ${approval}`;
}

export interface MachineTokenRow extends StoredHash {
  readonly workspace: WorkspaceId;
  readonly id: string;
  readonly token: TokenId | null;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly TokenScope[];
  readonly addresses: readonly string[];
  readonly origins: readonly string[];
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly createdBy: AccountId;
  readonly lastUsedAt: number | null;
}

interface MachineRow extends StoredHash {
  readonly workspace: Uint8Array;
  readonly id: string;
  readonly token: Uint8Array | null;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: TokenScope[];
  readonly addresses: string[];
  readonly origins: string[];
  readonly expires_at: number;
  readonly created_at: number;
  readonly created_by: Uint8Array;
  readonly last_used_at: number | null;
}

const toMachineToken = (row: MachineRow): MachineTokenRow => ({
  workspace: idFromBytes<WorkspaceId>(row.workspace),
  id: row.id,
  token: row.token === null ? null : idFromBytes<TokenId>(row.token),
  name: row.name,
  prefix: row.prefix,
  hash: row.hash,
  pepper: row.pepper,
  scopes: row.scopes,
  addresses: row.addresses,
  origins: row.origins,
  expiresAt: row.expires_at,
  createdAt: row.created_at,
  createdBy: idFromBytes<AccountId>(row.created_by),
  lastUsedAt: row.last_used_at,
});

/** Which workspaces have tokens that begin like this. Says nothing about whether a token is good. */
export async function findTokenWorkspaces(sql: Querier, prefix: string): Promise<readonly WorkspaceId[]> {
  const rows = await sql<{ workspace: Uint8Array }[]>`
    select distinct workspace from machine_token_directory where prefix = ${prefix}`;
  return rows.map(({ workspace }) => idFromBytes<WorkspaceId>(workspace));
}

/** Which of these tokens were not revoked. */
export async function tokensThatHold(sql: Querier, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await sql<{ id: string }[]>`
    select id from machine_token_directory where id = any (${[...ids]}::text[])`;
  return new Set(rows.map(({ id }) => id));
}

/** In a transaction about the workspace, like all below. */
export async function insertMachineToken(sql: Transaction, token: MachineTokenRow): Promise<void> {
  await sql`
    insert into machine_tokens (workspace, id, token, name, prefix, hash, pepper, scopes, addresses, origins,
      expires_at, created_at, created_by)
    values (${idToBytes(token.workspace)}, ${token.id}, ${token.token === null ? null : idToBytes(token.token)},
      ${token.name}, ${token.prefix}, ${token.hash}, ${token.pepper}, ${[...token.scopes]}, ${[...token.addresses]},
      ${[...token.origins]}, ${token.expiresAt}, ${token.createdAt}, ${idToBytes(token.createdBy)})`;
  await sql`
    insert into machine_token_directory (prefix, id, workspace, pepper)
    values (${token.prefix}, ${token.id}, ${idToBytes(token.workspace)}, ${token.pepper})`;
}

export async function listMachineTokens(
  sql: Transaction,
  workspace: WorkspaceId,
  only: { readonly prefix?: string; readonly id?: string } = {},
): Promise<readonly MachineTokenRow[]> {
  const rows = await sql<MachineRow[]>`
    select workspace, id, token, name, prefix, hash, pepper, scopes, addresses, origins, expires_at, created_at,
      created_by, last_used_at
    from machine_tokens
    where workspace = ${idToBytes(workspace)}
      and (${only.prefix ?? null}::text is null or prefix = ${only.prefix ?? null})
      and (${only.id ?? null}::text is null or id = ${only.id ?? null})
    order by created_at, id`;
  return rows.map(toMachineToken);
}

export async function deleteMachineToken(
  sql: Transaction,
  workspace: WorkspaceId,
  id: string,
): Promise<boolean> {
  const deleted = await sql`
    delete from machine_tokens where workspace = ${idToBytes(workspace)} and id = ${id}`;
  if (deleted.count === 1) await sql`delete from machine_token_directory where id = ${id}`;
  return deleted.count === 1;
}

/** Once a minute is enough to see which are in use. `hash` is replaced where it was under an old pepper. */
export async function touchMachineToken(
  sql: Transaction,
  token: Pick<MachineTokenRow, 'workspace' | 'id' | 'hash' | 'pepper'>,
  now: number,
): Promise<void> {
  await sql`
    update machine_tokens set last_used_at = ${now}, hash = ${token.hash}, pepper = ${token.pepper}
    where workspace = ${idToBytes(token.workspace)} and id = ${token.id}`;
  await sql`update machine_token_directory set pepper = ${token.pepper} where id = ${token.id}`;
}

/** In the transaction that appends their revocation to the team log. */
export async function endMachineTokens(
  sql: Transaction,
  workspace: WorkspaceId,
  tokens: readonly TokenId[],
): Promise<void> {
  if (tokens.length === 0) return;
  const named = sql.array(tokens.map(idToBytes), BYTEA);
  const ended = await sql<{ id: string }[]>`
    delete from machine_tokens where workspace = ${idToBytes(workspace)} and token = any (${named}::bytea[]) returning id`;
  for (const { id } of ended) await sql`delete from machine_token_directory where id = ${id}`;
}

export async function deleteExpiredSecrets(sql: Querier, now: number): Promise<void> {
  await sql`delete from one_time_secrets where expires_at <= ${now}`;
  await sql`delete from oidc_attempts where expires_at <= ${now}`;
  await sql`delete from approvals where expires_at <= ${now}`;
  await sql`delete from guesses where expire <= ${now}`;
}
