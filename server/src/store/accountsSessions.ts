// Sessions and their tokens in the database. A session that has ended has no row; every statement names the account, but
// for the one that finds it by the public beginning of a token.

import { idFromBytes, idToBytes, type AccountId, type DeviceId } from '@cuebook/shared/encoding/ids';
import type { StoredHash } from '../accounts/peppers.ts';
import type { Author } from './api.ts';
import type { Sql, Transaction } from './database.ts';

/** For single statements and inside a transaction alike. */
export type Querier = Sql | Transaction;

/** As PostgreSQL counts its types. The driver takes a plain list of byte strings for one of them. */
export const BYTEA = 17;

export interface FoundToken extends StoredHash {
  readonly account: AccountId;
  readonly session: string;
  readonly expiresAt: number;
  readonly usedAt: number | null;
  readonly device: DeviceId | null;
  readonly hasSecondFactor: boolean;
  readonly isServerOwner: boolean;
}

interface TokenRow {
  readonly account: Uint8Array;
  readonly session: string;
  readonly hash: Uint8Array;
  readonly pepper: number;
  readonly expires_at: number;
  readonly used_at: number | null;
  readonly device: Uint8Array | null;
  readonly second_factor: boolean;
  readonly is_owner: boolean;
}

export type SessionTokenKind = 'access' | 'refresh';

/** Almost always one; two tokens may begin alike, and then the hash tells. */
export async function findSessionTokens(
  sql: Querier,
  kind: SessionTokenKind,
  prefix: string,
): Promise<readonly FoundToken[]> {
  const rows = await sql<TokenRow[]>`
    select tokens.account, tokens.session, tokens.hash, tokens.pepper, tokens.expires_at, tokens.used_at,
      sessions.device, sessions.second_factor, server_owner.account is not null as is_owner
    from session_token_directory directory
    join session_tokens tokens on tokens.account = directory.account and tokens.prefix = directory.prefix
    join sessions on sessions.account = tokens.account and sessions.session = tokens.session
    left join server_owner on server_owner.account = tokens.account
    where directory.prefix = ${prefix} and tokens.kind = ${kind}`;
  return rows.map((row) => ({
    account: idFromBytes<AccountId>(row.account),
    session: row.session,
    hash: row.hash,
    pepper: row.pepper,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    device: row.device === null ? null : idFromBytes<DeviceId>(row.device),
    hasSecondFactor: row.second_factor,
    isServerOwner: row.is_owner,
  }));
}

export async function insertSession(
  sql: Querier,
  session: {
    readonly account: AccountId;
    readonly session: string;
    readonly hasSecondFactor: boolean;
    readonly now: number;
  },
): Promise<void> {
  await sql`
    insert into sessions (account, session, second_factor, created_at, last_used_at)
    values (${idToBytes(session.account)}, ${session.session}, ${session.hasSecondFactor}, ${session.now}, ${session.now})`;
}

export async function insertSessionToken(
  sql: Querier,
  token: StoredHash & {
    readonly account: AccountId;
    readonly session: string;
    readonly kind: SessionTokenKind;
    readonly prefix: string;
    readonly expiresAt: number;
    /** Hash of the refresh token that was exchanged for it. */
    readonly madeFor: Uint8Array | null;
  },
): Promise<void> {
  const account = idToBytes(token.account);
  await sql`
    insert into session_tokens (account, session, kind, prefix, hash, pepper, expires_at, made_for)
    values (${account}, ${token.session}, ${token.kind}, ${token.prefix}, ${token.hash}, ${token.pepper},
      ${token.expiresAt}, ${token.madeFor})`;
  await sql`
    insert into session_token_directory (prefix, account, expires_at)
    values (${token.prefix}, ${account}, ${token.expiresAt})
    on conflict (prefix, account) do update
    set expires_at = greatest(session_token_directory.expires_at, excluded.expires_at)`;
}

/** False if it was exchanged before, by whoever. */
export async function useRefreshToken(
  sql: Querier,
  token: Pick<FoundToken, 'account' | 'session' | 'hash'>,
  now: number,
): Promise<boolean> {
  const used = await sql`
    update session_tokens set used_at = ${now}
    where account = ${idToBytes(token.account)} and session = ${token.session} and kind = 'refresh'
      and hash = ${token.hash} and used_at is null`;
  return used.count === 1;
}

/**
 * Takes back the pair that a refresh token was exchanged for after `since`, if nobody has presented either of the two.
 * False if it is not so. The refresh token that is taken back counts as exchanged from now on.
 */
export async function takeBackPair(
  sql: Querier,
  token: Pick<FoundToken, 'account' | 'session' | 'hash'>,
  { since, now }: { readonly since: number; readonly now: number },
): Promise<boolean> {
  const account = idToBytes(token.account);
  // Whoever exchanges it again at the same moment waits here, and then takes back what this one is given.
  const exchanged = await sql`
    select from session_tokens
    where account = ${account} and session = ${token.session} and kind = 'refresh' and hash = ${token.hash}
      and used_at > ${since}
    for update`;
  if (exchanged.count === 0) return false;
  const pair = await sql<{ used_at: number | null }[]>`
    select used_at from session_tokens
    where account = ${account} and session = ${token.session} and made_for = ${token.hash}
    for update`;
  if (pair.length === 0 || pair.some((each) => each.used_at !== null)) return false;
  await sql`
    delete from session_tokens
    where account = ${account} and session = ${token.session} and made_for = ${token.hash} and kind = 'access'`;
  await sql`
    update session_tokens set used_at = ${now}, made_for = null
    where account = ${account} and session = ${token.session} and made_for = ${token.hash}`;
  return true;
}

/** Of an access token that is presented for the first time. False if it has been taken back meanwhile. */
export async function noteAccess(
  sql: Querier,
  token: Pick<FoundToken, 'account' | 'session' | 'hash'>,
  now: number,
): Promise<boolean> {
  const noted = await sql`
    update session_tokens set used_at = coalesce(used_at, ${now}::bigint)
    where account = ${idToBytes(token.account)} and session = ${token.session} and kind = 'access'
      and hash = ${token.hash}`;
  return noted.count > 0;
}

/** All access and refresh tokens that are out: for when the session is given new rights. */
export async function deleteSessionTokens(sql: Querier, account: AccountId, session: string): Promise<void> {
  await sql`delete from session_tokens where account = ${idToBytes(account)} and session = ${session}`;
}

/** False if the session has ended. */
export async function touchSession(
  sql: Querier,
  account: AccountId,
  session: string,
  now: number,
): Promise<boolean> {
  const touched = await sql`
    update sessions set last_used_at = ${now} where account = ${idToBytes(account)} and session = ${session}`;
  await sql`update accounts set last_seen_at = ${now} where account = ${idToBytes(account)}`;
  return touched.count === 1;
}

export async function setChallenge(
  sql: Querier,
  of: { readonly account: AccountId; readonly session: string },
  challenge: Uint8Array,
  until: number,
): Promise<void> {
  await sql`
    update sessions set challenge = ${challenge}, challenge_until = ${until}
    where account = ${idToBytes(of.account)} and session = ${of.session}`;
}

/** Good once: whoever asks has it, and it is gone. */
export async function takeChallenge(
  sql: Querier,
  of: { readonly account: AccountId; readonly session: string },
  now: number,
): Promise<Uint8Array | null> {
  const [row] = await sql<{ challenge: Uint8Array; challenge_until: number }[]>`
    with asked as (
      select challenge, challenge_until from sessions
      where account = ${idToBytes(of.account)} and session = ${of.session} and challenge is not null
      for update
    ), taken as (
      update sessions set challenge = null, challenge_until = null
      where account = ${idToBytes(of.account)} and session = ${of.session}
    )
    select challenge, challenge_until from asked`;
  return row !== undefined && row.challenge_until > now ? row.challenge : null;
}

export async function setSessionDevice(
  sql: Querier,
  of: { readonly account: AccountId; readonly session: string },
  device: DeviceId,
): Promise<void> {
  await sql`
    update sessions set device = ${idToBytes(device)}
    where account = ${idToBytes(of.account)} and session = ${of.session}`;
}

export async function setSessionSecondFactor(
  sql: Querier,
  of: { readonly account: AccountId; readonly session: string },
  has: boolean,
): Promise<void> {
  await sql`
    update sessions set second_factor = ${has}
    where account = ${idToBytes(of.account)} and session = ${of.session}`;
}

/** Which sessions end: one, all, or all but one. Answers how many did. */
export async function endSessions(
  sql: Querier,
  account: AccountId,
  which: { readonly only: string } | { readonly except: string | null },
): Promise<number> {
  const owner = idToBytes(account);
  const condition =
    'only' in which ? sql`session = ${which.only}` : sql`session is distinct from ${which.except}`;
  await sql`delete from session_tokens where account = ${owner} and ${condition}`;
  const ended = await sql`delete from sessions where account = ${owner} and ${condition}`;
  return ended.count;
}

/** In the transaction that appends the devices' revocation to the account's log. */
export async function endDeviceSessions(
  sql: Querier,
  account: AccountId,
  devices: readonly DeviceId[],
): Promise<void> {
  for (const device of devices) {
    const ended = await sql<{ session: string }[]>`
      delete from sessions where account = ${idToBytes(account)} and device = ${idToBytes(device)} returning session`;
    for (const { session } of ended) await deleteSessionTokens(sql, account, session);
  }
}

export interface SessionFacts {
  readonly session: string;
  readonly device: DeviceId | null;
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

export async function listSessions(sql: Querier, account: AccountId): Promise<readonly SessionFacts[]> {
  const rows = await sql<
    { session: string; device: Uint8Array | null; created_at: number; last_used_at: number }[]
  >`
    select session, device, created_at, last_used_at from sessions
    where account = ${idToBytes(account)} order by last_used_at desc, session`;
  return rows.map((row) => ({
    session: row.session,
    device: row.device === null ? null : idFromBytes<DeviceId>(row.device),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }));
}

export interface LiveSession {
  readonly device: DeviceId | null;
  readonly hasSecondFactor: boolean;
  readonly isServerOwner: boolean;
}

/** Null if it has ended. By primary key. */
export async function readSession(
  sql: Querier,
  account: AccountId,
  session: string,
): Promise<LiveSession | null> {
  const [row] = await sql<{ device: Uint8Array | null; second_factor: boolean; is_owner: boolean }[]>`
    select sessions.device, sessions.second_factor, server_owner.account is not null as is_owner
    from sessions left join server_owner on server_owner.account = sessions.account
    where sessions.account = ${idToBytes(account)} and sessions.session = ${session}`;
  if (row === undefined) return null;
  const device = row.device === null ? null : idFromBytes<DeviceId>(row.device);
  return { device, hasSecondFactor: row.second_factor, isServerOwner: row.is_owner };
}

/** Which of these still are sessions, bound to that device. One statement for a whole group commit. */
export async function liveSessions(sql: Querier, authors: readonly Author[]): Promise<readonly boolean[]> {
  const live = await findSessions(sql, authors);
  return authors.map(
    (author) => live.get(author.session)?.has(`${author.account} ${author.device}`) === true,
  );
}

/** The same for callers of sockets, whose device does not matter. */
export async function sessionsThatHold(
  sql: Querier,
  sessions: readonly { readonly account: AccountId; readonly session: string }[],
): Promise<readonly boolean[]> {
  const live = await findSessions(sql, sessions);
  return sessions.map(({ account, session }) =>
    [...(live.get(session) ?? [])].some((found) => found.startsWith(account)),
  );
}

async function findSessions(
  sql: Querier,
  sessions: readonly { readonly account: AccountId; readonly session: string }[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  if (sessions.length === 0) return new Map();
  const accounts = [...new Set(sessions.map(({ account }) => account))].map(idToBytes);
  const names = [...new Set(sessions.map(({ session }) => session))];
  const rows = await sql<{ account: Uint8Array; session: string; device: Uint8Array | null }[]>`
    select account, session, device from sessions
    where account = any (${sql.array(accounts, BYTEA)}::bytea[]) and session = any (${names}::text[])`;
  const found = new Map<string, Set<string>>();
  for (const row of rows) {
    const device = row.device === null ? '' : idFromBytes(row.device);
    const known = found.get(row.session) ?? new Set<string>();
    found.set(row.session, known.add(`${idFromBytes(row.account)} ${device}`));
  }
  return found;
}

/** What has run out: sessions that were idle for too long, and tokens. */
export async function deleteExpiredSessions(sql: Querier, now: number, idleMs: number): Promise<void> {
  await sql`delete from session_tokens where expires_at <= ${now}`;
  await sql`delete from session_token_directory where expires_at <= ${now}`;
  await sql`delete from sessions where last_used_at <= ${now - idleMs}`;
}
